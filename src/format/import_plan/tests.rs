//! What rows become, and what is left out.

use super::*;
use crate::format::LabelledFile;
use proptest::prelude::*;
use std::path::Path;

fn row(onset_secs: f64, offset_secs: f64, label: &str) -> StrongLabel {
    StrongLabel::new("a.wav", Span { onset_secs, offset_secs }, label)
}

fn labels(rows: Vec<StrongLabel>) -> StrongLabels {
    StrongLabels { rows, files: vec![LabelledFile::named("a.wav")], ..StrongLabels::default() }
}

fn index() -> RecordingIndex {
    RecordingIndex::new([(RecordingId(3), Path::new("/x/a.wav"), 10.0)])
}

fn happenings(plan: &ImportPlan) -> Vec<Happening> {
    plan.remarks.iter().map(|remark| remark.happening).collect()
}

#[test]
fn impossible_times_are_left_out_or_put_right_and_small_excess_ends_with_the_recording() {
    let rows = vec![row(-1.0, 2.0, "A"), row(3.0, 2.0, "B"), row(9.0, 10.03, "C"), row(9.0, 10.05, "D")];
    let labels = labels([rows, vec![row(-2.0, -1.0, "E"), row(9.0, 10.0005, "F")]].concat());
    let choices = ImportChoices::default();
    let plan = ImportPlan::new(&labels, &index(), &choices);
    use Happening::{Clamped, Impossible, Mended, PastEnd};
    assert_eq!(happenings(&plan), [Impossible, Impossible, Clamped, PastEnd, Impossible]);
    let spans: Vec<_> = plan.events.iter().map(|(_, event)| (event.span.onset_secs, event.span.offset_secs)).collect();
    assert_eq!(spans, [(9.0, 10.0), (9.0, 10.05), (9.0, 10.0005)]);
    assert_eq!((plan.left_out.impossible, plan.left_out.all()), (3, 3));
    let mends = ImportChoices { mends_times: true, ..choices };
    let plan = ImportPlan::new(&labels, &index(), &mends);
    assert_eq!(happenings(&plan), [Mended, Mended, Clamped, PastEnd, Impossible]);
    let spans: Vec<_> = plan.events.iter().map(|(_, event)| event.span).collect();
    assert_eq!(spans[..2], [Span::between(0.0, 2.0), Span::between(2.0, 3.0)]);
    let text = plan.remark_text(plan.remarks[1], &labels, &index());
    assert_eq!(text, "a.wav: B was from 3 s to 2 s: put right");
}

#[test]
fn everything_that_a_row_says_is_in_its_event() {
    let mut full = row(1.0, 2.0, "Dog");
    full.band = Some(Band { low_hz: 200.0, high_hz: 900.0 });
    full.score = Some(0.75);
    full.status = Some(Status::Uncertain);
    let more = full.particulars_mut();
    more.more_labels = vec!["Bark".into()];
    more.comment = "far".to_owned();
    more.model = "net".into();
    more.annotator = "Ada".into();
    more.fields = vec![("view".into(), "1".to_owned()), ("annotator".into(), "Bob".to_owned())];
    let mut point = row(3.0, 3.0, "Click");
    point.is_point = true;
    let mut other_scale = row(4.0, 5.0, "Cat");
    other_scale.score = Some(87.0);
    other_scale.band = Some(Band { low_hz: -1.0, high_hz: -1.0 });
    let plan = ImportPlan::new(&labels(vec![full, point, other_scale]), &index(), &ImportChoices::default());
    let [(id, full), (_, point), (_, scaled)] = &plan.events[..] else { panic!("{plan:?}") };
    assert_eq!((id.0, full.status, full.comment.as_str()), (3, Status::Uncertain, "far"));
    assert_eq!(full.labels().map(|label| &**label).collect::<Vec<_>>(), ["Dog", "Bark"]);
    assert_eq!(full.band, Some(Band { low_hz: 200.0, high_hz: 900.0 }));
    let fields: Vec<_> = full.fields.iter().map(|(name, cell)| (name.as_str(), cell.as_str())).collect();
    assert_eq!(fields, [("annotator", "Bob"), ("annotator 2", "Ada"), ("view", "1")]);
    let proposal = full.origin.proposal().unwrap();
    assert_eq!((&*proposal.model, proposal.score), ("net", 0.75));
    assert!(point.is_point && point.status == Status::Accepted && point.origin == Origin::Import);
    assert_eq!((scaled.band, scaled.fields["score"].as_str(), scaled.status), (None, "87", Status::Predicted));
    assert_eq!(happenings(&plan), [Happening::FullBand, Happening::ScoreAsField]);
    assert_eq!(plan.label_count, 1);
}

