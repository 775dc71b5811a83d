//! Running a model over many recordings: one queue, of which the inference thread is given a few at a time, so that a hundred thousand
//! recordings cost no more than one.

use super::files::{LISTED_REASONS, counted};
use super::notices::Gravity;
use super::scored::Run;
use super::workbench::Workbench;
use crate::annotation::RecordingId;
use crate::model::{DetectorOptions, ModelFolder};
use crate::work::{CancelOnDrop, DetectionJob, RunId};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// Jobs that the inference thread has at least: the one at work, and the next, so that it never waits.
const LEAST_AHEAD: usize = 2;
/// Short recordings are scored faster than the window is drawn: so much sound is handed over where there is as much, in seconds, in so many jobs at
/// most. More would have the recording that is looked at wait.
const AHEAD_SECS: f64 = 120.0;
const MOST_AHEAD: usize = 64;
/// If so many recordings fail and none has succeeded, the others are not tried.
const HOPELESS: usize = 20;

/// A model with what was chosen for it.
pub(super) struct Chosen {
    pub(super) model: ModelFolder,
    pub(super) options: DetectorOptions,
}

/// Recordings that a model is being run over, from the first that was asked for until none is left.
pub struct DetectionBatch {
    /// Waiting for their turn, in order; one that is no longer in `turns` has lost it.
    waiting: VecDeque<(RecordingId, u64)>,
    turns: BTreeMap<RecordingId, (u64, Arc<Chosen>)>,
    next_turn: u64,
    began: Instant,
    total: usize,
    done: usize,
    failed: usize,
    reasons: Vec<String>,
    done_secs: f64,
    is_stopped: bool,
}

impl DetectionBatch {
    fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            turns: BTreeMap::new(),
            next_turn: 0,
            began: Instant::now(),
            total: 0,
            done: 0,
            failed: 0,
            reasons: Vec::new(),
            done_secs: 0.0,
            is_stopped: false,
        }
    }

    /// How many recordings there are in all, those that are done included.
    pub fn total(&self) -> usize {
        self.total
    }

    /// How many are over, whether scored or failed.
    pub fn over(&self) -> usize {
        self.done + self.failed
    }

    /// How long it will still take, in seconds, by the time that those took which are over; none before the first.
    pub fn left_secs(&self) -> Option<f64> {
        let left = self.total.saturating_sub(self.over()) as f64;
        (self.over() > 0).then(|| self.began.elapsed().as_secs_f64() / self.over() as f64 * left)
    }

    fn add(&mut self, id: RecordingId, chosen: Arc<Chosen>, comes_first: bool) {
        let turn = self.next_turn;
        self.next_turn += 1;
        // One that waits already only changes its place.
        self.total += usize::from(self.turns.insert(id, (turn, chosen)).is_none());
        if comes_first {
            self.waiting.push_front((id, turn));
        } else {
            self.waiting.push_back((id, turn));
        }
    }

    fn next(&mut self) -> Option<(RecordingId, Arc<Chosen>)> {
        while let Some((id, turn)) = self.waiting.pop_front() {
            if self.turns.get(&id).is_some_and(|(current, _)| *current == turn)
                && let Some((_, chosen)) = self.turns.remove(&id)
            {
                return Some((id, chosen));
            }
        }
        None
    }

    fn clear(&mut self) -> usize {
        let left = self.turns.len();
        self.waiting.clear();
        self.turns.clear();
        self.total -= left;
        left
    }
}

/// What became of a recording of the batch.
pub(super) enum Over {
    /// It was scored: its length in seconds.
    Scored(f64),
    /// It failed, for this reason.
    Failed(String),
    /// The user stopped it.
    Stopped,
}

impl Workbench {
    /// Runs the model over the selected recordings.
    pub(super) fn detect_selection(&mut self) {
        let ids: Vec<RecordingId> = self.chosen_recordings();
        self.queue_detections(&ids, false);
    }

