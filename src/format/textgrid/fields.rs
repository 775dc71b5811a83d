//! What a TextGrid is made of, in whichever form: numbers, texts and a flag, one after the other.
//!
//! Must not know how they are written down.

/// Why a grid cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// The line, counted from 1; 0 in a binary file.
    pub line: usize,
    /// What is the matter.
    pub text: String,
}

/// An interval or a point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// The line where it begins; 0 in a binary file.
    pub line: usize,
    /// In seconds; no number if it cannot be read.
    pub onset_secs: f64,
    /// In seconds; that of a point is its onset.
    pub offset_secs: f64,
    /// The interval's text or the point's mark.
    pub text: String,
}

/// The values of a grid in their order.
pub(super) trait Fields {
    /// The line of what comes next; 0 in a binary file.
    fn line(&self) -> usize;

    /// Whether nothing comes any more.
    fn is_at_end(&mut self) -> bool;

    /// A number; NaN if there is one that cannot be read.
    fn number(&mut self) -> Result<f64, Unreadable>;

    /// How many of something there are.
    fn count(&mut self) -> Result<usize, Unreadable>;

    /// Whether there are tiers.
    fn exists(&mut self) -> Result<bool, Unreadable>;

    /// What kind of tier it is.
    fn class(&mut self) -> Result<String, Unreadable>;

    /// A text.
    fn text(&mut self) -> Result<String, Unreadable>;

    /// An interval or a point.
    fn entry(&mut self, is_point: bool) -> Result<Entry, Unreadable> {
        let line = self.line();
        let onset_secs = self.number()?;
        let offset_secs = if is_point { onset_secs } else { self.number()? };
        Ok(Entry { line, onset_secs, offset_secs, text: self.text()? })
    }
}
