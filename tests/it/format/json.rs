//! Formats that are JSON: examples, quirks, hostile input, and that what is written is read again.

use super::drawn::drawn;
use earmark::annotation::{Band, Status};
use earmark::format::{
    self, Aoef, AviaNz, BatDetect2, CamtrapDp, Choice, Coco, Head, Hear, Jams, LabelFormat, LabelStudio, LabelledFile,
    Likelihood, ReadOptions, StrongLabel, StrongLabels, losses,
};
use earmark::time::Span;
use std::path::{Path, PathBuf};

pub const ANNOTATIONS: Aoef = Aoef { is_model_run: false };
pub const RUN: Aoef = Aoef { is_model_run: true };

/// Every format whose files are JSON and that is read.
pub const READ: &[&dyn LabelFormat] = &[&LabelStudio, &Jams, &ANNOTATIONS, &RUN, &Hear, &AviaNz, &BatDetect2];

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format/json").join(name)
}

fn read(format: &dyn LabelFormat, name: &str) -> StrongLabels {
    format::read_file(format, &path(name)).unwrap()
}

pub fn read_text(format: &dyn LabelFormat, text: &str) -> Result<StrongLabels, String> {
    format::read(format, text.as_bytes(), Path::new("/labels/rec.json")).map_err(|error| error.to_string())
}

#[test]
fn label_studio_says_what_people_and_models_found() {
    let labels = read(&LabelStudio, "label_studio.json");
    assert_eq!(
        drawn(&labels),
        "a b.wav 1.25–2 call+song by \"ab@example.org\" says \"two birds\\nfar\" quality=[\"faint\"]\n\
         a b.wav 4–4  point by \"ab@example.org\" says \"no label yet\" channel=1\n\
         a b.wav 3–3.5 call score 0.8 predicted model \"m1\"\n\
         a b.wav 6–6.5 owl score 0.25 predicted model \"m1\"\n\
         @ a b.wav, 10 s\n\
         @ empty.wav\n\
         ! line 9: a region of type labels without numbers as start and end; row left out\n\
         ! line 10: not read: a result of type choices, about no region\n\
         ! line 12: the annotator skipped the task; row left out\n\
         ! line 19: “data” of its task names no recording; row left out\n\
         ! addresses taken as file names: 1, such as “/data/upload/3/7d8a1f2c-a%20b.wav” as “a b.wav”\n\
         ! tasks with several annotations, of which all are taken: 1\n\
         ! tasks without annotation, whose recordings are not taken for annotated: 1\n\
         ! not kept: data.site (1), lead_time (1)"
    );
    assert_eq!(again(&LabelStudio, &labels).rows, labels.rows);
}

#[test]
fn the_short_export_of_label_studio_is_read() {
    assert_eq!(
        drawn(&read(&LabelStudio, "label_studio_min.json")),
        "s3://bucket/a.wav 0.5–1.5 call by \"3\"\n@ s3://bucket/a.wav\n@ s3://bucket/b.wav\n\
         ! not kept: data.id (1), lead_time (1)"
    );
}

#[test]
fn jams_has_labels_in_several_namespaces() {
    let labels = read(&Jams, "segments.jams");
    assert_eq!(
        drawn(&labels),
        "segments 1.25–2 call score 0.9 by \"AB\"\n\
         segments 0.1–0.3 song by \"AB\"\n\
         segments 3–3 click point by \"AB\" confidence=sure\n\
         segments 0–10 forest namespace=tag_open\n\
         segments 2–3.5 rain score 0.5 namespace=tag_open\n\
         @ segments, 10 s\n\
         ! line 8: the observation “call” has no numbers as time and duration; row left out\n\
         ! line 9: an observation whose value is no label; row left out\n\
         ! line 11: not read: the namespace pitch_contour, whose 2 values are no labels\n\
         ! not kept: annotation_metadata.corpus (1), annotator.skill (1), identifiers.isrc (1)"
    );
    let scaper = read(&Jams, "scaper.jams");
    assert_eq!(
        drawn(&scaper),
        "scaper 0–10 park score 1 namespace=scaper role=background snr=0 source_file=bg/park.wav\n\
         scaper 2.345–3.445 siren score 1 namespace=scaper role=foreground snr=12.5 source_file=fg/siren.wav\n\
         @ scaper, 10 s\n\
         ! events with the role background are taken as events; the field role tells them: 1\n\
         ! not kept: annotations.sandbox.scaper (1)"
    );
    assert_eq!(again(&Jams, &scaper).rows, scaper.rows);
}

