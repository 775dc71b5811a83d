//! Decisions about events and predictions: one key each, all of them undoable.

use super::marks::{Mark, PredictionKey, Target};
use super::workbench::Workbench;
use crate::annotation::{Edit, Event, Origin, Proposal, RecordingId, Status};
use crate::decision::Prediction;
use crate::time::Span;
use std::sync::Arc;

impl Workbench {
    /// Accepts the selected event and goes on.
    pub(super) fn accept_selected(&mut self) {
        self.decide_selected("accept", Status::Accepted);
    }

    /// Rejects the selected prediction, or removes the selected event if a person drew it, and goes on.
    pub(super) fn reject_selected(&mut self) {
        self.decide_selected("reject", Status::Rejected);
    }

    /// Puts the selected event aside and goes on.
    pub(super) fn put_selected_aside(&mut self) {
        self.decide_selected("put aside", Status::Uncertain);
    }

    /// Makes the selected event undecided again, if it was a prediction: the prediction itself where the event says nothing more than it,
    /// else an undecided event that keeps all that is said.
    pub(super) fn undecide_selected(&mut self) {
        if self.undecide_selection() {
            return;
        }
        let Some(target) = self.selected else { return };
        let Some(title) = self.mark(target).map(|mark| format!("take decision on {:?} back", mark.label)) else {
            return;
        };
        if let Some((edit, after)) = self.undecision(target) {
            self.perform_renaming(title, edit, &[(target, after)]);
        }
    }

    /// The edit that takes the decision about a target back, and what stands for it then; none if it is no decision about a prediction.
    pub(super) fn undecision(&self, target: Target) -> Option<(Edit, Option<Target>)> {
        let recording = self.open.as_ref()?.id;
        let Target::Event(id) = target else { return None };
        let event = self.document.event(recording, id)?;
        let proposal = event.origin.proposal()?;
        let says_more = !is_as_proposed(event, proposal) || !event.comment.is_empty() || !event.fields.is_empty();
        match self.answers.predicted(&proposal.label, proposal.span).filter(|_| !says_more) {
            Some(prediction) => Some((Edit::Remove { recording, id }, Some(Target::of_prediction(prediction)))),
            None if event.status == Status::Predicted => None,
            None => {
                let event = Event { status: Status::Predicted, ..event.clone() };
                Some((Edit::Replace { recording, event }, Some(target)))
            }
        }
    }

    /// The undecided prediction that an event was made of, if it is shown.
    pub(super) fn prediction_of(&self, event: &Event) -> Option<Target> {
        let proposed = event.origin.proposal()?.span;
        self.marks.in_span(proposed).find(|mark| is_same_prediction(mark, event)).map(|mark| mark.target)
    }

    fn decide_selected(&mut self, verb: &str, status: Status) {
        if self.decide_selection(verb, status) {
            return;
        }
        let Some((recording, target)) = self.selected_here() else {
            // There is nothing to decide about yet: bring the first one.
            self.go_to_undecided();
            return;
        };
        let Some(mark) = self.mark(target) else { return };
        let (place, title) = (self.queue_place(mark), format!("{verb} {:?}", mark.label));
        let Some(edit) = self.decision(recording, target, status) else {
            self.note_decision();
            self.advance(&place);
            return;
        };
        let kept = target_after(&edit);
        if self.perform(title, edit) {
            self.selected = kept;
            self.note_decision();
            self.advance(&place);
        }
    }

    /// The edit that decides about a target; none if it is decided so already.
    pub(super) fn decision(&mut self, recording: RecordingId, target: Target, status: Status) -> Option<Edit> {
        match target {
            Target::Prediction(key) => {
                let event = self.event_of_prediction(key, status)?;
                Some(Edit::Insert { recording, event })
            }
            Target::Event(id) => {
                let event = self.document.event(recording, id)?.clone();
                if status == Status::Rejected && event.origin.proposal().is_none() {
                    return Some(Edit::Remove { recording, id });
                }
                let status = if status == Status::Accepted { accepted_status(&event) } else { status };
                (event.status != status).then_some(Edit::Replace { recording, event: Event { status, ..event } })
            }
        }
    }

    /// A new event that says what was decided about a prediction.
    pub(super) fn event_of_prediction(&mut self, key: PredictionKey, status: Status) -> Option<Event> {
        let prediction = self.prediction(key)?;
        self.event_of(&prediction, status)
    }

    /// The same, of a prediction that is at hand.
    pub(super) fn event_of(&mut self, prediction: &Prediction, status: Status) -> Option<Event> {
        let scored = self.scored_here()?;
        let label = scored.scores.classes.get(prediction.class)?.clone();
        let proposal = Proposal {
            model: scored.start.model.clone(),
            version: scored.start.version.clone(),
            label: label.clone(),
            span: prediction.span,
            score: prediction.score,
            parameters: scored.rule_of(prediction.class).text().into(),
        };
        let origin = Origin::Model(Arc::new(proposal));
        Some(Event::new(self.document.new_event_id(), prediction.span, label, status, origin))
    }

    /// The prediction of a name.
    pub(super) fn prediction(&self, key: PredictionKey) -> Option<Prediction> {
        self.answers.prediction(key).copied()
    }

    /// The open recording and what is selected in it.
    pub(super) fn selected_here(&self) -> Option<(RecordingId, Target)> {
        Some((self.open.as_ref()?.id, self.selected?))
    }
}

/// What there is to be selected after an edit of one event.
pub(super) fn target_after(edit: &Edit) -> Option<Target> {
    match edit {
        Edit::Insert { event, .. } | Edit::Replace { event, .. } => Some(Target::Event(event.id)),
        _ => None,
    }
}

/// What accepting makes of an event: corrected, if its onset, offset, frequencies or labels are no longer what was proposed.
pub(super) fn accepted_status(event: &Event) -> Status {
    match event.origin.proposal() {
        Some(proposal) if is_as_proposed(event, proposal) => Status::Accepted,
        Some(_) => Status::Corrected,
        // An imported proposal is not kept; that it was corrected is.
        None if event.status == Status::Corrected => Status::Corrected,
        None => Status::Accepted,
    }
}

/// Models propose one label over a span at all frequencies.
fn is_as_proposed(event: &Event, proposal: &Proposal) -> bool {
    let has_own_label = proposal.label == event.label && event.more_labels.is_empty();
    has_own_label && !event.is_point && event.band.is_none() && same_span(proposal.span, event.span)
}

fn same_span(a: Span, b: Span) -> bool {
    (a.onset_secs - b.onset_secs).abs() < 1e-6 && (a.offset_secs - b.offset_secs).abs() < 1e-6
}

fn is_same_prediction(mark: &Mark, event: &Event) -> bool {
    mark.state == Status::Predicted
        && event
            .origin
            .proposal()
            .is_some_and(|proposal| mark.label == proposal.label && mark.span.overlap_secs(proposal.span) > 0.0)
}
