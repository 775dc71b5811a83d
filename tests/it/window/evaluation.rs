//! The page of evaluation: numbers that are those of the metrics, the way from an error to its place in another recording, and best thresholds.

use super::stage::{answer_path, press_with, settings, soundscape, wait, window, window_of};
use earmark::annotation::{CompleteSpan, Document, Edit, Edited, Event, Origin, RecordingId, Status};
use earmark::app::{App, Command, ErrorFilter, EstimateChoice, EvaluationRequest, Request, Scored, Target, Workbench};
use earmark::decision::{DecisionRule, FrameAxis, FrameScores};
use earmark::metric::{self, Evaluated, LabelledSpan, Report};
use earmark::time::Span;
use earmark::work::DetectionStart;
use earmark::work::evaluation::{Column, ErrorKind, EvaluationReport, EvaluationSettings, WhichRecordings};
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use std::collections::BTreeMap;
use std::sync::Arc;

const SECS: f64 = 30.0;

fn add(document: &mut Document, recording: RecordingId, span: (f64, f64), label: &str, by: &str) -> Target {
    let id = document.new_event_id();
    let span = Span { onset_secs: span.0, offset_secs: span.1 };
    let mut event = Event::new(id, span, label, Status::Accepted, Origin::Human);
    event.edited = Some(Edited { by: by.into(), at_ms: 1 });
    document.apply(Edit::Insert { recording, event }).unwrap();
    Target::Event(id)
}

/// What a model would say that scores frames of a tenth of a second: each span of a class has one score.
fn scored(spans: &[(&str, f64, f64, f32)]) -> Scored {
    let classes: Arc<[Arc<str>]> = ["Cat", "Dog", "Music"].map(Arc::from).to_vec().into();
    let axis = FrameAxis { first_onset_secs: 0.0, hop_secs: 0.1 };
    let mut scores = FrameScores::new(axis, classes.clone());
    for frame in 0..300 {
        let middle = (f64::from(frame) + 0.5) / 10.0;
        let of = |class: &Arc<str>| {
            let active =
                spans.iter().filter(|(label, from, to, _)| **label == **class && *from < middle && middle < *to);
            active.map(|span| span.3).fold(0.02, f32::max)
        };
        scores.push(&classes.iter().map(of).collect::<Vec<f32>>());
    }
    let rule = DecisionRule { threshold: 0.8, ..DecisionRule::default() };
    let start = DetectionStart {
        model: "made up".into(),
        version: "1".into(),
        ran_on: String::new(),
        truth: None,
        notes: Vec::new(),
        axis,
        classes,
        rule,
    };
    Scored { start, scores: Arc::new(scores), chosen: (0..3).collect(), chosen_by_user: true, rules: rule.into() }
}

/// Two recordings. With a threshold of 0.8: a hit, a boundary error, a miss, a confusion, and a false alarm of a class without labels.
fn staged(harness: &mut Harness<'_, App>) -> [RecordingId; 2] {
    let mut document = Document::default();
    let ids = [0, 1].map(|number| document.add_recording(&soundscape(number), SECS));
    add(&mut document, ids[0], (1.0, 2.0), "Dog", "Ada");
    add(&mut document, ids[0], (5.0, 6.0), "Dog", "Ada");
    add(&mut document, ids[0], (10.0, 12.0), "Cat", "Bo");
    add(&mut document, ids[1], (3.0, 4.0), "Dog", "Ada");
    add(&mut document, ids[1], (8.0, 9.0), "Cat", "Ada");
    let bench = &mut harness.state_mut().bench;
    bench.document = document;
    bench.scored.insert(
        ids[0],
        scored(&[("Dog", 1.0, 2.0, 0.9), ("Dog", 5.0, 6.5, 0.9), ("Cat", 10.0, 12.0, 0.6), ("Cat", 20.0, 21.0, 0.3)]),
    );
    bench.scored.insert(ids[1], scored(&[("Cat", 3.1, 4.0, 0.9), ("Cat", 8.0, 9.0, 0.7), ("Music", 15.0, 16.0, 0.95)]));
    bench.revision += 1;
    bench.dispatch(Request::ShowRecording(ids[0]));
    wait(harness, "the recording", |bench| bench.open.is_some());
    ids
}

