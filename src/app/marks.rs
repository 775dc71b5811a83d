//! What is shown on the timeline and in the table: the decided events of a recording, and the predictions that nobody has decided
//! about yet. Pure.

use crate::annotation::{Band, Event, EventId, Proposal, Recording, Status};
use crate::decision::{DecisionRule, FrameScores, Prediction, decide_class};
use crate::time::Span;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Names a prediction for as long as the rule stays the same: its class and its onset in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PredictionKey {
    class: usize,
    onset_micros: u64,
}

impl PredictionKey {
    /// The name of a prediction.
    pub fn of(prediction: &Prediction) -> Self {
        Self { class: prediction.class, onset_micros: (prediction.span.onset_secs * 1e6).round() as u64 }
    }
}

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// An event of the document.
    Event(EventId),
    /// A prediction that nobody has decided about.
    Prediction(PredictionKey),
}

impl Target {
    /// The target of a prediction that nobody has decided about.
    pub fn of_prediction(prediction: &Prediction) -> Self {
        Self::Prediction(PredictionKey::of(prediction))
    }
}

/// One labelled span on the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// What it stands for.
    pub target: Target,
    /// When it sounds.
    pub span: Span,
    /// A moment, not a span.
    pub is_point: bool,
    /// The frequencies where it sounds; none for an event in time alone.
    pub band: Option<Band>,
    /// What sounds.
    pub label: Arc<str>,
    /// What else it is called.
    pub more_labels: Arc<[Arc<str>]>,
    /// Whether and how it was decided: drawn dashed, solid, notched, crossed or dotted.
    pub state: Status,
    /// The model's score, if a model proposed it.
    pub score: Option<f32>,
}

impl Mark {
    /// What a screen reader says.
    pub fn spoken(&self) -> String {
        let score = self.score.map(|score| format!(", score {score:.2}")).unwrap_or_default();
        format!(
            "{}, {}{score}, {:.3} to {:.3} s",
            self.label,
            self.state.text(),
            self.span.onset_secs,
            self.span.offset_secs
        )
    }

    fn of_event(event: &Event) -> Self {
        Self {
            target: Target::Event(event.id),
            span: event.span,
            is_point: event.is_point,
            band: event.band,
            label: event.label.clone(),
            more_labels: event.more_labels.as_slice().into(),
            state: event.status,
            score: event.origin.proposal().map(|proposal| proposal.score),
        }
    }

    fn of_prediction(prediction: &Prediction, label: Arc<str>) -> Self {
        Self {
            target: Target::Prediction(PredictionKey::of(prediction)),
            span: prediction.span,
            is_point: false,
            band: None,
            label,
            more_labels: Arc::default(),
            state: Status::Predicted,
            score: Some(prediction.score),
        }
    }
}

/// Every prediction of the chosen classes, by class and onset.
pub fn decide(
    scores: &FrameScores,
    chosen: &BTreeSet<usize>,
    rule: &DecisionRule,
    duration_secs: f64,
) -> Vec<Prediction> {
    chosen.iter().flat_map(|&class| decide_class(scores, class, rule, duration_secs)).collect()
}

/// The marks of a recording by onset: its events, and the predictions that no event speaks about.
pub fn marks(recording: &Recording, predictions: &[Prediction], classes: &[Arc<str>]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = recording.events.values().map(Mark::of_event).collect();
    let decided = events_by_label(recording);
    for prediction in predictions {
        let Some(label) = classes.get(prediction.class) else { continue };
        let candidates = decided.get(&**label).map(Vec::as_slice).unwrap_or_default();
        if !candidates.iter().any(|event| speaks_about(event, prediction, label)) {
            marks.push(Mark::of_prediction(prediction, label.clone()));
        }
    }
    marks.sort_by(by_onset);
    marks
}

/// The order of marks: by onset, then offset, then label.
pub(super) fn by_onset(a: &Mark, b: &Mark) -> Ordering {
    a.span
        .onset_secs
        .total_cmp(&b.span.onset_secs)
        .then(a.span.offset_secs.total_cmp(&b.span.offset_secs))
        .then_with(|| a.label.cmp(&b.label))
        .then(a.target.cmp(&b.target))
}

/// The events by the label that they have, and by the one that a model had proposed.
fn events_by_label(recording: &Recording) -> HashMap<&str, Vec<&Event>> {
    let mut by_label: HashMap<&str, Vec<&Event>> = HashMap::new();
    for event in recording.events.values() {
        by_label.entry(&event.label).or_default().push(event);
        if let Some(Proposal { label, .. }) = event.origin.proposal()
            && *label != event.label
        {
            by_label.entry(label).or_default().push(event);
        }
    }
    by_label
}

/// Whether a decision stands for a prediction: same class, and they share at least half of the shorter one. The threshold moves a
/// prediction's edges, so equality would bring decided events back as soon as a slider is touched.
fn speaks_about(event: &Event, prediction: &Prediction, label: &Arc<str>) -> bool {
    let about = |span: Span| {
        let shorter = span.duration_secs().min(prediction.span.duration_secs());
        span.overlap_secs(prediction.span) >= 0.5 * shorter
    };
    let proposal = event.origin.proposal();
    proposal.is_some_and(|proposal| proposal.label == *label && about(proposal.span))
        || (event.label == *label && about(event.span))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::{Document, Origin};
    use std::path::Path;

    fn prediction(onset: f64, offset: f64) -> Prediction {
        Prediction { class: 0, span: Span::between(onset, offset), score: 0.8 }
    }

    fn recording_with(event: Option<(f64, f64, Origin, Status)>) -> Recording {
        let mut document = Document::default();
        let id = document.add_recording(Path::new("a.wav"), 10.0);
        if let Some((onset, offset, origin, status)) = event {
            let event = Event::new(document.new_event_id(), Span::between(onset, offset), "Dog", status, origin);
            document.apply(crate::annotation::Edit::Insert { recording: id, event }).unwrap();
        }
        document.recording(id).unwrap().clone()
    }

    fn states(recording: &Recording, predictions: &[Prediction]) -> Vec<&'static str> {
        marks(recording, predictions, &["Dog".into()]).iter().map(|mark| mark.state.text()).collect()
    }

    #[test]
    fn a_decision_hides_its_prediction_also_after_the_threshold_moved_its_edges() {
        let proposal = Proposal {
            model: "yamnet".into(),
            version: "1".into(),
            label: "Dog".into(),
            span: Span::between(2.0, 4.0),
            score: 0.8,
            parameters: "".into(),
        };
        let origin = Origin::Model(Arc::new(proposal));
        let recording = recording_with(Some((2.0, 4.0, origin, Status::Rejected)));
        assert_eq!(states(&recording, &[prediction(1.5, 4.5)]), ["rejected"]);
        assert_eq!(states(&recording, &[prediction(5.0, 6.0)]), ["rejected", "predicted"]);
    }

    #[test]
    fn a_drawn_event_of_the_same_label_answers_the_question_too() {
        let recording = recording_with(Some((2.0, 4.0, Origin::Human, Status::Accepted)));
        assert_eq!(states(&recording, &[prediction(2.2, 3.8)]), ["accepted"]);
        assert_eq!(states(&recording_with(None), &[prediction(2.2, 3.8)]), ["predicted"]);
    }
}