#[test]
fn a_jams_file_has_one_recording() {
    let mut labels = read(&Jams, "segments.jams");
    labels.files.push(LabelledFile::named("other"));
    let error = Jams.write(&labels, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "a JAMS file has one recording: write a file for each");
}

#[test]
fn annotations_of_whombat_keep_shapes_tags_and_remarks() {
    let labels = read(&ANNOTATIONS, "annotation_project.aoef.json");
    assert_eq!(
        drawn(&labels),
        "/rec/a.wav 1.25–2 Parus major 2500–4200 Hz by \"A. B.\" says \"clear\\ncheck\" tag_key=species call_type=song \
         feature.snr=12.5\n\
         /rec/a.wav 3–3.5 Parus major+Pica pica tag_key=species\n\
         /rec/a.wav 4–4  point\n\
         /rec/a.wav 5–6 Pica pica 500–3000 Hz \
         geometry={\"type\": \"Polygon\", \"coordinates\": [[[5.0, 1000], [6.0, 3000], [5.5, 500]]]} tag_key=species\n\
         /rec/bat.wav 5–5.1 Parus major 4000–6000 Hz tag_key=species\n\
         @ /rec/a.wav, 10 s, 48000 Hz\n\
         @ /rec/empty.wav, 5 s, 48000 Hz\n\
         @ /rec/bat.wav, 10 s, 38400 Hz\n\
         ! line 28: the coordinates of a BoundingBox are not as many numbers as it needs; row left out\n\
         ! line 29: the sound event gone is not there; row left out\n\
         ! sound events without annotation or prediction are left out: 1\n\
         ! clips that are a part of their recording only: what lies outside was not annotated: 1\n\
         ! lines, polygons and their like are taken as the box around them and kept in the field geometry: 1\n\
         ! notes that are issues are remarks like others: 1\n\
         ! not kept: clips.tags (1), instructions (1), name (1), recordings.latitude (1), \
         sound_event_annotations.created_on (1), tasks (1)\n\
         ? a recording plays 10 times slower than its sound was: are times those of the sound, or of the recording? \
         → sound of sound|recording\n\
         ? events have tags of several keys: which key's are the labels? → species of call_type|species"
    );
    let again = again(&ANNOTATIONS, &labels);
    assert_eq!((&again.rows, &again.files), (&labels.rows, &labels.files));
}

#[test]
fn answers_change_which_tags_are_labels_and_whose_times_are_meant() {
    let path = path("annotation_project.aoef.json");
    let mut options = ReadOptions::of(&path);
    options.set_answer(Choice::LabelColumn, "call_type");
    options.set_answer(Choice::TimeScale, "recording");
    let labels = format::read_with(&ANNOTATIONS, &path, &options).unwrap();
    let rows = drawn(&labels);
    assert!(rows.starts_with("/rec/a.wav 1.25–2 song 2500–4200 Hz"), "{rows}");
    assert!(rows.contains("species=Parus major"), "{rows}");
    assert!(rows.contains("/rec/bat.wav 0.5–0.51  40000–60000 Hz"), "{rows}");
    assert!(labels.questions.iter().all(|question| question.taken.is_some()));
}

#[test]
fn a_model_run_is_predictions() {
    let labels = read(&RUN, "model_run.aoef.json");
    assert_eq!(
        drawn(&labels),
        "/data/a.wav 1.25–2 Parus major 2500–4200 Hz score 0.93 predicted model \"m 1.0\" tag_key=species\n\
         /data/a.wav 3–4 Parus major+Pica pica 2500–4200 Hz score 0.5 predicted model \"m 1.0\" tag_score=0.7 \
         tag_key=species\n\
         @ /data/a.wav, 10 s, 48000 Hz\n\
         ! frequency bands with their ends in reverse order were put right: 1\n\
         ! scores of an event's further labels are not kept: 1"
    );
    assert_eq!(again(&RUN, &labels).rows, labels.rows);
}

#[test]
fn a_shape_that_was_moved_becomes_a_box() {
    let mut labels = read(&ANNOTATIONS, "annotation_project.aoef.json");
    assert!(ANNOTATIONS.written(&labels).contains("\"Polygon\""));
    labels.rows[3].span.offset_secs = 6.5;
    let written = ANNOTATIONS.written(&labels);
    assert!(!written.contains("\"Polygon\"") && written.contains("[5.0, 500.0, 6.5, 3000.0]"), "{written}");
}