fn report(harness: &Harness<'_, App>) -> Arc<EvaluationReport> {
    harness.state().bench.evaluation.report.clone().unwrap()
}

fn is_evaluated(bench: &Workbench) -> bool {
    bench.evaluation.report.is_some() && !bench.evaluation.is_at_work() && !bench.is_evaluation_old()
}

fn opened_page(harness: &mut Harness<'_, App>) {
    press_with(harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::L);
    assert!(harness.state().bench.evaluation.is_shown);
    wait(harness, "the evaluation", is_evaluated);
}

fn ask(harness: &mut Harness<'_, App>, request: EvaluationRequest) {
    harness.state_mut().bench.dispatch(Request::Evaluation(request));
    harness.run_steps(2);
    wait(harness, "the evaluation", is_evaluated);
}

fn span<'a>(file: &'a str, onset: f64, offset: f64, label: &'a str) -> LabelledSpan<'a> {
    LabelledSpan { file, span: Span::between(onset, offset), label }
}

/// The reports of the metrics on the staged data, written down by hand.
fn expected(settings: &EvaluationSettings) -> Vec<Report> {
    let reference = [
        span("0", 1.0, 2.0, "Dog"),
        span("0", 5.0, 6.0, "Dog"),
        span("0", 10.0, 12.0, "Cat"),
        span("1", 3.0, 4.0, "Dog"),
        span("1", 8.0, 9.0, "Cat"),
    ];
    let estimated = [span("0", 1.0, 2.0, "Dog"), span("0", 5.0, 6.5, "Dog"), span("1", 3.1, 4.0, "Cat")];
    let durations_secs = BTreeMap::from([("0", SECS), ("1", SECS)]);
    let evaluated =
        Evaluated { reference: &reference, estimated: &estimated, durations_secs: &durations_secs, complete: None };
    let of_key = |key: &str| metric::ALL.iter().find(|metric| metric.key == key).unwrap();
    let keys = ["event_based", "segment_based", "intersection_based"];
    keys.map(|key| (of_key(key).report)(&evaluated, &settings.of_events())).to_vec()
}

