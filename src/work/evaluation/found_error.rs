//! The errors of an evaluation one by one, found by place, and the labels that are taken for each other.

use super::estimate::EstimatedEvent;
use super::job::EvaluationJob;
use crate::annotation::{EventId, RecordingId};
use crate::metric::{LabelledSpan, Outcome, Outcomes, Pair};
use crate::time::Span;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// Nothing was reported for a reference event.
    Missed,
    /// Something was reported where there is nothing.
    FalseAlarm,
    /// Onset or offset are too far away.
    Boundary,
    /// It was reported under another label.
    Confusion,
}

impl ErrorKind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Missed, Self::FalseAlarm, Self::Boundary, Self::Confusion];

    /// What it is called.
    pub fn words(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::FalseAlarm => "false alarm",
            Self::Boundary => "boundary",
            Self::Confusion => "confusion",
        }
    }

    /// What several are called.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Missed => "misses",
            Self::FalseAlarm => "false alarms",
            Self::Boundary => "boundary errors",
            Self::Confusion => "confusions",
        }
    }
}

/// What an estimated event is in the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EstimatedName {
    /// A prediction of a class of the model.
    Prediction {
        /// The class, by its place in the model's list.
        class: usize,
        /// Its span.
        span: Span,
    },
    /// An event of the project.
    Event(EventId),
    /// Nothing that could be selected: a row of a file, or several predictions in one.
    Nothing,
}

/// One error.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundError {
    /// In which recording.
    pub recording: RecordingId,
    /// What kind.
    pub kind: ErrorKind,
    /// The event's label: of the reference event, or of the estimated one where there is none.
    pub label: Arc<str>,
    /// The label that was reported instead.
    pub taken_for: Option<Arc<str>>,
    /// The span of the reference event, or of the estimated one where there is none.
    pub span: Span,
    /// The span of the estimated event that goes with a reference event.
    pub estimated_span: Option<Span>,
    /// The reference event.
    pub event: Option<EventId>,
    /// The estimated event.
    pub estimated: EstimatedName,
    /// How much later onset and offset of the estimated event are, in seconds.
    pub deviations_secs: Option<(f64, f64)>,
}

impl FoundError {
    /// All that it is about.
    pub fn whole_span(&self) -> Span {
        self.estimated_span.map_or(self.span, |other| Span {
            onset_secs: self.span.onset_secs.min(other.onset_secs),
            offset_secs: self.span.offset_secs.max(other.offset_secs),
        })
    }

    /// What it is, in words: `Dog taken for Speech`, `Dog: onset 120 ms late, offset 30 ms early`.
    pub fn text(&self) -> String {
        match (self.kind, &self.taken_for, self.deviations_secs) {
            (ErrorKind::Confusion, Some(other), _) => format!("{} taken for {other}", self.label),
            (ErrorKind::Boundary, _, Some((onset, offset))) => {
                format!("{}: onset {}, offset {}", self.label, deviation_text(onset), deviation_text(offset))
            }
            _ => self.label.to_string(),
        }
    }
}

/// `120 ms late`, `30 ms early`, `exact`.
fn deviation_text(secs: f64) -> String {
    let ms = (1e3 * secs).round();
    match ms {
        0.0 => "exact".to_owned(),
        late if late > 0.0 => format!("{late:.0} ms late"),
        early => format!("{:.0} ms early", -early),
    }
}

/// Two labels of which one was taken for the other.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfusedPair {
    /// What it is.
    pub label: Arc<str>,
    /// What it was taken for.
    pub taken_for: Arc<str>,
    /// How many events.
    pub events: usize,
    /// Seconds that both labels cover, over these events.
    pub overlap_secs: f64,
}

/// All errors by recording and onset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorList {
    errors: Vec<FoundError>,
    /// The latest offset of the errors of the same recording up to each.
    latest_secs: Vec<f64>,
    of_recording: BTreeMap<RecordingId, Range<usize>>,
}

impl ErrorList {
    fn new(mut errors: Vec<FoundError>) -> Self {
        errors.sort_by(|a, b| {
            let (a_span, b_span) = (a.whole_span(), b.whole_span());
            a.recording
                .cmp(&b.recording)
                .then(a_span.onset_secs.total_cmp(&b_span.onset_secs))
                .then(a.kind.cmp(&b.kind))
        });
        let mut list = Self { latest_secs: Vec::with_capacity(errors.len()), ..Self::default() };
        let mut latest_secs = f64::NEG_INFINITY;
        for (place, error) in errors.iter().enumerate() {
            let range = list.of_recording.entry(error.recording).or_insert_with(|| {
                latest_secs = f64::NEG_INFINITY;
                place..place
            });
            range.end = place + 1;
            latest_secs = latest_secs.max(error.whole_span().offset_secs);
            list.latest_secs.push(latest_secs);
        }
        Self { errors, ..list }
    }

    /// All of them.
    pub fn all(&self) -> &[FoundError] {
        &self.errors
    }

    /// The places of those of a recording that may share time with a span, by onset: all that do are among them.
    pub fn near(&self, recording: RecordingId, span: Span) -> Range<usize> {
        let Some(range) = self.of_recording.get(&recording).cloned() else { return 0..0 };
        let (errors, latest) = (&self.errors[range.clone()], &self.latest_secs[range.clone()]);
        let first = latest.partition_point(|&offset| offset < span.onset_secs);
        let after = errors.partition_point(|error| error.whole_span().onset_secs <= span.offset_secs);
        range.start + first..range.start + after.max(first)
    }
}

