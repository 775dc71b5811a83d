//! What models have said about recordings, in short: enough for a list. The scores themselves are in memory for recordings that are looked
//! at, and for others only within a bound.

use super::files::counted;
use super::marks;
use super::notices::Gravity;
use super::scored::{CLASSES_SHOWN_FIRST, Scored};
use super::workbench::Workbench;
use crate::annotation::{RecordingId, Status};
use crate::decision::{Prediction, decide_class};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Scores of recordings that are not open are held in memory up to so many bytes.
const MOST_BYTES: usize = 512 << 20;

/// What a model has said about a recording, in short.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreSummary {
    /// Which model.
    pub model: Arc<str>,
    /// The version that its manifest states.
    pub version: Arc<str>,
    /// How many predictions there are that nobody has decided about.
    pub undecided: usize,
}

/// The summaries of all recordings that were scored.
#[derive(Default)]
pub struct ScoreShelf {
    summaries: BTreeMap<RecordingId, ScoreSummary>,
    undecided: usize,
    /// The recordings whose scores are in memory, those first that were looked at longest ago, with their bytes.
    in_memory: VecDeque<(RecordingId, usize)>,
    bytes: usize,
    /// How many recordings' scores had to be dropped, if that was not told yet.
    dropped: usize,
    /// The revision of the project that the list has followed up to.
    seen_revision: u64,
}

impl ScoreShelf {
    /// How many predictions of all recordings nobody has decided about.
    pub fn undecided(&self) -> usize {
        self.undecided
    }

    /// The summaries by recording.
    pub fn summaries(&self) -> &BTreeMap<RecordingId, ScoreSummary> {
        &self.summaries
    }

    /// Puts a summary in the place of the one before, or takes it away.
    pub(super) fn put(&mut self, id: RecordingId, summary: Option<ScoreSummary>) {
        self.undecided += summary.as_ref().map_or(0, |summary| summary.undecided);
        let before = match summary {
            Some(summary) => self.summaries.insert(id, summary),
            None => self.summaries.remove(&id),
        };
        self.undecided -= before.map_or(0, |before| before.undecided);
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn forget_bytes(&mut self, id: RecordingId) {
        if let Some(place) = self.in_memory.iter().position(|(other, _)| *other == id)
            && let Some((_, bytes)) = self.in_memory.remove(place)
        {
            self.bytes -= bytes;
        }
    }
}

impl Workbench {
    /// What a model has said about a recording, in short.
    pub fn scores_of(&self, id: RecordingId) -> Option<&ScoreSummary> {
        self.shelf_of_scores.summaries.get(&id)
    }

    /// Lets the list follow what was decided since the last frame.
    pub(super) fn follow_decisions(&mut self) {
        if std::mem::replace(&mut self.shelf_of_scores.seen_revision, self.revision) != self.revision {
            self.list.states_changed();
        }
        if let Some(id) = self.open.as_ref().map(|open| open.id) {
            self.summarise(id);
        }
    }

    /// Counts the predictions of a recording anew and notes them.
    pub(super) fn summarise(&mut self, id: RecordingId) {
        let is_shown = self.marks_of == Some(id) && self.open.as_ref().is_some_and(|open| open.id == id);
        // What is shown is counted already.
        let shown =
            || self.marks.count(Status::Predicted).saturating_sub(self.document.counts(id).of(Status::Predicted));
        let summary = self.scored.get(&id).map(|scored| ScoreSummary {
            model: scored.start.model.clone(),
            version: scored.start.version.clone(),
            undecided: if is_shown { shown() } else { self.undecided_of(id, scored) },
        });
        // Of scores that are on disk only, what was known last.
        let summary = summary.or_else(|| self.scores_of(id).filter(|_| self.has_scores(id)).cloned());
        if summary.as_ref() != self.scores_of(id) {
            self.shelf_of_scores.put(id, summary);
            self.list.states_changed();
        }
    }

