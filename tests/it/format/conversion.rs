//! Putting label files together, and writing them as others.

use earmark::annotation::Status;
use earmark::format::{
    self, Dcase, LabelFormat, LabelledFile, SimpleSeq, StrongLabel, StrongLabels, Targets, clip_of, join_clips, losses,
};
use earmark::time::Span;
use proptest::prelude::*;
use std::path::Path;

fn dcase(text: &str) -> StrongLabels {
    let text = format!("filename\tonset\toffset\tevent_label\tconfidence\n{text}");
    format::read(&Dcase, text.as_bytes(), Path::new("l.tsv")).unwrap()
}

fn spans(labels: &StrongLabels) -> Vec<String> {
    let span = |row: &StrongLabel| {
        let Span { onset_secs, offset_secs } = row.span;
        format!("{} {onset_secs}–{offset_secs} {} {:?}", row.filename, row.event_label, row.score)
    };
    labels.rows.iter().map(span).collect()
}

#[test]
fn overlaps_of_a_class_become_one_event() {
    let mut labels = dcase(
        "a.wav\t4\t5\tDog\t\na.wav\t0\t2\tDog\t0.25\na.wav\t1\t3\tDog\t0.5\na.wav\t1\t3\tCat\t\na.wav\t3\t3.5\tDog\t\nb.wav\t3\t4\tDog\t\n",
    );
    labels.rows.push(StrongLabel { is_point: true, ..labels.rows[1].clone() });
    labels.rows.push(StrongLabel { status: Some(Status::Rejected), ..labels.rows[1].clone() });
    assert_eq!(labels.unite_overlaps(), 2);
    let expected = [
        "a.wav 4–5 Dog None",
        "a.wav 0–3.5 Dog Some(0.5)",
        "a.wav 1–3 Cat None",
        "b.wav 3–4 Dog None",
        "a.wav 0–2 Dog Some(0.25)",
        "a.wav 0–2 Dog Some(0.25)",
    ];
    assert_eq!(spans(&labels), expected);
}

#[test]
fn files_are_put_together_and_taken_apart() {
    let mut labels = dcase("a.wav\t0\t1\tDog\t\nb.wav\t\t\t\t\n");
    let mut other = dcase("c.wav\t0\t1\tCow\t\na.wav\t2\t3\tCat\t\n");
    other.files[1].duration_secs = Some(10.0);
    labels.append(other);
    assert_eq!(labels.file_names().collect::<Vec<_>>(), ["a.wav", "b.wav", "c.wav"]);
    assert_eq!(labels.files[0].duration_secs, Some(10.0));
    let parts = labels.by_recording();
    let rows: Vec<usize> = parts.iter().map(|part| part.rows.len()).collect();
    assert_eq!(rows, [2, 0, 1]);
}

#[test]
fn a_format_of_one_recording_a_file_gets_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("labels");
    let labels = dcase("x/a.wav\t0\t1\tDog\t\nb.wav\t\t\t\t\n");
    let targets = Targets::new(&SimpleSeq, labels.clone(), &place).unwrap();
    targets.write(&SimpleSeq).unwrap();
    let read = |name: &str| std::fs::read_to_string(place.join(name)).unwrap();
    assert_eq!(read("a.csv"), "onset_s,offset_s,label\n0.000,1.000,Dog\n");
    assert_eq!(read("b.csv"), "onset_s,offset_s,label\n");

    let one = dcase("a.wav\t0\t1\tDog\t\n");
    assert_eq!(
        Targets::new(&SimpleSeq, one.clone(), &place.join("one.csv")).unwrap().files[0].0,
        place.join("one.csv")
    );
    assert_eq!(Targets::new(&SimpleSeq, one, &place).unwrap().files[0].0, place.join("a.csv"));
    let refused = Targets::new(&SimpleSeq, dcase("x/a.wav\t0\t1\tDog\t\ny/A.flac\t0\t1\tCat\t\n"), &place).unwrap_err();
    assert!(refused.contains("would both be written to A.csv"), "{refused}");
}

