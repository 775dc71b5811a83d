//! How safe the project is, in words: for the title bar and its tooltip, and where something cannot be changed or was lost.

use super::keeping::WAITING_SHOWN_AFTER;
use super::keeping_state::KeptIn;
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::project::ReadOnly;
use std::path::{Path, PathBuf};

impl Workbench {
    /// Tells of crashes, and of which project they left.
    pub(super) fn tell_crashes(&mut self, reports: &[PathBuf], project: Option<&Path>) {
        let project = project.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        let project = project.unwrap_or_else(|| "the project without a name".to_owned());
        for report in reports {
            let text = format!(
                "Earmark stopped by itself the last time. What was done in {project} is kept. What is known of the reason is in {}: it \
                 holds no sound and no labels of files, and was sent to nobody. Please add it if you report the problem",
                report.display()
            );
            self.notices.add(Gravity::Warning, text);
        }
    }

    /// What to do after a thread has stopped, in words that end a notice.
    pub(super) fn how_to_start_again(&self) -> &'static str {
        if self.is_unsaved() {
            "Save the project elsewhere (\"Save project as…\", Ctrl+Shift+S) and start Earmark again"
        } else {
            "All changes are kept. Start Earmark again"
        }
    }

    /// Whether the project cannot be changed, or not now; then that is said, so that no key seems to do nothing.
    pub(super) fn refuses_changes(&mut self) -> bool {
        if self.waits_for_step() {
            return true;
        }
        let Some(reason) = self.read_only_reason() else { return false };
        let text = format!(
            "Nothing was changed: {} cannot be changed, because {reason}. \"Save project as…\" (Ctrl+Shift+S) makes a project of your own of it",
            self.project_name()
        );
        self.notices.add(Gravity::Warning, text);
        true
    }

    /// Why the project cannot be changed, in words that follow "because".
    pub fn read_only_reason(&self) -> Option<String> {
        Some(match self.keeping.read_only.as_ref()? {
            ReadOnly::OpenElsewhere { holder: Some(holder) } => format!("another Earmark has it open ({holder})"),
            ReadOnly::OpenElsewhere { holder: None } => "another Earmark has it open".to_owned(),
            ReadOnly::NotWritable { reason } => format!("its file cannot be written ({reason})"),
        })
    }

    /// The project's name for the title bar.
    pub fn project_name(&self) -> String {
        let name = self.project_path.as_ref().and_then(|path| path.file_stem());
        name.map_or_else(|| "Unnamed project".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// How safe the project is, in two or three words after its name; empty if it is as a project should be.
    pub fn keeping_note(&self) -> &'static str {
        if self.keeping.read_only.is_some() {
            "read-only"
        } else if self.keeping.failure.is_some() {
            "last changes not kept"
        } else if self.keeping.waits_for().is_some_and(|waited| waited > WAITING_SHOWN_AFTER) {
            "keeping…"
        } else {
            match self.keeping.place {
                KeptIn::Unnamed => "kept automatically",
                KeptIn::Memory if self.keeping.changed_in_memory => "not kept",
                KeptIn::Memory | KeptIn::Named => "",
            }
        }
    }

    /// The same in sentences, for a tooltip.
    pub fn keeping_text(&self) -> String {
        let path = self.project_path.as_ref().map(|path| path.display().to_string());
        let place = path.unwrap_or_else(|| "This project has no name yet".to_owned());
        let how = if let Some(reason) = self.read_only_reason() {
            format!("It cannot be changed, because {reason}. Save it under another name to change it")
        } else if let Some(reason) = &self.keeping.failure {
            format!("The last changes are in memory only: {reason}")
        } else {
            match (self.keeping.place, &self.keeping.folder) {
                (KeptIn::Named, _) => "Every change is kept in this file as you make it".to_owned(),
                (KeptIn::Unnamed | KeptIn::Memory, Some(folder)) => format!(
                    "Every change is kept as you make it, in {}; it comes back at the next start. Ctrl+S gives it a name",
                    folder.display()
                ),
                (KeptIn::Unnamed | KeptIn::Memory, None) => "It is in memory only: save it (Ctrl+S)".to_owned(),
            }
        };
        format!("{place}\n{how}")
    }
}