#[test]
fn the_table_has_the_numbers_of_the_metrics_and_errors_lead_to_other_recordings() {
    let mut harness = window(settings(), Vec::new());
    harness.step();
    let ids = staged(&mut harness);
    opened_page(&mut harness);
    let of_page = report(&harness);
    let reports = expected(&harness.state().bench.settings.evaluation);
    let columns = [
        (0, "f_score", Column::CollarF),
        (0, "precision", Column::CollarPrecision),
        (0, "recall", Column::CollarRecall),
        (1, "f_score", Column::SegmentF),
        (2, "f_score", Column::IntersectionF),
    ];
    let mut compared = 0;
    for (metric, key, column) in columns {
        let of_metric = &reports[metric];
        let value = |row: &[metric::Measured]| of_metric.value(row, key).unwrap().ok();
        assert_eq!(of_page.overall.value(column).ok(), value(&of_metric.overall), "{column:?}");
        assert_eq!(of_page.mean.value(column).ok(), value(&of_metric.mean), "{column:?}");
        for row in &of_page.classes {
            assert_eq!(row.value(column).ok(), value(&of_metric.per_class[&*row.label]), "{column:?} {}", row.label);
            compared += 1;
        }
    }
    assert_eq!(compared, 10);
    // Both cats are found, with one false alarm, below 0.6; below 0.3 there is another false alarm.
    let cat = of_page.classes.iter().find(|row| &*row.label == "Cat").unwrap();
    assert!((cat.value(Column::BestThreshold).unwrap() - 0.45).abs() < 1e-4);
    assert!((cat.value(Column::BestF).unwrap() - 0.8).abs() < 1e-12);
    assert!(cat.value(Column::Psds1).is_ok());
    harness.get_by_label("5 labelled events of 2 recordings are the reference · 3 are compared: predictions of made up under the rules in force");
    assert!(
        of_page.notes.iter().any(|note| note.starts_with("1 estimated events of 1 classes")),
        "{:?}",
        of_page.notes
    );

    // Each kind is there once, but two cats are missed.
    let kinds: Vec<ErrorKind> = of_page.errors.all().iter().map(|error| error.kind).collect();
    assert_eq!(kinds, [ErrorKind::Boundary, ErrorKind::Missed, ErrorKind::Confusion, ErrorKind::Missed]);
    harness.get_by_label("boundary: Dog: onset exact, offset 500 ms late, soundscape_000.flac 0:05.00");
    harness.get_by_label("confusion: Dog taken for Cat, soundscape_001.flac 0:03.00").click();
    harness.run_steps(2);
    wait(&mut harness, "the other recording", |bench| {
        bench.open.as_ref().is_some_and(|open| open.id == ids[1]) && bench.selected.is_some()
    });
    let bench = &harness.state().bench;
    assert_eq!(bench.selected_event().map(|event| &*event.label), Some("Dog"));
    let view = bench.open.as_ref().unwrap().viewport.span();
    assert!(view.contains(3.0) && view.contains(4.0) && view.duration_secs() < SECS / 2.0, "{view:?}");

    // Keys: on to the next, and back over the border of the recordings.
    press_with(&mut harness, Modifiers::ALT, Key::J);
    assert_eq!(harness.state().bench.selected_event().map(|event| event.span.onset_secs), Some(8.0));
    press_with(&mut harness, Modifiers::ALT, Key::K);
    press_with(&mut harness, Modifiers::ALT, Key::K);
    wait(&mut harness, "the first recording again", |bench| {
        bench.open.as_ref().is_some_and(|open| open.id == ids[0]) && bench.selected.is_some()
    });
    assert_eq!(harness.state().bench.selected_event().map(|event| event.span.onset_secs), Some(10.0));

    // Confused pairs lead to their errors; a class has its own.
    harness.get_by_label("Confusions (1)").click();
    harness.run_steps(2);
    harness.get_by_label("Dog taken for Cat, 1 event, 0.9 s").click();
    harness.run_steps(3);
    assert_eq!(harness.state().bench.evaluation.shown.places, [2]);
    harness.get_by_label("Errors (1)");
    harness.get_by_label("Curves").click();
    harness.run_steps(2);
    harness.get_by_role_and_label(Role::Image, "PSD-ROC 1, mean of classes less their spread");
}

#[test]
fn best_thresholds_are_taken_and_taken_back() {
    let mut harness = window(settings(), Vec::new());
    harness.step();
    staged(&mut harness);
    opened_page(&mut harness);
    let before = report(&harness).mean.value(Column::CollarF).unwrap();
    harness.get_by_label("Best thresholds").click();
    harness.run_steps(2);
    wait(&mut harness, "the best thresholds", |bench| bench.evaluation.tuned_text.is_some() && is_evaluated(bench));
    let after = report(&harness).mean.value(Column::CollarF).unwrap();
    assert!(after > before, "{after} after {before}");
    let bench = &harness.state().bench;
    let rule = bench.scored_here().unwrap().rules.of("Cat");
    assert!((rule.threshold - 0.45).abs() < 1e-4 && rule.median_frames == 1, "{rule:?}");
    let told = format!("mean collar F1 {before:.3} → {after:.3}");
    let text = bench.evaluation.tuned_text.clone().unwrap();
    assert!(text.contains(&told) && text.contains("others they will do worse"), "{text}");
    harness.get_by_label("Take back").click();
    harness.run_steps(2);
    wait(&mut harness, "the rules from before", |bench| !bench.evaluation.can_take_back() && is_evaluated(bench));
    assert_eq!(harness.state().bench.scored_here().unwrap().rules.of("Cat").threshold, 0.8);
    assert_eq!(report(&harness).mean.value(Column::CollarF).unwrap(), before);
}

