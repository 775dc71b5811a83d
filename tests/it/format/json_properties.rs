//! Formats that are JSON: what is written is read again, and what is broken is no panic, for any rows and bytes.

use super::json::{ANNOTATIONS, READ, RUN, again, path, read_text};
use earmark::annotation::{Band, Status};
use earmark::format::{
    self, AviaNz, BatDetect2, Coco, Hear, Jams, LabelFormat, LabelStudio, LabelledFile, StrongLabel, StrongLabels,
    losses,
};
use earmark::time::Span;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// Words that are names, numbers, quotes, other scripts.
fn word() -> impl Strategy<Value = Arc<str>> {
    "[a-z0-9 _,;.\"\\\\/é🦇-]{1,6}".prop_map(Arc::from)
}

/// Times in microseconds.
fn span() -> impl Strategy<Value = (Span, bool)> {
    (0_u64..5_000_000_000, 0_u64..100_000_000, any::<bool>()).prop_map(|(onset, length, is_point)| {
        let length = if is_point { 0 } else { length + 1 };
        let (onset_secs, offset_secs) = (onset as f64 / 1e6, (onset + length) as f64 / 1e6);
        (Span { onset_secs, offset_secs }, is_point)
    })
}

prop_compose! {
    fn row()(
        (span, is_point) in span(), label in word(), score in prop::option::of(0.0..1.0_f64), is_predicted: bool,
        band in prop::option::of((0.0..1e4_f64, 1.0..1e4_f64)), more in prop::collection::vec(word(), 0..2),
        (comment, annotator, model) in ("[a-z \"é]{0,6}", prop::option::of(word()), word()),
        fields in prop::collection::vec(("f_[a-z]{1,3}", "[a-z0-9\\[\\]{}\" .-]{0,5}"), 0..3), file in 0..3_usize,
    ) -> StrongLabel {
        let mut row = StrongLabel::new(["a.wav", "b/c d.wav", "é\"1.flac"][file], span, label);
        (row.is_point, row.score) = (is_point, score);
        row.status = is_predicted.then_some(Status::Predicted);
        row.band = band.map(|(low_hz, width)| Band { low_hz, high_hz: low_hz + width });
        let particulars = row.particulars_mut();
        particulars.comment = comment;
        particulars.annotator = annotator.unwrap_or_default();
        if is_predicted {
            particulars.model = model;
        }
        particulars.more_labels = more;
        for (name, text) in fields {
            if particulars.fields.iter().all(|(found, _)| **found != name) {
                particulars.fields.push((name.into(), text));
            }
        }
        row
    }
}

/// Rows with what a format holds of them, in the order in which it writes them.
fn held(format: &dyn LabelFormat, rows: Vec<StrongLabel>) -> StrongLabels {
    let holds = format.holds();
    let mut labels = StrongLabels::default();
    for mut row in rows {
        if !holds.many_files {
            row.filename = "a.wav".into();
        }
        if !holds.bands {
            row.band = None;
        }
        if !holds.scores {
            row.score = None;
        }
        if !holds.predictions && !holds.status {
            row.status = None;
        }
        // A run is of one model, and all in it was predicted.
        if format.id() == "aoef-run" {
            (row.status, row.score) = (Some(Status::Predicted), row.score.or(Some(0.5)));
        }
        let Some(particulars) = row.particulars.as_mut() else { continue };
        if !holds.many_labels {
            particulars.more_labels.clear();
        }
        if !holds.comments {
            particulars.comment.clear();
        }
        if !holds.fields {
            particulars.fields.clear();
        }
        match format.id() {
            "aoef-run" => (particulars.model, particulars.annotator) = ("m".into(), "".into()),
            "aoef" | "hear" => particulars.model = "".into(),
            _ => {}
        }
        if format.id() == "hear" {
            particulars.annotator = "".into();
        }
        if **particulars == Default::default() {
            row.particulars = None;
        }
        labels.rows.push(row);
    }
    labels.rows.sort_by(|a, b| sort_key(a).partial_cmp(&sort_key(b)).unwrap());
    for row in &labels.rows {
        if labels.files.last().is_none_or(|file| file.name != row.filename) {
            labels.files.push(LabelledFile::named(row.filename.clone()));
        }
    }
    labels
}

fn sort_key(row: &StrongLabel) -> (Arc<str>, f64, f64, Arc<str>) {
    (row.filename.clone(), row.span.onset_secs, row.span.offset_secs, row.event_label.clone())
}