    /// The predictions of a recording that is not shown about which nobody has decided.
    fn undecided_of(&self, id: RecordingId, scored: &Scored) -> usize {
        self.open_predictions(id, scored).len()
    }

    /// The predictions of a recording about which nobody has decided, decided anew.
    pub(super) fn open_predictions(&self, id: RecordingId, scored: &Scored) -> Vec<Prediction> {
        let Some(recording) = self.document.recording(id) else { return Vec::new() };
        let chosen = if scored.chosen_by_user { scored.chosen.clone() } else { scored.strongest() };
        let decide = |class| decide_class(&scored.scores, class, &scored.rule_of(class), recording.duration_secs);
        let predictions: Vec<Prediction> = chosen.into_iter().flat_map(decide).collect();
        let (_, answers) = marks::marks(recording, &predictions, &scored.scores.classes);
        answers.open().filter_map(|place| predictions.get(place).cloned()).collect()
    }

    /// The scores of a recording are complete, or it is no longer looked at: they are kept in memory as long as there is room.
    pub(super) fn shelve_scores(&mut self, id: RecordingId) {
        let Some(bytes) = self.scored.get(&id).map(|scored| scored.scores.memory_bytes()) else { return };
        let shelf = &mut self.shelf_of_scores;
        shelf.forget_bytes(id);
        shelf.in_memory.push_back((id, bytes));
        shelf.bytes += bytes;
        self.drop_scores_beyond(MOST_BYTES);
    }

    fn drop_scores_beyond(&mut self, most_bytes: usize) {
        let open = self.open.as_ref().map(|open| open.id);
        let mut turns = self.shelf_of_scores.in_memory.len();
        while self.shelf_of_scores.bytes > most_bytes && turns > 0 {
            turns -= 1;
            let Some((id, bytes)) = self.shelf_of_scores.in_memory.pop_front() else { break };
            if open == Some(id) || self.runs.contains_key(&id) || self.keeping.scores_sent.contains(&id) {
                self.shelf_of_scores.in_memory.push_back((id, bytes));
                continue;
            }
            self.shelf_of_scores.bytes -= bytes;
            if self.keeping.scores_on_disk.contains_key(&id) {
                self.let_scores_go(id);
                continue;
            }
            self.scored.remove(&id);
            self.shelf_of_scores.put(id, None);
            self.shelf_of_scores.dropped += 1;
        }
    }

    /// Says how many recordings' scores had to be dropped, once there are no more to come.
    pub(super) fn tell_dropped_scores(&mut self) {
        let dropped = std::mem::take(&mut self.shelf_of_scores.dropped);
        if dropped > 0 {
            let text = format!(
                "The scores of {} no longer fit in memory and were dropped; decisions about them stay. Scores are kept on disk where the \
                 project is: \"Save project as…\" (Ctrl+Shift+S) first, then detect again",
                counted(dropped, "recording")
            );
            self.notices.add(Gravity::Warning, text);
        }
    }

    /// Takes the scores of a recording away.
    pub(super) fn forget_scores(&mut self, id: RecordingId) {
        self.scored.remove(&id);
        self.keeping.scores_on_disk.remove(&id);
        self.keeping.partly_scored.remove(&id);
        self.keeping.scores_sent.remove(&id);
        self.shelf_of_scores.forget_bytes(id);
        self.shelf_of_scores.put(id, None);
    }
}

impl Scored {
    /// The strongest classes that reach their thresholds: they are shown as long as the user has not chosen.
    pub(super) fn strongest(&self) -> BTreeSet<usize> {
        let reaches = |&class: &usize| {
            self.scores
                .classes
                .get(class)
                .is_some_and(|label| self.scores.peaks()[class] >= self.rules.of(label).threshold)
        };
        let by_peak = self.scores.classes_by_peak(f32::MIN_POSITIVE).into_iter();
        by_peak.filter(reaches).take(CLASSES_SHOWN_FIRST).collect()
    }
}
