//! Rows of a table on their way into a file.

use crate::format::{StrongLabels, text};
use std::io::{self, Write};

/// Writes rows, quoted where they must be, with the line end of the file that the labels came from.
pub(in crate::format) struct RowWriter<'a> {
    out: &'a mut dyn Write,
    separator: char,
    end: &'static str,
}

impl<'a> RowWriter<'a> {
    /// Comma between cells, RFC 4180.
    pub fn csv(out: &'a mut dyn Write, labels: &StrongLabels) -> Self {
        Self { out, separator: ',', end: labels.line_end.text() }
    }

    /// TAB between cells; what would end a cell becomes a space.
    pub fn tabs(out: &'a mut dyn Write, labels: &StrongLabels) -> Self {
        Self { out, separator: '\t', end: labels.line_end.text() }
    }

    /// Writes a row.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) -> io::Result<()> {
        for (place, cell) in cells.into_iter().enumerate() {
            if place > 0 {
                write!(self.out, "{}", self.separator)?;
            }
            let cell = match self.separator {
                '\t' => text::cell_text(cell.as_ref(), '\t'),
                separator => text::csv_text(cell.as_ref(), separator),
            };
            self.out.write_all(cell.as_bytes())?;
        }
        self.out.write_all(self.end.as_bytes())
    }
}