#[test]
fn hear_has_milliseconds_and_asks_where_they_look_like_seconds() {
    let labels = read(&Hear, "hear.json");
    assert_eq!(
        drawn(&labels),
        "a.wav 1.25–2 call\n\
         a.wav 3.0015–3.0015 click point fold=2\n\
         @ a.wav\n\
         @ empty.wav\n\
         ! line 2: an event of a.wav is an object, without label, start and end; row left out\n\
         ! line 2: an event of a.wav is an object, without label, start and end; row left out\n\
         ! line 2: an event of a.wav is a number, without label, start and end; row left out"
    );
    let text = "{\"a.wav\": [{\"label\": \"call\", \"start\": 1.25, \"end\": 2}]}";
    let doubtful = read_text(&Hear, text).unwrap();
    assert_eq!(doubtful.questions[0].choice, Choice::TimeUnit);
    let mut options = ReadOptions::of(Path::new("x.json"));
    options.set_answer(Choice::TimeUnit, "seconds");
    let mut answered = StrongLabels::default();
    Hear.read(&mut format::TextSource::from_bytes(text.as_bytes()), &options, &mut answered).unwrap();
    assert_eq!(drawn(&answered), "a.wav 1.25–2 call\n@ a.wav");
}

#[test]
fn the_vocabulary_of_hear_keeps_its_numbers() {
    let labels = read(&Hear, "hear.json");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("labelvocabulary.csv"), "idx,label\n0,song\n4,\"call\"\n").unwrap();
    format::write_file(&Hear, &folder.path().join("train.json"), &labels).unwrap();
    let vocabulary = std::fs::read_to_string(folder.path().join("labelvocabulary.csv")).unwrap();
    assert_eq!(vocabulary, "idx,label\n0,song\n4,call\n5,click\n");
    assert_eq!(Hear.companion_text(&labels, None), "idx,label\n0,call\n1,click\n");
}

#[test]
fn avianz_files_of_all_ages_are_read() {
    assert_eq!(
        drawn(&read(&AviaNz, "a.wav.data")),
        "a.wav 1–19 Kiwi 1200–2500 Hz score 1 by \"A\"\n\
         a.wav 20–21 Kiwi score 0.5 predicted by \"A\" model \"Kiwi.txt\" calltype=male\n\
         a.wav 22–23 Morepork+Kiwi score 0.5 uncertain by \"A\"\n\
         a.wav 24–25 Don't Know 0–2500 Hz uncertain by \"A\"\n\
         a.wav 26–27 Kiwi score 0.5 uncertain by \"A\" low_freq=1200\n\
         a.wav 28–27.5 Don't Know 1000–3000 Hz score 0 uncertain by \"A\"\n\
         @ a.wav, 60 s\n\
         ! line 8: a segment is an array of 4, not an array of five: onset, offset, low, high, labels; row left out\n\
         ! line 9: onset and offset of a segment are no numbers; row left out\n\
         ! line 10: a label of a segment is neither a name nor an object with “species”; row left out\n\
         ! bands open at their upper end are kept as a field, low_freq: 1\n\
         ! frequencies between 0 and 1, of an old version, are left out: 1\n\
         ! frequency bands with their ends in reverse order were put right: 1\n\
         ! further labels of a segment have another certainty or filter, which is not kept: 1\n\
         ! not kept: noiseLevel (1)"
    );
    assert_eq!(
        drawn(&read(&AviaNz, "old.wav.data")),
        "old.wav 1.5–2.5 Kiwi score 1 by \"Reviewer R\"\n\
         old.wav 3–4 Kiwi+Weka 100–900 Hz score 1 by \"Reviewer R\"\n\
         @ old.wav\n\
         ! line 1: the duration 960000 is taken for samples and not used\n\
         ! frequencies between 0 and 1, of an old version, are left out: 1\n\
         ! further labels of a segment have another certainty or filter, which is not kept: 1\n\
         ! not kept: noise (1)"
    );
    let path = path("a.wav.data");
    let options = ReadOptions { sample_rate: Some(16_000.0), ..ReadOptions::of(&path) };
    let labels = format::read_with(&AviaNz, &path, &options).unwrap();
    assert_eq!(labels.rows[4].band, Some(Band { low_hz: 1200.0, high_hz: 8000.0 }));
}