#[test]
fn clips_are_parts_of_their_recordings() {
    let clip = clip_of("x/cafe_restaurant_00-000500-001500.wav").unwrap();
    assert_eq!(
        (&*clip.recording, clip.span.onset_secs, clip.span.offset_secs),
        ("x/cafe_restaurant_00.wav", 5.0, 15.0)
    );
    for none in ["a.wav", "a-5-15.wav", "-000000-001000.wav", "a-001000-001000.wav", "a-00000x-001000.wav"] {
        assert_eq!(clip_of(none), None, "{none}");
    }
    let mut labels =
        dcase("a-000500-001500.wav\t0.5\t1\tDog\t\na-000000-001000.wav\t1\t2\tCat\t\nb.wav\t1\t2\tCow\t\n");
    assert_eq!(join_clips(&mut labels), 2);
    assert_eq!(spans(&labels), ["a.wav 5.5–6 Dog None", "a.wav 1–2 Cat None", "b.wav 1–2 Cow None"]);
    assert_eq!(labels.file_names().collect::<Vec<_>>(), ["a.wav", "b.wav"]);
}

#[test]
fn predictions_become_labels_by_their_scores() {
    let mut labels = dcase("a.wav\t0\t1\tDog\t0.4\na.wav\t1\t2\tDog\t0.5\na.wav\t2\t3\tDog\t\na.wav\t3\t4\tDog\t0.1\n");
    labels.rows[..3].iter_mut().for_each(|row| row.status = Some(Status::Predicted));
    assert_eq!(losses(&SimpleSeq, &labels), ["3 scores", "3 events that are no labels"]);
    assert_eq!(labels.take_predictions(Some(0.5)), (2, 1));
    assert_eq!(labels.rows.len(), 3);
    assert!(labels.rows.iter().all(StrongLabel::is_label));
}

#[test]
fn a_recording_with_something_undecided_is_not_said_to_be_empty() {
    let mut labels = dcase("a.wav\t0\t1\tDog\t\nb.wav\t0\t1\tDog\t\n");
    labels.rows[0].status = Some(Status::Uncertain);
    labels.rows[1].status = Some(Status::Rejected);
    labels.files.push(LabelledFile::named("c.wav"));
    let written = Dcase.written(&labels);
    assert_eq!(written, "filename\tonset\toffset\tevent_label\nb.wav\t\t\t\nc.wav\t\t\t\n");
}

proptest! {
    #[test]
    fn united_events_cover_the_same_time_and_do_not_touch(
        rows in prop::collection::vec((0..3_usize, 0_i32..40, 1_i32..6), 0..30)
    ) {
        let classes = ["Dog", "Cat", "Owl"];
        let row = |&(class, onset, length): &(usize, i32, i32)| {
            let span = Span { onset_secs: f64::from(onset), offset_secs: f64::from(onset + length) };
            StrongLabel::new("a.wav", span, classes[class])
        };
        let mut labels = StrongLabels { rows: rows.iter().map(row).collect(), ..StrongLabels::default() };
        let covers = |labels: &StrongLabels, class: &str, secs: f64| {
            labels.rows.iter().any(|row| *row.event_label == *class && row.span.contains(secs))
        };
        let before = labels.clone();
        let fewer = labels.unite_overlaps();
        prop_assert_eq!(labels.rows.len() + fewer, rows.len());
        for class in classes {
            for half in 0..100 {
                let secs = f64::from(half) / 2.0 + 0.25;
                prop_assert_eq!(covers(&labels, class, secs), covers(&before, class, secs));
            }
            let mut spans: Vec<Span> =
                labels.rows.iter().filter(|row| *row.event_label == *class).map(|row| row.span).collect();
            spans.sort_by(|a, b| a.onset_secs.total_cmp(&b.onset_secs));
            prop_assert!(spans.windows(2).all(|pair| pair[1].onset_secs > pair[0].offset_secs));
        }
    }
}
