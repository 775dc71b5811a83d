//! Integration tests: format.

mod census;
mod conversion;
mod counted;
mod drawn;
mod json;
mod json_properties;
mod quirks;
mod tables;

use earmark::annotation::{Document, Edit, Edited, Event, History, Origin, RecordingId, Status};
use earmark::format::{self, Dcase, LabelFormat, LabelledFile, StrongLabel, StrongLabels};
use earmark::time::Span;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format").join(name)
}

/// A label file as text: its rows, the recordings without a row, the warnings.
fn drawn(labels: &StrongLabels) -> String {
    let mut lines: Vec<String> = labels
        .rows
        .iter()
        .map(|row| format!("{} {}–{} {}", row.filename, row.span.onset_secs, row.span.offset_secs, row.event_label))
        .collect();
    let with_rows = |file: &str| labels.rows.iter().any(|row| &*row.filename == file);
    lines.extend(labels.file_names().filter(|file| !with_rows(file)).map(|file| format!("{file} nothing")));
    lines.extend(labels.warnings.iter().map(|warning| format!("! {warning}")));
    lines.join("\n")
}

fn read_text(text: &str) -> String {
    match format::read(&Dcase, text.as_bytes(), Path::new("/labels/rec_7.txt")) {
        Ok(labels) => drawn(&labels),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn the_desed_form_with_its_empty_rows_is_read_and_written_back_as_it_was() {
    let path = data("desed.tsv");
    let labels = format::read_file(&Dcase, &path).unwrap();
    assert_eq!(
        drawn(&labels),
        "Yabc_30.000_40.000.wav 0.512–3.25 Speech\nYabc_30.000_40.000.wav 5–10 Running_water\n\
         Ydef_0.000_10.000.wav 1.23456–2 Walk, footsteps\nYempty_0.000_10.000.wav nothing"
    );
    assert_eq!(Dcase.written(&labels), std::fs::read_to_string(&path).unwrap());
}

#[test]
fn files_of_other_systems_are_read() {
    let expected = "a.wav 0.5–1 Dog\na.wav 2–3 Möwe\nb.wav nothing";
    for name in
        ["crlf_bom.tsv", "utf16le.tsv", "comma.csv", "semicolon_decimal_comma.csv", "columns_in_other_order.tsv"]
    {
        let labels = format::read_file(&Dcase, &data(name)).unwrap();
        let text: Vec<String> =
            drawn(&labels).lines().filter(|line| !line.starts_with('!')).map(str::to_owned).collect();
        assert_eq!(text.join("\n"), expected, "{name}");
    }
    let latin = format::read_file(&Dcase, &data("latin1.tsv")).unwrap();
    assert_eq!(drawn(&latin), format!("{expected}\n! not UTF-8, read as Windows-1252: check letters with accents"));
}

#[test]
fn bad_rows_are_listed_with_their_lines_and_the_good_ones_are_read() {
    let labels = format::read_file(&Dcase, &data("bad_rows.tsv")).unwrap();
    assert_eq!(
        drawn(&labels),
        "a.wav 0.5–1 Dog\na.wav 2–1 Dog\na.wav -1–1 Dog\na.wav 1–2 \na.wav 4–4 Click\na.wav 9–10 Last\n\
         ! line 4: onset is “NaN”, not a number of seconds; row left out\n\
         ! line 6: no label\n\
         ! line 7: offset is “inf”, not a number of seconds; row left out\n\
         ! line 8: no file name; row left out\n\
         ! line 9: offset is “soon”, not a number of seconds; row left out\n\
         ! line 12: not read: cells after the last column"
    );
}

#[test]
fn lists_without_a_header_are_told_apart() {
    for (text, expected) in [
        ("21.5\t23.0\talert\n", "rec_7 21.5–23 alert"),
        ("a.wav\t1\t2\tcar\nb.wav\t\t\t\n", "a.wav 1–2 car\nb.wav nothing"),
        ("audio/b.wav\tstreet\t28.5\t30\tcar\n", "audio/b.wav 28.5–30 car"),
        ("a.wav,1,2,car\n", "a.wav 1–2 car"),
        ("1.2\t3.4\n", "rec_7 1.2–3.4 "),
        ("a.wav;0:01.5;0:02;3\n# by hand\n", "a.wav 1.5–2 3\n! line 2: a comment, skipped"),
        ("a.wav\nb.wav\n", "a.wav nothing\nb.wav nothing"),
        (
            "/m/0284vy3\t0.1\t2.0\tTrain horn\n",
            "rec_7 0.1–2 Train horn\n! line 1: the first column holds ontology ids, not file names: taken as the labels \
             of one recording",
        ),
        ("", "! the file has no rows"),
        (
            "Datei\tAnfang\tEnde\tKlasse\na.wav\t1\t2\tcar\n",
            "a.wav 1–2 car\n! line 1: the header's words are not known: columns are taken by where times stand",
        ),
        (
            "filename\tevent_labels\na.wav\tSpeech,Dog\n",
            "error: /labels/rec_7.txt: the header reads “filename event_labels”, but the columns onset, offset and \
             event_label are needed",
        ),
        (
            "This is a text.\nIt has no labels.\n",
            "error: /labels/rec_7.txt: no DCASE labels: expected the columns filename, onset, offset and event_label",
        ),
    ] {
        assert_eq!(read_text(text), expected, "{text:?}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let error = format::read_file(&Dcase, Path::new("/no/such/labels.tsv")).unwrap_err().to_string();
    assert!(error.starts_with("/no/such/labels.tsv: cannot be read"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("events.tsv");
    let error = format::write_file(&Dcase, &path, &StrongLabels::default()).unwrap_err().to_string();
    assert!(error.contains("events.tsv: cannot be written"), "{error}");
}

fn event(
    document: &mut Document,
    recording: RecordingId,
    onset: f64,
    offset: f64,
    label: &str,
    status: Status,
) -> Edit {
    let id = document.new_event_id();
    let span = Span::between(onset, offset);
    Edit::Insert { recording, event: Event::new(id, span, label, status, Origin::Human) }
}

#[test]
fn accepted_and_corrected_events_are_exported_and_nothing_else() {
    let mut document = Document::default();
    let street = document.add_recording(Path::new("/audio/street.wav"), 10.0);
    document.add_recording(Path::new("/audio/empty.wav"), 10.0);
    for (onset, label, status) in [
        (3.0, "Dog", Status::Corrected),
        (1.0, "Cat", Status::Accepted),
        (2.0, "Owl", Status::Rejected),
        (4.0, "Cow", Status::Uncertain),
        (5.0, "Odd\tlabel", Status::Accepted),
    ] {
        let edit = event(&mut document, street, onset, onset + 0.75, label, status);
        document.apply(edit).unwrap();
    }
    let labels = format::export(&document);
    assert_eq!(
        Dcase.written(&labels),
        "filename\tonset\toffset\tevent_label\nempty.wav\t\t\t\nstreet.wav\t1.000\t1.750\tCat\n\
         street.wav\t3.000\t3.750\tDog\nstreet.wav\t5.000\t5.750\tOdd label\n"
    );
    assert_eq!(labels.warnings.len(), 1);
}

#[test]
fn an_import_is_one_step_of_undo_and_adds_nothing_twice() {
    let mut document = Document::default();
    let mut history = History::default();
    document.add_recording(Path::new("/audio/a.wav"), 2.5);
    document.add_recording(Path::new("/audio/b.wav"), 10.0);
    let before = document.recordings().map(|(_, recording)| recording.clone()).collect::<Vec<_>>();
    let text = "filename\tonset\toffset\tevent_label\na.wav\t0.5\t1\tDog\na.wav\t0.5\t1\tDog\nA\t2\t3\tCat\nz.wav\t1\t2\tCow\n\
                b.wav\t\t\t\n";
    let labels = format::read(&Dcase, text.as_bytes(), Path::new("l.tsv")).unwrap();
    let import = format::import(&labels, &mut document);
    assert_eq!((import.added, import.already_there, import.matched_files), (3, 0, 3));
    assert_eq!(import.unmatched, [("z.wav".to_owned(), "no recording of this name in the project".to_owned())]);
    assert_eq!(import.warnings, ["A: Cat ends at 3.000 s, after the recording's 2.500 s"]);
    history.perform(&mut document, "import", import.edit, &Edited::default()).unwrap();
    assert!(document.recordings().all(|(_, recording)| recording.events.values().all(|e| e.origin == Origin::Import)));
    let again = format::import(&labels, &mut document);
    assert_eq!((again.added, again.already_there), (0, 3));
    history.undo(&mut document, &Edited::default()).unwrap().unwrap();
    assert_eq!(document.recordings().map(|(_, recording)| recording.clone()).collect::<Vec<_>>(), before);
}

fn labels_strategy() -> impl Strategy<Value = StrongLabels> {
    let row = ("[a-d]\\.wav", 0.0_f64..5000.0, 0.0_f64..50.0, "[ -~äß🐕]{0,8}[!-~äß🐕]");
    (prop::collection::vec(row, 0..30), prop::collection::vec("[a-f]\\.wav", 0..4)).prop_map(|(rows, files)| {
        let rows: Vec<StrongLabel> = rows
            .into_iter()
            .map(|(filename, onset, duration, label)| {
                StrongLabel::new(filename, Span::between(onset, onset + duration), label)
            })
            .collect();
        let files = files.into_iter().map(LabelledFile::named).collect();
        StrongLabels { rows, files, ..StrongLabels::default() }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(labels in labels_strategy()) {
        let text = Dcase.written(&labels);
        let read = format::read(&Dcase, text.as_bytes(), Path::new("l.tsv")).unwrap();
        prop_assert_eq!(&read.warnings, &[]);
        prop_assert_eq!(read.rows.len(), labels.rows.len());
        let close = |a: &StrongLabel, b: &StrongLabel| {
            a.filename == b.filename && a.event_label == b.event_label
                && (a.span.onset_secs - b.span.onset_secs).abs() < 1e-6
                && (a.span.offset_secs - b.span.offset_secs).abs() < 1e-6
        };
        for row in &labels.rows {
            prop_assert!(read.rows.iter().any(|other| close(row, other)), "{:?}", row);
        }
        let mut files: Vec<&str> = labels.file_names().chain(labels.rows.iter().map(|row| &*row.filename)).collect();
        files.sort();
        files.dedup();
        prop_assert_eq!(read.file_names().collect::<Vec<_>>(), files);
        prop_assert_eq!(Dcase.written(&read), text);
    }

    #[test]
    fn each_row_is_an_event_or_empty_or_rejected(
        rows in prop::collection::vec(("[a-c]?", "[0-9]{0,2}|-1|x|nan", "[0-9]{0,2}|inf", "[A-C]?"), 1..40)
    ) {
        let body: Vec<String> = rows.iter().map(|(f, a, b, l)| format!("{f}\t{a}\t{b}\t{l}")).collect();
        let text = format!("filename\tonset\toffset\tevent_label\r\n{}\r\n", body.join("\r\n"));
        let read = format::read(&Dcase, text.as_bytes(), Path::new("l.tsv")).unwrap();
        let empty = rows.iter().filter(|(f, a, b, l)| {
            !f.is_empty() && (a.is_empty() || a == "nan") && b.is_empty() && l.is_empty()
        });
        // A line of nothing but TABs is no row.
        let blank = rows.iter().filter(|(f, a, b, l)| [f, a, b, l].iter().all(|cell| cell.is_empty()));
        let rejected = read.warnings.iter().filter(|warning| warning.row_rejected);
        prop_assert_eq!(read.rows.len() + empty.count() + blank.count() + rejected.count(), rows.len());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = format::read(&Dcase, &bytes[..], Path::new("l.tsv"));
    }
}

#[test]
fn the_example_has_labels_for_each_recording_and_a_map_onto_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/example");
    let labels = format::read_file(&Dcase, &folder.join("labels.tsv")).unwrap();
    assert_eq!((labels.rows.len(), labels.warnings.len()), (52, 0));
    let expected: Vec<String> = (0..6).map(|index| format!("soundscape_00{index}.flac")).collect();
    assert_eq!(labels.file_names().collect::<Vec<_>>(), expected);
    assert!(labels.file_names().all(|file| folder.join(file).exists()));
    let map = std::fs::read_to_string(folder.join("labels_map.tsv")).unwrap();
    let rows: Vec<(&str, &str)> =
        map.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t')).collect();
    assert_eq!(rows.len(), 183);
    assert!(rows.iter().all(|(_, target)| labels.rows.iter().any(|row| *row.event_label == **target)));
    let label_set = earmark::annotation::label_search::LabelSet::audioset();
    for (class, _) in rows {
        assert_eq!(*label_set.search(class, &[], 1)[0].name, *class);
    }
}