#[test]
fn batdetect2_files_are_read_in_both_forms() {
    assert_eq!(
        drawn(&read(&BatDetect2, "bat.wav.json")),
        "bat.wav 0.0225–0.028 Myotis mystacinus 33203–107492 Hz score 0.55 predicted det_prob=0.658 event=Echolocation \
         individual=-1\n\
         @ bat.wav, 0.5 s\n\
         ! line 3: an annotation of bat.wav has no numbers as start_time and end_time; row left out\n\
         ! not kept: class_name (1), notes (1)"
    );
    assert_eq!(
        drawn(&read(&BatDetect2, "bats.json")),
        "x10.wav 5–5.1 Plecotus auritus 4000–6000 Hz individual=0 event=Social\n\
         @ x10.wav, 20 s\n\
         @ none.wav, 1 s\n\
         ! line 4: not read: something without an array “annotation”\n\
         ! recordings are marked as having issues: 1\n\
         ? a recording plays 10 times slower than its sound was: are times those of the sound, or of the recording? \
         → sound of sound|recording"
    );
}

/// Two recordings with all that an event can have, in the second one none.
fn rich() -> StrongLabels {
    let span = Span { onset_secs: 1.25, offset_secs: 2.0 };
    let mut event = StrongLabel::new("site 1/20260501_041200.wav", span, "Parus major");
    event.band = Some(Band { low_hz: 2500.0, high_hz: 4200.0 });
    event.score = Some(0.93);
    event.particulars_mut().annotator = "A, B".into();
    event.particulars_mut().comment = "far \"off\"".to_owned();
    event.particulars_mut().fields = vec![("site".into(), "north".to_owned()), ("count".into(), "2".to_owned())];
    let mut found = StrongLabel::new(event.filename.clone(), span, "Rain");
    found.status = Some(Status::Predicted);
    found.particulars_mut().model = "m".into();
    let mut rejected = found.clone();
    rejected.status = Some(Status::Rejected);
    let files = vec![
        LabelledFile { name: event.filename.clone(), duration_secs: Some(10.0), sample_rate: Some(48_000.0) },
        LabelledFile { name: "site 1/20260501_051200.wav".into(), duration_secs: Some(10.0), sample_rate: None },
    ];
    StrongLabels { rows: vec![event, found, rejected], files, ..StrongLabels::default() }
}

#[test]
fn coco_like_files_say_all() {
    let labels = rich();
    assert_eq!(
        Coco.written(&labels),
        "{\"info\": {\"time_unit\": \"s\", \"freq_unit\": \"Hz\"},\n\"audios\": [\n\
         {\"id\": 1, \"file_name\": \"site 1/20260501_041200.wav\", \"duration\": 10.0, \"sample_rate\": 48000.0},\n\
         {\"id\": 2, \"file_name\": \"site 1/20260501_051200.wav\", \"duration\": 10.0}],\n\
         \"categories\": [\n{\"id\": 1, \"name\": \"Parus major\"},\n{\"id\": 2, \"name\": \"Rain\"}],\n\"annotations\": [\n\
         {\"id\": 1, \"audio_id\": 1, \"category_id\": 1, \"bbox\": [1.25, 2500.0, 0.75, 1700.0], \"score\": 0.93, \
         \"annotator\": \"A, B\", \"comment\": \"far \\\"off\\\"\", \"attributes\": {\"site\": \"north\", \"count\": 2}},\n\
         {\"id\": 2, \"audio_id\": 1, \"category_id\": 2, \"bbox\": [1.25, 0.0, 0.75, 0.0], \"status\": \"predicted\", \
         \"model\": \"m\"},\n\
         {\"id\": 3, \"audio_id\": 1, \"category_id\": 2, \"bbox\": [1.25, 0.0, 0.75, 0.0], \"status\": \"rejected\", \
         \"model\": \"m\"}]}\n"
    );
    assert_eq!(losses(&Coco, &labels), [""; 0]);
    assert!(
        read_text(&Coco, "{}").unwrap_err().ends_with("only written: choose the format that the file was made from")
    );
}

