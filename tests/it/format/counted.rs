//! Nothing is dropped in silence: of each format that is read, events and rejects are as many as the file has rows, or events.

use super::census::census;
use earmark::format::{self, LabelFormat, StrongLabels, by_id};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// Tables by their header, or the first row where they have none, and how a label could be missed in them.
const TABLES: [(&str, &str); 21] = [
    ("dcase", "filename,onset,offset,event_label,confidence,note"),
    ("dcase", "Event_Label,Confidence,Offset,Onset"),
    ("dcase-list", "a.wav,0,1,Dog"),
    ("dcase-list", "0.5,1,Dog"),
    ("dcase-list", "a.wav,street,0,1,Dog"),
    ("maestro", "0,1,Dog,0.5"),
    ("maestro", "onset,offset,event_label"),
    ("audioset-strong", "segment_id,start_time_seconds,end_time_seconds,label,present"),
    ("simple-seq", "onset_s,offset_s,label"),
    ("generic-seq", "label,onset_s,offset_s,onset_sample,offset_sample,notated_path,annot_path,sequence,annotation"),
    ("cvat-tsv", "id,filename,start,stop,label,score"),
    ("das", ",name,start_seconds,stop_seconds"),
    ("audition", "Name,Start,Duration,Time Format,Type,Description"),
    ("hoplite", "recording,start_offset_s,end_offset_s,label,label_type"),
    (
        "aplose",
        "filename,start_time,end_time,start_frequency,end_frequency,annotation,start_datetime,end_datetime,is_box",
    ),
    ("aplose", "end_time,annotation,start_datetime,end_datetime"),
    ("chirpity", "File,Detection start,Detection end,Common name,Confidence,Start (s)"),
    ("raven", "Begin Time (s),End Time (s),Species"),
    ("birdnet", "Start (s),End (s),Common name,Confidence,File"),
    ("kaleidoscope", "INDIR,FOLDER,IN FILE,OFFSET,DURATION,Fmin,Fmax,TOP1MATCH,MANUAL ID"),
    ("sv-csv", "0.5,1,440,550,x"),
];

/// Of these the text alone does not decide about each row; what it decides is checked.
const OPEN: [&str; 3] = ["dcase-list", "sv-csv", "chirpity"];

fn events_and_rejects(labels: &StrongLabels) -> usize {
    labels.rows.len() + labels.warnings.iter().filter(|warning| warning.row_rejected).count()
}