    /// Runs the model over all recordings that it has not scored yet.
    pub(super) fn detect_all(&mut self) {
        let Some(model) = self.model_or_notice() else { return };
        let is_scored = |id: RecordingId| {
            let is_whole = !self.is_partly_scored(id);
            let summary = self.scores_of(id).filter(|_| is_whole);
            summary.is_some_and(|summary| *summary.model == *model.id && *summary.version == *model.manifest.version)
        };
        let ids: Vec<RecordingId> = self.document.recordings().map(|(id, _)| id).filter(|&id| !is_scored(id)).collect();
        if ids.is_empty() {
            let all = counted(self.document.recording_count(), "recording");
            let text =
                format!("{all}: scored by {} already. \"Detect again in all recordings\" scores them anew", model.id);
            self.notices.add(Gravity::Done, text);
            return;
        }
        self.queue_detections(&ids, false);
    }

    /// Runs the model over all recordings, also those that it has scored.
    pub(super) fn detect_all_again(&mut self) {
        let ids: Vec<RecordingId> = self.document.recordings().map(|(id, _)| id).collect();
        self.queue_detections(&ids, false);
    }

    fn model_or_notice(&mut self) -> Option<ModelFolder> {
        match self.model() {
            Ok(model) => Some(model.clone()),
            Err(reason) => {
                self.notices.add(Gravity::Failure, reason);
                None
            }
        }
    }

    /// Queues recordings, before all others that wait if `comes_first`.
    pub(super) fn queue_detections(&mut self, ids: &[RecordingId], comes_first: bool) {
        let Some(model) = self.model_or_notice() else { return };
        let chosen = Arc::new(Chosen { options: self.detector_options(&model), model });
        let mut batch = self.batch.take().unwrap_or_else(DetectionBatch::new);
        for &id in ids {
            let is_there = !matches!(self.unknown.get(&id), Some(crate::work::Unknown::NotFound(_)));
            if is_there && !self.runs.contains_key(&id) && self.document.recording(id).is_some() {
                batch.add(id, chosen.clone(), comes_first);
            }
        }
        self.batch = Some(batch);
        self.push_detections();
        self.list.states_changed();
    }

    /// Whether a recording waits for its turn.
    pub fn is_waiting_for_model(&self, id: RecordingId) -> bool {
        self.runs.contains_key(&id) || self.batch.as_ref().is_some_and(|batch| batch.turns.contains_key(&id))
    }

    /// Whether the inference thread could come to its last job before the window is drawn again.
    fn wants_more_ahead(&self) -> bool {
        let left_secs = |run: &Run| {
            let duration_secs =
                self.document.recording(run.id.recording).map_or(0.0, |recording| recording.duration_secs);
            // One whose length is not known may be long.
            if duration_secs > 0.0 { (duration_secs - run.done_secs).max(0.0) } else { AHEAD_SECS }
        };
        let count = self.runs.len();
        count < LEAST_AHEAD || (count < MOST_AHEAD && self.runs.values().map(left_secs).sum::<f64>() < AHEAD_SECS)
    }

    /// Gives the inference thread the next recordings.
    fn push_detections(&mut self) {
        while self.wants_more_ahead() {
            let Some((recording, chosen)) = self.batch.as_mut().and_then(DetectionBatch::next) else { break };
            let Some((path, expected_secs)) = self
                .document
                .recording(recording)
                .map(|recording| (recording.path.clone(), Some(recording.duration_secs).filter(|secs| *secs > 0.0)))
            else {
                self.count_over(Over::Stopped);
                continue;
            };
            let id = RunId { recording, number: self.next_run };
            self.next_run += 1;
            let cancel = CancelOnDrop::default();
            let (model, options) = (chosen.model.clone(), chosen.options.clone());
            let job = DetectionJob { run: id, path, expected_secs, model, options, cancel: cancel.0.clone() };
            if !self.detection.push(job) {
                self.batch = None;
                let text = format!("The inference thread has stopped. {}", self.how_to_start_again());
                self.notices.add(Gravity::Failure, text);
                return;
            }
            let (before, summary_before) = (None, None);
            let run = Run { id, cancel, has_begun: false, done_secs: 0.0, elapsed_secs: 0.0, before, summary_before };
            self.runs.insert(recording, run);
        }
        if self.runs.is_empty() {
            self.end_batch();
        }
    }

