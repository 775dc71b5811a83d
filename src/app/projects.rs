//! Projects: opening, naming, copying, older versions; what the keeping thread tells of them.

use super::files::{counted, extension};
use super::keeping_state::KeptIn;
use super::leaving::Arrival;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::Document;
use crate::project::{self, Generation, ProjectState, ReadOnly};
use crate::work::{Carried, DialogPurpose, OpenedProject, ProjectId, ProjectNews, ProjectRequest, StorageRequest};
use std::path::{Path, PathBuf};

impl Workbench {
    /// Keeps projects without a name in a folder from now on. The one that was left last comes back, unless something else is to be
    /// opened.
    pub fn keep_unnamed_in(&mut self, folder: PathBuf, opens_files: bool) {
        self.keeping.folder = Some(folder.clone());
        self.ask_project(ProjectRequest::TellLocalClock);
        let project = self.keeping.fresh_project();
        let request = match self.settings.last_project.clone() {
            _ if opens_files => ProjectRequest::ListUnnamed { folder },
            Some(path) => {
                self.keeping.continued = Some(project);
                ProjectRequest::Open(path)
            }
            None => ProjectRequest::ContinueUnnamed { folder },
        };
        self.ask_keeper(project, request);
    }

    /// Opens files; recordings that are given together with a project are opened in it.
    pub(super) fn open_paths(&mut self, paths: Vec<PathBuf>) {
        let (projects, others): (Vec<PathBuf>, Vec<PathBuf>) =
            paths.into_iter().partition(|path| extension(path) == project::EXTENSION && !path.is_dir());
        self.keeping.asked_to_open = true;
        let mut awaited = None;
        for path in projects {
            awaited = self.load_project(std::path::absolute(&path).unwrap_or(path));
        }
        match awaited {
            _ if others.is_empty() => {}
            Some(project) => self.keeping.opens_after = Some((project, others)),
            None => {
                let project = self.keeping.project;
                self.ask_storage(StorageRequest::Expand { paths: others, project });
            }
        }
    }

    /// Opens a project; the open one is kept as it is. Tells what it will be called, or nothing if it is open already.
    pub(super) fn load_project(&mut self, path: PathBuf) -> Option<ProjectId> {
        if self.project_path.as_ref() == Some(&path) {
            self.notices.add(Gravity::Done, format!("{} is open already", path.display()));
            return None;
        }
        let project = self.keeping.fresh_project();
        self.ask_keeper(project, ProjectRequest::Open(path)).then_some(project)
    }

    /// Begins a project without a name; the open one is kept as it is.
    pub(super) fn new_project(&mut self) {
        let project = self.keeping.fresh_project();
        let left = match self.keeping.place {
            KeptIn::Named => Some(format!("{} is kept as it is", self.project_name())),
            KeptIn::Unnamed if self.has_work() => {
                Some("The project before is kept without a name: File ▸ Open recent brings it back".to_owned())
            }
            KeptIn::Unnamed | KeptIn::Memory => None,
        };
        self.leave_for(Arrival::in_memory(project, ProjectState::default(), left));
    }

    /// Ctrl+S: a project without a name is given one; one with a name is kept already.
    pub(super) fn save_project(&mut self) {
        if self.keeping.place != KeptIn::Named || self.keeping.read_only.is_some() {
            self.ask(DialogPurpose::SaveProject);
            return;
        }
        self.send_unlogged();
        self.keep_view();
        if self.keeping.failure.is_some() {
            self.try_again_now();
            return;
        }
        self.ask_project(ProjectRequest::KeepVersion);
    }

    fn version_kept(&mut self, result: Result<(), String>) {
        let path = self.project_path.clone().unwrap_or_default();
        match result {
            Ok(()) => {
                if self.keeping.generations.is_some() {
                    self.list_versions();
                }
                let text = format!(
                    "Every change is kept as you make it, in {}. This state is kept as a version too (File ▸ Versions…)",
                    path.display()
                );
                self.notices.add(Gravity::Done, text);
            }
            // Told already.
            Err(_) if self.keeping.failure.is_some() => {}
            Err(reason) => self.notices.add(Gravity::Warning, reason),
        }
    }

