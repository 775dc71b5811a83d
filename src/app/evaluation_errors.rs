//! Which errors of an evaluation are listed, and the way from an error to its place in the spectrogram, also in another recording.

use super::class_rules::RuleChange;
use super::marks::Target;
use super::workbench::Workbench;
use crate::decision::Prediction;
use crate::time::Span;
use crate::work::evaluation::{ErrorKind, EstimatedName, FoundError};
use std::sync::Arc;

/// What is shown around an error at least, in seconds, and how many times its length.
const LEAST_VIEW_SECS: f64 = 2.0;
const VIEW_LENGTHS: f64 = 3.0;
/// An error that takes less of the view than this is zoomed to.
const LEAST_SHARE: f64 = 0.04;

/// Which errors are listed.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorFilter {
    /// Of these kinds, in the order of [`ErrorKind::ALL`].
    pub kinds: [bool; ErrorKind::ALL.len()],
    /// Of this class only: it is there, or was reported.
    pub class: Option<Arc<str>>,
    /// Only where the first was taken for the second.
    pub pair: Option<(Arc<str>, Arc<str>)>,
}

impl Default for ErrorFilter {
    fn default() -> Self {
        Self { kinds: [true; ErrorKind::ALL.len()], class: None, pair: None }
    }
}

impl ErrorFilter {
    fn fits_labels(&self, error: &FoundError) -> bool {
        let is_of = |class: &Arc<str>| error.label == *class || error.taken_for.as_ref() == Some(class);
        let fits_pair =
            |(label, other): &(Arc<str>, Arc<str>)| error.label == *label && error.taken_for.as_ref() == Some(other);
        self.class.as_ref().is_none_or(is_of) && self.pair.as_ref().is_none_or(fits_pair)
    }
}

/// The errors that are listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// Their places among all.
    pub places: Vec<usize>,
    /// How many there are of each kind, whichever kinds are listed.
    pub counts: [usize; ErrorKind::ALL.len()],
}

impl Workbench {
    /// Lists other errors.
    pub(super) fn filter_errors(&mut self, filter: ErrorFilter) {
        let mut shown = Shown::default();
        let report = self.evaluation.report.clone();
        for (place, error) in report.iter().flat_map(|report| report.errors.all().iter().enumerate()) {
            if filter.fits_labels(error) {
                shown.counts[error.kind as usize] += 1;
                if filter.kinds[error.kind as usize] {
                    shown.places.push(place);
                }
            }
        }
        self.evaluation.filter = filter;
        self.evaluation.shown = shown;
    }

    /// Shows the next error of the list (`step` 1) or the one before (−1): from the one that was shown last, else from the playhead on.
    pub(super) fn step_error(&mut self, step: isize) {
        let Some(report) = self.evaluation.report.clone() else { return };
        let places = &self.evaluation.shown.places;
        let at = match self.evaluation.current {
            Some(current) => places.binary_search(&current),
            None => {
                let here = self.open.as_ref().map(|open| (open.id, self.playhead_secs()));
                let is_before = |&place: &usize| {
                    let error = report.errors.all().get(place);
                    error.zip(here).is_some_and(|(error, (id, secs))| {
                        error.recording < id || (error.recording == id && error.whole_span().onset_secs < secs)
                    })
                };
                Err(places.partition_point(is_before))
            }
        };
        let next = match at {
            Ok(place) if step > 0 => place + 1,
            Err(place) if step > 0 => place,
            Ok(place) | Err(place) => place.wrapping_sub(1),
        };
        if let Some(&place) = places.get(next) {
            self.go_to_error(place);
        }
    }

    /// Shows an error, in whichever recording it is.
    pub(super) fn go_to_error(&mut self, place: usize) {
        let Some(error) = self.evaluation.report.as_ref().and_then(|report| report.errors.all().get(place)) else {
            return;
        };
        let recording = error.recording;
        self.evaluation.current = Some(place);
        self.evaluation.wanted = Some(place);
        self.show_recording(recording);
        self.show_wanted_error();
    }

    /// Brings the error that is wanted into view, once its recording is there.
    pub(super) fn show_wanted_error(&mut self) {
        let Some(place) = self.evaluation.wanted else { return };
        let report = self.evaluation.report.clone();
        let Some(error) = report.as_ref().and_then(|report| report.errors.all().get(place)) else {
            self.evaluation.wanted = None;
            return;
        };
        if self.open.as_ref().is_none_or(|open| open.id != error.recording) {
            if self.opening != Some(error.recording) {
                // It cannot be opened, or another one was asked for since.
                self.evaluation.wanted = None;
            }
            return;
        }
        let target = self.error_target(error);
        let may_come = self.is_deciding() || self.keeping.scores_asked.contains(&error.recording);
        if target.is_none() && may_come && !matches!(error.estimated, EstimatedName::Nothing) {
            return;
        }
        self.evaluation.wanted = None;
        self.select_only(target);
        self.focus_on_error(error);
        self.show_error_span(error.whole_span());
    }

    /// What of an error can be selected: the reference event, else the prediction or event that was reported.
    fn error_target(&self, error: &FoundError) -> Option<Target> {
        let reference = error.event.map(Target::Event);
        let estimated = match error.estimated {
            EstimatedName::Prediction { class, span } => {
                Some(Target::of_prediction(&Prediction { class, span, score: 0.0 }))
            }
            EstimatedName::Event(id) => Some(Target::Event(id)),
            EstimatedName::Nothing => None,
        };
        [reference, estimated].into_iter().flatten().find(|&target| self.mark(target).is_some())
    }

    /// The decoding lane shows the class that was reported, else the one that was missed.
    fn focus_on_error(&mut self, error: &FoundError) {
        let reported = match error.estimated {
            EstimatedName::Prediction { class, .. } => Some(class),
            _ => self.scored_here().and_then(|scored| scored.scores.class_of(&error.label)),
        };
        if let Some(class) = reported {
            self.change_rule(RuleChange::Focus(class));
        }
    }

    fn show_error_span(&mut self, span: Span) {
        let (pre, post) = (self.settings.listening.pre_roll_secs, self.settings.listening.post_roll_secs);
        if let Some(open) = &mut self.open {
            let (length, width) = (span.duration_secs(), open.viewport.width_secs());
            if length < LEAST_SHARE * width || length > 0.9 * width {
                let width = (VIEW_LENGTHS * length).max(LEAST_VIEW_SECS);
                open.viewport.show(span.centre_secs() - 0.5 * width, width);
            } else {
                open.viewport.reveal_span(span);
            }
        }
        if self.plays_by_itself() {
            self.play_span(Span::between(span.onset_secs - pre, span.offset_secs + post), false);
        } else {
            self.seek(span.onset_secs);
        }
    }
}
