//! What a project file is told of the window, and what becomes of it when a project comes into the window: document, history, scores and how
//! they were shown.

use super::keeping_state::KeptIn;
use super::leaving::Arrival;
use super::linting::Linting;
use super::notices::Gravity;
use super::request::Request;
use super::review::Review;
use super::score_shelf;
use super::scored::{CLASSES_SHOWN_FIRST, Scored};
use super::timeline::Timeline;
use super::viewport::Viewport;
use super::workbench::Workbench;
use super::zooms::Zooms;
use crate::annotation::RecordingId;
use crate::project::{ProjectState, ScoreSummary, StoredScores};
use crate::work::{DetectionStart, ProjectRequest, let_go};
use std::collections::{BTreeMap, BTreeSet};

impl Workbench {
    /// All that is in memory.
    pub(super) fn project_state(&self) -> ProjectState {
        ProjectState {
            document: self.document.clone(),
            history: self.history.clone(),
            scores: self.whole_scores().map(|id| stored(id, &self.scored[&id])).collect(),
            view: self.view_state(),
        }
    }

    /// The recordings in memory that a model has scored to the end.
    fn whole_scores(&self) -> impl Iterator<Item = RecordingId> + '_ {
        let is_whole = |id: &RecordingId| !self.runs.contains_key(id) && !self.is_partly_scored(*id);
        self.scored.keys().copied().filter(is_whole)
    }

    /// How the project is shown.
    pub(super) fn view_state(&self) -> serde_json::Value {
        let open = self.open.as_ref().map(|open| {
            let view = open.viewport.span();
            serde_json::json!({
                "recording": open.id,
                "onset_secs": view.onset_secs,
                "width_secs": view.duration_secs(),
                "playhead_secs": self.playhead_secs(),
            })
        });
        let in_memory = self.scored.iter().filter(|(_, scored)| scored.has_own_choice());
        let in_memory = in_memory.map(|(&id, scored)| (id, &scored.chosen));
        let mut chosen: BTreeMap<RecordingId, &BTreeSet<usize>> =
            self.keeping.chosen_elsewhere.iter().map(|(&id, chosen)| (id, chosen)).collect();
        chosen.extend(in_memory);
        let ranges: Vec<(u32, f64, f64)> =
            self.frequency_ranges.iter().map(|(&rate, &(low, high))| (rate, low, high)).collect();
        serde_json::json!({
            "open": open,
            "label_order": self.label_order,
            "chosen_classes": chosen,
            "display": self.display,
            "frequency_ranges": ranges,
            "rules": self.rule_book,
            "filter": self.filter,
            "queue": { "order": self.review.order, "class": self.review.class },
        })
    }

    /// Another project takes the place of the one that was open, which is kept and closed already.
    pub(super) fn arrive(&mut self, arrival: Arrival) {
        let Arrival { project, place, path, opened, notice } = arrival;
        let state = opened.state;
        self.tell_stopped_batch();
        self.held_event = None;
        self.leave_recording();
        self.player.load(None);
        self.runs.clear();
        self.batch = None;
        self.relocation = None;
        self.list.clear();
        self.shelf_of_scores.clear();
        self.specs.clear();
        self.clocks.clear();
        self.neighbours.clear();
        self.sound_files.get_mut().clear();
        self.left_views.clear();
        self.predictions.clear();
        self.unlogged.clear();
        self.opening = None;
        self.keeping.begin(project, place);
        self.keeping.read_only = opened.read_only;
        self.keeping.unread_steps = opened.unread_steps;
        self.restore_display(&state.view);
        // A million events take too long to be freed here.
        let_go(std::mem::replace(&mut self.document, state.document));
        let_go(std::mem::replace(&mut self.history, state.history));
        self.timeline = Timeline::default();
        self.refresh_timeline();
        self.review = Review::of_queue(&state.view["queue"]);
        self.linting = Linting::default();
        self.evaluation.leave_project();
        self.zooms = Zooms::default();
        self.filter = serde_json::from_value(state.view["filter"].clone()).unwrap_or_default();
        self.restore_labels(&state.view);
        self.keeping.chosen_elsewhere =
            serde_json::from_value(state.view["chosen_classes"].clone()).unwrap_or_default();
        self.take_scores(state.scores, opened.scored);
        self.restore_rules(&state.view);
        self.keeping.view = state.view;
        self.project_path = path;
        self.revision += 1;
        self.tell_arrival(place, notice);
        let view = std::mem::take(&mut self.keeping.view);
        self.opening = self.remember_view(&view).or_else(|| self.document.recordings().next().map(|(id, _)| id));
        self.keeping.view = view;
        self.survey_all();
        let in_memory: Vec<RecordingId> = self.scored.keys().copied().collect();
        for id in in_memory {
            self.summarise(id);
            self.shelve_scores(id);
        }
        self.refresh_predictions();
        // What is in memory only has to be kept from the start.
        if place == KeptIn::Memory && self.document.recordings().next().is_some() {
            self.keeping.changed_in_memory = true;
            self.keep_unnamed();
        }
        self.list_unnamed();
        if let Some((_, paths)) = self.keeping.opens_after.take_if(|(after, _)| *after == project) {
            self.dispatch(Request::Open(paths));
        }
    }

    fn tell_arrival(&mut self, place: KeptIn, notice: Option<String>) {
        if let (KeptIn::Named, Some(path)) = (place, self.project_path.clone()) {
            self.settings.remember_file(&path);
            self.settings.last_project = Some(path);
        } else if place == KeptIn::Unnamed {
            self.settings.last_project = None;
        }
        if let Some(notice) = notice {
            self.notices.add(Gravity::Done, notice);
        }
        if let Some(reason) = self.read_only_reason() {
            let text = format!(
                "{} is open to be looked at only, because {reason}. \"Save project as…\" (Ctrl+Shift+S) makes a project of your own of it",
                self.project_name()
            );
            self.notices.add(Gravity::Warning, text);
        }
    }

    fn take_scores(&mut self, in_memory: Vec<StoredScores>, on_disk: Result<Vec<ScoreSummary>, String>) {
        self.scored.clear();
        for stored in in_memory {
            self.put_scores(stored);
        }
        match on_disk {
            Ok(summaries) => {
                for summary in &summaries {
                    let undecided = summary.predictions.and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
                    let (model, version) = (summary.model.clone(), summary.version.clone());
                    let shown = score_shelf::ScoreSummary { model, version, undecided };
                    self.shelf_of_scores.put(summary.recording, Some(shown));
                }
                self.keeping.scores_on_disk =
                    summaries.into_iter().map(|summary| (summary.recording, summary)).collect();
            }
            Err(reason) => self.notices.add(Gravity::Warning, reason),
        }
    }

    fn put_scores(&mut self, stored: StoredScores) {
        let id = stored.recording;
        let chosen = self.keeping.chosen_elsewhere.remove(&id);
        let scored = scored_from(stored, chosen);
        self.keeping.kept_rules.insert(id, scored.rules.common);
        self.scored.insert(id, scored);
    }

    fn remember_view(&mut self, view: &serde_json::Value) -> Option<RecordingId> {
        let open = &view["open"];
        let id: RecordingId = serde_json::from_value(open["recording"].clone()).ok()?;
        let mut viewport = Viewport::first_of(self.document.recording(id)?.duration_secs);
        viewport.show(open["onset_secs"].as_f64()?, open["width_secs"].as_f64()?);
        self.left_views.insert(id, (viewport, open["playhead_secs"].as_f64().unwrap_or(0.0)));
        Some(id)
    }

    /// Has the scores of a recording read, if they are on disk only.
    pub(super) fn load_scores(&mut self, id: RecordingId) {
        let is_wanted = !self.scored.contains_key(&id) && self.keeping.scores_on_disk.contains_key(&id);
        if is_wanted && self.keeping.scores_asked.insert(id) {
            self.ask_project(ProjectRequest::LoadScores(id));
        }
    }

    /// Scores were read, or could not be.
    pub(super) fn scores_read(&mut self, id: RecordingId, result: Result<Option<Box<StoredScores>>, String>) {
        self.keeping.scores_asked.remove(&id);
        match result {
            // A run that has begun since knows better.
            Ok(Some(stored)) if !self.scored.contains_key(&id) && self.document.recording(id).is_some() => {
                self.put_scores(*stored);
                self.fit_rules();
                self.shelve_scores(id);
                if self.open.as_ref().is_some_and(|open| open.id == id) {
                    self.refresh_predictions();
                }
            }
            Ok(None) if !self.keeping.scores_sent.contains(&id) => {
                self.keeping.scores_on_disk.remove(&id);
                self.summarise(id);
            }
            Ok(_) => {}
            Err(reason) => {
                self.keeping.scores_on_disk.remove(&id);
                self.notices.add(Gravity::Warning, reason);
            }
        }
    }

    /// Lets scores that are on disk go out of memory.
    pub(super) fn let_scores_go(&mut self, id: RecordingId) {
        self.keep_rules();
        if let Some(scored) = self.scored.remove(&id).filter(Scored::has_own_choice) {
            self.keeping.chosen_elsewhere.insert(id, scored.chosen);
        }
    }

    /// Whether a model has said something about a recording, in memory or on disk.
    pub fn has_scores(&self, id: RecordingId) -> bool {
        self.scored.contains_key(&id) || self.keeping.scores_on_disk.contains_key(&id)
    }

    /// Keeps what a model has said about a recording.
    pub(super) fn keep_scores(&mut self, id: RecordingId) {
        let Some(stored) = self.scored.get(&id).map(|scored| stored(id, scored)) else { return };
        if self.keeping.read_only.is_some() {
            let text = "What a model finds in a project that cannot be changed is shown, but not kept";
            self.notices.add(Gravity::Warning, text);
            return;
        }
        if self.keeping.place == KeptIn::Memory {
            self.keeping.changed_in_memory = true;
            // What failed is tried again in its time.
            if self.keeping.failure.is_none() {
                self.keep_unnamed();
            }
            return;
        }
        self.keeping.scores_sent.insert(id);
        let predictions = self.scores_of(id).map(|summary| summary.undecided as u64);
        self.keeping.kept_rules.insert(id, stored.rule);
        self.ask_project(ProjectRequest::KeepScores { scores: Box::new(stored), predictions });
    }

    /// Scores of a recording are on disk.
    pub(super) fn scores_kept(&mut self, id: RecordingId) {
        if self.keeping.scores_sent.remove(&id) {
            self.note_on_disk(id);
        }
    }

    /// A new file has the scores of these recordings. What is in memory and not there is sent again; returns how many are lost.
    pub(super) fn scores_carried(&mut self, scored: &BTreeSet<RecordingId>) -> usize {
        let before = self.keeping.scores_on_disk.keys().chain(&self.keeping.scores_sent).copied();
        let gone: Vec<RecordingId> = before.filter(|id| !scored.contains(id)).collect();
        let mut lost = 0;
        for id in gone {
            self.keeping.scores_on_disk.remove(&id);
            self.keeping.scores_sent.remove(&id);
            if !self.scored.contains_key(&id) {
                lost += 1;
                self.summarise(id);
            }
        }
        let in_memory: Vec<RecordingId> = self.whole_scores().collect();
        for id in in_memory {
            if !scored.contains(&id) {
                self.keep_scores(id);
            } else if !self.keeping.scores_on_disk.contains_key(&id) && !self.keeping.scores_sent.contains(&id) {
                if let Some(scored) = self.scored.get(&id) {
                    self.keeping.kept_rules.insert(id, scored.rules.common);
                }
                self.note_on_disk(id);
            }
        }
        lost
    }

    fn note_on_disk(&mut self, id: RecordingId) {
        let Some(scored) = self.scored.get(&id) else { return };
        let summary = ScoreSummary {
            recording: id,
            model: scored.start.model.clone(),
            version: scored.start.version.clone(),
            runtime: scored.start.ran_on.clone(),
            rule: scored.rules.common,
            predictions: None,
        };
        self.keeping.scores_on_disk.insert(id, summary);
    }

    /// Keeps the rules that have changed, of scores that are in memory.
    pub(super) fn keep_rules(&mut self) {
        // While a model is at work, what is on disk is of the run before.
        let is_kept = |id: &RecordingId| self.keeping.scores_on_disk.contains_key(id) && !self.runs.contains_key(id);
        let changed = self.scored.iter().filter(|(id, scored)| {
            is_kept(id) && self.keeping.kept_rules.get(id).is_none_or(|kept| *kept != scored.rules.common)
        });
        let changed: Vec<_> = changed.map(|(&id, scored)| (id, scored.rules.common)).collect();
        for (recording, rule) in changed {
            self.keeping.kept_rules.insert(recording, rule);
            self.ask_project(ProjectRequest::KeepRule { recording, rule, predictions: None });
        }
    }
}

