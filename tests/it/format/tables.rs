//! Tables of every format, each example and quirk a file of `tests/data/format/tables`: recognised, read, and written back.

use super::data;
use earmark::annotation::Status;
use earmark::format::{
    self, Choice, LabelFormat, LabelledFile, Likelihood, ReadOptions, StrongLabel, StrongLabels, by_id, read_any,
    read_with,
};
use earmark::time::Span;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn table(name: &str) -> PathBuf {
    data("tables").join(name)
}

/// Everything that labels say, a line for each.
fn told(labels: &StrongLabels) -> Vec<String> {
    let mut lines = Vec::new();
    for row in &labels.rows {
        let mut line = format!("{} {}–{}", row.filename, row.span.onset_secs, row.span.offset_secs);
        line += if row.is_point { " point" } else { "" };
        line += &format!(" {:?}", row.event_label);
        line += &row.band.map(|band| format!(" {}–{} Hz", band.low_hz, band.high_hz)).unwrap_or_default();
        line += &row.score.map(|score| format!(" score {score}")).unwrap_or_default();
        line += &row.status.map(|status| format!(" {}", status.text())).unwrap_or_default();
        if let Some(more) = &row.particulars {
            line += &format!(" by {:?} says {:?}", more.annotator, more.comment);
        }
        row.fields().iter().for_each(|(name, cell)| line += &format!(" [{name}={cell}]"));
        lines.push(line);
    }
    for file in labels.empty_files() {
        lines.push(format!("{}: nothing", file.name));
    }
    for file in labels.files.iter().filter(|file| file.duration_secs.is_some()) {
        lines.push(format!("{}: {} s", file.name, file.duration_secs.unwrap()));
    }
    lines.extend(labels.questions.iter().map(|question| format!("? {:?} {:?}", question.choice, question.taken)));
    lines.extend(labels.warnings.iter().map(|warning| format!("! {warning}")));
    lines
}

#[track_caller]
fn assert_reads(name: &str, id: &str, options: &ReadOptions, expected: &[&str]) {
    let options = ReadOptions { file_stem: ReadOptions::of(Path::new(name)).file_stem, ..options.clone() };
    let (found, labels) = read_any(&table(name), &options).unwrap();
    assert_eq!(found.id(), id, "{name}");
    assert_eq!(told(&labels), expected, "{name}");
}

#[track_caller]
fn assert_is(name: &str, id: &str, expected: &[&str]) {
    assert_reads(name, id, &ReadOptions::default(), expected);
}

