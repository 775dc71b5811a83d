//! Tables as text: separators, quotes, comment lines and headers, read line by line. The one way in which all tabular formats read.
//!
//! Must not know what the columns mean; what cells say is in [`cell`](super::cell).
//!
//! *Invariant*: memory does not grow with the file; each line is part of a row, blank, or counted as a comment.

#[cfg(test)]
mod tests;
mod writing;

pub(super) use writing::RowWriter;

use super::{ReadError, TextSource, cell, text};
use std::collections::HashSet;
use std::sync::Arc;

/// From so many rows the separator and the header are told.
pub(super) const ROWS_LOOKED_AT: usize = 50;

/// A quoted cell that is longer, in bytes, is one whose quote was never meant as such.
const LONGEST_QUOTED: usize = 1 << 16;

/// What comes after so many cells belongs to the last of them.
const MOST_CELLS: usize = 4096;

/// What double quotes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    /// They are characters as others.
    Text,
    /// RFC 4180: a cell that stands in quotes as a whole loses them, `""` within is one quote, and separators and line ends are text there.
    Csv,
}

/// How a format writes its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// What may stand between cells, in the order in which it is tried.
    pub separators: &'static [char],
    /// What quotes mean.
    pub quoting: Quoting,
    /// Lines that begin with `#`, and lines of `=`, are no rows.
    pub has_comments: bool,
}

impl Dialect {
    /// As most programs write: TAB, `;` or `,`, with quotes and comments.
    pub const ANY: Self = Self { separators: &['\t', ';', ','], quoting: Quoting::Csv, has_comments: true };
    /// TAB and nothing else; quotes are text, and there are no comments.
    #[allow(dead_code, reason = "formats that are read elsewhere use it")]
    pub const PLAIN_TABS: Self = Self { separators: &['\t'], quoting: Quoting::Text, has_comments: false };
}

/// A row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// The line where it begins, from 1.
    pub line: usize,
    /// What stands between its cells in the file; a comma that does may not be a decimal comma.
    pub separator: char,
    text: String,
    ends: Vec<usize>,
}

impl Row {
    /// How many cells there are, at least one.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A cell as it stands there; empty beyond the last one.
    pub fn cell(&self, column: usize) -> &str {
        let start = column.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        match (start, self.ends.get(column)) {
            (Some(start), Some(&end)) => &self.text[start..end],
            _ => "",
        }
    }

    /// A cell of a column that the table may lack.
    pub fn maybe(&self, column: Option<usize>) -> &str {
        column.map_or("", |column| self.cell(column))
    }

    /// All cells.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|column| self.cell(column))
    }

    /// The number in a cell.
    pub fn number(&self, column: usize) -> Option<f64> {
        cell::number(self.cell(column), self.separator)
    }

    /// Whether a cell says nothing: blank, or `NaN`.
    pub fn is_empty_at(&self, column: usize) -> bool {
        text::is_empty(self.cell(column))
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    fn end_cell(&mut self) {
        self.ends.push(self.text.len());
    }

    /// Takes the cells of a line; `state` says whether a quoted cell of the line before goes on in it.
    fn take(&mut self, line: &str, separator: char, state: State, reading: Reading) -> State {
        let has_quotes = reading != Reading::QuotesAreText && (state == State::Open || line.contains('"'));
        let (mut rest, mut is_open) = (line, state == State::Open);
        if !is_open {
            self.clear();
            self.separator = separator;
        }
        loop {
            let quoted = if is_open { Some(rest) } else { rest.strip_prefix('"').filter(|_| has_quotes) };
            if let Some(quoted) = quoted {
                let kept = self.text.len();
                match self.push_quoted(quoted, separator) {
                    Quoted::Cell(after) => {
                        self.end_cell();
                        is_open = false;
                        match after {
                            Some(after) => rest = after,
                            None => return State::Done,
                        }
                        continue;
                    }
                    Quoted::Open if reading == Reading::MayGoOn => return State::Open,
                    Quoted::NoQuotes if is_open => return State::Broken,
                    Quoted::Open | Quoted::NoQuotes => self.text.truncate(kept),
                }
            }
            let cut = if self.len() + 1 < MOST_CELLS { rest.split_once(separator) } else { None };
            self.text.push_str(cut.map_or(rest, |(cell, _)| cell));
            self.end_cell();
            match cut {
                Some((_, after)) => rest = after,
                None => return State::Done,
            }
        }
    }

    /// Takes a cell up to the quote that ends it.
    fn push_quoted<'a>(&mut self, mut rest: &'a str, separator: char) -> Quoted<'a> {
        loop {
            let Some((text, after)) = rest.split_once('"') else {
                self.text.push_str(rest);
                return Quoted::Open;
            };
            self.text.push_str(text);
            if let Some(after) = after.strip_prefix('"') {
                self.text.push('"');
                rest = after;
            } else if after.is_empty() {
                return Quoted::Cell(None);
            } else {
                return match after.strip_prefix(separator) {
                    Some(after) => Quoted::Cell(Some(after)),
                    None => Quoted::NoQuotes,
                };
            }
        }
    }
}