fn read(format: &dyn LabelFormat, text: &str) -> StrongLabels {
    format::read(format, text.as_bytes(), Path::new("/labels/rec.x")).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The same number as is counted, for a file that can be read.
fn assert_counted(id: &str, text: &str) -> Result<(), TestCaseError> {
    let count = events_and_rejects(&read(by_id(id).unwrap(), text));
    let census = census(id, text);
    prop_assert!(census.is_some_and(|census| census.holds(count)), "{id}: {count}, not {census:?}, of {text}");
    prop_assert!(
        OPEN.contains(&id) || census.is_some_and(|census| census.least == census.most),
        "{id}: {census:?} of {text}"
    );
    Ok(())
}

fn cell() -> impl Strategy<Value = String> {
    let time = "[0-9]{1,3}(\\.[0-9]{1,3})?|-1|1:02\\.5|00:01:02\\.5|inf|soon|1e999|2023-05-12T18:30:01Z";
    let word = "x|a\\.wav|nan|NaN| |Samples|PRESENT|NOT_PRESENT|MAYBE|positive|perhaps|confirmed|é🦇";
    prop_oneof![3 => Just(String::new()), 4 => time.prop_map(String::from), 3 => word.prop_map(String::from)]
}

/// A line of a table: mostly a row of more or fewer cells, else a remark, a separator or nothing.
fn line() -> impl Strategy<Value = Vec<String>> {
    let passed_over = prop::sample::select(vec!["", "  ", "# a remark", " #", "=====", "==="]);
    prop_oneof![6 => prop::collection::vec(cell(), 0..11), 1 => passed_over.prop_map(|text| vec![text.to_owned()])]
}

fn assemble(first: &str, lines: &[Vec<String>], separator: &str, end: &str) -> String {
    let rows = lines.iter().map(|cells| cells.join(separator));
    let text = std::iter::once(first.replace(',', separator)).chain(rows).collect::<Vec<_>>().join(end);
    text + end
}

proptest! {
    #[test]
    fn each_row_of_a_table_is_an_event_or_a_reject_or_says_nothing(
        lines in prop::collection::vec(line(), 0..20), separator in "[,;\t]", end in "\n|\r\n|\r"
    ) {
        for (id, first) in TABLES {
            // Other columns than times may not say what a table is.
            let is_headless = first.starts_with(['0', 'a']);
            let fits = |row: &Vec<String>| id != "sv-csv" || row.len() < 2 || row[..4.min(row.len())].iter().all(|cell| cell.parse::<f64>().is_ok_and(f64::is_finite));
            let lines: Vec<_> = lines.iter().filter(|row| fits(row)).filter(|row| id != "sv-csv" || row.len() == 5 || row.len() == 4).cloned().collect();
            let text = assemble(first, &lines, &separator, &end);
            if is_headless && format::read(by_id(id).unwrap(), text.as_bytes(), Path::new("x")).is_err() {
                continue;
            }
            assert_counted(id, &text)?;
        }
    }

    #[test]
    fn each_file_of_a_list_is_an_event_or_a_reject_or_has_none(lines in prop::collection::vec(line(), 0..20)) {
        // With two rows the first one is no header in words.
        let text = "a.wav\t0\t1\tDog\n".to_owned() + &assemble("a.wav,0,1,Dog", &lines, "\t", "\n");
        let labels = read(by_id("dcase-list").unwrap(), &text);
        let is_blank = |cell: Option<&String>| cell.is_none_or(|cell| cell.trim().is_empty() || cell.eq_ignore_ascii_case("nan"));
        let is_row = |row: &&Vec<String>| {
            let text = row.concat();
            !(text.trim().is_empty() || row[0].trim().starts_with(['#', '=']))
        };
        let is_counted = |row: &&Vec<String>| row[0].trim().is_empty() || (1..4).any(|place| !is_blank(row.get(place)));
        let count = lines.iter().filter(is_row).filter(is_counted).count();
        prop_assert_eq!(events_and_rejects(&labels), count + 2, "{}", text);
    }

    #[test]
    fn each_weak_label_is_an_event_and_each_length_is_told(lines in prop::collection::vec(line(), 0..20)) {
        let name = "Yabc_30.000_40.000.wav";
        let rows: Vec<Vec<String>> = lines.iter().map(|row| match row.first() {
            Some(first) if first.trim().starts_with(['#', '=']) => row.clone(),
            _ => [&[name.to_owned()], &row[..]].concat(),
        }).collect();
        let is_row = |row: &&Vec<String>| row[0] == name;
        let weak = read(by_id("dcase-weak").unwrap(), &assemble("filename,event_labels", &rows, "\t", "\n"));
        let is_blank = |cell: &str| cell.trim().is_empty() || cell.eq_ignore_ascii_case("nan");
        let labels = rows.iter().filter(is_row).filter(|row| row.get(1).is_some_and(|cell| !is_blank(cell))).count();
        prop_assert_eq!(events_and_rejects(&weak), labels);
        let unknown = assemble("filename,event_labels", &rows, "\t", "\n").replace(name, "a.wav");
        prop_assert_eq!(events_and_rejects(&read(by_id("dcase-weak").unwrap(), &unknown)), labels);

        let numbered = (0..).zip(rows.iter().filter(is_row));
        let numbered: Vec<Vec<String>> = numbered.map(|(number, row)| [&[format!("{number}.wav")], &row[1..]].concat()).collect();
        let lengths = read(by_id("durations").unwrap(), &assemble("filename,duration", &numbered, "\t", "\n"));
        let known = lengths.files.iter().filter(|file| file.duration_secs.is_some()).count();
        prop_assert_eq!(known + events_and_rejects(&lengths), numbered.len());
    }

    #[test]
    fn each_line_of_audacity_and_each_subtitle_is_an_event_or_a_reject(
        lines in prop::collection::vec("(-?[0-9]{1,2}([.,][0-9])?|x|) ?(\t(-?[0-9]|inf|y|)){0,4}|\\\\(\t-?[0-9x]){0,3}|#x?|=====|00:0[0-9]:0[0-9],000 --> 00:00:0[0-9x],0+|[0-9]|", 0..20),
        end in "\n|\r\n|\r"
    ) {
        let text = lines.join(&end);
        for id in ["audacity", "srt", "vtt"] {
            if format::read(by_id(id).unwrap(), text.as_bytes(), Path::new("x")).is_ok() {
                assert_counted(id, &text)?;
            }
        }
    }
}

fn json_value() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "1.5",
        "0",
        "-2",
        "1e308",
        "null",
        "true",
        "\"a\"",
        "\"s1\"",
        "[]",
        "{}",
        "[\"x\"]",
        "[1]",
        "{\"label\": \"x\"}",
        "{\"start\": 1, \"end\": 2}",
        "{\"start\": 1e308, \"end\": 2, \"labels\": [\"x\"]}",
        "\"labels\"",
        "\"textarea\"",
    ])
}