/// A recording with two cats: a loud one whose score dies away slowly after it has ended, and one that is as quiet as that at first. A
/// threshold that finds the second takes the first to last too long.
fn staged_for_boxes(harness: &mut Harness<'_, App>) {
    let mut document = Document::default();
    let id = document.add_recording(&soundscape(0), SECS);
    for span in [(5.0, 9.0), (15.0, 17.0)] {
        add(&mut document, id, span, "Cat", "Ada");
    }
    let bench = &mut harness.state_mut().bench;
    bench.document = document;
    let mut scored = scored(&[]);
    let mut scores = FrameScores::new(scored.start.axis, scored.start.classes.clone());
    for frame in 0..300 {
        let cat = match f64::from(frame) / 10.0 {
            secs if (5.0..9.0).contains(&secs) => 0.9,
            secs if (9.0..13.0).contains(&secs) => 0.45 * (13.0 - secs) / 4.0,
            secs if (15.0..17.0).contains(&secs) => 0.3,
            _ => 0.02,
        };
        scores.push(&[cat as f32, 0.02, 0.02]);
    }
    scored.scores = Arc::new(scores);
    bench.scored.insert(id, scored);
    bench.revision += 1;
    bench.dispatch(Request::ShowRecording(id));
    wait(harness, "the recording", |bench| bench.open.is_some());
}

#[test]
fn best_bounding_boxes_are_taken_in_one_step_and_measured_as_boxes() {
    let mut harness = window(settings(), Vec::new());
    harness.step();
    staged_for_boxes(&mut harness);
    opened_page(&mut harness);
    let by_thresholds = *report(&harness).mean.value(Column::BestF);
    assert!(by_thresholds.unwrap() < 0.9, "no threshold fits both: {by_thresholds:?}");
    harness.get_by_label("Best bounding boxes").click();
    harness.run_steps(2);
    wait(&mut harness, "the best boxes", |bench| bench.evaluation.tuned_text.is_some() && is_evaluated(bench));
    let of_page = report(&harness);
    assert_eq!(of_page.mean.value(Column::CollarF).unwrap(), 1.0);
    // Over all thresholds, boxes are measured too.
    assert_eq!(of_page.mean.value(Column::BestF).unwrap(), 1.0);
    let bench = &harness.state().bench;
    let rule = bench.scored_here().unwrap().rules.of("Cat");
    let boxes = rule.boxes.unwrap();
    assert!(metric::usual_box_rules().contains(&boxes), "{boxes:?}");
    assert!(rule.threshold < 0.3, "{rule:?}");
    let cats = bench.predictions_of(0);
    let spans: Vec<_> = cats.iter().map(|cat| (cat.span.onset_secs, cat.span.offset_secs)).collect();
    assert!(spans.len() == 2 && (spans[0].1 - 9.0).abs() <= 0.2 + 1e-9, "{spans:?}");
    let text = bench.evaluation.tuned_text.clone().unwrap();
    assert!(text.starts_with("Best bounding boxes for 1 class") && text.contains("→ 1.000"), "{text}");
    harness.get_by_label("Take back").click();
    harness.run_steps(2);
    wait(&mut harness, "the rules from before", |bench| !bench.evaluation.can_take_back() && is_evaluated(bench));
    assert_eq!(harness.state().bench.scored_here().unwrap().rules.of("Cat").boxes, None);
}

#[test]
fn an_edit_makes_it_old_and_only_complete_spans_count_where_there_are_some() {
    let mut harness = window(settings(), Vec::new());
    harness.step();
    let ids = staged(&mut harness);
    opened_page(&mut harness);
    let all = report(&harness);
    assert_eq!(all.summary.outside_complete, None);
    // Everything that is reported of the second recording lies outside of what is marked.
    let edited = Edited { by: "Ada".into(), at_ms: 1 };
    let spans = vec![CompleteSpan { span: Span::between(0.0, SECS), labels: Vec::new(), edited }];
    let bench = &mut harness.state_mut().bench;
    bench.document.apply(Edit::SetCompleteSpans { recording: ids[0], spans }).unwrap();
    bench.revision += 1;
    assert!(bench.is_evaluation_old());
    harness.step();
    wait(&mut harness, "the evaluation", is_evaluated);
    let marked = report(&harness);
    assert_eq!((marked.summary.outside_complete, marked.summary.scored_recordings), (Some(1), 1));
    assert!(marked.notes.iter().any(|note| note.starts_with("Only spans where nothing is missing")));
    assert_eq!(marked.overall.value(Column::CollarPrecision).unwrap(), 0.5);
    assert!(all.overall.value(Column::CollarPrecision).unwrap() < 0.5);

    // Frame scores are measured of what is marked, also where that is a part of a recording: both dogs are found there at any threshold.
    let edited = Edited { by: "Ada".into(), at_ms: 1 };
    let spans = vec![CompleteSpan { span: Span::between(0.0, 6.0), labels: Vec::new(), edited }];
    let bench = &mut harness.state_mut().bench;
    bench.document.apply(Edit::SetCompleteSpans { recording: ids[0], spans }).unwrap();
    bench.revision += 1;
    harness.step();
    wait(&mut harness, "the evaluation", is_evaluated);
    let part = report(&harness);
    assert_eq!(part.summary.scored_recordings, 1);
    let note = part.notes.iter().find(|note| note.starts_with("PSDS, best F1 and curves"));
    assert!(note.is_some_and(|note| note.contains("0.1 min in 1 of 2 recordings")), "{:?}", part.notes);
    let row = |label: &str| part.classes.iter().find(|row| &*row.label == label).unwrap().clone();
    assert_eq!(row("Dog").value(Column::BestF).unwrap(), 1.0);
    assert!(row("Cat").value(Column::BestF).is_err(), "no cat is in what is marked");
}

