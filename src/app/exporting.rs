//! Labels that are about to be exported: which, in which format, and what the format cannot hold of them, told before anything is written.
//!
//! Events are gathered in pieces of a few milliseconds a frame; what is exported of them is found out and written on the storage thread.

use super::files::counted;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::{RecordingId, Status};
use crate::format::{self, ExportChoices, ExportGathering, ExportedRecording, LabelFormat, StrongLabel};
use crate::work::{
    DialogPurpose, ExportTarget, ExportWeighed, ExportWritten, LabelFileTask, ProjectId, StorageRequest, let_go,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one frame may gather events, and how many of them between two looks at the clock.
const BUDGET: Duration = Duration::from_millis(2);
const EVENTS_AT_ONCE: usize = 500;

/// Of which recordings labels are exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportScope {
    /// Of all.
    #[default]
    All,
    /// Of those that are selected in the list.
    Selected,
    /// Of those that are done.
    Done,
}

/// How labels are exported, as it was chosen last.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools, reason = "each is one choice of its own")]
pub struct ExportSettings {
    /// The format's id.
    pub format: String,
    /// Of which recordings.
    pub scope: ExportScope,
    /// Predictions too.
    pub predictions: bool,
    /// Uncertain events too.
    pub uncertain: bool,
    /// Rejected predictions too.
    pub rejected: bool,
    /// The scores of labels that a model proposed.
    pub scores: bool,
    /// Labels of one class that overlap become one.
    pub unites: bool,
    /// A file for each recording, where the format could hold several.
    pub per_recording: bool,
    /// In a folder, files that are there are replaced.
    pub replaces: bool,
}

impl Default for ExportSettings {
    fn default() -> Self {
        Self {
            format: format::ALL[0].id().to_owned(),
            scope: ExportScope::All,
            predictions: false,
            uncertain: false,
            rejected: false,
            scores: false,
            unites: false,
            per_recording: false,
            replaces: false,
        }
    }
}

impl ExportSettings {
    /// The format, the first of all if the one that was chosen is none any more.
    pub fn format(&self) -> &'static dyn LabelFormat {
        format::by_id(&self.format).filter(|format| format.can_write()).unwrap_or(format::ALL[0])
    }
}

/// What is asked for about labels that are exported.
#[derive(Clone, Debug, PartialEq)]
pub enum ExportRequest {
    /// Export in this way.
    Set(ExportSettings),
    /// Ask where to write.
    Ask,
    /// Write here: into this file, or into this folder where each recording gets a file.
    WriteTo(PathBuf),
    /// Close the panel.
    Drop,
}

/// Labels that are about to be exported.
#[derive(Debug)]
pub struct LabelExport {
    /// What would be written, as it was found out last, and what the format cannot hold of it.
    pub weighed: Option<Box<ExportWeighed>>,
    /// How many recordings have predictions of a model that are not exported: they were not chosen and the recording has no event, or they
    /// are not in memory.
    pub left_behind: usize,
    project: ProjectId,
    /// All events; none while they are gathered.
    gathered: Option<Gathered>,
    gathering: Option<Gathering>,
    /// What was asked last, and with which choices.
    newest: u64,
    asked: Option<(u64, ExportSettings, ExportChoices)>,
    is_weighing: bool,
    /// Where to write as soon as it is known what.
    target: Option<PathBuf>,
}

/// All events of a revision of the project.
#[derive(Debug)]
struct Gathered {
    revision: u64,
    with_predictions: bool,
    recordings: Arc<Vec<ExportedRecording>>,
}

/// Events that are being gathered, and then the predictions of one recording after the other.
#[derive(Debug)]
struct Gathering {
    revision: u64,
    with_predictions: bool,
    events: Option<Box<ExportGathering>>,
    recordings: Vec<ExportedRecording>,
    scored: Vec<RecordingId>,
    /// How many recordings were looked at whether predictions of theirs are left behind, and of how many they are.
    looked_at: usize,
    left_behind: usize,
}

impl Gathering {
    fn new(revision: u64, with_predictions: bool) -> Self {
        let events = Some(Box::default());
        let (recordings, scored) = (Vec::new(), Vec::new());
        Self { revision, with_predictions, events, recordings, scored, looked_at: 0, left_behind: 0 }
    }
}

impl LabelExport {
    /// Whether it is still being found out what would be written.
    pub fn is_working(&self) -> bool {
        self.is_weighing || self.gathered.is_none()
    }
}

