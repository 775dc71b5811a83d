//! Where events of each label are, in tiles of 256 steps that are kept: what the lanes show of so many events that each is less than a point
//! wide. Owns nothing but what it has worked out; after an edit only the tiles around it are worked out again.

use crate::annotation::{RecordingId, Status};
use crate::app::MarkList;
use crate::time::Span;
use std::collections::HashMap;
use std::sync::Arc;

const STEPS: usize = 256;
/// A tile in which no more events begin is made of the events, any other one of the two below it.
const FEW: usize = 2048;
/// No steps are finer than this power of two, in seconds.
const FINEST: i32 = -12;
/// With more tiles than this, all are forgotten.
const MOST_TILES: usize = 4096;

/// The bit of a state in the steps of a tile.
pub fn state_bit(state: Status) -> u8 {
    1 << state as u8
}

/// A stretch of the recording: for each label that has events in it, which states they have in each step.
pub struct LaneTile {
    onset_secs: f64,
    step_secs: f64,
    lanes: HashMap<Arc<str>, Box<[u8; STEPS]>>,
}

impl LaneTile {
    /// Where events of a label are, with the states that they have there, as bits.
    pub fn runs(&self, label: &str) -> impl Iterator<Item = (Span, u8)> {
        let steps = self.lanes.get(label).map(|steps| steps.as_slice()).unwrap_or_default();
        let mut from = 0;
        std::iter::from_fn(move || {
            from += steps.get(from..)?.iter().take_while(|&&states| states == 0).count();
            let states = *steps.get(from)?;
            let length = steps[from..].iter().take_while(|&&other| other == states).count();
            let at = |step: usize| self.onset_secs + step as f64 * self.step_secs;
            let span = Span { onset_secs: at(from), offset_secs: at(from + length) };
            from += length;
            Some((span, states))
        })
    }

    fn span(&self) -> Span {
        Span { onset_secs: self.onset_secs, offset_secs: self.onset_secs + STEPS as f64 * self.step_secs }
    }
}

/// The tiles that were worked out.
#[derive(Default)]
pub struct LaneTiles {
    recording: Option<RecordingId>,
    revision: u64,
    /// By the power of two that a step lasts, and by their number from the start.
    tiles: HashMap<(i32, i64), Arc<LaneTile>>,
}

impl LaneTiles {
    /// The tiles of a view, with steps as long as a point or a little shorter.
    pub fn of_view(
        &mut self,
        marks: &MarkList,
        recording: RecordingId,
        view: Span,
        secs_per_point: f64,
    ) -> Vec<Arc<LaneTile>> {
        self.forget_changed(marks, recording);
        let level = (secs_per_point.max(f64::MIN_POSITIVE).log2().floor() as i32).max(FINEST);
        let width_secs = STEPS as f64 * f64::from(level).exp2();
        let first = (view.onset_secs.max(0.0) / width_secs).floor() as i64;
        let after = (view.offset_secs.max(0.0) / width_secs).ceil() as i64;
        // However wide the window: no more tiles than steps of 1/256 of a point would need.
        (first..after.min(first.saturating_add(STEPS as i64))).map(|place| self.tile(marks, level, place)).collect()
    }

    fn forget_changed(&mut self, marks: &MarkList, recording: RecordingId) {
        let changed = marks.changed_since(self.revision).filter(|_| self.recording == Some(recording));
        match changed {
            Some(spans) => {
                for changed in spans {
                    let is_beside = |tile: &Arc<LaneTile>| {
                        let span = tile.span();
                        changed.offset_secs < span.onset_secs || changed.onset_secs > span.offset_secs
                    };
                    self.tiles.retain(|_, tile| is_beside(tile));
                }
            }
            None => self.tiles.clear(),
        }
        if self.tiles.len() > MOST_TILES {
            self.tiles.clear();
        }
        (self.recording, self.revision) = (Some(recording), marks.revision());
    }

    fn tile(&mut self, marks: &MarkList, level: i32, place: i64) -> Arc<LaneTile> {
        if let Some(tile) = self.tiles.get(&(level, place)) {
            return tile.clone();
        }
        let step_secs = f64::from(level).exp2();
        let width_secs = STEPS as f64 * step_secs;
        let onset_secs = place as f64 * width_secs;
        let mut tile = LaneTile { onset_secs, step_secs, lanes: HashMap::new() };
        let begin = marks.shown_before_secs(onset_secs + width_secs) - marks.shown_before_secs(onset_secs);
        if begin > FEW && level > FINEST {
            for half in 0..2 {
                let below = self.tile(marks, level - 1, 2 * place + half);
                tile.take_half(&below, half as usize * STEPS / 2);
            }
        } else {
            tile.take_marks(marks);
        }
        let tile = Arc::new(tile);
        self.tiles.insert((level, place), tile.clone());
        tile
    }
}

impl LaneTile {
    fn steps_of(&mut self, label: &Arc<str>) -> &mut [u8; STEPS] {
        self.lanes.entry(label.clone()).or_insert_with(|| Box::new([0; STEPS]))
    }

    fn take_half(&mut self, below: &Self, from: usize) {
        for (label, steps) in &below.lanes {
            let own = self.steps_of(label);
            for (pair, own) in steps.as_chunks::<2>().0.iter().zip(&mut own[from..]) {
                *own |= pair[0] | pair[1];
            }
        }
    }

    fn take_marks(&mut self, marks: &MarkList) {
        let (onset_secs, step_secs) = (self.onset_secs, self.step_secs);
        for mark in marks.shown_in_span(self.span()) {
            let step = |secs: f64| ((secs - onset_secs) / step_secs).clamp(0.0, STEPS as f64);
            let first = (step(mark.span.onset_secs) as usize).min(STEPS - 1);
            let after = (step(mark.span.offset_secs).ceil() as usize).max(first + 1);
            for label in mark.labels() {
                self.steps_of(label)[first..after].iter_mut().for_each(|states| *states |= state_bit(mark.state));
            }
        }
    }
}

#[cfg(test)]
mod tests;