/// The errors among the outcomes of two lists, each told once; and which labels were taken for which, most seconds first.
pub fn found(
    job: &EvaluationJob,
    outcomes: &Outcomes,
    reference: &[(usize, EventId)],
    spans: (&[LabelledSpan<'_>], &[LabelledSpan<'_>]),
    estimated: &[EstimatedEvent],
) -> (ErrorList, Vec<ConfusedPair>) {
    let mut is_told = vec![false; estimated.len()];
    let mut errors = Vec::new();
    for ((outcome, &(recording, event)), span) in outcomes.reference.iter().zip(reference).zip(spans.0) {
        let pair = outcome.pair();
        if let Some(is_told) = pair.and_then(|pair| is_told.get_mut(pair.partner)) {
            *is_told = true;
        }
        let partner = pair.and_then(|pair| estimated.get(pair.partner));
        let Some(kind) = kind(outcome) else { continue };
        let Some(recording) = job.recordings.get(recording) else { continue };
        errors.push(FoundError {
            recording: recording.id,
            kind,
            label: span.label.into(),
            taken_for: partner.filter(|_| kind == ErrorKind::Confusion).map(|partner| partner.label.clone()),
            span: span.span,
            estimated_span: partner.map(|partner| partner.span),
            event: Some(event),
            estimated: partner.map_or(EstimatedName::Nothing, |partner| partner.name),
            deviations_secs: pair.map(deviations),
        });
    }
    for ((outcome, event), is_told) in outcomes.estimated.iter().zip(estimated).zip(is_told) {
        let Some(kind) = kind(outcome).filter(|_| !is_told) else { continue };
        let Some(recording) = job.recordings.get(event.recording) else { continue };
        let pair = outcome.pair();
        let partner = pair.and_then(|pair| Some((spans.0.get(pair.partner)?, reference.get(pair.partner)?)));
        errors.push(FoundError {
            recording: recording.id,
            kind,
            label: partner.map_or_else(|| event.label.clone(), |(span, _)| span.label.into()),
            taken_for: (kind == ErrorKind::Confusion).then(|| event.label.clone()),
            span: partner.map_or(event.span, |(span, _)| span.span),
            estimated_span: partner.map(|_| event.span),
            event: partner.map(|(_, &(_, id))| id),
            estimated: event.name,
            deviations_secs: pair.map(deviations),
        });
    }
    let confusion = outcomes.confusion(spans.0, spans.1);
    let pairs = confusion.into_iter().filter_map(|((label, taken_for), cell)| {
        let (label, taken_for) = (label?, taken_for?);
        (label != taken_for).then(|| ConfusedPair {
            label: label.into(),
            taken_for: taken_for.into(),
            events: cell.events,
            overlap_secs: cell.overlap_secs,
        })
    });
    let mut confused: Vec<ConfusedPair> = pairs.collect();
    confused.sort_by(|a, b| b.events.cmp(&a.events).then(b.overlap_secs.total_cmp(&a.overlap_secs)));
    (ErrorList::new(errors), confused)
}

fn kind(outcome: &Outcome) -> Option<ErrorKind> {
    match outcome {
        Outcome::Hit(_) | Outcome::LeftOut => None,
        Outcome::Boundary(_) => Some(ErrorKind::Boundary),
        Outcome::Confusion(_) => Some(ErrorKind::Confusion),
        Outcome::Miss => Some(ErrorKind::Missed),
        Outcome::FalseAlarm => Some(ErrorKind::FalseAlarm),
    }
}

fn deviations(pair: &Pair) -> (f64, f64) {
    (pair.onset_deviation_secs, pair.offset_deviation_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(recording: u64, onset_secs: f64, offset_secs: f64) -> FoundError {
        FoundError {
            recording: RecordingId(recording),
            kind: ErrorKind::Missed,
            label: "Dog".into(),
            taken_for: None,
            span: Span { onset_secs, offset_secs },
            estimated_span: None,
            event: None,
            estimated: EstimatedName::Nothing,
            deviations_secs: None,
        }
    }

    #[test]
    fn deviations_are_told_in_words() {
        let boundary =
            FoundError { kind: ErrorKind::Boundary, deviations_secs: Some((0.1204, -0.03)), ..error(0, 1.0, 2.0) };
        assert_eq!(boundary.text(), "Dog: onset 120 ms late, offset 30 ms early");
    }

    proptest! {
        #[test]
        fn all_errors_in_a_span_are_near_it(
            spans in prop::collection::vec((0_u64..3, 0_u32..50, 0_u32..20), 0..40),
            (onset, length) in (0_u32..60, 0_u32..20),
        ) {
            let errors = spans.into_iter().map(|(id, onset, length)| error(id, onset.into(), (onset + length).into()));
            let list = ErrorList::new(errors.collect());
            let view = Span { onset_secs: onset.into(), offset_secs: (onset + length).into() };
            for id in 0..3 {
                let near = list.near(RecordingId(id), view);
                for (place, error) in list.all().iter().enumerate() {
                    let meets = error.recording == RecordingId(id)
                        && error.span.onset_secs <= view.offset_secs
                        && error.span.offset_secs >= view.onset_secs;
                    prop_assert!(!meets || near.contains(&place));
                    prop_assert!(!near.contains(&place) || error.recording == RecordingId(id));
                }
            }
        }
    }
}