#[test]
fn scores_of_another_model_come_from_a_folder() {
    let mut harness = window(settings(), Vec::new());
    harness.step();
    staged(&mut harness);
    opened_page(&mut harness);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("others");
    std::fs::create_dir(&path).unwrap();
    let write = |name: &str, score: &dyn Fn(f64) -> [f64; 2]| {
        let mut text = "onset\toffset\tDog\tCat\n".to_owned();
        for frame in 0..300 {
            let [dog, cat] = score((f64::from(frame) + 0.5) / 10.0);
            text += &format!("{}\t{}\t{dog}\t{cat}\n", f64::from(frame) / 10.0, f64::from(frame + 1) / 10.0);
        }
        std::fs::write(path.join(name), text).unwrap();
    };
    // Both dogs of the first recording, exactly, and its cat below 0.5.
    let within = |at: f64, from: f64, to: f64| if from < at && at < to { 1.0 } else { 0.0 };
    write("soundscape_000.tsv", &|at| {
        [0.9 * (within(at, 1.0, 2.0) + within(at, 5.0, 6.0)), 0.4 * within(at, 10.0, 12.0)]
    });
    harness.state_mut().bench.dispatch(Request::Evaluation(EvaluationRequest::AskForScores));
    harness.run_steps(2);
    answer_path(&mut harness, "Path of a folder of frame scores to evaluate", &path);
    wait(&mut harness, "the folder's scores", |bench| {
        is_evaluated(bench) && bench.evaluation.estimate == EstimateChoice::Scores(path.clone())
    });
    let of_folder = report(&harness);
    assert_eq!((of_folder.summary.reference, of_folder.summary.estimated), (3, 2));
    assert!(of_folder.notes.iter().any(|note| note == "1 recordings left out that have no scores in the folder"));
    for row in &of_folder.classes {
        assert_eq!(row.value(Column::BestF).unwrap(), 1.0, "{}", row.label);
        assert_eq!(row.value(Column::Psds1).unwrap(), 1.0, "{}", row.label);
    }
    assert_eq!(of_folder.overall.value(Column::CollarRecall).unwrap(), 2.0 / 3.0);
    assert!(of_folder.curves.contains_key("Cat"));
    // Its errors lead to what was missed all the same.
    assert_eq!(of_folder.errors.all().len(), 1);
    let failure = |harness: &Harness<'_, App>| harness.state().bench.evaluation.failure.clone().unwrap();
    write("soundscape_000.tsv", &|_| [2.5, 0.0]);
    ask_and_fail(&mut harness, EvaluationRequest::Compute);
    assert!(failure(&harness).contains("scores from 0 to 1 are expected"), "{}", failure(&harness));
    let empty = folder.path().to_path_buf();
    ask_and_fail(&mut harness, EvaluationRequest::Compare(EstimateChoice::Scores(empty)));
    assert!(failure(&harness).contains("holds no scores of the recordings"), "{}", failure(&harness));
}