impl Workbench {
    /// Shows what would be exported.
    pub(super) fn begin_export(&mut self) {
        self.leave_export();
        self.exporting = Some(LabelExport {
            weighed: None,
            left_behind: 0,
            project: self.keeping.project(),
            gathered: None,
            gathering: None,
            newest: 0,
            asked: None,
            is_weighing: false,
            target: None,
        });
    }

    /// Closes the page. A million rows take too long to be freed here.
    fn leave_export(&mut self) {
        if let Some(exporting) = self.exporting.take() {
            let_go(exporting);
        }
    }

    /// Does what is asked for about labels that are exported.
    pub(super) fn change_export(&mut self, request: ExportRequest) {
        match request {
            ExportRequest::Set(settings) => self.settings.export = settings,
            ExportRequest::Ask => {
                let id = self.settings.export.format().id();
                let purpose = if self.exports_folder() {
                    DialogPurpose::ExportLabelsFolder(id)
                } else {
                    DialogPurpose::ExportLabels(id)
                };
                self.ask(purpose);
            }
            ExportRequest::WriteTo(path) => {
                if let Some(exporting) = &mut self.exporting {
                    exporting.target = Some(path);
                    self.go_on_exporting();
                }
            }
            ExportRequest::Drop => self.leave_export(),
        }
    }

    /// Whether each recording gets a file of its own: it was chosen, or there is no other way.
    pub fn exports_folder(&self) -> bool {
        let recordings = self.exporting.as_ref().and_then(|exporting| exporting.weighed.as_ref());
        let recordings = recordings.map_or(0, |weighed| weighed.labels.files.len());
        self.settings.export.per_recording || (recordings > 1 && !self.settings.export.format().holds().many_files)
    }

    /// What is exported of all events.
    fn export_choices(&self) -> ExportChoices {
        let settings = &self.settings.export;
        let holds_status = settings.format().holds().status;
        let selected = (settings.scope == ExportScope::Selected).then(|| self.list.selection.clone());
        ExportChoices {
            recordings: selected,
            only_complete: settings.scope == ExportScope::Done,
            predictions: self.exports_predictions(),
            uncertain: settings.uncertain && holds_status,
            rejected: settings.rejected && holds_status,
            scores_of_labels: settings.scores,
        }
    }

    /// Goes on gathering, and finds out anew what would be written where anything has changed.
    pub(super) fn go_on_exporting(&mut self) {
        let Some(exporting) = &self.exporting else { return };
        if exporting.project != self.keeping.project() {
            return self.leave_export();
        }
        let lacks = |gathered: &Gathered| {
            gathered.revision != self.revision || gathered.with_predictions != self.exports_predictions()
        };
        if exporting.gathered.as_ref().is_none_or(lacks) {
            self.gather_for_export();
            return;
        }
        let (settings, choices) = (self.settings.export.clone(), self.export_choices());
        let Some(exporting) = &mut self.exporting else { return };
        if exporting.is_weighing {
            return;
        }
        let Some(gathered) = &exporting.gathered else { return };
        let (of_revision, recordings) = (gathered.revision, gathered.recordings.clone());
        let asked = (of_revision, settings, choices);
        if exporting.asked.as_ref() == Some(&asked) {
            self.write_labels();
            return;
        }
        exporting.newest = self.label_requests.next();
        exporting.is_weighing = true;
        let (number, format, choices) = (exporting.newest, asked.1.format().id(), Box::new(asked.2.clone()));
        let unites = asked.1.unites;
        exporting.asked = Some(asked);
        let task = LabelFileTask::Weigh { number, recordings, choices, unites, format };
        self.ask_storage(StorageRequest::LabelFiles(Box::new(task)));
    }

    /// Whether predictions that nobody has decided about are exported: that was chosen, and the format tells them from labels.
    pub fn exports_predictions(&self) -> bool {
        let holds = self.settings.export.format().holds();
        self.settings.export.predictions && (holds.status || holds.predictions)
    }

    fn gather_for_export(&mut self) {
        let (revision, with_predictions) = (self.revision, self.exports_predictions());
        let Some(exporting) = &mut self.exporting else { return };
        if let Some(before) = exporting.gathered.take() {
            let_go(before);
        }
        let gathering = exporting.gathering.take();
        let is_same = |of: &Gathering| of.revision == revision && of.with_predictions == with_predictions;
        let mut gathering = gathering.filter(is_same).unwrap_or_else(|| Gathering::new(revision, with_predictions));
        let began = Instant::now();
        let is_all = loop {
            let is_all = self.gather_some(&mut gathering);
            if is_all || began.elapsed() > BUDGET {
                break is_all;
            }
        };
        if is_all {
            self.gathered(gathering);
        } else if let Some(exporting) = &mut self.exporting {
            exporting.gathering = Some(gathering);
        }
        (self.wake)();
    }

