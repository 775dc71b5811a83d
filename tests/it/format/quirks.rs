//! What files of every format may be like: their encoding and line ends, impossible times, points, labels that need quotes, columns that
//! nobody knows. One test each over all formats; what concerns one format only stands beside its other tests.

use super::counted::samples;
use super::drawn::drawn;
use earmark::format::{
    self, Choice, LabelFormat, LabelledFile, LineEnd, ReadOptions, StrongLabel, StrongLabels, TextSource, by_id,
};
use earmark::time::Span;
use proptest::prelude::*;
use std::path::Path;

/// The formats that are read and written.
fn both_ways() -> impl Iterator<Item = &'static dyn LabelFormat> {
    let is_both = |format: &&'static dyn LabelFormat| {
        format.can_write()
            && !["coco", "camtrap-dp", "camtrap-dp-sound", "durations", "dcase-weak"].contains(&format.id())
    };
    format::ALL.iter().copied().filter(is_both)
}

fn read(format: &dyn LabelFormat, bytes: &[u8]) -> Result<StrongLabels, String> {
    format::read(format, bytes, Path::new("/labels/a.wav.x")).map_err(|error| error.to_string())
}

/// What is read of what is written, with the answer that a table without a header needs.
fn again(format: &dyn LabelFormat, labels: &StrongLabels) -> StrongLabels {
    let text = format.written(labels);
    let mut options = ReadOptions { file_stem: "a.wav".to_owned(), ..ReadOptions::default() };
    if format.id() == "sv-csv" {
        options.set_answer(Choice::Layout, "time, value, duration, label");
    }
    let mut found = StrongLabels::default();
    format.read(&mut TextSource::from_bytes(text.as_bytes()), &options, &mut found).unwrap();
    found
}

/// The samples that are UTF-8, with the formats that read them and their text, its lines ended by line feeds.
fn each_sample(mut check: impl FnMut(&Path, &dyn LabelFormat, &str)) {
    let mut count = 0;
    for path in samples() {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
        let source = TextSource::from_bytes(text.as_bytes());
        for (format, _) in format::sniff(&source, &path.file_name().unwrap().to_string_lossy()) {
            check(&path, format, &text);
            count += 1;
        }
    }
    assert!(count > 60, "{count}");
}

#[test]
fn encodings_and_line_ends_change_nothing() {
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
    };
    each_sample(|path, format, text| {
        let told = |bytes: &[u8]| {
            read(format, bytes).map(|labels| {
                // Where an answer is needed, the lines are not read yet.
                let is_read = labels.questions.iter().all(|question| question.taken.is_some());
                let drawn = drawn(&labels).replace("\r\n", "\n").replace('\r', "\n");
                (drawn, is_read.then_some(labels.line_end))
            })
        };
        let expected = told(text.as_bytes()).map(|(drawn, _)| drawn);
        let has_line_end = text.contains('\n');
        for (what, bytes, end) in [
            ("mark", format!("\u{feff}{text}").into_bytes(), LineEnd::Lf),
            ("UTF-16 LE", utf16(text, u16::to_le_bytes), LineEnd::Lf),
            ("UTF-16 BE", utf16(text, u16::to_be_bytes), LineEnd::Lf),
            ("CRLF", text.replace('\n', "\r\n").into_bytes(), LineEnd::CrLf),
            ("CR", text.replace('\n', "\r").into_bytes(), LineEnd::Cr),
            ("no end", text.strip_suffix('\n').unwrap_or(text).as_bytes().to_vec(), LineEnd::Lf),
            ("padding", format!("{text}\0\0\0").into_bytes(), LineEnd::Lf),
        ] {
            let found = told(&bytes);
            let place = format!("{} as {} with {what}", path.display(), format.id());
            assert_eq!(found.as_ref().map(|(drawn, _)| drawn), expected.as_ref(), "{place}");
            if let (Ok((_, Some(found))), true) = (found, has_line_end) {
                assert_eq!(found, end, "{place}");
            }
        }
    });
}

#[test]
fn what_is_no_utf_8_is_told() {
    let mut count = 0;
    each_sample(|path, format, text| {
        let bytes: Option<Vec<u8>> = text.chars().map(|char| u8::try_from(u32::from(char)).ok()).collect();
        let Some(bytes) = bytes.filter(|bytes| std::str::from_utf8(bytes).is_err()) else { return };
        let (Ok(expected), Ok(found)) = (read(format, text.as_bytes()), read(format, &bytes)) else { return };
        assert_eq!(found.rows, expected.rows, "{} as {}", path.display(), format.id());
        let note = "not UTF-8, read as Windows-1252: check letters with accents";
        assert_eq!(found.warnings[0].text, note);
        count += 1;
    });
    assert!(count > 2, "{count}");
}