fn stored(recording: RecordingId, scored: &Scored) -> StoredScores {
    StoredScores {
        recording,
        model: scored.start.model.clone(),
        version: scored.start.version.clone(),
        runtime: scored.start.ran_on.clone(),
        rule: scored.rules.common,
        scores: scored.scores.clone(),
    }
}

/// All classes of a model that has few: they are shown until the user chooses.
pub(super) fn all_if_few(start: &DetectionStart) -> Option<BTreeSet<usize>> {
    (start.classes.len() <= CLASSES_SHOWN_FIRST).then(|| (0..start.classes.len()).collect())
}

impl Scored {
    /// Whether the classes that are shown are other than those that would be without a choice.
    fn has_own_choice(&self) -> bool {
        self.chosen_by_user && all_if_few(&self.start).is_none_or(|all| all != self.chosen)
    }
}

fn scored_from(stored: StoredScores, chosen: Option<BTreeSet<usize>>) -> Scored {
    let start = DetectionStart {
        model: stored.model,
        version: stored.version,
        ran_on: stored.runtime,
        truth: None,
        notes: Vec::new(),
        axis: stored.scores.axis,
        classes: stored.scores.classes.clone(),
        rule: stored.rule,
    };
    let all = all_if_few(&start);
    let chosen_by_user = chosen.is_some() || all.is_some();
    Scored {
        start,
        scores: stored.scores,
        chosen: chosen.or(all).unwrap_or_default(),
        chosen_by_user,
        rules: stored.rule.into(),
    }
}