    /// Lets the project go on under a path.
    pub(super) fn save_project_to(&mut self, path: PathBuf) {
        let path = with_extension(path);
        self.send_unlogged();
        match self.keeping.place {
            // Whoever has the file may have changed it since it was read here: the copy is read anew.
            _ if self.keeping.read_only.is_some() => {
                self.ask_project(ProjectRequest::CopyTo { path, opens: true });
            }
            KeptIn::Memory => self.create_at(path),
            KeptIn::Unnamed | KeptIn::Named => {
                let leave_nothing = self.keeping.place == KeptIn::Unnamed;
                self.keep_view();
                self.keeping.moving = true;
                self.ask_to_keep(ProjectRequest::MoveTo { path, leave_nothing });
            }
        }
    }

    /// Writes the whole state into a new file, and goes on there.
    fn create_at(&mut self, path: PathBuf) {
        self.settle_step();
        self.begin_rewriting();
        let state = Box::new(self.project_state());
        self.keeping.view = state.view.clone();
        let carries = self.keeping.carries;
        self.ask_to_keep(ProjectRequest::Create { path, state, carries });
    }

    /// Writes a copy of the project; it goes on where it is.
    pub(super) fn copy_project_to(&mut self, path: PathBuf) {
        self.send_unlogged();
        self.keep_view();
        self.ask_project(ProjectRequest::CopyTo { path: with_extension(path), opens: false });
    }

    /// Writes everything as text into a folder.
    pub(super) fn export_text_to(&mut self, folder: PathBuf) {
        self.send_unlogged();
        self.ask_project(ProjectRequest::ExportText(folder));
    }

    /// Asks for the list of versions.
    pub(super) fn list_versions(&mut self) {
        self.send_unlogged();
        self.ask_project(ProjectRequest::ListGenerations);
    }

    /// Opens a version as a project of its own.
    pub(super) fn open_version(&mut self, generation: Generation) {
        self.ask_project(ProjectRequest::ReadGeneration(generation));
    }

    /// The keeping thread tells of a project.
    pub(super) fn project_news(&mut self, project: ProjectId, news: ProjectNews) {
        match news {
            ProjectNews::Opened { path, result } => self.project_opened(project, path, result),
            ProjectNews::Continued { opened, failures, others } => {
                self.keeping.unnamed = others;
                failures.into_iter().for_each(|reason| self.notices.add(Gravity::Failure, reason));
                if let Some((path, opened)) = opened {
                    self.unnamed_continued(project, &path, *opened);
                }
            }
            ProjectNews::LocalClock(minutes) => self.keeping.local_offset_minutes = minutes,
            ProjectNews::Unnamed(others) => self.keeping.unnamed = others,
            ProjectNews::Warnings(warnings) => {
                warnings.into_iter().for_each(|warning| self.notices.add(Gravity::Warning, warning));
            }
            ProjectNews::NotKept { recording, reason } => {
                if let Some(id) = recording.filter(|_| project == self.keeping.project) {
                    self.keeping.scores_sent.remove(&id);
                    self.keeping.scores_on_disk.remove(&id);
                }
                self.notices.add(Gravity::Warning, reason);
            }
            // What is told of a project that has been left in the meantime is of no use any more; it was left with all on disk.
            _ if project != self.keeping.project => {}
            news => self.news_of_open_project(news),
        }
    }

    fn news_of_open_project(&mut self, news: ProjectNews) {
        match news {
            ProjectNews::Appended(result) => self.appended(result),
            ProjectNews::Created { path, result } => self.project_created(path, result),
            ProjectNews::Moved { path, result } => self.project_moved(path, result),
            ProjectNews::Copied { path, opens: true, result: Ok(()) } => {
                self.load_project(path);
            }
            ProjectNews::Copied { path, opens: false, result: Ok(()) } => {
                let text = format!("Wrote a copy to {}. You go on in {}", path.display(), self.project_name());
                self.notices.add(Gravity::Done, text);
            }
            ProjectNews::TextExported { path, result: Ok(files) } => {
                let text = format!("Wrote everything as text to {}: {}", path.display(), counted(files.len(), "file"));
                self.notices.add(Gravity::Done, text);
            }
            ProjectNews::Copied { result: Err(reason), .. } | ProjectNews::TextExported { result: Err(reason), .. } => {
                self.notices.add(Gravity::Failure, reason);
            }
            ProjectNews::VersionKept(result) => self.version_kept(result),
            ProjectNews::ScoresKept(recording) => self.scores_kept(recording),
            ProjectNews::Scores { recording, result } => self.scores_read(recording, result),
            ProjectNews::Generations(generations) => self.keeping.generations = Some(generations),
            ProjectNews::GenerationRead { generation, result } => self.version_read(&generation, result),
            ProjectNews::EarlierSteps { side, result } => self.earlier_steps_read(side, result),
            _ => {}
        }
    }