fn one_recording(rows: Vec<StrongLabel>) -> StrongLabels {
    let file = LabelledFile { name: "a.wav".into(), duration_secs: Some(10.0), sample_rate: Some(48_000.0) };
    StrongLabels { rows, files: vec![file], ..StrongLabels::default() }
}

fn row(onset_secs: f64, offset_secs: f64, label: &str) -> StrongLabel {
    StrongLabel::new("a.wav", Span { onset_secs, offset_secs }, label)
}

#[test]
fn the_line_end_of_a_file_is_kept() {
    for format in both_ways() {
        for (end, mark) in [(LineEnd::Lf, "\n"), (LineEnd::CrLf, "\r\n"), (LineEnd::Cr, "\r")] {
            let mut labels = one_recording(vec![row(1.0, 2.0, "a"), row(3.0, 4.0, "b")]);
            labels.line_end = end;
            let text = format.written(&labels);
            assert!(text.ends_with(mark), "{} {end:?}", format.id());
            assert!(!text.replace(mark, "").contains(['\r', '\n']), "{} {end:?}: {text:?}", format.id());
            assert_eq!(read(format, text.as_bytes()).unwrap().line_end, end, "{}", format.id());
        }
    }
}

#[test]
fn impossible_times_are_read_and_written_as_stated() {
    // Before the start, turned round, behind the end, of 16 bits.
    let spans = [(-1.5, 0.25), (3.0, 2.0), (20.0, 30.5), (9.999, 10.001), (3.0 * 1_000.0 / 65_536.0, 5.0)];
    for format in both_ways() {
        let holds = format.holds();
        let rows = spans.iter().map(|(onset, offset)| row(*onset, *offset, "Dog")).collect();
        let found = again(format, &one_recording(rows));
        let micros = |secs: f64| {
            let digits = if holds.whole_millis { 1e3 } else { 1e6 };
            (secs * digits).round() as i64
        };
        // A layer counts samples.
        let close = |a: f64, b: f64| if format.id() == "svl" { (a - b).abs() < 1.1e-5 } else { micros(a) == micros(b) };
        let written: Vec<_> = spans.iter().filter(|(onset, offset)| !holds.needs_order || onset <= offset).collect();
        assert_eq!(found.rows.len(), written.len(), "{} {:?}", format.id(), found.warnings);
        for (onset, offset) in written {
            let is_there =
                |row: &StrongLabel| close(row.span.onset_secs, *onset) && close(row.span.offset_secs, *offset);
            assert!(found.rows.iter().any(is_there), "{} {onset}–{offset}", format.id());
        }
    }
}

#[test]
fn points_stay_points() {
    for format in both_ways() {
        let mut point = row(1.25, 1.25, "click");
        point.is_point = true;
        let found = again(format, &one_recording(vec![point, row(2.0, 3.0, "Dog")]));
        let click = found.rows.iter().find(|row| &*row.event_label == "click").unwrap();
        assert_eq!((click.span.onset_secs, click.span.offset_secs), (1.25, 1.25), "{}", format.id());
        assert!(click.is_point || !format.holds().points, "{}", format.id());
    }
}

#[test]
fn labels_are_spelt_as_they_were() {
    let spelt = [
        "Parus_major_x",
        "Walk, footsteps",
        "a;b",
        "say \"a\"",
        "\"quoted\"",
        "\"open",
        " before",
        "behind ",
        "#1",
        " #2",
        "===",
        "🦇 bat",
        "Mo\u{308}we",
        "M\u{f6}we",
        "nan",
        "1.5",
        "\\x",
        "<&>",
        "a\tb",
        "a\nb",
        "null",
        "-->x",
    ];
    for format in both_ways() {
        let rows = (0..).zip(spelt).map(|(at, label)| row(f64::from(at), f64::from(at) + 0.5, label)).collect();
        let labels = one_recording(rows);
        let mut found = again(format, &labels).rows;
        found.sort_by(|a, b| a.span.onset_secs.total_cmp(&b.span.onset_secs));
        let is_lost = |label: &str| format.holds().one_line && label.contains(char::is_control);
        for (row, label) in found.iter().zip(spelt) {
            let expected = if is_lost(label) { label.replace(['\t', '\n'], " ") } else { label.to_owned() };
            // An arrow is one of times.
            let expected = if format.holds().whole_millis && format.id() != "elan" && format.id() != "audition" {
                expected.replace("-->", "->")
            } else {
                expected
            };
            assert_eq!(&*row.event_label, expected, "{}", format.id());
        }
        assert_eq!(found.len(), spelt.len(), "{}", format.id());
        let told = format::losses(format, &labels)
            .iter()
            .any(|loss| loss == "TABs and line ends in 2 texts, which become spaces");
        assert_eq!(told, format.holds().one_line, "{}", format.id());
    }
}

