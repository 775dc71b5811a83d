//! The project files that are open, on the keeping thread: what shall be kept goes here, and stays here until it is on disk.
//!
//! A project has a name ([`ProjectId`]) for as long as it is in the window, whatever file it is kept in, so that what the window sends
//! while a file is changed for another one cannot go into the wrong one. Must not decide what the user is asked or told.

mod messages;

pub use messages::{Carried, OpenedProject, ProjectId, ProjectNews, ProjectRequest};

use super::unnamed::{self, UnnamedProject};
use crate::annotation::{Change, RecordingId};
use crate::project::{ProjectError, ProjectFile, ProjectState, Side};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A project and the file that it is kept in.
struct Kept {
    file: ProjectFile,
    path: PathBuf,
    /// Changes that are not on disk yet, in their order.
    waiting: Vec<Change>,
    /// What is still to be told.
    warnings: Vec<String>,
}

impl Kept {
    fn new(file: ProjectFile, path: &Path) -> Self {
        Self { file, path: path.to_path_buf(), waiting: Vec::new(), warnings: Vec::new() }
    }
}

/// The projects that are open.
#[derive(Default)]
pub(super) struct Keeper {
    open: BTreeMap<ProjectId, Kept>,
    /// Why the last attempt failed to have a file for a project that has none.
    refused: BTreeMap<ProjectId, String>,
}

impl Keeper {
    /// Does what is asked; what is to be told of it.
    pub(super) fn answer(&mut self, id: ProjectId, request: ProjectRequest) -> Option<ProjectNews> {
        Some(match request {
            ProjectRequest::Create { path, state, carries } => {
                let result = self.create(id, &path, &state, carries);
                ProjectNews::Created { path, result }
            }
            ProjectRequest::CreateUnnamed { folder, state, carries } => match unnamed::fresh_path(&folder) {
                Ok(path) => {
                    let superseded = self.superseded(id, &folder, &state);
                    let result = self.create(id, &path, &state, carries);
                    if let (Ok(_), Some(superseded)) = (&result, superseded) {
                        unnamed::delete(&superseded);
                    }
                    ProjectNews::Created { path, result }
                }
                Err(error) => {
                    let reason = format!("{}: no project can be kept there: {error}", folder.display());
                    self.refused.insert(id, reason.clone());
                    ProjectNews::Created { path: folder, result: Err(reason) }
                }
            },
            ProjectRequest::Open(path) => {
                let result = self.open(id, &path);
                ProjectNews::Opened { path, result }
            }
            ProjectRequest::ContinueUnnamed { folder } => self.continue_unnamed(id, &folder),
            ProjectRequest::ListUnnamed { folder } => ProjectNews::Unnamed(self.others_in(&folder)),
            ProjectRequest::TellLocalClock => ProjectNews::LocalClock(crate::project::local_offset_minutes()),
            ProjectRequest::Append(changes) => ProjectNews::Appended(self.append(id, changes)),
            ProjectRequest::KeepView(view) => {
                let reason = self.with(id, |kept| kept.file.keep_view(&view)).err()?;
                ProjectNews::NotKept { recording: None, reason }
            }
            ProjectRequest::KeepScores { scores, predictions } => {
                let recording = scores.recording;
                match self.with(id, |kept| kept.file.keep_scores(&scores, predictions)) {
                    Ok(()) => ProjectNews::ScoresKept(recording),
                    Err(reason) => ProjectNews::NotKept { recording: Some(recording), reason },
                }
            }
            ProjectRequest::KeepRule { recording, rule, predictions } => {
                let kept = self.with(id, |kept| kept.file.keep_rule(recording, &rule, predictions));
                ProjectNews::NotKept { recording: None, reason: kept.err()? }
            }
            ProjectRequest::Close { discard } => {
                self.close(id, discard);
                return None;
            }
            request => self.answer_reading(id, request)?,
        })
    }

    fn answer_reading(&mut self, id: ProjectId, request: ProjectRequest) -> Option<ProjectNews> {
        Some(match request {
            ProjectRequest::LoadScores(recording) => {
                let result = self.with(id, |kept| kept.file.scores(recording));
                ProjectNews::Scores { recording, result: result.map(|scores| scores.map(Box::new)) }
            }
            ProjectRequest::MoveTo { path, leave_nothing } => {
                let result = self.move_to(id, &path, leave_nothing);
                ProjectNews::Moved { path, result }
            }
            ProjectRequest::CopyTo { path, opens } => {
                let result = self.flushed(id).and_then(|()| self.with(id, |kept| kept.file.copy_to(&path)));
                ProjectNews::Copied { path, opens, result }
            }
            ProjectRequest::ExportText(path) => {
                let result = self.flushed(id).and_then(|()| self.with(id, |kept| kept.file.export_text(&path)));
                ProjectNews::TextExported { path, result }
            }
            ProjectRequest::KeepVersion => {
                let kept = self.flushed(id).and_then(|()| self.with(id, |kept| kept.file.keep_version()));
                ProjectNews::VersionKept(kept)
            }
            ProjectRequest::ListGenerations => {
                let listed = self.flushed(id).and_then(|()| self.with(id, |kept| kept.file.generations()));
                ProjectNews::Generations(listed)
            }
            ProjectRequest::ReadGeneration(generation) => {
                let result = self.with(id, |kept| kept.file.state_at(&generation)).map(Box::new);
                ProjectNews::GenerationRead { generation, result }
            }
            ProjectRequest::ReadEarlierSteps { side, before, count } => {
                let result = self.with(id, |kept| kept.file.earlier_steps(side, before, count));
                ProjectNews::EarlierSteps { side, result }
            }
            _ => return None,
        })
    }

