//! Who changed what, and when: the steps of the history in words, going back to one of them, and steps of earlier sessions, which are read
//! when they are needed.

use super::marks::Target;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::{Event, HistoryEntry};
use crate::project::Side;
use crate::time::CivilTime;
use crate::work::ProjectRequest;
use std::time::{SystemTime, UNIX_EPOCH};

/// Fewer steps in memory than this, and earlier ones are read.
const STEPS_AT_HAND: usize = 200;
/// So many at once.
const STEPS_READ: u64 = 2000;
const MILLIS_A_MINUTE: i64 = 60_000;

impl Workbench {
    /// A moment in words, by the clock on the wall: `today, 18:40`, `2026-11-24, 18:40`.
    pub fn moment_text(&self, at_ms: i64) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        moment_text(at_ms, now_ms, self.keeping.local_offset_minutes)
    }

    /// Who changed an event last and when, for tooltips and the panel of an event: `Ada, today, 18:40`. None for an event that was
    /// imported from a file of an earlier version.
    pub fn changed_text(&self, event: &Event) -> Option<String> {
        let edited = event.edited.as_ref()?;
        let by = if edited.by.is_empty() { "Somebody" } else { &edited.by };
        Some(format!("{by}, {}", self.moment_text(edited.at_ms)))
    }

    /// The same for what is shown of the open recording; none for a prediction.
    pub fn changed_text_of(&self, target: Target) -> Option<String> {
        let Target::Event(id) = target else { return None };
        self.changed_text(self.document.event(self.open.as_ref()?.id, id)?)
    }

    /// How many steps of the history there are in all: that can be done again, and that can be taken back.
    pub fn step_counts(&self) -> (u64, u64) {
        let (undo, redo) = self.keeping.unread_steps;
        (redo + self.history.redo_steps().len() as u64, undo + self.history.undo_steps().len() as u64)
    }

    /// A step of the history, the newest first: `place` 0 is the one that would be done again last, and the steps that were taken follow
    /// after all that were taken back. None for a step that has not been read yet.
    pub fn step_at(&self, place: u64) -> Option<(&HistoryEntry, bool)> {
        let (redone, undone) = self.step_counts();
        if place < redone {
            // The one to be done again last lies at the bottom.
            let from_bottom = place.checked_sub(self.keeping.unread_steps.1)?;
            let step = self.history.redo_steps().get(usize::try_from(from_bottom).ok()?)?;
            return Some((step, false));
        }
        let from_top = usize::try_from(place - redone).ok()?;
        let steps = self.history.undo_steps();
        if from_top as u64 >= undone {
            return None;
        }
        Some((steps.get(steps.len().checked_sub(from_top + 1)?)?, true))
    }

    /// Takes steps back, or does them again, until the step at this place (as in [`Self::step_at`]) is the last one that was done.
    pub(super) fn go_to_step(&mut self, place: u64) {
        if self.refuses_changes() {
            return;
        }
        let (redone, _) = self.step_counts();
        if place >= redone {
            self.undo_steps(place - redone);
        } else {
            self.redo_steps(redone - place);
        }
    }

    /// Takes so many steps back; those after a long one follow when that is done.
    pub(super) fn undo_steps(&mut self, count: u64) {
        for place in 0..count {
            let before = self.history.undo_count();
            self.undo();
            if self.go_on_after_step(count - place - 1) {
                return;
            }
            if self.history.undo_count() == before {
                break;
            }
        }
        self.tell_unread();
    }

    /// The same for steps that are made again.
    pub(super) fn redo_steps(&mut self, count: u64) {
        for place in 0..count {
            let before = self.history.redo_steps().len();
            self.redo();
            if self.go_on_after_step(count - place - 1) {
                return;
            }
            if self.history.redo_steps().len() == before {
                break;
            }
        }
    }

    fn tell_unread(&mut self) {
        if self.history.undo_count() == 0 && self.keeping.unread_steps.0 > 0 {
            self.notices.add(Gravity::Warning, "Earlier steps are still being read: try again in a moment");
        }
    }

    /// What could be done again is forgotten with a new step, also what was not read.
    pub(super) fn forget_unread_redo(&mut self) {
        self.keeping.unread_steps.1 = 0;
    }

    /// Has earlier steps read before they are needed.
    pub(super) fn read_earlier_steps(&mut self) {
        if self.keeping.rewriting {
            return;
        }
        let (undo, redo) = self.keeping.unread_steps;
        if undo > 0 && self.history.undo_count() < STEPS_AT_HAND && !self.keeping.reading_steps.0 {
            self.keeping.reading_steps.0 = true;
            self.ask_project(ProjectRequest::ReadEarlierSteps { side: Side::Undo, before: undo, count: STEPS_READ });
        }
        if redo > 0 && self.history.redo_steps().len() < STEPS_AT_HAND && !self.keeping.reading_steps.1 {
            self.keeping.reading_steps.1 = true;
            self.ask_project(ProjectRequest::ReadEarlierSteps { side: Side::Redo, before: redo, count: STEPS_READ });
        }
    }

    /// Steps before those that were known were read, or could not be.
    pub(super) fn earlier_steps_read(&mut self, side: Side, result: Result<Vec<HistoryEntry>, String>) {
        let (unread, reading) = match side {
            Side::Undo => (&mut self.keeping.unread_steps.0, &mut self.keeping.reading_steps.0),
            Side::Redo => (&mut self.keeping.unread_steps.1, &mut self.keeping.reading_steps.1),
        };
        *reading = false;
        if self.keeping.rewriting {
            return;
        }
        match result {
            // Forgotten in the meantime.
            Ok(_) if *unread == 0 => {}
            Ok(steps) => {
                *unread = if steps.is_empty() { 0 } else { unread.saturating_sub(steps.len() as u64) };
                match side {
                    Side::Undo => self.history.put_before(steps, Vec::new()),
                    Side::Redo => self.history.put_before(Vec::new(), steps),
                }
            }
            Err(reason) => {
                *unread = 0;
                self.notices.add(Gravity::Warning, format!("Earlier steps cannot be taken back: {reason}"));
            }
        }
    }
}

fn moment_text(at_ms: i64, now_ms: i64, offset_minutes: Option<i64>) -> String {
    let ahead_ms = offset_minutes.unwrap_or(0).saturating_mul(MILLIS_A_MINUTE);
    let on_wall = |ms: i64| CivilTime::from_unix_millis(ms.saturating_add(ahead_ms));
    let Some(then) = on_wall(at_ms) else { return "at an unknown time".to_owned() };
    let clock = then.time_text(0);
    let clock = clock.rsplit_once(':').map_or(clock.as_str(), |(minutes, _)| minutes);
    let zone = if offset_minutes.is_none() { " UTC" } else { "" };
    match on_wall(now_ms) {
        Some(now) if now.date() == then.date() => format!("today, {clock}{zone}"),
        _ => format!("{}, {clock}{zone}", then.date()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_by_the_clock_on_the_wall() {
        // 2026-11-25 23:30 UTC.
        let at_ms = 1_795_649_400_000;
        assert_eq!(moment_text(at_ms, at_ms + 60_000, None), "today, 23:30 UTC");
        assert_eq!(moment_text(at_ms, at_ms + 60_000, Some(60)), "today, 00:30");
        assert_eq!(moment_text(at_ms, at_ms + 86_400_000, Some(-60)), "2026-11-25, 22:30");
        assert_eq!(moment_text(i64::MIN, 0, Some(0)), "at an unknown time");
    }
}