    fn project_opened(&mut self, project: ProjectId, path: PathBuf, result: Result<Box<OpenedProject>, String>) {
        let is_continued = self.keeping.continued == Some(project);
        let opened = match result {
            Ok(opened) if is_continued => return self.named_continued(project, path, *opened),
            Ok(opened) => *opened,
            Err(reason) => {
                self.notices.add(Gravity::Failure, reason);
                if is_continued {
                    // It may be on a disk that is not there now; it stays among the recent files.
                    self.settings.last_project = None;
                    self.continue_unnamed();
                }
                if self.keeping.opens_after.take_if(|(after, _)| *after == project).is_some() {
                    self.notices.add(Gravity::Warning, "What was to be opened with this project was not opened either");
                }
                return;
            }
        };
        let is_unnamed = self.keeping.folder.as_deref().is_some_and(|folder| path.parent() == Some(folder));
        let arrival = if is_unnamed {
            Arrival { project, place: KeptIn::Unnamed, path: None, opened, notice: None }
        } else {
            Arrival { project, place: KeptIn::Named, path: Some(path), opened, notice: None }
        };
        self.leave_for(arrival);
    }

    /// The named project that was open last is there again.
    fn named_continued(&mut self, project: ProjectId, path: PathBuf, opened: OpenedProject) {
        let is_elsewhere = matches!(opened.read_only, Some(ReadOnly::OpenElsewhere { .. }));
        if is_elsewhere || self.has_begun() {
            self.ask_keeper(project, ProjectRequest::Close { discard: false });
            self.list_unnamed();
            // What another window has open is not continued in this one.
            if !self.has_begun() {
                self.continue_unnamed();
            }
            return;
        }
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let notice =
            format!("You continue {name} where you stopped, with {}. Ctrl+N begins another project", size_of(&opened));
        self.leave_for(Arrival { project, place: KeptIn::Named, path: Some(path), opened, notice: Some(notice) });
    }

    fn continue_unnamed(&mut self) {
        if let Some(folder) = self.keeping.folder.clone() {
            let project = self.keeping.fresh_project();
            self.ask_keeper(project, ProjectRequest::ContinueUnnamed { folder });
        }
    }

    /// Whether the user was faster than the project that was open last: they go on with what they have begun.
    fn has_begun(&self) -> bool {
        self.keeping.asked_to_open || self.document.recording_count() > 0 || self.project_path.is_some()
    }

    fn unnamed_continued(&mut self, project: ProjectId, path: &Path, opened: OpenedProject) {
        if self.has_begun() {
            self.ask_keeper(project, ProjectRequest::Close { discard: false });
            self.list_unnamed();
            return;
        }
        let changed = self.keeping.unnamed.iter().find(|other| other.path == path).map(|other| other.changed_ms);
        let when = changed.map(|at_ms| format!(" from {}", self.moment_text(at_ms))).unwrap_or_default();
        let notice = format!(
            "You continue{when} where you stopped, with {} in a project without a name. Ctrl+S gives it a name, Ctrl+N begins another one",
            size_of(&opened)
        );
        self.leave_for(Arrival { project, place: KeptIn::Unnamed, path: None, opened, notice: Some(notice) });
    }

    pub(super) fn list_unnamed(&mut self) {
        if let Some(folder) = self.keeping.folder.clone() {
            self.ask_project(ProjectRequest::ListUnnamed { folder });
        }
    }

