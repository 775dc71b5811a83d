//! Which columns of a table say what about an event, by their names, and the event that a row states.
//!
//! Must not know any format: names come from it.

use super::StrongLabel;
use super::cell::Times;
use super::collector::Collector;
use super::json::sum_secs;
use super::table::{Header, Row};
use crate::annotation::Band;
use crate::time::Span;
use std::sync::Arc;

/// What a format calls its columns, whatever the case, the preferred name in front.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ColumnNames {
    pub file: &'static [&'static str],
    pub onset: &'static [&'static str],
    pub offset: &'static [&'static str],
    /// In the place of an offset.
    pub duration: &'static [&'static str],
    pub label: &'static [&'static str],
    pub score: &'static [&'static str],
    /// In hertz, as the upper end.
    pub low: &'static [&'static str],
    pub high: &'static [&'static str],
    pub comment: &'static [&'static str],
}

impl ColumnNames {
    /// Whether a field of this name would be read as one of the columns.
    pub fn has(&self, name: &str) -> bool {
        let all = [self.file, self.onset, self.offset, self.duration, self.label, self.score, self.low, self.high];
        all.into_iter().flatten().chain(self.comment).any(|own| own.eq_ignore_ascii_case(name.trim()))
    }

    /// A name for a field beside the columns: its own, unless that would be read as one of them.
    pub fn field<'a>(&self, name: &'a str) -> std::borrow::Cow<'a, str> {
        if self.has(name) { format!("{name}_field").into() } else { name.into() }
    }
}

/// The columns of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct EventColumns {
    pub file: Option<usize>,
    pub onset: Option<usize>,
    pub offset: Option<usize>,
    pub duration: Option<usize>,
    pub label: Option<usize>,
    pub score: Option<usize>,
    pub low: Option<usize>,
    pub high: Option<usize>,
    pub comment: Option<usize>,
    /// The columns that mean nothing to the format, with the names under which their cells are kept.
    pub others: Vec<(usize, Arc<str>)>,
    /// How many columns there are; 0 if that is not known.
    pub width: usize,
}

impl EventColumns {
    /// The columns of a header.
    pub fn of(header: &Header, names: &ColumnNames) -> Self {
        let find = |names: &[&str]| header.find(names);
        let mut columns = Self {
            file: find(names.file),
            onset: find(names.onset),
            offset: find(names.offset),
            duration: find(names.duration),
            label: find(names.label),
            score: find(names.score),
            low: find(names.low),
            high: find(names.high),
            comment: find(names.comment),
            others: Vec::new(),
            width: header.names().len(),
        };
        columns.others = header.others(&columns.used());
        columns
    }

    fn used(&self) -> [Option<usize>; 9] {
        let Self { file, onset, offset, duration, label, score, low, high, comment, .. } = *self;
        [file, onset, offset, duration, label, score, low, high, comment]
    }

    /// A column that the format reads itself is none of the others.
    pub fn take_other(&mut self, column: Option<usize>) {
        self.others.retain(|(other, _)| Some(*other) != column);
    }

    /// The names of the columns that mean nothing to the format.
    pub fn other_names(&self) -> Vec<Arc<str>> {
        self.others.iter().map(|(_, name)| name.clone()).collect()
    }

    /// The event of a row, which is yet to be pushed. `None` if the row says only that a recording has no event, which is listed, or if it
    /// cannot be taken, which is told.
    pub fn event(&self, row: &Row, file_stem: &str, times: &mut Times, out: &mut Collector<'_>) -> Option<StrongLabel> {
        let filename = self.file.map_or(file_stem, |column| row.cell(column));
        if filename.trim().is_empty() {
            out.reject(row.line, "no file name");
            return None;
        }
        let is_empty = |column: Option<usize>| column.is_none_or(|column| row.is_empty_at(column));
        if [self.onset, self.offset, self.duration, self.label].into_iter().all(is_empty) {
            out.file(filename);
            return None;
        }
        let span = match self.span(row, filename, times) {
            Ok(span) => span,
            Err(reason) => {
                out.reject(row.line, reason);
                return None;
            }
        };
        let label = row.maybe(self.label);
        if self.label.is_some() && label.trim().is_empty() {
            out.note(row.line, "no label");
        }
        let (filename, label) = (out.file(filename), out.label(label));
        let mut event = StrongLabel::new(filename, span, label);
        event.score = optional(row, self.score, "score", out);
        let ends = (optional(row, self.low, "lower frequency", out), optional(row, self.high, "upper frequency", out));
        if let (Some(low_hz), Some(high_hz)) = ends {
            event.band = Some(Band { low_hz, high_hz });
        }
        if !is_empty(self.comment) {
            event.particulars_mut().comment = row.maybe(self.comment).to_owned();
        }
        self.keep_others(row, &mut event);
        if (self.width..row.len()).any(|column| self.width > 0 && !row.is_empty_at(column)) {
            out.note(row.line, "not read: cells after the last column");
        }
        Some(event)
    }

    /// The cells that mean nothing to the format are kept.
    pub fn keep_others(&self, row: &Row, event: &mut StrongLabel) {
        let kept = || self.others.iter().filter(|(column, _)| !row.cell(*column).is_empty());
        let count = kept().count();
        if count > 0 {
            let fields = &mut event.particulars_mut().fields;
            // A million rows have no room to spare.
            fields.reserve_exact(count);
            fields.extend(kept().map(|(column, name)| (name.clone(), row.cell(*column).to_owned())));
        }
    }

    fn span(&self, row: &Row, filename: &str, times: &mut Times) -> Result<Span, String> {
        let onset_secs = times.secs(row.maybe(self.onset), "onset", filename)?;
        let offset_secs = match (self.offset, self.duration) {
            (Some(offset), duration) if duration.is_none() || !row.is_empty_at(offset) => {
                times.secs(row.cell(offset), "offset", filename)?
            }
            (_, Some(duration)) => sum_secs(onset_secs, times.secs(row.cell(duration), "duration", filename)?),
            _ => onset_secs,
        };
        if !offset_secs.is_finite() {
            return Err("onset and duration are an end at no time".to_owned());
        }
        Ok(Span { onset_secs, offset_secs })
    }
}

/// A number that may be missing; one that cannot be read is told.
fn optional(row: &Row, column: Option<usize>, name: &str, out: &mut Collector<'_>) -> Option<f64> {
    let column = column.filter(|&column| !row.is_empty_at(column))?;
    let value = row.number(column);
    if value.is_none() {
        out.warn(row.line, format!("{name} is “{}”, not a number: left out", row.cell(column).trim()));
    }
    value
}