/// An element of an array of events: an object with some of the keys, or anything else.
fn json_event(keys: &'static [&'static str]) -> impl Strategy<Value = String> {
    let pairs = prop::collection::vec(prop::option::weighted(0.8, json_value()), keys.len());
    let object = pairs.prop_map(move |values| {
        let pairs = keys.iter().zip(values).filter_map(|(key, value)| Some(format!("\"{key}\": {}", value?)));
        format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
    });
    prop_oneof![8 => object, 1 => json_value().prop_map(str::to_owned)]
}

fn json_events(keys: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(json_event(keys), 0..8).prop_map(|events| events.join(",\n"))
}

/// Whole files, with their formats.
fn json_files() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let segment = prop::collection::vec(json_value(), 3..7).prop_map(|values| format!("[{}]", values.join(", ")));
    let segments = prop::collection::vec(prop_oneof![8 => segment, 1 => json_value().prop_map(str::to_owned)], 0..8);
    (
        json_events(&["label", "start", "end", "fold"]),
        segments.prop_map(|segments| segments.iter().map(|segment| format!(", {segment}")).collect::<String>()),
        json_events(&["class", "start_time", "end_time", "low_freq", "high_freq", "class_prob"]),
        json_events(&["time", "duration", "value", "confidence"]),
        json_events(&["id", "type", "value", "score", "meta"]),
        json_events(&["uuid", "sound_event", "tags", "score"]),
        json_value(),
    )
        .prop_map(|(hear, avianz, bats, jams, regions, said, coordinates)| {
            let short = format!("[{{\"audio\": \"a.wav\", \"label\": [{{\"start\": 0, \"end\": 1}}, {regions}]}}]");
            let of_sound = format!(
                "\"recordings\": [{{\"uuid\": \"r1\", \"path\": \"a.wav\", \"time_expansion\": 10}}], \"sound_events\": \
                 [{{\"uuid\": \"s1\", \"recording\": \"r1\", \"geometry\": {{\"type\": \"TimeStamp\", \"coordinates\": {coordinates}}}}}]"
            );
            vec![
                ("hear", format!("{{\"a.wav\": [{hear}], \"b.wav\": [], \"a.wav\": [{hear}]}}")),
                ("avianz", format!("[{{\"Operator\": \"A\"}}{avianz}]")),
                ("batdetect2", format!("{{\"annotation\": [{bats}], \"time_exp\": 10}}")),
                ("batdetect2", format!("[{{\"annotation\": [{bats}]}}, {{\"annotation\": [{bats}]}}]")),
                ("jams", format!("{{\"annotations\": [{{\"data\": [{jams}]}}, {{\"namespace\": \"scaper\", \"data\": [{jams}]}}]}}")),
                ("label-studio", format!("[{{\"data\": {{\"audio\": \"a.wav\"}}, \"annotations\": [{{\"result\": [{regions}]}}], \"predictions\": [{{\"result\": [{regions}]}}]}}]")),
                ("label-studio", format!("{{\"data\": {{}}, \"completions\": [{{\"result\": [{regions}]}}], \"annotations\": [{{\"was_cancelled\": true, \"result\": [{regions}]}}]}}")),
                ("label-studio", short.replace(", ]", "]")),
                ("aoef", format!("{{\"data\": {{\"collection_type\": \"annotation_set\", {of_sound}, \"sound_event_annotations\": [{said}]}}}}")),
                ("aoef-run", format!("{{\"data\": {{\"collection_type\": \"model_run\", {of_sound}, \"sound_event_predictions\": [{said}]}}}}")),
            ]
        })
}

prop_compose! {
    /// An ELAN file whose moments and references may be missing.
    fn elan()(
        slots in prop::collection::vec(prop::option::of("[0-9]{1,4}|-5|x|1e308|-1e308"), 1..6),
        annotations in prop::collection::vec((0..8_usize, 0..8_usize, 0..3_u8), 0..12)
    ) -> String {
        let slots: String = (0..).zip(slots).map(|(name, time)| {
            let time = time.map_or(String::new(), |time| format!(" TIME_VALUE=\"{time}\""));
            format!("<TIME_SLOT TIME_SLOT_ID=\"ts{name}\"{time}/>")
        }).collect();
        let annotations: Vec<String> = (0..).zip(annotations).map(|(name, (from, to, kind))| match kind {
            0 => format!("<REF_ANNOTATION ANNOTATION_ID=\"a{name}\" ANNOTATION_REF=\"a{from}\"/>"),
            _ => format!("<ALIGNABLE_ANNOTATION ANNOTATION_ID=\"a{name}\" TIME_SLOT_REF1=\"ts{from}\" TIME_SLOT_REF2=\"ts{to}\"/>"),
        }).map(|annotation| format!("<ANNOTATION>{annotation}</ANNOTATION>\n")).collect();
        let (inside, outside) = annotations.split_at(annotations.len() - annotations.len() / 4);
        format!("<ANNOTATION_DOCUMENT><TIME_ORDER>{slots}</TIME_ORDER><TIER TIER_ID=\"t\">{}</TIER>{}</ANNOTATION_DOCUMENT>", inside.concat(), outside.concat())
    }
}