#[test]
fn annotators_and_label_files_are_compared_too() {
    let mut harness = window(settings(), Vec::new());
    harness.step();
    staged(&mut harness);
    opened_page(&mut harness);
    let annotators = harness.state().bench.evaluation.annotators.clone();
    assert_eq!(annotators, [(Arc::from("Ada"), 4), (Arc::from("Bo"), 1)]);
    ask(&mut harness, EvaluationRequest::Compare(EstimateChoice::Annotator("Bo".into())));
    let of_bo = report(&harness);
    assert_eq!((of_bo.summary.reference, of_bo.summary.estimated), (4, 1));
    assert!(of_bo.overall.value(Column::Psds1).is_err());

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.tsv");
    let rows = "soundscape_000.flac\t1.0\t2.0\tBark\nsoundscape_000\t10.0\t12.0\tMeow\nelsewhere.wav\t1.0\t2.0\tBark\n";
    std::fs::write(&path, format!("filename\tonset\toffset\tevent_label\n{rows}")).unwrap();
    let map = folder.path().join("map.tsv");
    std::fs::write(&map, "Bark\tDog\nMeow\tCat\n").unwrap();
    ask(&mut harness, EvaluationRequest::Map(Some(map)));
    harness.state_mut().bench.dispatch(Request::Evaluation(EvaluationRequest::AskForLabels));
    harness.run_steps(2);
    answer_path(&mut harness, "Path of the labels to evaluate", &path);
    wait(&mut harness, "the file", |bench| {
        is_evaluated(bench) && bench.evaluation.estimate == EstimateChoice::File(path.clone())
    });
    let of_file = report(&harness);
    assert_eq!((of_file.summary.reference, of_file.summary.estimated), (5, 2));
    assert_eq!(of_file.overall.value(Column::CollarPrecision).unwrap(), 1.0);
    assert_eq!(of_file.overall.value(Column::CollarRecall).unwrap(), 0.4);
    assert!(
        of_file.notes.iter().any(|note| note.contains("1 rows of the file are about 1 other")),
        "{:?}",
        of_file.notes
    );

    // What cannot be read is said, and tried again with something else.
    ask_and_fail(&mut harness, EvaluationRequest::Compare(EstimateChoice::File(folder.path().join("no.tsv"))));
    let failure = harness.state().bench.evaluation.failure.clone().unwrap();
    assert!(failure.contains("no.tsv"), "{failure}");
    ask(&mut harness, EvaluationRequest::Compare(EstimateChoice::File(path)));
    assert!(harness.state().bench.evaluation.failure.is_none());
    let done = EvaluationSettings { recordings: WhichRecordings::Done, ..EvaluationSettings::default() };
    ask_and_fail(&mut harness, EvaluationRequest::Settings(done));
    let failure = harness.state().bench.evaluation.failure.clone().unwrap();
    assert!(failure.contains("no recordings marked done"), "{failure}");
}

fn ask_and_fail(harness: &mut Harness<'_, App>, request: EvaluationRequest) {
    harness.state_mut().bench.dispatch(Request::Evaluation(request));
    harness.run_steps(2);
    wait(harness, "the failure", |bench| bench.evaluation.failure.is_some() && !bench.evaluation.is_at_work());
}

#[test]
fn classes_are_sorted_searched_and_chosen_in_a_small_window_too() {
    let mut harness = window_of(vec2(900.0, 600.0), 1.0, settings(), Vec::new());
    harness.step();
    staged(&mut harness);
    opened_page(&mut harness);
    harness.run_steps(2);
    let dog = "Dog, Ref 3, Est 2, Collar F1 0.400, Seg F1";
    // There is room for few rows: the one that is searched comes up.
    harness.get_by_role_and_label(Role::TextInput, "Search classes").type_text("dog");
    harness.run_steps(3);
    harness.get_by_label_contains(dog).click();
    harness.run_steps(3);
    let evaluation = &harness.state().bench.evaluation;
    assert_eq!(evaluation.filter, ErrorFilter { class: Some("Dog".into()), ..ErrorFilter::default() });
    assert_eq!(evaluation.shown.places, [0, 2]);
    harness.get_by_label_contains(dog).click();
    harness.run_steps(3);
    assert_eq!(harness.state().bench.evaluation.shown.places.len(), 4);
    harness.state_mut().bench.dispatch(Request::Do(Command::Evaluate));
    harness.run_steps(2);
    assert!(!harness.state().bench.evaluation.is_shown);
}