/// What began with a quote.
enum Quoted<'a> {
    /// A cell, and what follows its separator.
    Cell(Option<&'a str>),
    /// No quote ends it in this line.
    Open,
    /// The quote is a character of the cell.
    NoQuotes,
}

/// What quotes may do in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    QuotesAreText,
    /// Enclose cells within the line.
    WithinLine,
    /// Enclose cells that go on in the next line.
    MayGoOn,
}

/// How far a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Done,
    /// A quoted cell is open.
    Open,
    /// The quote that was open is none.
    Broken,
}

/// The lines that were no rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Comments {
    /// How many.
    pub count: usize,
    /// The number of the first one.
    pub first_line: usize,
}

impl Comments {
    /// Counts a line.
    pub fn add(&mut self, line: usize) {
        if self.count == 0 {
            self.first_line = line;
        }
        self.count += 1;
    }
}

/// Puts lines together to rows.
struct Rows {
    separator: char,
    dialect: Dialect,
    row: Row,
    /// The lines of a row whose quoted cell is open.
    held: Vec<(usize, String)>,
    held_bytes: usize,
    comments: Comments,
}

impl Rows {
    fn new(separator: char, dialect: Dialect) -> Self {
        let (row, comments) = (Row::default(), Comments::default());
        Self { separator, dialect, row, held: Vec::new(), held_bytes: 0, comments }
    }

    fn take_line<E>(&mut self, number: usize, line: &str, take: &mut TakeRow<'_, E>) -> Result<(), E> {
        if self.held.is_empty() {
            return self.begin_row(number, line, Reading::MayGoOn, take);
        }
        self.row.text.push('\n');
        match self.row.take(line, self.separator, State::Open, Reading::MayGoOn) {
            State::Open if self.held_bytes + line.len() <= LONGEST_QUOTED => self.hold(number, line),
            State::Done => {
                self.row.line = self.held.first().map_or(number, |(first, _)| *first);
                self.held.clear();
                return self.end_row(take);
            }
            State::Open => {
                self.hold(number, line);
                return self.finish(take);
            }
            State::Broken => {
                self.finish(take)?;
                return self.begin_row(number, line, Reading::MayGoOn, take);
            }
        }
        Ok(())
    }

    fn begin_row<E>(
        &mut self,
        number: usize,
        line: &str,
        reading: Reading,
        take: &mut TakeRow<'_, E>,
    ) -> Result<(), E> {
        if self.dialect.has_comments && is_comment(line) {
            self.comments.add(number);
            return Ok(());
        }
        let reading = if self.dialect.quoting == Quoting::Text { Reading::QuotesAreText } else { reading };
        match self.row.take(line, self.separator, State::Done, reading) {
            State::Open => {
                self.held_bytes = 0;
                self.hold(number, line);
                Ok(())
            }
            State::Done | State::Broken => {
                self.row.line = number;
                self.end_row(take)
            }
        }
    }

    fn hold(&mut self, number: usize, line: &str) {
        self.held_bytes += line.len() + 1;
        self.held.push((number, line.to_owned()));
    }

    fn end_row<E>(&self, take: &mut TakeRow<'_, E>) -> Result<(), E> {
        if self.row.is_blank() { Ok(()) } else { take(&self.row) }
    }

    /// What is held is no quoted cell after all: each line is a row by itself.
    fn finish<E>(&mut self, take: &mut TakeRow<'_, E>) -> Result<(), E> {
        for (number, line) in std::mem::take(&mut self.held) {
            self.begin_row(number, &line, Reading::WithinLine, take)?;
        }
        Ok(())
    }
}

type TakeRow<'a, E> = dyn FnMut(&Row) -> Result<(), E> + 'a;

/// A remark, or a line that only separates.
pub(super) fn is_comment(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('#') || (line.len() >= 3 && line.bytes().all(|byte| byte == b'='))
}

/// The start of a table: its separator and first rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outline {
    /// What stands between cells.
    pub separator: char,
    /// The first rows, at most [`ROWS_LOOKED_AT`].
    pub rows: Vec<Row>,
    dialect: Dialect,
}

impl Outline {
    /// Looks at the start of a text.
    pub fn of(head: &str, dialect: Dialect) -> Self {
        let separator = separator_of(head, dialect);
        Self { separator, rows: first_rows(head, separator, dialect), dialect }
    }

    /// The first row, if there is one and it has all these columns, each by one of its names.
    pub fn header(&self, needed: &[&[&str]]) -> Option<Header> {
        let header = Header::of(self.rows.first()?);
        needed.iter().all(|names| header.find(names).is_some()).then_some(header)
    }