#[test]
fn columns_that_nobody_knows_are_kept_also_two_of_one_name() {
    for (id, header) in [
        ("dcase", "filename,onset,offset,event_label,note,note,,Note"),
        ("audioset-strong", "segment_id,start_time_seconds,end_time_seconds,label,note,note,,Note"),
        ("cvat-tsv", "filename,start,stop,label,note,note,,Note"),
        ("hoplite", "recording,start_offset_s,end_offset_s,label,note,note,,Note"),
        ("raven", "Begin Path,Begin Time (s),End Time (s),Annotation,note,note,,Note"),
        ("kaleidoscope", "IN FILE,OFFSET,DURATION,MANUAL ID,note,note,,Note"),
    ] {
        let format = by_id(id).unwrap();
        let text = format!("{header}\na.wav,1,2,Dog,one,two,three,four\na.wav,4,5,Dog,,two,,four\n");
        let mut labels = read(format, text.as_bytes()).unwrap();
        let cells = |labels: &StrongLabels| -> Vec<Vec<String>> {
            labels.rows.iter().map(|row| row.fields().iter().map(|(_, cell)| cell.clone()).collect()).collect()
        };
        let expected = [vec!["one", "two", "three", "four"], vec!["two", "four"]];
        assert_eq!(cells(&labels), expected, "{id}");
        labels.files[0].duration_secs = Some(10.0);
        assert_eq!(cells(&again(format, &labels)), expected, "{id}");
    }
}

#[test]
fn labels_of_audioset_may_be_names() {
    let format = by_id("audioset-strong").unwrap();
    let head = "segment_id\tstart_time_seconds\tend_time_seconds\tlabel\n";
    let named = format!("{head}b0RFKhbpFJA_30000\t0.000\t10.000\tSpeech\n");
    let labels = read(format, named.as_bytes()).unwrap();
    assert_eq!(drawn(&labels), "b0RFKhbpFJA_30000 0–10 Speech\n@ b0RFKhbpFJA_30000");
    assert_eq!(format.written(&labels), named.replace("Speech", "/m/09x0r"));
}

#[test]
fn a_damaged_table_of_parquet_is_told() {
    let path = std::env::temp_dir().join(format!("earmark-{}.parquet", std::process::id()));
    std::fs::write(&path, b"PAR1\x15\x04\x15\0\xff").unwrap();
    let told = format::read_any(&path, &ReadOptions::default()).map(|_| ()).unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    assert!(told.contains("the Parquet table is damaged"), "{told}");
}

#[test]
fn sequences_need_both_ends_in_one_unit() {
    let generic = by_id("generic-seq").unwrap();
    let told = read(generic, b"label,onset_s,offset_sample,notated_path\ncall,1,2,a.wav\n").unwrap_err();
    assert!(told.contains("expected onset_s and offset_s, or onset_sample and offset_sample"), "{told}");
    let told = read(generic, b"label,onset_sample,offset_sample,notated_path\ncall,1,2,a.wav\n").unwrap_err();
    assert!(told.contains("say the recordings' sample rate"), "{told}");
}

#[test]
fn times_are_seconds_or_as_a_clock_shows_them() {
    let cvat =
        read(by_id("cvat-tsv").unwrap(), b"start\tstop\tlabel\n1.25\t2.000015\tx\n00:00:03.5\t1:02.5\ty\n").unwrap();
    assert_eq!(drawn(&cvat), "a.wav 1.25–2.000015 x\na.wav 3.5–62.5 y\n@ a.wav");
}

#[test]
fn a_label_without_times_is_no_recording_without_events() {
    let table = "IN FILE,OFFSET,DURATION,TOP1MATCH,MANUAL ID\na.wav,,,PIPPIP,\nb.wav,,,,Noctule\nc.wav,,,,\n";
    assert_eq!(
        drawn(&read(by_id("kaleidoscope").unwrap(), table.as_bytes()).unwrap()),
        "@ c.wav\n! line 2: “PIPPIP” has neither OFFSET nor DURATION; row left out\n\
         ! line 3: “Noctule” has neither OFFSET nor DURATION; row left out"
    );
}