    fn count_over(&mut self, over: Over) {
        let Some(batch) = &mut self.batch else { return };
        match over {
            Over::Scored(secs) => {
                batch.done += 1;
                batch.done_secs += secs;
            }
            Over::Failed(reason) => {
                batch.failed += 1;
                log::warn!("{reason}");
                if batch.reasons.len() < LISTED_REASONS {
                    batch.reasons.push(reason);
                }
            }
            Over::Stopped => batch.total = batch.total.saturating_sub(1),
        }
        if batch.done == 0 && batch.failed == HOPELESS && batch.clear() > 0 {
            batch.reasons.push(format!("The first {HOPELESS} failed; the others were not tried"));
        }
    }

    /// A recording of the batch is over: the next has its turn.
    pub(super) fn go_on_in_batch(&mut self, over: Over) {
        self.count_over(over);
        self.push_detections();
    }

    /// Stops the runs and forgets those that wait.
    pub(super) fn cancel_detection(&mut self) {
        if let Some(batch) = &mut self.batch {
            batch.clear();
            batch.is_stopped = true;
        }
        self.runs.values().for_each(|run| run.cancel.0.cancel());
        self.list.states_changed();
    }

    /// Takes a recording out of the queue.
    pub(super) fn cancel_detection_of(&mut self, id: RecordingId) {
        if let Some(batch) = &mut self.batch
            && batch.turns.remove(&id).is_some()
        {
            batch.total = batch.total.saturating_sub(1);
        }
        if let Some(run) = self.runs.get(&id) {
            run.cancel.0.cancel();
        }
    }

    /// Another project comes: the recordings of this one that wait are not scored, which is said.
    pub(super) fn tell_stopped_batch(&mut self) {
        let left = self.batch.as_ref().map_or(0, |batch| batch.total.saturating_sub(batch.over()));
        if left > 0 {
            let text = format!(
                "Detection stopped because another project was opened: {} of {} not scored. \"Detect events in all recordings\" goes on there",
                counted(left, "recording"),
                self.project_name()
            );
            self.notices.add(Gravity::Warning, text);
        }
    }

    fn end_batch(&mut self) {
        self.tell_dropped_scores();
        let Some(batch) = self.batch.take() else { return };
        if batch.failed > 0 {
            let failed = counted(batch.failed, "recording");
            let more = batch.failed.saturating_sub(batch.reasons.len());
            let more = if more > 0 { format!("\n… and {more} more (all are in the log)") } else { String::new() };
            self.notices.add(Gravity::Failure, format!("{failed} not scored:\n{}{more}", batch.reasons.join("\n")));
        }
        // A single one was told by its name.
        if batch.done > 1 || (batch.is_stopped && batch.done > 0) {
            let secs = batch.began.elapsed().as_secs_f64();
            let speed = batch.done_secs / secs.max(1e-3);
            let stopped = if batch.is_stopped { "Detection stopped: " } else { "" };
            let text =
                format!("{stopped}{} scored in {secs:.1} s, {speed:.0} × real time", counted(batch.done, "recording"));
            self.notices.add(Gravity::Done, text);
        }
    }

    /// Whether what is over next is the only recording that was asked for.
    pub(super) fn is_single_detection(&self) -> bool {
        self.batch.as_ref().is_none_or(|batch| batch.total <= 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry;

    fn batch() -> (DetectionBatch, Arc<Chosen>) {
        let model = registry::list().into_iter().find_map(|listed| listed.folder.ok()).unwrap();
        (DetectionBatch::new(), Arc::new(Chosen { model, options: DetectorOptions::default() }))
    }

    #[test]
    fn the_one_that_is_looked_at_comes_first_and_none_comes_twice() {
        let (mut batch, chosen) = batch();
        (0..4).for_each(|id| batch.add(RecordingId(id), chosen.clone(), false));
        batch.add(RecordingId(2), chosen.clone(), true);
        batch.add(RecordingId(0), chosen.clone(), false);
        assert_eq!(batch.total(), 4);
        let order: Vec<u64> = std::iter::from_fn(|| batch.next()).map(|(id, _)| id.0).collect();
        assert_eq!(order, [2, 1, 3, 0]);
    }

    #[test]
    fn what_is_forgotten_is_not_counted() {
        let (mut batch, chosen) = batch();
        (0..4).for_each(|id| batch.add(RecordingId(id), chosen.clone(), false));
        batch.next();
        assert_eq!((batch.clear(), batch.total()), (3, 1));
        assert!(batch.next().is_none());
        assert_eq!(batch.left_secs(), None);
    }
}
