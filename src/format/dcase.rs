//! DCASE and DESED strong labels: `filename onset offset event_label`, TAB-separated, with a header, in seconds.
//!
//! A recording that was annotated and has no event has one row whose other cells are empty. Also reads the lists without a header
//! that dcase_util and sed_eval know: `onset offset label`, `file onset offset label`, `file scene onset offset label`, and `file`.

use super::text::{self, cell_text, cells, is_empty, lines, number, secs_text};
use super::{
    Head, Holds, LabelFormat, LabelledFile, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource,
    Warning,
};
use crate::time::Span;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Dcase;

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
        Holds { many_files: true, empty_files: true, overlaps: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        match parsed(head.text, "") {
            Ok(labels) if !labels.warnings.iter().any(|warning| warning.row_rejected) => Likelihood::Likely,
            Ok(_) => Likelihood::Possible,
            Err(_) => Likelihood::No,
        }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        *labels = parsed(&source.whole()?, &options.file_stem).map_err(ReadError::NotLabels)?;
        Ok(())
    }

    /// Rows by filename, onset, offset and label; seconds with three decimals, up to six where they need them. TAB, line ends and
    /// other control characters within a name become spaces.
    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(written(labels).as_bytes())
    }
}

fn parsed(text: &str, file_stem: &str) -> Result<StrongLabels, String> {
    let separator = text::separator(text);
    let table: Vec<(usize, Vec<String>)> = lines(text)
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| (number, cells(line, separator)))
        .collect();
    let mut reader = Reader { separator, file_stem, labels: StrongLabels::default(), seen: HashSet::new() };
    let Some((_, first)) = table.first() else {
        reader.warn(0, "the file has no rows");
        return Ok(reader.labels);
    };
    let (columns, rows) = match Columns::from_header(first)? {
        Some(columns) => {
            reader.warn_of_ignored_columns(first, &columns);
            (columns, &table[1..])
        }
        None => (reader.columns_without_header(&table)?, &table[..]),
    };
    for (line, row) in rows {
        reader.read_row(*line, row, &columns);
    }
    Ok(reader.labels)
}

fn written(labels: &StrongLabels) -> String {
    let mut rows: Vec<&StrongLabel> = labels.rows.iter().collect();
    rows.sort_by(|a, b| {
        (a.filename.cmp(&b.filename))
            .then(a.span.onset_secs.total_cmp(&b.span.onset_secs))
            .then(a.span.offset_secs.total_cmp(&b.span.offset_secs))
            .then(a.event_label.cmp(&b.event_label))
    });
    let with_events: HashSet<&str> = rows.iter().map(|row| &*row.filename).collect();
    let mut empty: Vec<&str> = labels.file_names().filter(|file| !with_events.contains(file)).collect();
    empty.sort_unstable();
    empty.dedup();
    let mut text = String::from("filename\tonset\toffset\tevent_label\n");
    let mut empty = empty.into_iter().peekable();
    let mut push_empty_before = |text: &mut String, next: Option<&str>| {
        while let Some(file) = empty.next_if(|file| next.is_none_or(|next| *file < next)) {
            let _ = writeln!(text, "{}\t\t\t", cell_text(file, '\t'));
        }
    };
    for row in rows {
        push_empty_before(&mut text, Some(&row.filename));
        let (onset, offset) = (secs_text(row.span.onset_secs), secs_text(row.span.offset_secs));
        let (file, label) = (cell_text(&row.filename, '\t'), cell_text(&row.event_label, '\t'));
        let _ = writeln!(text, "{file}\t{onset}\t{offset}\t{label}");
    }
    push_empty_before(&mut text, None);
    text
}

/// Which column means what.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Columns {
    file: Option<usize>,
    onset: usize,
    offset: usize,
    label: usize,
    /// How many columns there are with those that are not read.
    count: usize,
}

const FILE_NAMES: &[&str] = &["filename", "file", "file_name"];
const ONSET_NAMES: &[&str] = &["onset", "onset_s", "onset_secs"];
const OFFSET_NAMES: &[&str] = &["offset", "offset_s", "offset_secs"];
const LABEL_NAMES: &[&str] = &["event_label", "label", "event"];

impl Columns {
    /// The columns by name, `None` if the row is no header.
    fn from_header(row: &[String]) -> Result<Option<Self>, String> {
        let find = |names: &[&str]| {
            row.iter().position(|cell| names.iter().any(|name| cell.trim().eq_ignore_ascii_case(name)))
        };
        let (file, onset, offset, label) = (find(FILE_NAMES), find(ONSET_NAMES), find(OFFSET_NAMES), find(LABEL_NAMES));
        if let (Some(onset), Some(offset), Some(label)) = (onset, offset, label) {
            return Ok(Some(Self { file, onset, offset, label, count: row.len() }));
        }
        if row.len() > 1 && (file.is_some() || onset.is_some() || offset.is_some()) {
            let header = row.join(" ");
            return Err(format!(
                "the header reads “{header}”, but the columns onset, offset and event_label are needed"
            ));
        }
        Ok(None)
    }