#[test]
fn frequencies_without_an_end_are_told() {
    let table = "Begin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\n1\t2\t-1\t5000\n3\t4\t500\t-1\n5\t6\t0\t0\n7\t8\t-1\t-1\n";
    assert_eq!(
        drawn(&read(by_id("raven").unwrap(), table.as_bytes()).unwrap()),
        "a.wav 1–2  0–5000 Hz\na.wav 3–4 \na.wav 5–6 \na.wav 7–8 \n@ a.wav\n\
         ! line 2: a band without a lower end, read as from 0 Hz\n\
         ! line 3: a band without an upper end, read without it"
    );
}

#[test]
fn what_has_no_place_is_told() {
    let weak = read(by_id("dcase-weak").unwrap(), b"filename\tevent_labels\tnote\nYabc_30.000_40.000.wav\tDog\tloud\n")
        .unwrap();
    assert!(drawn(&weak).contains("! line 2: not read: cells of other columns"), "{}", drawn(&weak));
    let lengths = read(by_id("durations").unwrap(), b"filename\tduration\na.wav\t10\tx\n").unwrap();
    assert!(drawn(&lengths).contains("! line 2: not read: cells of other columns"), "{}", drawn(&lengths));
    let chirpity = "File,Detection start,Detection end,Common name,Start (s),Confidence\n\
                    a.wav,2024-05-01 04:12:01,2024-05-01 04:12:04,Tit,1,high\n";
    let told = drawn(&read(by_id("chirpity").unwrap(), chirpity.as_bytes()).unwrap());
    assert!(told.contains("! line 2: confidence is “high”, neither a number nor confirmed: left out"), "{told}");
    let audacity = drawn(&read(by_id("audacity").unwrap(), b"# by hand\n=====\n1\t2\tx\n").unwrap());
    assert!(audacity.ends_with("! line 1: the first of 2 comment lines, skipped"), "{audacity}");
}

#[test]
fn no_sum_or_product_of_times_is_without_end() {
    for (id, text) in [
        ("jams", "{\"annotations\": [{\"data\": [{\"time\": 1e308, \"duration\": 1e308, \"value\": \"x\"}]}]}"),
        (
            "batdetect2",
            "{\"time_exp\": 10, \"annotation\": [{\"start_time\": 1e308, \"end_time\": 1e308, \"class\": \"x\"}]}",
        ),
        (
            "aoef",
            "{\"data\": {\"collection_type\": \"annotation_set\", \"recordings\": [{\"uuid\": \"r\", \"path\": \"a.wav\", \"time_expansion\": 10}], \
             \"sound_events\": [{\"uuid\": \"s\", \"recording\": \"r\", \"geometry\": {\"type\": \"TimeStamp\", \"coordinates\": 1e308}}], \
             \"sound_event_annotations\": [{\"sound_event\": \"s\"}]}}",
        ),
    ] {
        let labels = read(by_id(id).unwrap(), text.as_bytes()).unwrap();
        assert_eq!(
            (labels.rows.len(), labels.warnings.iter().filter(|warning| warning.row_rejected).count()),
            (0, 1),
            "{id}"
        );
    }
}

#[test]
fn a_first_row_with_times_is_no_header() {
    let labels = read(by_id("dcase-list").unwrap(), b"0.5\t1\tDog\n2\t3\t7\n4\t5\t8\n").unwrap();
    assert_eq!(drawn(&labels), "a.wav 0.5–1 Dog\na.wav 2–3 7\na.wav 4–5 8\n@ a.wav");
}

proptest! {
    #[test]
    fn weak_labels_and_lengths_come_back(
        files in prop::collection::btree_map("[a-z#= ]{0,3}[a-z]_0\\.000_10\\.000\\.wav", prop::collection::btree_set("[ -+.-~é🦇]{0,4}[a-z]", 0..4), 0..6),
        micros in 1_u64..5_000_000_000
    ) {
        let mut labels = StrongLabels::default();
        for (name, classes) in &files {
            // A cell of it alone says that there is nothing.
            prop_assume!(!classes.iter().any(|class| class.trim().eq_ignore_ascii_case("nan")));
            let duration_secs = Some(micros as f64 / 1e6);
            labels.files.push(LabelledFile { name: name.as_str().into(), duration_secs, sample_rate: None });
            let span = Span { onset_secs: 0.0, offset_secs: 10.0 };
            labels.rows.extend(classes.iter().map(|class| StrongLabel::new(name.as_str(), span, class.as_str())));
        }
        let weak = again(by_id("dcase-weak").unwrap(), &labels);
        prop_assert_eq!(&weak.rows, &labels.rows);
        prop_assert_eq!(weak.file_names().collect::<Vec<_>>(), labels.file_names().collect::<Vec<_>>());
        prop_assert_eq!(again(by_id("durations").unwrap(), &labels).files, labels.files);
    }
}