    /// Whether the first row looks like a header in whatever words: it has no number or time where the next four have.
    pub fn begins_with_words(&self) -> bool {
        let Some((first, next)) = self.rows.split_first() else { return false };
        let next = &next[..next.len().min(4)];
        let is_value = |row: &Row, column: usize| cell::is_time(row.cell(column), row.separator);
        let has_values = |column: &usize| {
            next.iter().any(|row| is_value(row, *column))
                && next.iter().all(|row| is_value(row, *column) || row.is_empty_at(*column))
        };
        let mut columns = (0..first.len()).filter(has_values).peekable();
        columns.peek().is_some() && columns.all(|column| !is_value(first, column) && !first.is_empty_at(column))
    }

    /// Hands over all rows after the first `headers` ones, and tells what was no row.
    ///
    /// # Errors
    /// As [`TextSource::for_each_line`], and what `take` returns.
    pub fn for_each_row(
        &self,
        source: &mut TextSource<'_>,
        headers: usize,
        mut take: impl FnMut(&Row) -> Result<(), ReadError>,
    ) -> Result<Comments, ReadError> {
        let mut rows = Rows::new(self.separator, self.dialect);
        let mut passed = 0;
        let mut take = |row: &Row| {
            passed += 1;
            if passed > headers { take(row) } else { Ok(()) }
        };
        source.for_each_line(|number, line| rows.take_line(number, line, &mut take))?;
        rows.finish(&mut take)?;
        Ok(rows.comments)
    }
}

/// Of the dialect's separators that cut nine rows of ten into as many cells as the first one, two at least, the first; a later one if it
/// makes more cells, unless it is the comma and stands in numbers of the table that the first one makes. If there is none: the one that
/// most rows have.
fn separator_of(head: &str, dialect: Dialect) -> char {
    let mut found: Option<(char, usize)> = None;
    let first = dialect.separators.first().copied().unwrap_or('\t');
    let (mut most, mut has_decimal_commas) = ((first, 0), false);
    for &separator in dialect.separators {
        let rows = first_rows(head, separator, dialect);
        let cells = rows.first().map_or(0, Row::len);
        let same = rows.iter().filter(|row| row.len() == cells).count();
        let is_consistent = cells > 1 && 10 * same >= 9 * rows.len();
        let is_better = match found {
            None => true,
            Some((other, others)) => other != '\t' && cells > others && !(separator == ',' && has_decimal_commas),
        };
        if is_consistent && is_better {
            found = Some((separator, cells));
            has_decimal_commas = rows
                .iter()
                .any(|row| row.cells().any(|cell| cell.contains(',') && cell::number(cell, separator).is_some()));
        }
        let with = rows.iter().filter(|row| row.len() > 1).count();
        if with > most.1 {
            most = (separator, with);
        }
    }
    found.map_or(most.0, |(separator, _)| separator)
}

fn first_rows(head: &str, separator: char, dialect: Dialect) -> Vec<Row> {
    let mut rows = Rows::new(separator, dialect);
    let mut first = Vec::new();
    let mut take = |row: &Row| {
        first.push(row.clone());
        // Not an error: it ends the walk.
        if first.len() < ROWS_LOOKED_AT { Ok(()) } else { Err(()) }
    };
    let walked = text::lines(head).try_for_each(|(number, line)| rows.take_line(number, line, &mut take));
    if walked.is_ok() {
        let _ = rows.finish(&mut take);
    }
    first
}

/// The names of a table's columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    names: Vec<String>,
}

impl Header {
    /// The cells of a row as names.
    pub fn of(row: &Row) -> Self {
        Self { names: row.cells().map(|name| name.trim().to_owned()).collect() }
    }

    /// The names as the file has them, without space around them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The first column that has one of these names, whatever the case; earlier names are preferred.
    pub fn find(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.names.iter().position(|column| column.eq_ignore_ascii_case(name)))
    }

    /// The columns that are not among the used ones, with names to keep their cells under, no two of which are the same.
    pub fn others(&self, used: &[Option<usize>]) -> Vec<(usize, Arc<str>)> {
        let mut taken: HashSet<String> = self.names.iter().cloned().collect();
        let mut seen: HashSet<&str> = HashSet::new();
        let mut others = Vec::new();
        for (column, name) in self.names.iter().enumerate() {
            let is_repeated = !seen.insert(name) || name.is_empty();
            if used.contains(&Some(column)) {
                continue;
            }
            let stem = if name.is_empty() { "column" } else { name };
            let numbered =
                || (column + 1..).map(|number| format!("{stem} {number}")).find(|name| !taken.contains(name));
            let name = if is_repeated { numbered().unwrap_or_default() } else { name.clone() };
            others.push((column, name.as_str().into()));
            taken.insert(name);
        }
        others
    }
}
