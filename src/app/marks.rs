//! What is shown on the timeline and in the table: the decided events of a recording, and the predictions that nobody has decided
//! about yet. Pure.

use super::answers::Answers;
use super::shape::Shape;
use crate::annotation::{Band, Event, EventId, Origin, Recording, Status};
use crate::decision::Prediction;
use crate::time::Span;
use std::borrow::Cow;
use std::cmp::Ordering;
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

    pub(super) fn class(self) -> usize {
        self.class
    }

    pub(super) fn onset_secs(self) -> f64 {
        self.onset_micros as f64 * 1e-6
    }
}

/// Who or what proposed a mark first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkOrigin {
    /// Drawn by a person.
    Human,
    /// Proposed by a model.
    Model,
    /// Read from an annotation file.
    Import,
}

impl MarkOrigin {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Human, Self::Model, Self::Import];

    /// In words, as an adjective.
    pub fn text(self) -> &'static str {
        match self {
            Self::Human => "drawn by hand",
            Self::Model => "from a model",
            Self::Import => "imported",
        }
    }

    fn of(origin: &Origin) -> Self {
        match origin {
            Origin::Human => Self::Human,
            Origin::Import => Self::Import,
            Origin::Model(_) => Self::Model,
        }
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
    /// Who or what proposed it.
    pub origin: MarkOrigin,
    /// Who changed it last; none for predictions and what was never changed.
    pub by: Option<Arc<str>>,
    /// A remark, if there is one.
    pub comment: Option<Arc<str>>,
}

impl Mark {
    /// What a screen reader says.
    pub fn spoken(&self) -> String {
        let more: String = self.more_labels.iter().map(|label| format!(" and {label}")).collect();
        let score = self.score.map(|score| format!(", score {score:.2}")).unwrap_or_default();
        let when = if self.is_point {
            format!("at {:.3} s", self.span.onset_secs)
        } else {
            format!("{:.3} to {:.3} s", self.span.onset_secs, self.span.offset_secs)
        };
        let band = self.band.map(|band| format!(", {:.0} to {:.0} Hz", band.low_hz, band.high_hz)).unwrap_or_default();
        let comment = self.comment.as_ref().map(|comment| format!(", comment: {comment}")).unwrap_or_default();
        format!("{}{more}, {}{score}, {when}{band}{comment}", self.label, self.state.text())
    }

    /// All its labels, the first one first.
    pub fn labels(&self) -> impl Iterator<Item = &Arc<str>> {
        std::iter::once(&self.label).chain(self.more_labels.iter())
    }

    /// Whether it has this label among others.
    pub fn has_label(&self, label: &str) -> bool {
        self.labels().any(|own| &**own == label)
    }

    /// All its labels as text: `Dog + Bark`.
    pub fn label_text(&self) -> Cow<'_, str> {
        if self.more_labels.is_empty() {
            return Cow::Borrowed(&self.label);
        }
        Cow::Owned(self.labels().map(|label| &**label).collect::<Vec<&str>>().join(" + "))
    }

    /// When and at which frequencies it is.
    pub fn shape(&self) -> Shape {
        Shape { span: self.span, is_point: self.is_point, band: self.band }
    }

    /// Whether it shares time with a span, or has no length and lies in it.
    pub fn is_in(&self, span: Span) -> bool {
        self.span.overlap_secs(span) > 0.0 || span.contains(self.span.onset_secs)
    }

    /// How an event is shown.
    pub(super) fn of_event(event: &Event) -> Self {
        Self {
            target: Target::Event(event.id),
            span: event.span,
            is_point: event.is_point,
            band: event.band,
            label: event.label.clone(),
            more_labels: if event.more_labels.is_empty() { no_labels() } else { event.more_labels.as_slice().into() },
            state: event.status,
            score: event.origin.proposal().map(|proposal| proposal.score),
            origin: MarkOrigin::of(&event.origin),
            by: event.edited.as_ref().map(|edited| edited.by.clone()),
            comment: (!event.comment.is_empty()).then(|| event.comment.as_str().into()),
        }
    }

    /// How a prediction is shown that nobody has decided about.
    pub(super) fn of_prediction(prediction: &Prediction, label: Arc<str>) -> Self {
        Self {
            target: Target::Prediction(PredictionKey::of(prediction)),
            span: prediction.span,
            is_point: false,
            band: None,
            label,
            more_labels: no_labels(),
            state: Status::Predicted,
            score: Some(prediction.score),
            origin: MarkOrigin::Model,
            by: None,
            comment: None,
        }
    }
}

impl From<&Event> for Mark {
    fn from(event: &Event) -> Self {
        Self::of_event(event)
    }
}

/// The marks of a recording, in no order: its events, and the predictions that no event speaks about; and which those are.
pub fn marks(recording: &Recording, predictions: &[Prediction], classes: &[Arc<str>]) -> (Vec<Mark>, Answers) {
    let mut answers = Answers::new(predictions, classes);
    let mut marks: Vec<Mark> = Vec::with_capacity(recording.events.len() + predictions.len());
    for event in recording.events.values() {
        answers.add(event);
        marks.push(Mark::of_event(event));
    }
    marks.extend(answers.open().filter_map(|place| predicted_mark(predictions, classes, place)));
    (marks, answers)
}

/// The mark of the prediction at a place of the list.
pub(super) fn predicted_mark(predictions: &[Prediction], classes: &[Arc<str>], place: usize) -> Option<Mark> {
    let prediction = predictions.get(place)?;
    Some(Mark::of_prediction(prediction, classes.get(prediction.class)?.clone()))
}

/// One empty list for all marks: an allocation each would be felt with a million.
fn no_labels() -> Arc<[Arc<str>]> {
    static NONE: std::sync::LazyLock<Arc<[Arc<str>]>> = std::sync::LazyLock::new(Arc::default);
    NONE.clone()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::{Document, Proposal};
    use crate::app::MarkList;
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
        let (marks, _) = marks(recording, predictions, &["Dog".into()]);
        MarkList::new(marks).iter().map(|mark| mark.state.text()).collect()
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