#[test]
fn desed_tables_keep_scores_and_columns_of_their_own() {
    let expected =
        [r#"a.wav 0.5–1 "Dog" score 0.75 by "" says "" [annotator=AB]"#, r#"a.wav 2–3 "Cat""#, "b.wav: nothing"];
    assert_is("desed_confidence.tsv", "dcase", &expected);
    let labels = format::read_file(by_id("dcase").unwrap(), &table("desed_confidence.tsv")).unwrap();
    let written = by_id("dcase").unwrap().written(&labels);
    assert_eq!(written, std::fs::read_to_string(table("desed_confidence.tsv")).unwrap());
}

#[test]
fn weak_labels_span_recordings_whose_length_is_known() {
    let unknown =
        "weak labels have no times, and the length of the recording is not known: give its duration; row left out";
    let named = [
        r#"Yabc_30.000_40.000.wav 0–10 "Speech""#,
        r#"Yabc_30.000_40.000.wav 0–10 "Dog""#,
        "Ydef_0.000_9.500.wav: nothing",
    ];
    let lines = [4, 5].map(|line| format!("! line {line}: {unknown}"));
    assert_is("weak.tsv", "dcase-weak", &[&named[..], &[&lines[0], &lines[1]]].concat());

    let (found, table) = read_any(&table("durations.tsv"), &ReadOptions::default()).unwrap();
    assert_eq!(found.id(), "durations");
    let expected = [
        "long.wav: nothing",
        "x/Yabc_30.000_40.000.wav: nothing",
        "long.wav: 62.5 s",
        "x/Yabc_30.000_40.000.wav: 10 s",
        "! line 4: duration is “soon”, not a number of seconds; row left out",
    ];
    assert_eq!(told(&table), expected);
    let options = ReadOptions { durations: format::Durations::of(&table), ..ReadOptions::default() };
    let expected = [named[0], named[1], r#"long.wav 0–62.5 "Cat""#, "Ydef_0.000_9.500.wav: nothing", &lines[0]];
    assert_reads("weak.tsv", "dcase-weak", &options, &expected);
}

#[test]
fn lists_of_every_layout_are_told_apart() {
    // Labels of Audacity look the same, and say the same.
    let rival = "! read as dcase-list; audacity is as likely";
    assert_is("list_2016.txt", "dcase-list", &[r#"list_2016 21.64715–23.00552 "alert""#, rival]);
    let scene = r#"audio/street/b091.wav 28.69–30.29 "car" by "" says "" [scene_label=street]"#;
    assert_is("list_2017.txt", "dcase-list", &[scene]);
    assert_is("list_files.ann", "dcase-list", &[r#"audio/b091.wav 28.69–30.29 "car""#, "audio/b092.wav: nothing"]);
    assert_is("list_times.txt", "dcase-list", &[r#"list_times 1.2–3.4 """#, rival]);
    assert_is("list_names.txt", "dcase-list", &["a.wav: nothing", "b.wav: nothing"]);
}

#[test]
fn ids_in_the_first_column_are_asked_about() {
    let as_labels = [
        r#"list_ids 0.1–2 "Train horn" by "" says "" [ontology_id=/m/0284vy3]"#,
        r#"list_ids 4.5–6 "Train horn" by "" says "" [ontology_id=/m/0284vy3]"#,
        "? FirstColumn Some(1)",
    ];
    let note = "! line 1: the first column holds ontology ids, not file names: taken as the labels of one recording";
    assert_is("list_ids.txt", "dcase-list", &[&as_labels[..], &[note]].concat());
    let mut options = ReadOptions::default();
    options.set_answer(Choice::FirstColumn, "label");
    assert_reads("list_ids.txt", "dcase-list", &options, &as_labels);
    options.set_answer(Choice::FirstColumn, "file");
    let as_files = [r#"/m/0284vy3 0.1–2 "Train horn""#, r#"/m/0284vy3 4.5–6 "Train horn""#, "? FirstColumn Some(0)"];
    assert_reads("list_ids.txt", "dcase-list", &options, &as_files);
}

#[test]
fn soft_values_are_scores_of_predictions() {
    let expected = [
        r#"maestro_real 0–1 "cutlery and dishes" score 0.4233 predicted"#,
        r#"maestro_real 0–1 "furniture dragging" score 0 predicted"#,
        r#"maestro_real 1–2 "cutlery and dishes" score 1 predicted"#,
    ];
    assert_is("maestro_real.txt", "maestro", &expected);
    assert_is("mturk_synth.csv", "maestro", &[r#"synth 0–3 "car_horn""#, r#"synth 2.5–4 "engine_idling""#]);
    let labels = format::read_file(by_id("maestro").unwrap(), &table("maestro_real.txt")).unwrap();
    let written = by_id("maestro").unwrap().written(&labels);
    assert_eq!(written, std::fs::read_to_string(table("maestro_real.txt")).unwrap().replace("0.0\n", "0\n"));
}

#[test]
fn audioset_has_names_for_ids_and_says_what_is_not_there() {
    let expected = [
        r#"b0RFKhbpFJA_30000 0–10 "Wind""#,
        r#"-0_Ab-_cdEf_10000 0.5–2 "Speech""#,
        r#"-0_Ab-_cdEf_10000 3–4 "/m/nosuchid""#,
        "? LabelNames Some(1)",
    ];
    assert_is("audioset_strong.tsv", "audioset-strong", &expected);
    let mut options = ReadOptions::default();
    options.set_answer(Choice::LabelNames, "ids");
    let (_, as_ids) = read_any(&table("audioset_strong.tsv"), &options).unwrap();
    assert_eq!(&*as_ids.rows[1].event_label, "/m/09x0r");
    let framed = [
        r#"b0RFKhbpFJA_30000 0.96–1.92 "Speech""#,
        r#"b0RFKhbpFJA_30000 0.96–1.92 "Dog" rejected"#,
        "? LabelNames Some(1)",
        "! line 4: present is “MAYBE”, neither PRESENT nor NOT_PRESENT; row left out",
    ];
    assert_is("audioset_framed.tsv", "audioset-strong", &framed);
    let (found, labels) = read_any(&table("audioset_framed.tsv"), &ReadOptions::default()).unwrap();
    let original = std::fs::read_to_string(table("audioset_framed.tsv")).unwrap();
    let expected: String = original.lines().take(3).map(|line| format!("{line}\n")).collect();
    assert_eq!(found.written(&labels), expected);
}

#[test]
fn sequences_have_seconds_or_samples() {
    let expected = [r#"simple_seq 1.25–2 "call""#, r#"simple_seq 2.5–2.75 "b, \"loud\"""#];
    assert_is("simple_seq.csv", "simple-seq", &expected);
    let expected = [
        r#"a.wav 1.25–2 "call" by "" says "" [annot_path=a.csv]"#,
        r#"b.wav 0.5–0.75 "call" by "" says "" [annot_path=b.csv]"#,
    ];
    assert_is("generic_seq.csv", "generic-seq", &expected);
    let refused = read_any(&table("generic_seq_samples.csv"), &ReadOptions::default());
    let refusal = refused.map(|_| ()).unwrap_err().to_string();
    assert!(refusal.contains("the times are in samples: say the recordings' sample rate"), "{refusal}");
    let options = ReadOptions { sample_rate: Some(44_100.0), ..ReadOptions::default() };
    let expected = [
        r#"a.wav 1.25–2 "call" by "" says "" [annot_path=a.csv]"#,
        r#"generic_seq_samples 0–0.5 "song" by "" says "" [annot_path=a.csv]"#,
    ];
    assert_reads("generic_seq_samples.csv", "generic-seq", &options, &expected);

    let (generic, mut labels) = read_any(&table("generic_seq.csv"), &ReadOptions::default()).unwrap();
    labels.files.iter_mut().for_each(|file| file.sample_rate = Some(44_100.0));
    let original = std::fs::read_to_string(table("generic_seq.csv")).unwrap();
    let padded = original.replace("1.25,2.00", "1.250,2.000").replace("0.5,0.75", "0.500,0.750");
    assert_eq!(generic.written(&labels), padded);
}

#[test]
fn times_of_day_points_and_comments_are_read() {
    let expected = [
        r#"a.wav 0–2.45 "speech" score 1 by "" says "" [id=1] [source=manual] [transcript=Hello, world.]"#,
        r#"a.wav 3.1–3604 "music" score 0.5 by "" says "" [id=2] [source=manual]"#,
    ];
    assert_is("cvat.tsv", "cvat-tsv", &expected);
    let expected = [
        r#"rec 1.25–2.5 "sine""#,
        r#"rec 3.125–3.125 point "pulse""#,
        "! line 4: says only that there are events of this name (and in 1 more lines)",
    ];
    assert_is("rec_annotations.csv", "das", &expected);
    let expected = [
        r#"audition 1.25–1.25 point "Marker 01""#,
        r#"audition 3723.456–3783.956 "Marker 02" by "" says "loud""#,
        "! line 4: the times are samples: say the recording's sample rate (--sample-rate); row left out",
        "! line 5: onset is “00:00:01:12”, not a number of seconds; row left out",
    ];
    assert_is("audition.csv", "audition", &expected);
    let audition = by_id("audition").unwrap();
    let labels = format::read_file(audition, &table("audition.csv")).unwrap();
    let original = std::fs::read_to_string(table("audition.csv")).unwrap();
    let expected: String = original.split_inclusive('\n').take(3).collect();
    assert_eq!(audition.written(&labels), expected);
}

#[test]
fn decisions_of_other_programs_are_kept() {
    let expected = [
        r#"DEP01/rec001.wav 10–15 "MyBird""#,
        r#"DEP01/rec001.wav 20–25 "OtherBird" rejected"#,
        r#"DEP02/rec001.wav 5–10 "MyBird" uncertain"#,
        "! line 5: label_type is “perhaps”, not positive, negative or uncertain; row left out",
    ];
    assert_is("hoplite.csv", "hoplite", &expected);
    let place = r#"[Latitude=51.9] [Longitude=-0.4] [Place=Home] [Model=birdnet]"#;
    let said = r#"says "near, and \"far\"" [Latin name=Parus major]"#;
    let expected = [
        format!(r#"/data/a.wav 1.5–4.5 "Great Tit" score 0.812 predicted by "" {said} [Call count=1] {place}"#),
        format!(
            r#"/data/a.wav 60–63 "Tawny Owl" accepted by "" says "" [Latin name=Strix aluco] [Label=Nocmig] [Call count=2] {place}"#
        ),
    ];
    assert_is("chirpity.csv", "chirpity", &[&expected[0], &expected[1]]);
}

#[test]
fn dates_count_from_when_the_recording_began() {
    let sure = "[confidence_indicator_label=sure] [confidence_indicator_level=1/1]";
    let whistle = format!(
        r#"20230512_183000.wav 1.25–2.5 "whistle" 200–4000 Hz by "AB" says "faint |- AB" [dataset=SPM] {sure}"#
    );
    let boat = r#"20230512_183000.wav 0–60 "boat" by "AB" says "" [dataset=SPM]"#;
    assert_is("aplose_results.csv", "aplose", &[&whistle, boat]);
    let unknown = "! line 2: onset is the date and time 2023-05-12T18:30:01.250Z, and when “aplose_import” began is not known; \
                   row left out";
    assert_is("aplose_import.csv", "aplose", &["? ClockStart None", unknown]);
    let mut options = ReadOptions::default();
    options.set_answer(Choice::ClockStart, "2023-05-12T20:30:00+02:00");
    let expected =
        r#"aplose_import 1.25–2.5 "whistle" 1000–2000 Hz by "pamguard" says "" [dataset=SPM] [confidence__label=sure]"#;
    assert_reads("aplose_import.csv", "aplose", &options, &[expected]);
}

#[test]
fn tables_made_by_hand_are_read_as_they_are() {
    let expected = [
        r#"a.wav 0.5–1.25 "Dog; loud" by "" says "" [note=two"#.to_owned() + "\nlines]",
        r#"a.wav 1.5–2 "Cat""#.to_owned(),
        r#"a.wav -1–0 "early""#.to_owned(),
        r#"a.wav 3–2 "back""#.to_owned(),
        "! line 11: offset is “inf”, not a number of seconds; row left out".replace("offset", "onset"),
        "! line 1: the first of 2 comment lines, skipped".to_owned(),
    ];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    assert_is("hand_made.csv", "dcase", &expected);
}

#[test]
fn no_other_format_is_as_certain_of_a_file() {
    for entry in std::fs::read_dir(data("tables")).unwrap() {
        let path = entry.unwrap().path();
        let source = format::TextSource::open(&path).unwrap();
        let found = format::sniff(&source, &path.file_name().unwrap().to_string_lossy());
        let best = found[0].1;
        let ids: Vec<&str> =
            found.iter().filter(|(_, likelihood)| *likelihood == best).map(|(format, _)| format.id()).collect();
        // Lists of times are the same in these two.
        let is_told = ids.len() == 1 || ids == ["dcase-list", "audacity"];
        assert!(is_told && best > Likelihood::Possible, "{}: {ids:?} {best:?}", path.display());
    }
}

/// The formats of tables, and what else they hold of a row beside its span and its label.
const WRITTEN: [&str; 11] = [
    "dcase",
    "dcase-list",
    "maestro",
    "audioset-strong",
    "simple-seq",
    "generic-seq",
    "cvat-tsv",
    "das",
    "audition",
    "hoplite",
    "dcase-weak",
];

fn row_strategy() -> impl Strategy<Value = StrongLabel> {
    let text = || "[ -~äß🐕]{0,6}[!-~äß🐕]";
    let micros = || 0_i64..4_000_000_000;
    (("[a-c]\\.wav", micros(), micros(), text()), (prop::option::of(0_u32..=1000), 0..5_usize, any::<bool>(), text()))
        .prop_map(|((filename, onset, length, label), (score, status, is_point, note))| {
            let onset_secs = onset as f64 / 1e6;
            let offset_secs = if is_point { onset_secs } else { (onset + length) as f64 / 1e6 };
            let mut row = StrongLabel::new(filename, Span { onset_secs, offset_secs }, label);
            row.is_point = is_point;
            row.score = score.map(|score| f64::from(score) / 1000.0);
            row.status = [None, None, Some(Status::Rejected), Some(Status::Uncertain), Some(Status::Predicted)][status];
            row.particulars_mut().comment = note.clone();
            row.particulars_mut().fields.push(("note".into(), note));
            row
        })
}

/// What a format keeps of a row that it writes.
fn kept(format: &dyn LabelFormat, row: &StrongLabel) -> String {
    let holds = format.holds();
    // Audition has milliseconds.
    let micros = |secs: f64| match format.id() {
        "audition" => (secs * 1e3).round() as i64 * 1000,
        _ => (secs * 1e6).round() as i64,
    };
    let mut text = format!("{} {} {}", micros(row.span.onset_secs), micros(row.span.offset_secs), row.event_label);
    if holds.many_files {
        text += &format!(" of {}", row.filename);
    }
    if holds.scores {
        text += &format!(" {:?}", row.score);
    }
    if holds.status || holds.predictions {
        text += &format!(" {:?}", row.status);
    }
    if holds.fields {
        text += &format!(" {:?}", row.fields());
    }
    if holds.comments {
        text += &format!(" {:?}", row.particulars.as_ref().map_or("", |more| more.comment.as_str()));
    }
    text
}

/// The rows that a format writes at all.
fn is_written(format: &dyn LabelFormat, row: &StrongLabel) -> bool {
    match format.id() {
        "maestro" => row.is_label() || row.status == Some(Status::Predicted),
        "audioset-strong" => row.is_label() || row.status == Some(Status::Rejected),
        "hoplite" => row.status != Some(Status::Predicted),
        _ => row.is_label(),
    }
}

proptest! {
    #[test]
    fn what_a_format_holds_is_read_again(rows in prop::collection::vec(row_strategy(), 0..12)) {
        for id in WRITTEN.iter().filter(|id| **id != "dcase-weak") {
            let format = by_id(id).unwrap();
            let mut rows = rows.clone();
            if !format.holds().many_files {
                rows.iter_mut().for_each(|row| row.filename = "a.wav".into());
            }
            if *id == "maestro" {
                // A value is what a row has, and what makes it a prediction.
                rows.iter_mut().for_each(|row| {
                    row.score.get_or_insert(1.0);
                    row.status = Some(Status::Predicted);
                });
            }
            let labels = StrongLabels { rows, files: vec![LabelledFile::named("a.wav")], ..StrongLabels::default() };
            let text = format.written(&labels);
            let read = format::read(format, text.as_bytes(), Path::new("a.csv")).unwrap();
            let mut expected: Vec<String> =
                labels.rows.iter().filter(|row| is_written(format, row)).map(|row| kept(format, row)).collect();
            let mut found: Vec<String> = read.rows.iter().map(|row| kept(format, row)).collect();
            expected.sort();
            found.sort();
            prop_assert_eq!(found, expected, "{} {}", id, text);
            prop_assert!(!read.warnings.iter().any(|warning| warning.row_rejected), "{} {:?}", id, read.warnings);
            let again = format.written(&read);
            prop_assert_eq!(&again, &text, "{}", id);
        }
    }

    #[test]
    fn rows_of_any_table_are_events_or_rejects_or_nothing(
        place in 0..WRITTEN.len(),
        rows in prop::collection::vec(prop::collection::vec("|a\\.wav|-1|0\\.5|1:02\\.5|inf|nan|x|\"|PRESENT", 0..7), 0..20)
    ) {
        let format = by_id(WRITTEN[place]).unwrap();
        let header = format.written(&StrongLabels::default());
        let separator = if header.contains('\t') { "\t" } else { "," };
        let header = if header.is_empty() { "a.wav\t0\t1\tDog\n".to_owned() } else { header };
        let body: String = rows.iter().map(|row| row.join(separator) + "\n").collect();
        let Ok(read) = format::read(format, (header.clone() + &body).as_bytes(), Path::new("a.csv")) else {
            return Ok(());
        };
        let rejected = read.warnings.iter().filter(|warning| warning.row_rejected).count();
        let blank = rows.iter().filter(|row| row.iter().all(String::is_empty)).count();
        let most = rows.len() - blank + 1;
        prop_assert!(read.rows.len() + rejected <= most, "{} {} {:?}", format.id(), body, read);
        // Rows with times that can be read are never lost.
        let sound = rows.iter().filter(|row| !row.is_empty() && row.iter().all(|cell| cell == "0.5")).count();
        prop_assert!(read.rows.len() + rejected + read.files.len() >= usize::from(sound > 0), "{} {} {:?}", format.id(), body, read);
    }
}

#[test]
fn answers_do_not_outlive_a_question() {
    let mut options = ReadOptions::of(&table("list_2016.txt"));
    options.set_answer(Choice::FirstColumn, "file");
    let labels = read_with(by_id("dcase-list").unwrap(), &table("list_2016.txt"), &options).unwrap();
    assert_eq!((labels.questions.len(), labels.rows.len()), (0, 1));
}
