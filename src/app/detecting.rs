//! Running models: queueing recordings, taking scores as they come.

use super::detection_batch::Over;
use super::notices::Gravity;
use super::project_state::all_if_few;
use super::scored::{Run, Scored};
use super::workbench::{Inspector, Workbench};
use crate::annotation::RecordingId;
use crate::decision::FrameScores;
use crate::model::{DetectorOptions, ModelFolder, RuntimeChoice};
use crate::work::{DetectionEnd, DetectionStart, RunId};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Workbench {
    /// The model that runs next, or why there is none.
    pub fn model(&self) -> Result<&ModelFolder, String> {
        let wanted = self.settings.model.as_str();
        let listed = self.models.iter().find(|listed| listed.id == wanted).or_else(|| self.models.first());
        let listed = listed.ok_or("No model is installed: put a model folder beside the program")?;
        listed.folder.as_ref().map_err(ToString::to_string)
    }

    /// Runs the model over the open recording.
    pub(super) fn detect(&mut self) {
        if let Some(id) = self.open.as_ref().map(|open| open.id) {
            // Who has decided about nothing yet wants to see what the model can tell; who is reviewing wants to stay there.
            if self.recording().is_some_and(|recording| recording.events.is_empty()) {
                self.inspector = Inspector::Model;
            }
            self.queue_detections(&[id], true);
        }
    }

    /// What the user has chosen, as far as the model leaves a choice.
    pub(super) fn detector_options(&self, model: &ModelFolder) -> DetectorOptions {
        let (runtime, device) = (self.runtime_choice(), self.device_choice());
        let options = DetectorOptions { runtime, device, hop_secs: self.hop_secs, ..DetectorOptions::default() };
        if model.manifest.has_presets() {
            DetectorOptions { preset: self.settings.preset(), short: self.settings.short_clips(), ..options }
        } else {
            options
        }
    }

    pub(super) fn runtime_choice(&self) -> RuntimeChoice {
        match self.settings.runtime.as_str() {
            "onnxruntime" => RuntimeChoice::OnnxRuntime,
            "built-in" => RuntimeChoice::BuiltIn,
            _ => RuntimeChoice::Auto,
        }
    }

    /// A model starts on a recording: what an earlier run said about it goes, and comes back if this one does not come to its end.
    pub(super) fn detection_started(&mut self, run: RunId, start: DetectionStart) {
        if !self.is_running(run) {
            return;
        }
        let recording = run.recording;
        let summary = self.scores_of(recording).cloned();
        if let Some(listed) = self.runs.get_mut(&recording) {
            listed.has_begun = true;
            // What is not whole itself is not worth being brought back.
            let is_whole = !self.keeping.partly_scored.remove(&recording);
            let before = self.scored.remove(&recording);
            if is_whole {
                (listed.before, listed.summary_before) = (before, summary);
            }
        }
        if !start.notes.is_empty() {
            self.notices.add(
                Gravity::Warning,
                format!("{} runs on {}:\n{}", start.model, start.ran_on, start.notes.join("\n")),
            );
        }
        let rules = self.rules_of_run(&start);
        let scores = Arc::new(FrameScores::new(start.axis, start.classes.clone()));
        let all = all_if_few(&start);
        let (chosen_by_user, chosen) = (all.is_some(), all.unwrap_or_default());
        self.scored.insert(recording, Scored { start, scores, chosen, chosen_by_user, rules });
        if self.open.as_ref().is_some_and(|open| open.id == recording) {
            self.refresh_predictions();
        }
    }

    /// The next frames of a recording have come.
    pub(super) fn scores_came(&mut self, run: RunId, scores: &[f32], done_secs: f64, elapsed_secs: f64) {
        if !self.is_running(run) {
            return;
        }
        let (going_on, scored) = (self.runs.get_mut(&run.recording), self.scored.get_mut(&run.recording));
        if let (Some(going_on), Some(scored)) = (going_on, scored) {
            Arc::make_mut(&mut scored.scores).push(scores);
            (going_on.done_secs, going_on.elapsed_secs) = (done_secs, elapsed_secs);
        }
    }

    /// Whether the run is still listed, and no later one in its place.
    fn is_running(&self, run: RunId) -> bool {
        self.runs.get(&run.recording).is_some_and(|listed| listed.id == run)
    }

    /// A model run is over.
    pub(super) fn detection_ended(&mut self, run: RunId, end: DetectionEnd) {
        if !self.is_running(run) {
            return;
        }
        let recording = run.recording;
        let ended = self.runs.remove(&recording);
        self.revision += 1;
        if let (DetectionEnd::Done { ran_on: Some(ran_on), .. }, Some(scored)) = (&end, self.scored.get_mut(&recording))
        {
            // What was measured of its device no longer says how these scores came about.
            (scored.start.ran_on, scored.start.truth) = (ran_on.clone(), None);
        }
        let stays = match (&end, ended) {
            (DetectionEnd::Done { .. }, _) => {
                self.keep_scores(recording);
                ""
            }
            (_, Some(ended)) => self.bring_back(ended),
            (_, None) => "",
        };
        let name = self.document.recording(recording).map(|recording| recording.file_name()).unwrap_or_default();
        let is_single = self.is_single_detection();
        let is_open = self.open.as_ref().is_some_and(|open| open.id == recording);
        if !is_open {
            self.summarise(recording);
        }
        self.shelve_scores(recording);
        let over = match end {
            DetectionEnd::Done { duration_secs, elapsed_secs, warnings, ran_on } => {
                let speed = duration_secs / elapsed_secs.max(1e-3);
                let runtime = self.scored.get(&recording).map(|scored| scored.start.ran_on.clone()).unwrap_or_default();
                let text = format!("{name}: scored in {elapsed_secs:.1} s, {speed:.0} × real time, on {runtime}");
                warnings.iter().for_each(|warning| log::warn!("{warning}"));
                // Of many, what all have come to is told at the end; that a device failed concerns those that follow.
                if is_single || ran_on.is_some() {
                    warnings.into_iter().for_each(|warning| self.notices.add(Gravity::Warning, warning));
                }
                match is_single {
                    true => self.notices.add(Gravity::Done, text),
                    false => log::info!("{text}"),
                }
                Over::Scored(duration_secs)
            }
            DetectionEnd::Cancelled => {
                if is_single {
                    self.notices.add(Gravity::Done, format!("{name}: detection stopped{stays}"));
                }
                Over::Stopped
            }
            DetectionEnd::Failed(reason) => Over::Failed(format!("{name}: {reason}{stays}")),
        };
        self.list.states_changed();
        self.go_on_in_batch(over);
        if is_open {
            self.refresh_predictions();
        }
    }

    /// Whether what a model has said about a recording is of a run that did not come to its end.
    pub fn is_partly_scored(&self, id: RecordingId) -> bool {
        self.keeping.partly_scored.contains(&id)
    }

    /// A run did not come to its end: what an earlier one said about its recording counts again. Says what there is now, in words that end
    /// a sentence.
    fn bring_back(&mut self, ended: Run) -> &'static str {
        let id = ended.id.recording;
        if !ended.has_begun {
            return "";
        }
        let is_on_disk = self.keeping.scores_on_disk.contains_key(&id);
        if ended.before.is_none() && !is_on_disk {
            if self.scored.contains_key(&id) {
                self.keeping.partly_scored.insert(id);
                return "; what was found so far is shown, but not kept";
            }
            return "";
        }
        self.scored.remove(&id);
        if let Some(before) = ended.before {
            self.scored.insert(id, before);
        }
        self.shelf_of_scores.put(id, ended.summary_before);
        if self.open.as_ref().is_some_and(|open| open.id == id) {
            self.load_scores(id);
        }
        "; the predictions from before are shown again"
    }

    /// Shows the predictions of these classes only.
    pub(super) fn choose_classes(&mut self, classes: BTreeSet<usize>) {
        let Some(id) = self.open.as_ref().map(|open| open.id) else { return };
        if let Some(scored) = self.scored.get_mut(&id) {
            scored.chosen = classes;
            scored.chosen_by_user = true;
            self.revision += 1;
            self.refresh_predictions();
        }
    }
}
