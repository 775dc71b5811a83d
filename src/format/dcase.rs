//! DCASE and DESED strong labels: `filename onset offset event_label`, TAB-separated, with a header, in seconds.
//!
//! A recording that was annotated and has no event has one row whose other cells are empty. Scores stand in a column `confidence`, and
//! columns that have no meaning here are kept. sed_scores_eval reads its ground truth in this form too. Lists without a header are read as
//! [`DcaseList`](super::DcaseList) reads them.

use super::event_columns::{ColumnNames, EventColumns};
use super::event_table::EventTable;
use super::table::{Dialect, Header, Outline};
use super::text::{cell_text, secs_text};
use super::{
    Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource, dcase_list,
};
use crate::annotation::Status;
use std::collections::HashSet;
use std::io;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Dcase;

const NAMES: ColumnNames = ColumnNames {
    file: &["filename", "file", "file_name"],
    onset: &["onset", "onset_s", "onset_secs"],
    offset: &["offset", "offset_s", "offset_secs"],
    duration: &[],
    label: &["event_label", "label", "event"],
    score: &["confidence", "score"],
    low: &[],
    high: &[],
    comment: &[],
};

impl LabelFormat for Dcase {
    fn id(&self) -> &'static str {
        "dcase"
    }

    fn name(&self) -> &'static str {
        "DCASE strong labels"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["tsv", "txt", "csv"]
    }

    fn holds(&self) -> Holds {
        Holds {
            many_files: true,
            empty_files: true,
            scores: true,
            overlaps: true,
            fields: true,
            one_line: true,
            ..Holds::default()
        }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let outline = Outline::of(head.text, Dialect::ANY);
        let has = |needed: &[&[&str]]| outline.header(needed).is_some();
        if has(&[&["filename"], &["onset"], &["offset"], &["event_label"]]) {
            Likelihood::Certain
        } else if has(&[NAMES.file, NAMES.onset, NAMES.offset, NAMES.label]) {
            Likelihood::Likely
        } else if has(&[NAMES.onset, NAMES.offset, NAMES.label]) || dcase_list::is_list(&outline) {
            Likelihood::Possible
        } else {
            Likelihood::No
        }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let outline = Outline::of(source.head(), Dialect::ANY);
        let Some(first) = outline.rows.first() else {
            return dcase_list::read_nothing(&outline, source, labels);
        };
        let Some(columns) = columns_of(&Header::of(first))? else {
            return dcase_list::read_rows(&outline, source, options, labels);
        };
        let table = EventTable { outline, headers: 1, columns };
        table.read(source, options, None, labels, |row, times, out| {
            table.columns.event(row, &options.file_stem, times, out)
        })
    }

    /// Rows by filename, onset, offset and label; seconds with three decimals, up to six where they need them. TAB, line ends and
    /// other control characters within a name become spaces.
    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let end = labels.line_end.text();
        let has_scores = labels.label_rows().any(|(row, _)| row.score.is_some());
        let fields = labels.field_names(StrongLabel::is_label);
        write!(out, "filename\tonset\toffset\tevent_label{}", if has_scores { "\tconfidence" } else { "" })?;
        for name in &fields {
            write!(out, "\t{}", cell_text(&NAMES.field(name), '\t'))?;
        }
        out.write_all(end.as_bytes())?;
        let rest = usize::from(has_scores) + fields.len();
        for entry in sorted(labels) {
            match entry {
                Entry::Empty(file) => write!(out, "{}\t\t\t{}", cell_text(file, '\t'), "\t".repeat(rest))?,
                Entry::Event(row, label) => {
                    let (onset, offset) = (secs_text(row.span.onset_secs), secs_text(row.span.offset_secs));
                    let (file, label) = (cell_text(&row.filename, '\t'), cell_text(label, '\t'));
                    write!(out, "{file}\t{onset}\t{offset}\t{label}")?;
                    if has_scores {
                        write!(out, "\t{}", row.score.map(|score| score.to_string()).unwrap_or_default())?;
                    }
                    for name in &fields {
                        let cell = row.fields().iter().find(|(field, _)| field == name);
                        write!(out, "\t{}", cell_text(cell.map_or("", |(_, cell)| cell), '\t'))?;
                    }
                }
            }
            out.write_all(end.as_bytes())?;
        }
        Ok(())
    }
}

/// The columns by name, `None` if the row is no header.
fn columns_of(header: &Header) -> Result<Option<EventColumns>, ReadError> {
    let columns = EventColumns::of(header, &NAMES);
    if columns.onset.is_some() && columns.offset.is_some() && columns.label.is_some() {
        return Ok(Some(columns));
    }
    let has_some = columns.file.is_some() || columns.onset.is_some() || columns.offset.is_some();
    if header.names().len() > 1 && has_some {
        let header = header.names().join(" ");
        return Err(ReadError::NotLabels(format!(
            "the header reads “{header}”, but the columns onset, offset and event_label are needed"
        )));
    }
    Ok(None)
}

/// A line of a list: an event under one of its labels, or a recording without events.
pub(super) enum Entry<'a> {
    Event(&'a StrongLabel, &'a str),
    Empty(&'a str),
}

impl Entry<'_> {
    fn filename(&self) -> &str {
        match self {
            Self::Event(row, _) => &row.filename,
            Self::Empty(file) => file,
        }
    }
}

/// All labels, and all recordings of which nothing else is said, by filename, onset, offset and label.
pub(super) fn sorted(labels: &StrongLabels) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry<'_>> = labels.label_rows().map(|(row, label)| Entry::Event(row, label)).collect();
    // Where somebody has still to decide, it is not known that nothing is there.
    let says_nothing = |row: &&StrongLabel| row.status == Some(Status::Rejected);
    let mut known: HashSet<&str> =
        labels.rows.iter().filter(|row| !says_nothing(row)).map(|row| &*row.filename).collect();
    entries.extend(labels.file_names().filter(|file| known.insert(file)).map(Entry::Empty));
    entries.sort_by(|a, b| {
        a.filename().cmp(b.filename()).then_with(|| match (a, b) {
            (Entry::Event(a, a_label), Entry::Event(b, b_label)) => (a.span.onset_secs.total_cmp(&b.span.onset_secs))
                .then(a.span.offset_secs.total_cmp(&b.span.offset_secs))
                .then(a_label.cmp(b_label)),
            _ => std::cmp::Ordering::Equal,
        })
    });
    entries
}