    /// Gathers a few events, or the predictions of one recording; returns whether that was all.
    fn gather_some(&self, gathering: &mut Gathering) -> bool {
        if let Some(events) = &mut gathering.events {
            let rate = |id| self.specs.get(&id).map(|spec| f64::from(spec.sample_rate));
            if events.advance(&self.document, rate, EVENTS_AT_ONCE) {
                gathering.recordings = gathering.events.take().map(|events| events.finish()).unwrap_or_default();
                if gathering.with_predictions {
                    gathering.scored = self.scored.keys().copied().collect();
                }
            }
            return false;
        }
        let Some(id) = gathering.scored.pop() else { return self.count_left_behind(gathering) };
        let place = gathering.recordings.binary_search_by_key(&id, |recording| recording.id);
        if let (Some(scored), Ok(place)) = (self.scored.get(&id), place) {
            let rows = self.open_predictions(id, scored).into_iter().filter_map(|prediction| {
                let mut row =
                    StrongLabel::new("", prediction.span, scored.scores.classes.get(prediction.class)?.clone());
                row.status = Some(Status::Predicted);
                row.score = prediction.score.to_string().parse().ok();
                row.particulars_mut().model = scored.start.model.clone();
                Some(row)
            });
            gathering.recordings[place].rows.extend(rows);
        }
        false
    }

    /// Looks at some recordings whether predictions of theirs are left behind; returns whether those were the last.
    fn count_left_behind(&self, gathering: &mut Gathering) -> bool {
        let some = gathering.recordings.iter().skip(gathering.looked_at).take(EVENTS_AT_ONCE);
        let is_left = |recording: &&ExportedRecording| {
            let is_in_memory = self.scored.contains_key(&recording.id);
            let is_lost = if gathering.with_predictions { !is_in_memory } else { recording.rows.is_empty() };
            is_lost && self.has_scores(recording.id)
        };
        gathering.left_behind += some.filter(is_left).count();
        gathering.looked_at += EVENTS_AT_ONCE;
        gathering.looked_at >= gathering.recordings.len()
    }

    fn gathered(&mut self, gathering: Gathering) {
        let Gathering { revision, with_predictions, recordings, left_behind, .. } = gathering;
        if let Some(exporting) = &mut self.exporting {
            exporting.left_behind = left_behind;
            exporting.gathered = Some(Gathered { revision, with_predictions, recordings: Arc::new(recordings) });
        }
    }

    /// It was found out what would be written.
    pub(super) fn export_weighed(&mut self, number: u64, weighed: Box<ExportWeighed>) {
        let Some(exporting) = self.exporting.as_mut().filter(|exporting| exporting.newest == number) else { return };
        exporting.is_weighing = false;
        if let Some(before) = exporting.weighed.replace(weighed) {
            let_go(before);
        }
        self.go_on_exporting();
    }

    /// Writes what was found out last, if a place was chosen.
    fn write_labels(&mut self) {
        let into_folder = self.exports_folder();
        let (format, replaces) = (self.settings.export.format(), self.settings.export.replaces);
        let Some(exporting) = &mut self.exporting else { return };
        let (Some(mut path), Some(weighed)) = (exporting.target.take(), &exporting.weighed) else { return };
        let labels = weighed.labels.clone();
        let target = if into_folder {
            ExportTarget::Folder { folder: path, replaces }
        } else {
            if path.extension().is_none()
                && let Some(extension) = format.extensions().first()
            {
                path.set_extension(extension);
            }
            ExportTarget::File(path)
        };
        self.leave_export();
        let task = LabelFileTask::Write { labels, format: format.id(), target };
        self.ask_storage(StorageRequest::LabelFiles(Box::new(task)));
    }

    /// Labels were written.
    pub(super) fn labels_written(&mut self, path: &Path, result: Result<ExportWritten, String>) {
        let written = match result {
            Ok(written) => written,
            Err(reason) => {
                self.notices.add(Gravity::Failure, reason);
                return;
            }
        };
        let (events, recordings) = (counted(written.events, "event"), counted(written.recordings, "recording"));
        let files = if written.files == 1 { String::new() } else { format!(" as {}", counted(written.files, "file")) };
        self.notices.add(Gravity::Done, format!("Exported {events} of {recordings}{files} to {}", path.display()));
        let kept = written.kept.iter().map(|path| {
            format!("{}: was there already and stays as it was (Replace files that are there)", path.display())
        });
        self.tell_all(Gravity::Warning, path, kept);
    }
}