#[test]
fn camtrap_dp_has_clock_times_and_proposals_only_where_wanted() {
    let labels = rich();
    let released = CamtrapDp { has_proposed: false };
    let rows: Vec<String> = released.written(&labels).lines().skip(1).map(str::to_owned).collect();
    assert_eq!(
        rows,
        [
            "observation1,site 1,site 1/20260501_041200.wav,event1,2026-05-01T04:12:01.250Z,2026-05-01T04:12:02.000Z,media,\
             animal,,,Parus major,,,,,,,,,,,,,human,\"A, B\",,0.93,,\"far \"\"off\"\"\"",
            "observation2,site 1,site 1/20260501_041200.wav,event2,2026-05-01T04:12:01.250Z,2026-05-01T04:12:02.000Z,media,\
             unclassified,,,,,,,,,,,,,,,,machine,m,,,event_label:Rain,",
            "observation3,site 1,site 1/20260501_051200.wav,event3,2026-05-01T05:12:00.000Z,2026-05-01T05:12:10.000Z,media,\
             blank,,,,,,,,,,,,,,,,,,,,,",
        ]
    );
    let proposed = CamtrapDp { has_proposed: true }.written(&labels);
    assert!(proposed.lines().next().unwrap().ends_with(",observationComments,frequencyLow,frequencyHigh"));
    assert!(proposed.contains(",interval,animal,") && proposed.contains("\"\"\",2500,4200\n"), "{proposed}");
    assert_eq!(
        losses(&released, &labels),
        [
            "1 frequency band",
            "1 event's fields",
            "1 event that is no label",
            "2 recordings whose names tell no time zone, taken as UTC"
        ]
    );
}

#[test]
fn camtrap_dp_is_refused_where_no_clock_is_known() {
    let mut labels = rich();
    labels.rows[0].filename = "rec.wav".into();
    let error = CamtrapDp { has_proposed: false }.write(&labels, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("the names of rec.wav do not tell when they began"), "{error}");
}

#[test]
fn what_aoef_must_take_for_unknown_is_said() {
    let labels = rich();
    assert_eq!(
        losses(&ANNOTATIONS, &labels),
        ["1 score", "2 events that are no labels", "1 recordings of unknown sample rate, written as 0"]
    );
    let mut run = losses(&RUN, &labels);
    run.retain(|loss| loss.contains("without score"));
    assert_eq!(run, ["2 events without score, written with 1"]);
}

#[test]
fn each_file_is_recognised() {
    let cases = [
        ("label_studio.json", "label-studio"),
        ("segments.jams", "jams"),
        ("scaper.jams", "jams"),
        ("annotation_project.aoef.json", "aoef"),
        ("model_run.aoef.json", "aoef-run"),
        ("hear.json", "hear"),
        ("a.wav.data", "avianz"),
        ("old.wav.data", "avianz"),
        ("bat.wav.json", "batdetect2"),
        ("bats.json", "batdetect2"),
    ];
    for (name, id) in cases {
        let source = format::TextSource::open(&path(name)).unwrap();
        let found = format::sniff(&source, name);
        let ids: Vec<&str> = found.iter().map(|(format, _)| format.id()).collect();
        assert_eq!(ids.first(), Some(&id), "{name}: {ids:?}");
    }
    let head = Head { text: "filename\tonset\toffset\tevent_label\n", file_name: "a.tsv" };
    assert!(READ.iter().all(|format| format.likelihood(&head) == Likelihood::No));
}

#[test]
fn what_is_no_file_of_a_format_is_an_error_that_says_so() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    for format in READ {
        for text in ["", "{", "[1, 2", "{} {}", "5", "\"text\"", "null", "{\"data\": 1}", "[[[1]]"] {
            let error = read_text(*format, text).unwrap_err();
            assert!(error.starts_with("/labels/rec.json: "), "{} {text}: {error}", format.id());
        }
        // Whether it is rejected as a whole or in part, deep nesting costs no stack.
        for text in [deep.clone(), format!("{{\"data\": {deep}, \"annotations\": {deep}, \"annotation\": {deep}}}")] {
            let _ = read_text(*format, &text);
        }
    }
    let error = read_text(&LabelStudio, "[]\n[]").unwrap_err();
    assert_eq!(
        error,
        "/labels/rec.json: a second JSON value begins in line 2: one is expected; put several into one array, or into a \
         file each"
    );
    let error =
        read_text(&ANNOTATIONS, "{\"data\": {\"collection_type\": \"dataset\", \"recordings\": []}}").unwrap_err();
    assert!(error.ends_with("lists recordings only: choose a file with annotations or predictions"), "{error}");
}

/// What is read of what is written.
pub fn again(format: &dyn LabelFormat, labels: &StrongLabels) -> StrongLabels {
    format::read(format, format.written(labels).as_bytes(), Path::new("/labels/rec.json")).unwrap()
}