    /// The columns of a row without a header, by where the numbers stand.
    fn from_numbers(row: &[String], separator: char) -> Option<Self> {
        let is_number: Vec<bool> = row.iter().map(|cell| number(cell, separator).is_some()).collect();
        match is_number[..] {
            [_, _, true, true, false] => Some(Self { file: Some(0), onset: 2, offset: 3, label: 4, count: 5 }),
            [_, true, true, false] => Some(Self { file: Some(0), onset: 1, offset: 2, label: 3, count: 4 }),
            [true, true, false] => Some(Self { file: None, onset: 0, offset: 1, label: 2, count: 3 }),
            _ => None,
        }
    }
}

struct Reader<'a> {
    separator: char,
    file_stem: &'a str,
    labels: StrongLabels,
    seen: HashSet<Arc<str>>,
}

impl Reader<'_> {
    fn warn(&mut self, line: usize, text: impl Into<String>) {
        self.labels.warnings.push(Warning { line, text: text.into(), row_rejected: false });
    }

    fn warn_of_ignored_columns(&mut self, header: &[String], columns: &Columns) {
        let used = [columns.file, Some(columns.onset), Some(columns.offset), Some(columns.label)];
        let ignored: Vec<&str> = (header.iter().enumerate())
            .filter(|(index, name)| !used.contains(&Some(*index)) && !name.trim().is_empty())
            .map(|(_, name)| name.trim())
            .collect();
        if !ignored.is_empty() {
            self.warn(1, format!("not read: column {}", ignored.join(", ")));
        }
    }

    fn columns_without_header(&mut self, table: &[(usize, Vec<String>)]) -> Result<Columns, String> {
        let sniffed = table.iter().take(50).find_map(|(_, row)| Columns::from_numbers(row, self.separator));
        let Some(mut columns) = sniffed else {
            let only_files =
                table.iter().all(|(_, row)| looks_like_file(&row[0]) && row[1..].iter().all(|c| is_empty(c)));
            return if only_files {
                Ok(Columns { file: Some(0), onset: 1, offset: 2, label: 3, count: 4 })
            } else {
                Err("no DCASE strong labels: expected the columns filename, onset, offset and event_label".to_owned())
            };
        };
        // sed_eval's own example has an AudioSet class where others have the file.
        if columns.file.is_some() && table.iter().all(|(_, row)| is_ontology_id(&row[0])) {
            columns.file = None;
            let text = "the first column holds ontology ids, not file names: taken as the labels of one recording";
            self.warn(table[0].0, text);
        }
        Ok(columns)
    }

    fn read_row(&mut self, line: usize, row: &[String], columns: &Columns) {
        match self.label_of(row, columns) {
            Ok((file, label)) => {
                if self.seen.insert(file.clone()) {
                    self.labels.files.push(LabelledFile { name: file, duration_secs: None, sample_rate: None });
                }
                self.labels.rows.extend(label);
                if row.iter().skip(columns.count).any(|cell| !is_empty(cell)) {
                    self.warn(line, "not read: cells after the last column");
                }
            }
            Err(text) => self.labels.warnings.push(Warning { line, text, row_rejected: true }),
        }
    }

    /// The recording of a row and its event, if it has one; or why the row cannot be taken.
    fn label_of(&self, row: &[String], columns: &Columns) -> Result<(Arc<str>, Option<StrongLabel>), String> {
        let cell = |column: usize| row.get(column).map_or("", String::as_str);
        let (onset, offset, event_label) = (cell(columns.onset), cell(columns.offset), cell(columns.label));
        let filename = columns.file.map_or(self.file_stem, cell);
        if filename.trim().is_empty() {
            return Err("no file name".to_owned());
        }
        if row.len() == 1 && filename.starts_with('#') {
            return Err(format!("a remark: “{filename}”"));
        }
        if [onset, offset, event_label].into_iter().all(is_empty) {
            return Ok((filename.into(), None));
        }
        let span = span(onset, offset, self.separator)?;
        if event_label.trim().is_empty() {
            return Err("no event_label".to_owned());
        }
        let filename: Arc<str> = filename.into();
        Ok((filename.clone(), Some(StrongLabel::new(filename, span, event_label))))
    }
}

fn span(onset: &str, offset: &str, separator: char) -> Result<Span, String> {
    let secs = |cell: &str, column: &str| {
        number(cell, separator).ok_or_else(|| format!("{column} is “{}”, not a number of seconds", cell.trim()))
    };
    let (onset_secs, offset_secs) = (secs(onset, "onset")?, secs(offset, "offset")?);
    if onset_secs < 0.0 {
        return Err(format!("onset {onset_secs} is before the start of the recording"));
    }
    if offset_secs < onset_secs {
        return Err(format!("offset {offset_secs} is before onset {onset_secs}"));
    }
    Ok(Span { onset_secs, offset_secs })
}

fn looks_like_file(cell: &str) -> bool {
    let extension = std::path::Path::new(cell.trim()).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| {
        (2..=5).contains(&extension.len()) && extension.chars().all(|char| char.is_ascii_alphanumeric())
    })
}

fn is_ontology_id(cell: &str) -> bool {
    ["/m/", "/g/", "/t/"].iter().any(|prefix| cell.starts_with(prefix)) && !looks_like_file(cell)
}