#[test]
fn labels_become_others_or_are_skipped_and_scores_have_a_least() {
    let mut two = row(1.0, 2.0, "dog");
    two.particulars_mut().more_labels = vec!["Bark".into(), "noise".into()];
    let (mut low, mut high) = (row(3.0, 4.0, "cat"), row(5.0, 6.0, "cat"));
    (low.score, high.score) = (Some(0.2), Some(0.5));
    let rows = labels(vec![two, row(2.0, 3.0, "noise"), low, high]);
    let mapping = [("dog", LabelFate::Become("Bark".into())), ("noise", LabelFate::Skip)];
    let mapping = mapping.map(|(label, fate)| (Arc::from(label), fate)).into();
    let import_as = ImportAs::Labels;
    let choices = ImportChoices { mapping, import_as, least_score: Some(0.5), ..ImportChoices::default() };
    let plan = ImportPlan::new(&rows, &index(), &choices);
    let drawn: Vec<_> =
        plan.events.iter().map(|(_, event)| (&*event.label, event.more_labels.len(), event.status)).collect();
    assert_eq!(drawn, [("Bark", 0, Status::Accepted), ("cat", 0, Status::Accepted)]);
    assert_eq!(plan.left_out, LeftOut { skipped: 1, below_score: 1, ..LeftOut::default() });
}

#[test]
fn what_is_there_is_not_added_again() {
    let mut document = Document::default();
    document.add_recording(Path::new("/x/a.wav"), 10.0);
    let mut rows = labels(vec![row(1.0, 2.0, "Dog"), row(1.0, 2.0, "Dog"), row(3.0, 4.0, "Cat")]);
    rows.rows[2].score = Some(0.5);
    let first = import(&rows, &mut document);
    assert_eq!((first.added, first.already_there), (3, 0));
    document.apply(first.edit).unwrap();
    let again = import(&rows, &mut document);
    assert_eq!((again.added, again.already_there), (0, 3));
    rows.rows[2].score = None;
    let again = import(&rows, &mut document);
    assert_eq!((again.added, again.already_there), (1, 2), "a prediction does not stand for a label");
}

proptest! {
    #[test]
    fn each_row_is_an_event_or_left_out_and_events_are_such_as_a_document_can_have(
        times in prop::collection::vec((-5.0_f64..15.0, -5.0_f64..15.0, prop::option::of(-1.0_f64..2.0), any::<bool>()), 0..40),
        mends_times in any::<bool>(),
        least_score in prop::option::of(0.0_f64..1.0),
    ) {
        let rows = times.iter().map(|&(onset, offset, score, is_known)| {
            let mut row = row(onset, offset, if onset < 5.0 { "A" } else { "B" });
            row.score = score;
            row.band = Some(Band { low_hz: offset * 100.0, high_hz: onset * 100.0 });
            row.filename = if is_known { "a.wav".into() } else { "z.wav".into() };
            row
        });
        let mut labels = labels(rows.collect());
        labels.files.push(LabelledFile::named("z.wav"));
        let mapping = [("B".into(), LabelFate::Skip)].into();
        let choices = ImportChoices { mapping, mends_times, least_score, ..ImportChoices::default() };
        let mut document = Document::default();
        document.add_recording(Path::new("/x/a.wav"), 10.0);
        let plan = ImportPlan::new(&labels, &RecordingIndex::of(&document), &choices);
        prop_assert_eq!(plan.events.len() + plan.left_out.all(), labels.rows.len());
        let count = plan.events.len();
        let (edit, added, _) = plan.into_edit(&mut document);
        prop_assert_eq!(added, count);
        document.apply(edit).unwrap();
        prop_assert_eq!(document.check(), Ok(()));
    }
}
