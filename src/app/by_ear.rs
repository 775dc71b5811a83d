//! Creating by ear: while something plays, a key that is held down is an event, from when it is pressed to when it is let go.

use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::RecordingId;
use crate::time::Span;

/// An event that is being made by a key that is held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeldEvent {
    /// In which recording.
    pub recording: RecordingId,
    /// When it began, in seconds; the reaction delay is taken off already.
    pub onset_secs: f64,
    /// What was heard last.
    heard_secs: f64,
}

impl Workbench {
    /// The event that is being made by ear, as it would be if the key were let go now.
    pub fn held_event(&self) -> Option<(RecordingId, Span)> {
        let held = self.held_event?;
        let is_here = self.open.as_ref().is_some_and(|open| open.id == held.recording);
        let heard_secs = if is_here { self.playhead_secs().max(held.heard_secs) } else { held.heard_secs };
        let offset_secs = self.without_delay(heard_secs);
        (offset_secs >= held.onset_secs).then(|| (held.recording, Span::between(held.onset_secs, offset_secs)))
    }

    /// Begins an event at what is heard; ends the one that is being made, if a menu or the palette has begun it.
    pub(super) fn hold_by_ear(&mut self) {
        if self.held_event.is_some() {
            return self.end_by_ear();
        }
        let Some(recording) = self.open.as_ref().map(|open| open.id) else { return };
        if !self.player.is_playing() {
            self.notices.add(Gravity::Done, "Nothing plays: an event is made by ear while the recording is heard");
            return;
        }
        let heard_secs = self.playhead_secs();
        self.held_event = Some(HeldEvent { recording, onset_secs: self.without_delay(heard_secs), heard_secs });
    }

    /// Ends it at what is heard now.
    pub(super) fn end_by_ear(&mut self) {
        self.follow_by_ear();
        self.finish_by_ear();
    }

    /// Notes how far it has been heard. Where the sound ends, pauses, goes back or leaves the recording, the event ends too.
    pub(super) fn follow_by_ear(&mut self) {
        let Some(held) = self.held_event else { return };
        let at = self.playhead_secs();
        let is_here = self.open.as_ref().is_some_and(|open| open.id == held.recording);
        // What rests after the end is where it ended.
        if is_here && at >= held.heard_secs {
            self.held_event = Some(HeldEvent { heard_secs: at, ..held });
        }
        if !is_here || at < held.heard_secs || !self.player.is_playing() {
            self.finish_by_ear();
        }
    }

    fn finish_by_ear(&mut self) {
        let Some(held) = self.held_event.take() else { return };
        let offset_secs = self.without_delay(held.heard_secs);
        if offset_secs <= held.onset_secs {
            let text = "No event was made: the key was held for too short a time";
            self.notices.add(Gravity::Done, text);
            return;
        }
        self.draw_in(held.recording, Span::between(held.onset_secs, offset_secs));
    }

    /// The moment that a key pressed now is about: what was heard a reaction earlier.
    fn without_delay(&self, heard_secs: f64) -> f64 {
        let delay_secs = 1e-3 * self.settings.shaping.reaction_delay_ms;
        (heard_secs - delay_secs * self.listening.speed).max(0.0)
    }
}