    /// The project was written into a new file, or could not be.
    fn project_created(&mut self, path: PathBuf, result: Result<Carried, String>) {
        if result.is_err() {
            self.keeping.rewriting = false;
        }
        let is_unnamed = self.keeping.folder.as_deref().is_some_and(|folder| path.starts_with(folder));
        match result {
            Ok(carried) if is_unnamed => {
                self.keeping.named_before = None;
                self.carried(&carried);
                self.appended(Ok(()));
            }
            Ok(carried) => {
                self.carried(&carried);
                self.named(path);
                self.appended(Ok(()));
            }
            Err(reason) if is_unnamed => {
                self.keeping.answered();
                self.project_path = self.keeping.named_before.take();
                let is_named = self.project_path.is_some();
                // As before the attempt: what comes is part of the next one.
                self.keeping.place = if is_named { KeptIn::Named } else { KeptIn::Memory };
                self.keeping.changed_in_memory = true;
                self.could_not_keep(reason);
                self.go_on_leaving();
            }
            Err(reason) => {
                self.keeping.answered();
                self.notices.add(Gravity::Failure, reason);
                self.go_on_leaving();
            }
        }
    }

    fn project_moved(&mut self, path: PathBuf, result: Result<Carried, String>) {
        match result {
            Ok(carried) => {
                self.keeping.moving = false;
                self.carried(&carried);
                self.named(path);
                self.appended(Ok(()));
            }
            // The old file cannot be read any more: what is in memory is all there is.
            Err(_) if self.keeping.failure.is_some() && std::mem::take(&mut self.keeping.moving) => {
                self.keeping.answered();
                self.create_at(path);
            }
            Err(reason) => {
                self.keeping.moving = false;
                self.keeping.answered();
                self.notices.add(Gravity::Failure, reason);
                self.go_on_leaving();
            }
        }
    }

    /// The project goes on in a new file: what is not in it is no longer counted on, and told if it was in the old one.
    fn carried(&mut self, carried: &Carried) {
        self.keeping.rewriting = false;
        let lost_scores = self.scores_carried(&carried.scored);
        if carried.is_whole {
            return;
        }
        let (undo, redo) = std::mem::take(&mut self.keeping.unread_steps);
        if !self.keeping.carries {
            return;
        }
        let mut missing = vec!["its older versions and the log of who changed what".to_owned()];
        if undo + redo > 0 {
            missing.push(format!("{} of the history", counted((undo + redo) as usize, "earlier step")));
        }
        if lost_scores > 0 {
            missing.push(format!("the scores of {}", counted(lost_scores, "recording")));
        }
        let text = format!(
            "The old file of the project can no longer be read, so the new one has what was in memory: all labels, but not {}",
            missing.join(", nor ")
        );
        self.notices.add(Gravity::Warning, text);
    }

    /// The project has a name from now on.
    fn named(&mut self, path: PathBuf) {
        let text = format!("The project is kept as {} from now on, every change as you make it", path.display());
        self.notices.add(Gravity::Done, text);
        self.settings.remember_file(&path);
        self.settings.last_project = Some(path.clone());
        self.keeping.place = KeptIn::Named;
        self.keeping.read_only = None;
        self.keeping.changed_in_memory = false;
        self.keeping.generations = None;
        self.project_path = Some(path);
    }

    fn version_read(&mut self, generation: &Generation, result: Result<Box<Document>, String>) {
        let mut document = match result {
            Ok(document) => *document,
            Err(reason) => {
                self.notices.add(Gravity::Failure, reason);
                return;
            }
        };
        // Recordings may have moved since.
        for (id, recording) in self.document.recordings() {
            document.set_path(id, &recording.path);
        }
        let when = self.moment_text(generation.at_ms);
        let notice = format!(
            "This is the version of {when}, as a project of its own without a name. {} is kept as it is: File ▸ Open recent",
            self.project_name()
        );
        let state = ProjectState { document, view: self.view_state(), ..ProjectState::default() };
        let project = self.keeping.fresh_project();
        self.leave_for(Arrival::in_memory(project, state, Some(notice)));
    }
}

/// `1 event of 2 recordings`.
fn size_of(opened: &OpenedProject) -> String {
    let document = &opened.state.document;
    let events: usize = document.label_counts().values().map(|counts| counts.all()).sum();
    format!("{} of {}", counted(events, "event"), counted(document.recording_count(), "recording"))
}

fn with_extension(mut path: PathBuf) -> PathBuf {
    if extension(&path) != project::EXTENSION {
        path.as_mut_os_string().push(".");
        path.as_mut_os_string().push(project::EXTENSION);
    }
    std::path::absolute(&path).unwrap_or(path)
}
