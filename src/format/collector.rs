//! Fills [`StrongLabels`] row by row: names are kept once, files are listed, and what cannot be taken is told.
//!
//! Must not know any format.

use super::table::Comments;
use super::{LabelledFile, StrongLabel, StrongLabels, Warning};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What is being read.
pub(super) struct Collector<'a> {
    /// Where it goes.
    pub labels: &'a mut StrongLabels,
    texts: HashSet<Arc<str>>,
    files: HashMap<Arc<str>, usize>,
    /// The file of the row before, which most rows share.
    last_file: Option<Arc<str>>,
    last_label: Option<Arc<str>>,
    /// Notes by their text: which warning it is, and how many lines have it.
    notes: HashMap<String, (usize, usize)>,
}

impl<'a> Collector<'a> {
    /// Adds to what `labels` has.
    pub fn new(labels: &'a mut StrongLabels) -> Self {
        let files = labels.files.iter().enumerate().map(|(place, file)| (file.name.clone(), place)).collect();
        let (texts, notes) = (HashSet::new(), HashMap::new());
        Self { labels, texts, files, last_file: None, last_label: None, notes }
    }

    /// The one copy of a text.
    pub fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        self.texts.insert(new.clone());
        new
    }

    /// The one copy of a label.
    pub fn label(&mut self, label: &str) -> Arc<str> {
        match &self.last_label {
            Some(last) if **last == *label => last.clone(),
            _ => {
                let label = self.text(label);
                self.last_label = Some(label.clone());
                label
            }
        }
    }

    /// Lists a recording, and gives the one copy of its name.
    pub fn file(&mut self, name: &str) -> Arc<str> {
        if let Some(last) = self.last_file.as_ref().filter(|last| ***last == *name) {
            return last.clone();
        }
        let name = self.text(name);
        if !self.files.contains_key(&name) {
            self.files.insert(name.clone(), self.labels.files.len());
            self.labels.files.push(LabelledFile::named(name.clone()));
        }
        self.last_file = Some(name.clone());
        name
    }

    /// What is known of a recording; it is listed if it was not.
    pub fn file_mut(&mut self, name: &str) -> Option<&mut LabelledFile> {
        let name = self.file(name);
        self.files.get(&name).and_then(|&place| self.labels.files.get_mut(place))
    }

    /// Takes an event.
    pub fn push(&mut self, row: StrongLabel) {
        self.labels.rows.push(row);
    }

    /// A row that is left out.
    pub fn reject(&mut self, line: usize, text: impl Into<String>) {
        self.labels.warnings.push(Warning { line, text: text.into(), row_rejected: true });
    }

    /// Something to know about a line.
    pub fn warn(&mut self, line: usize, text: impl Into<String>) {
        self.labels.warnings.push(Warning { line, text: text.into(), row_rejected: false });
    }

    /// Something to know about many lines: told once, with the first line and their number.
    pub fn note(&mut self, line: usize, text: &str) {
        if let Some((_, count)) = self.notes.get_mut(text) {
            *count += 1;
            return;
        }
        self.notes.insert(text.to_owned(), (self.labels.warnings.len(), 1));
        self.warn(line, text);
    }

    /// Ends the reading: tells how often each note applies, and which lines were comments.
    pub fn finish(mut self, comments: Comments) {
        for (place, count) in self.notes.values().filter(|(_, count)| *count > 1) {
            if let Some(warning) = self.labels.warnings.get_mut(*place) {
                warning.text += &format!(" (and in {} more lines)", count - 1);
            }
        }
        match comments.count {
            0 => {}
            1 => self.warn(comments.first_line, "a comment, skipped"),
            count => self.warn(comments.first_line, format!("the first of {count} comment lines, skipped")),
        }
    }
}