prop_compose! {
    /// A layer whose points may lack anything, and another without a model.
    fn layers()(
        points in prop::collection::vec(("[0-9]{1,3}|x|", prop::option::of("[0-9]{1,3}|1e308|x"), prop::option::of("[0-9]|x")), 0..12),
        rate in "48000|0|x"
    ) -> String {
        let points: Vec<String> = points.iter().map(|(frame, value, extent)| {
            let attribute = |name, value: &Option<String>| value.as_ref().map_or(String::new(), |value| format!(" {name}=\"{value}\""));
            format!("<point frame=\"{frame}\"{}{} duration=\"1\"/>\n", attribute("value", value), attribute("extent", extent))
        }).collect();
        let (known, unknown) = points.split_at(points.len() - points.len() / 4);
        format!("<sv><data><model sampleRate=\"{rate}\" dataset=\"0\" subtype=\"box\"/><dataset id=\"0\">{}</dataset><dataset id=\"1\">{}</dataset></data></sv>", known.concat(), unknown.concat())
    }
}

proptest! {
    #[test]
    fn each_event_of_a_json_file_is_an_event_or_a_reject(files in json_files()) {
        for (id, text) in files {
            assert_counted(id, &text)?;
        }
    }

    #[test]
    fn each_annotation_of_elan_and_each_point_of_a_layer_is_an_event_or_a_reject(elan in elan(), layers in layers()) {
        assert_counted("elan", &elan)?;
        assert_counted("svl", &layers)?;
    }

    #[test]
    fn each_interval_with_text_and_each_point_is_an_event_or_a_reject(
        entries in prop::collection::vec(("[0-9]{1,2}|1,5|-1e999|\\+3", "[0-9]{1,2}|4,5", "|x|a \"\"b\"\""), 0..12), is_points: bool
    ) {
        let class = if is_points { "TextTier" } else { "IntervalTier" };
        let mut text = format!("\"ooTextFile\"\n\"TextGrid\"\n0 5 <exists> 1\n\"{class}\" \"t\" 0 5 {}\n", entries.len());
        for (onset, offset, label) in &entries {
            text += &if is_points { format!("{onset} \"{label}\"\n") } else { format!("{onset} {offset} \"{label}\"\n") };
        }
        let count = entries.iter().filter(|(_, _, label)| is_points || !label.is_empty()).count();
        prop_assert_eq!(events_and_rejects(&read(by_id("textgrid").unwrap(), &text)), count);
    }
}

/// All label files of the tests.
pub fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format");
    let folders = ["", "tables", "json", "sound"].map(|name| folder.join(name));
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

#[test]
fn each_file_of_the_tests_is_counted_and_each_format_is_checked() {
    let mut checked = std::collections::BTreeSet::new();
    for path in samples() {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let source = format::TextSource::from_bytes(text.as_bytes());
        for (format, _) in format::sniff(&source, &path.file_name().unwrap().to_string_lossy()) {
            let Ok(labels) = format::read_file(format, &path) else { continue };
            // Where an answer is needed, nothing was read.
            let is_read = !(labels.rows.is_empty() && labels.questions.iter().any(|question| question.taken.is_none()));
            if let Some(census) = census(format.id(), &text).filter(|_| is_read) {
                let count = events_and_rejects(&labels);
                assert!(census.holds(count), "{} as {}: {count}, not {census:?}", path.display(), format.id());
                checked.insert(format.id());
            }
        }
    }
    let is_read = |format: &&&dyn LabelFormat| !["coco", "camtrap-dp", "camtrap-dp-sound"].contains(&format.id());
    let apart = ["textgrid", "dcase-weak", "durations", "audacity", "srt", "vtt"];
    for format in format::ALL.iter().filter(is_read).filter(|format| !apart.contains(&format.id())) {
        let has_property = TABLES.iter().any(|(id, _)| *id == format.id());
        assert!(has_property || checked.contains(format.id()), "{} is nowhere counted", format.id());
    }
}