/// Rows in an order that does not depend on groups within a file; equal ones are told apart by all they say.
fn sorted(mut labels: StrongLabels) -> Vec<StrongLabel> {
    labels.rows.sort_by(|a, b| {
        sort_key(a).partial_cmp(&sort_key(b)).unwrap().then_with(|| format!("{a:?}").cmp(&format!("{b:?}")))
    });
    labels.rows
}

proptest! {
    #[test]
    fn what_a_format_holds_is_read_again(rows in prop::collection::vec(row(), 0..8)) {
        for format in [&LabelStudio as &dyn LabelFormat, &Jams, &ANNOTATIONS, &RUN, &Hear] {
            let labels = held(format, rows.clone());
            let again = again(format, &labels);
            let files: Vec<&str> = again.file_names().collect();
            if format.id() != "jams" {
                prop_assert_eq!(files, labels.file_names().collect::<Vec<_>>(), "{}", format.id());
            }
            prop_assert!(again.warnings.iter().all(|warning| !warning.row_rejected), "{}", format.id());
            prop_assert_eq!(sorted(again), sorted(labels), "{}", format.id());
        }
    }

    #[test]
    fn what_is_written_is_json(rows in prop::collection::vec(row(), 0..8)) {
        for format in [&LabelStudio as &dyn LabelFormat, &Jams, &ANNOTATIONS, &RUN, &Hear, &Coco] {
            let labels = held(format, rows.clone());
            let read: serde_json::Value = serde_json::from_str(&format.written(&labels)).unwrap();
            prop_assert!(read.is_object() || read.is_array());
        }
    }

    /// A file whose bytes were changed, cut out or doubled is read without a panic, and each event of an array is a row or a reject.
    #[test]
    fn broken_files_are_no_panic(index in 0..11_usize, at in 0..6000_usize, length in 0..40_usize, with in "[\\[\\]{}\",:0-9ntf-]{0,3}") {
        let mut names: Vec<_> = std::fs::read_dir(path("")).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        let mut bytes = std::fs::read(&names[index % names.len()]).unwrap();
        let at = at % bytes.len();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, with.bytes());
        for format in READ {
            if let Ok(labels) = format::read(*format, &bytes[..], Path::new("x.json")) {
                let _ = losses(*format, &labels);
                if format.can_write() && (format.id() != "jams" || labels.files.len() == 1) {
                    serde_json::from_str::<serde_json::Value>(&format.written(&labels)).unwrap();
                }
            }
        }
    }

    #[test]
    fn every_event_is_a_row_or_a_reject(values in prop::collection::vec("1\\.5|-2|null|\"a\"|\\[\\]|\\{\\}|1e999", 2..12)) {
        let events: Vec<String> = values.windows(2).map(|pair| format!("{{\"label\": \"x\", \"start\": {}, \"end\": {}}}", pair[0], pair[1])).collect();
        let (count, events) = (events.len(), events.join(", "));
        let rows_and_rejects = |labels: StrongLabels| labels.rows.len() + labels.warnings.iter().filter(|warning| warning.row_rejected).count();
        let hear = read_text(&Hear, &format!("{{\"a.wav\": [{events}]}}")).unwrap();
        prop_assert_eq!(rows_and_rejects(hear), count);
        let bats = events.replace("\"start\"", "\"start_time\"").replace("\"end\"", "\"end_time\"");
        let bats = read_text(&BatDetect2, &format!("{{\"annotation\": [{bats}]}}")).unwrap();
        prop_assert_eq!(rows_and_rejects(bats), count);
        let jams = events.replace("\"label\"", "\"value\"").replace("\"start\"", "\"time\"").replace("\"end\"", "\"duration\"");
        let jams = read_text(&Jams, &format!("{{\"annotations\": [{{\"namespace\": \"segment_open\", \"data\": [{jams}]}}]}}")).unwrap();
        prop_assert_eq!(rows_and_rejects(jams), count);
        let segments: Vec<String> = values.windows(2).map(|pair| format!("[{}, {}, 0, 0, [\"x\"]]", pair[0], pair[1])).collect();
        let avianz = read_text(&AviaNz, &format!("[{{\"Operator\": \"\"}}, {}]", segments.join(", "))).unwrap();
        prop_assert_eq!(rows_and_rejects(avianz), count);
        let regions: Vec<String> = values.windows(2).map(|pair| format!("{{\"type\": \"labels\", \"value\": {{\"start\": {}, \"end\": {}}}}}", pair[0], pair[1])).collect();
        let task = format!("[{{\"data\": {{\"audio\": \"a.wav\"}}, \"annotations\": [{{\"result\": [{}]}}]}}]", regions.join(", "));
        prop_assert_eq!(rows_and_rejects(read_text(&LabelStudio, &task).unwrap()), count);
    }
}
