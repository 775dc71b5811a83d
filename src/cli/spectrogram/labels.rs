//! The events of a label file, recording by recording.

use crate::format::{self, Dcase, StrongLabels};
use crate::plot::page::{EventState, PageEvent};
use anyhow::Context;
use std::path::Path;

/// A label file that was read.
pub(super) struct EventLists {
    name: String,
    labels: StrongLabels,
}

impl EventLists {
    /// Reads it and tells what could not be taken as it was.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let labels = format::read_file(&Dcase, path).context("the events cannot be drawn")?;
        for warning in &labels.warnings {
            eprintln!("{}: {warning}", path.display());
        }
        Ok(Self { name: path.display().to_string(), labels })
    }

    /// The events of a recording, which label files name with or without folders and ending. That there are none is said.
    pub fn of(&self, recording: &Path, notes: &mut Vec<String>) -> Vec<PageEvent> {
        let name = base_name(&recording.to_string_lossy());
        let stem = stem(&name);
        let named = |file: &str| {
            let file = base_name(file);
            file == name || file == stem || self::stem(&file) == stem
        };
        let rows = self.labels.rows.iter().filter(|row| named(&row.filename));
        let events: Vec<PageEvent> = rows
            .map(|row| PageEvent {
                label: row.event_label.to_string(),
                onset_secs: row.span.onset_secs,
                offset_secs: row.span.offset_secs,
                band_hz: None,
                state: EventState::Label,
            })
            .collect();
        if !self.labels.files.iter().any(|file| named(&file.name)) {
            let files: Vec<&str> = self.labels.files.iter().take(3).map(|file| &*file.name).collect();
            let more = if self.labels.files.len() > 3 { " …" } else { "" };
            notes.push(format!("{}: has no events of {name}; it names {}{more}", self.name, files.join(", ")));
        }
        events
    }
}

/// The last part of a path of any system, in lower case.
fn base_name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or(path).trim().to_lowercase()
}

fn stem(name: &str) -> String {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_found_with_or_without_folder_and_ending() {
        let text = "filename\tonset\toffset\tevent_label\nsets/A.wav\t1\t2\tDog\nb\t3\t4\tCat\nc.wav\t\t\t\n";
        let labels = format::read(&Dcase, text.as_bytes(), Path::new("labels.tsv")).unwrap();
        let lists = EventLists { name: "labels.tsv".to_owned(), labels };
        let mut notes = Vec::new();
        let found = |file: &str, notes: &mut Vec<String>| {
            lists.of(Path::new(file), notes).into_iter().map(|event| event.label).collect::<Vec<_>>()
        };
        assert_eq!(found("/elsewhere/a.flac", &mut notes), ["Dog"]);
        assert_eq!(found("b.wav", &mut notes), ["Cat"]);
        assert!(found("c.wav", &mut notes).is_empty() && notes.is_empty());
        assert!(found("d.wav", &mut notes).is_empty() && notes[0].contains("has no events of d.wav"));
    }
}