    /// What went wrong with the file of a project without costing a label.
    pub(super) fn warnings(&mut self, id: ProjectId) -> Option<ProjectNews> {
        let kept = self.open.get_mut(&id)?;
        let mut warnings = std::mem::take(&mut kept.warnings);
        warnings.extend(kept.file.take_warnings());
        (!warnings.is_empty()).then_some(ProjectNews::Warnings(warnings))
    }

    fn kept(&mut self, id: ProjectId) -> Result<&mut Kept, String> {
        let refused = &self.refused;
        let reason = || refused.get(&id).cloned().unwrap_or_else(|| "the project has no file yet".to_owned());
        self.open.get_mut(&id).ok_or_else(reason)
    }

    fn with<T, E: ToString>(
        &mut self,
        id: ProjectId,
        work: impl FnOnce(&mut Kept) -> Result<T, E>,
    ) -> Result<T, String> {
        work(self.kept(id)?).map_err(|error| error.to_string())
    }

    fn create(&mut self, id: ProjectId, path: &Path, state: &ProjectState, carries: bool) -> Result<Carried, String> {
        let result = self.create_file(id, path, state, carries);
        match &result {
            Ok(_) => drop(self.refused.remove(&id)),
            Err(reason) => drop(self.refused.insert(id, reason.clone())),
        }
        result
    }

    /// The file without a name that a project is kept in, if a state holds all that is in it.
    fn superseded(&self, id: ProjectId, folder: &Path, state: &ProjectState) -> Option<PathBuf> {
        let kept = self.open.get(&id).filter(|kept| kept.path.parent() == Some(folder))?;
        let scored: BTreeSet<RecordingId> = state.scores.iter().map(|scores| scores.recording).collect();
        let on_disk = kept.file.scored_recordings().ok()?;
        on_disk.iter().all(|summary| scored.contains(&summary.recording)).then(|| kept.path.clone())
    }

    fn create_file(
        &mut self,
        id: ProjectId,
        path: &Path,
        state: &ProjectState,
        carries: bool,
    ) -> Result<Carried, String> {
        self.refuse_if_open(id, path)?;
        // Who has a file open reads it also if it is deleted.
        if carries {
            match self.carry_over(id, path) {
                Ok(carried) => return Ok(carried),
                Err(reason) => log::warn!("{reason}"),
            }
        }
        if self.open.get(&id).is_some_and(|kept| kept.path == path)
            && let Some(old) = self.open.remove(&id)
        {
            close(old);
        }
        let file = ProjectFile::create(path, state).map_err(|error| error.to_string())?;
        // All that had waited for the old file is part of the state.
        if let Some(old) = self.open.insert(id, Kept::new(file, path)) {
            close(old);
        }
        Ok(self.carried(id, false))
    }

    /// Lets a project go on in a new file with all that its old one has.
    fn carry_over(&mut self, id: ProjectId, path: &Path) -> Result<Carried, String> {
        if !self.open.get(&id).is_some_and(|kept| is_same_file(&kept.path, path)) {
            return self.move_to(id, path, false);
        }
        // It closes the old file: should it not succeed, the state in memory is written.
        self.kept(id)?;
        let Some(Kept { file, path, waiting, warnings }) = self.open.remove(&id) else {
            return Err("the project has no file".to_owned());
        };
        let mut file = file.put_back().map_err(|error| error.to_string())?;
        file.append(&waiting).map_err(|error| error.to_string())?;
        self.open.insert(id, Kept { file, path, waiting: Vec::new(), warnings });
        Ok(self.carried(id, true))
    }

    fn carried(&self, id: ProjectId, is_whole: bool) -> Carried {
        let scored = self.open.get(&id).and_then(|kept| kept.file.scored_recordings().ok()).unwrap_or_default();
        Carried { is_whole, scored: scored.into_iter().map(|summary| summary.recording).collect() }
    }

    /// A file that another project of this window is kept in is not opened or replaced under its hands.
    fn refuse_if_open(&self, id: ProjectId, path: &Path) -> Result<(), String> {
        let same = |kept: &Kept| is_same_file(&kept.path, path);
        let in_use = self.open.iter().any(|(&other, kept)| other != id && same(kept));
        if in_use { Err(format!("{}: is open in this window already", path.display())) } else { Ok(()) }
    }

