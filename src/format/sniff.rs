//! Which format a file has, told from its start and its name.

use super::{ALL, LabelFormat, TextSource};
use std::path::Path;

/// The start of a file.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The text from its start, up to 64 KiB, in whole lines if it goes on.
    pub text: &'a str,
    /// The file's name.
    pub file_name: &'a str,
}

impl Head<'_> {
    /// The file name's extension in lower case, without its dot.
    pub fn extension(&self) -> String {
        let extension = Path::new(self.file_name).extension().unwrap_or_default();
        extension.to_string_lossy().to_lowercase()
    }
}

/// How well a file looks like a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likelihood {
    /// It cannot be read as this.
    No,
    /// It can be read as this, as many other files can.
    Possible,
    /// Its columns or keys are those of this format, which other formats may have too.
    Likely,
    /// Only this format has such a start.
    Certain,
}

/// The formats that a file may have, the most likely one first, in the order of [`ALL`] where equal.
pub fn sniff(source: &TextSource<'_>, file_name: &str) -> Vec<(&'static dyn LabelFormat, Likelihood)> {
    let head = Head { text: source.head(), file_name };
    let mut found: Vec<_> = ALL
        .iter()
        .map(|format| (*format, format.likelihood(&head)))
        .filter(|(_, likelihood)| *likelihood > Likelihood::No)
        .collect();
    found.sort_by_key(|(_, likelihood)| std::cmp::Reverse(*likelihood));
    found
}
