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

    /// Makes the selected event a prediction again, if it was one.
    pub(super) fn undecide_selected(&mut self) {
        let Some((recording, Target::Event(id))) = self.selected_here() else { return };
        let Some(event) = self.document.event(recording, id).cloned() else { return };
        if event.origin.proposal().is_none() {
            return;
        }
        let title = format!("take decision on {:?} back", event.label);
        if self.perform(title, Edit::Remove { recording, id }) {
            self.selected = self.prediction_of(&event);
        }
    }

    /// The undecided prediction that an event was made of, if it is shown.
    pub(super) fn prediction_of(&self, event: &Event) -> Option<Target> {
        let proposed = event.origin.proposal()?.span;
        self.marks.in_span(proposed).find(|mark| is_same_prediction(mark, event)).map(|mark| mark.target)
    }

    /// Decides in one step about every undecided event in view that has the selected one's label.
    pub(super) fn decide_shown(&mut self, status: Status) {
        let (Some(open), Some(selected)) = (&self.open, self.selected_mark()) else { return };
        let (recording, view, label) = (open.id, open.viewport.span(), selected.label.clone());
        let targets: Vec<Target> = self
            .marks
            .shown_in_span(view)
            .filter(|mark| mark.state == Status::Predicted && mark.label == label)
            .map(|mark| mark.target)
            .collect();
        let edits: Vec<Edit> = targets.iter().filter_map(|&target| self.decision(recording, target, status)).collect();
        if edits.is_empty() {
            return;
        }
        let verb = if status == Status::Rejected { "reject" } else { "accept" };
        let text = format!("{verb} {} × {label:?}", edits.len());
        if self.perform(text.clone(), Edit::Many { edits }) {
            self.notices.add(super::notices::Gravity::Done, format!("Done: {text} (one step of undo)"));
        }
    }

    fn decide_selected(&mut self, verb: &str, status: Status) {
        let Some((recording, target)) = self.selected_here() else {
            // There is nothing to decide about yet: bring the first one.
            self.go_to_undecided();
            return;
        };
        let Some(mark) = self.mark(target) else { return };
        let (onset_secs, title) = (mark.span.onset_secs, format!("{verb} {:?}", mark.label));
        let Some(edit) = self.decision(recording, target, status) else {
            self.advance(onset_secs);
            return;
        };
        let kept = match &edit {
            Edit::Insert { event, .. } | Edit::Replace { event, .. } => Some(Target::Event(event.id)),
            _ => None,
        };
        if self.perform(title, edit) {
            self.selected = kept;
            self.advance(onset_secs);
        }
    }

    /// The edit that decides about a target; none if it is decided so already.
    fn decision(&mut self, recording: RecordingId, target: Target, status: Status) -> Option<Edit> {
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

    /// Selects the next undecided event, brings it into view and plays it, if the user wants that.
    fn advance(&mut self, from_secs: f64) {
        if !self.settings.auto_advance {
            return;
        }
        if let Some(target) = self.next_undecided(from_secs) {
            self.selected = Some(target);
            self.reveal_selected();
            self.audition_selected();
        }
    }

    /// The first undecided mark that is shown and begins at or after a moment, else the first of all.
    pub(super) fn next_undecided(&self, from_secs: f64) -> Option<Target> {
        let from = self.marks.shown_before_secs(from_secs);
        let undecided = |place| self.marks.next_shown_of(Status::Predicted, place);
        undecided(from).or_else(|| undecided(0)).map(|mark| mark.target)
    }

    /// The open recording and what is selected in it.
    pub(super) fn selected_here(&self) -> Option<(RecordingId, Target)> {
        Some((self.open.as_ref()?.id, self.selected?))
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