    fn open(&mut self, id: ProjectId, path: &Path) -> Result<Box<OpenedProject>, String> {
        self.refuse_if_open(id, path)?;
        let (file, state) = ProjectFile::open(path).map_err(|error| error.to_string())?;
        let opened = opened(&file, state);
        self.open.insert(id, Kept::new(file, path));
        Ok(Box::new(opened))
    }

    fn continue_unnamed(&mut self, id: ProjectId, folder: &Path) -> ProjectNews {
        let (mut failures, mut found) = (Vec::new(), None);
        for project in unnamed::list(folder) {
            let (file, state) = match ProjectFile::open(&project.path) {
                Ok(opened) => opened,
                Err(error) => {
                    failures.push(error.to_string());
                    continue;
                }
            };
            let read = opened(&file, state);
            // What is in another window, or cannot be written, is left where it is.
            if read.read_only.is_some() {
                continue;
            }
            if is_empty(&read) {
                let _ = file.close();
                unnamed::delete(&project.path);
                continue;
            }
            self.open.insert(id, Kept::new(file, &project.path));
            found = Some((project.path, Box::new(read)));
            break;
        }
        ProjectNews::Continued { opened: found, failures, others: self.others_in(folder) }
    }

    fn others_in(&self, folder: &Path) -> Vec<UnnamedProject> {
        let mut others = unnamed::list(folder);
        others.retain(|project| !self.open.values().any(|kept| is_same_file(&kept.path, &project.path)));
        others
    }

    fn append(&mut self, id: ProjectId, changes: Vec<Change>) -> Result<(), String> {
        let kept = self.kept(id)?;
        kept.waiting.extend(changes);
        self.flushed(id)
    }

    /// Writes what waits.
    fn flushed(&mut self, id: ProjectId) -> Result<(), String> {
        let kept = self.kept(id)?;
        if kept.waiting.is_empty() {
            return Ok(());
        }
        kept.file.append(&kept.waiting).map_err(|error| error.to_string())?;
        kept.waiting.clear();
        Ok(())
    }

    fn move_to(&mut self, id: ProjectId, path: &Path, leave_nothing: bool) -> Result<Carried, String> {
        self.refuse_if_open(id, path)?;
        let kept = self.kept(id)?;
        if is_same_file(&kept.path, path) {
            return self.flushed(id).map(|()| self.carried(id, true));
        }
        // The old file may refuse what waits; the new one takes it.
        let _ = self.flushed(id);
        let kept = self.kept(id)?;
        let has_all = match kept.file.copy_to(path) {
            // Labels are what a move must not lose. The old file stays, as the scores are with it.
            Err(error @ ProjectError::Scores { .. }) => {
                kept.warnings.push(format!("{error}. They are still beside {}", kept.path.display()));
                false
            }
            copied => copied.map(|()| true).map_err(|error| error.to_string())?,
        };
        let (mut file, _) = ProjectFile::open(path).map_err(|error| error.to_string())?;
        file.append(&kept.waiting).map_err(|error| error.to_string())?;
        kept.waiting.clear();
        let old_path = std::mem::replace(&mut kept.path, path.to_path_buf());
        let old = std::mem::replace(&mut kept.file, file);
        let _ = old.close();
        if leave_nothing && has_all {
            unnamed::delete(&old_path);
        }
        Ok(self.carried(id, true))
    }

    fn close(&mut self, id: ProjectId, discard: bool) {
        // A failure was told when it came; the window does not let go of a project that could not be kept.
        let _ = self.flushed(id);
        self.refused.remove(&id);
        if let Some(kept) = self.open.remove(&id) {
            let path = kept.path.clone();
            close(kept);
            if discard {
                unnamed::delete(&path);
            }
        }
    }
}

fn close(kept: Kept) {
    if let Err(error) = kept.file.close() {
        log::warn!("{error}");
    }
}

fn opened(file: &ProjectFile, state: ProjectState) -> OpenedProject {
    let mut scored = file.scored_recordings().map_err(|error| error.to_string());
    if let Ok(scored) = &mut scored {
        scored.retain(|summary| state.document.recording(summary.recording).is_some());
    }
    OpenedProject {
        state,
        read_only: file.read_only().cloned(),
        scored,
        unread_steps: (file.steps_unread(Side::Undo), file.steps_unread(Side::Redo)),
    }
}

/// Whether nothing in it is worth being continued: recordings that were only opened can be opened again.
fn is_empty(project: &OpenedProject) -> bool {
    let history = &project.state.history;
    let has_steps = history.undo_count() > 0 || !history.redo_steps().is_empty();
    let has_events = project.state.document.recordings().any(|(_, recording)| !recording.events.is_empty());
    !has_steps && !has_events && project.scored.as_ref().is_ok_and(Vec::is_empty)
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    a == b || a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

#[cfg(test)]
mod tests;
