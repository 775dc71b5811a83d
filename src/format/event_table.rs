//! A table whose rows are events, and the one walk over it; what is particular to a format is done with each row by that format.
//!
//! Must not know any format: names come from it.

use super::cell::Times;
use super::collector::Collector;
use super::event_columns::{ColumnNames, EventColumns};
use super::table::{Dialect, Header, Outline, Row};
use super::{Head, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource};

/// A table and its columns, before its rows are read.
pub(super) struct EventTable {
    /// Its start.
    pub outline: Outline,
    /// How many of its rows are a header.
    pub headers: usize,
    /// Which columns say what.
    pub columns: EventColumns,
}

impl EventTable {
    /// A table with a header that has all the needed columns, and that header.
    ///
    /// # Errors
    /// [`ReadError::NotLabels`] with the words that say what is expected.
    pub fn with_header(
        source: &TextSource<'_>,
        names: &ColumnNames,
        needed: &[&[&str]],
        expected: &str,
    ) -> Result<(Self, Header), ReadError> {
        let outline = Outline::of(source.head(), Dialect::ANY);
        let Some(header) = outline.header(needed) else { return Err(ReadError::NotLabels(expected.to_owned())) };
        let columns = EventColumns::of(&header, names);
        Ok((Self { outline, headers: 1, columns }, header))
    }

    /// A column that the format reads itself.
    pub fn take(&mut self, header: &Header, names: &[&str]) -> Option<usize> {
        let column = header.find(names);
        self.columns.take_other(column);
        column
    }

    /// Takes each row: what `event` makes of it is kept, and it tells of rows of which it makes nothing. `only` is the recording that all
    /// rows are of, which is listed also where there are none.
    ///
    /// # Errors
    /// As [`Outline::for_each_row`].
    pub fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        only: Option<&str>,
        labels: &mut StrongLabels,
        mut event: impl FnMut(&Row, &mut Times, &mut Collector<'_>) -> Option<StrongLabel>,
    ) -> Result<(), ReadError> {
        labels.columns = self.columns.other_names();
        let mut out = Collector::new(labels);
        if let Some(only) = only {
            out.file(only);
        }
        let mut times = Times::secs_of(self.outline.separator, options);
        let comments = self.outline.for_each_row(source, self.headers, |row| {
            let event = event(row, &mut times, &mut out);
            event.into_iter().for_each(|event| out.push(event));
            Ok(())
        })?;
        out.finish(comments);
        Ok(())
    }
}

/// Whether a file begins with a header that has these columns, as no other format has them.
pub(super) fn certain_with(head: &Head<'_>, needed: &[&[&str]]) -> Likelihood {
    let header = Outline::of(head.text, Dialect::ANY).header(needed);
    if header.is_some() { Likelihood::Certain } else { Likelihood::No }
}
