//! Whose annotations these are: asked once, without keeping anybody from work.

use super::workbench::Workbench;

/// Longer names are cut.
const MOST_LETTERS: usize = 60;

impl Workbench {
    /// With the first edit it is asked whose it is. The question stands until it is answered, also by "No name"; then it comes no more.
    pub(super) fn ask_whose_edits(&mut self) {
        if self.settings.annotator.is_empty() && !self.settings.annotator_asked {
            self.asks_annotator = true;
        }
    }

    /// The name stands on every change from now on.
    pub(super) fn set_annotator(&mut self, name: &str) {
        self.settings.annotator =
            name.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MOST_LETTERS).collect();
        self.ask_annotator_no_more();
    }

    /// The question goes; the menu "Edit" has it still.
    pub(super) fn ask_annotator_no_more(&mut self) {
        self.settings.annotator_asked = true;
        self.asks_annotator = false;
    }
}
