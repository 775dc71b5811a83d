//! Lists of events without a header, as dcase_util and sed_eval read them: TAB, `;` or `,` between the cells, times in seconds.
//!
//! | columns | as in |
//! | --- | --- |
//! | file, scene, onset, offset, label | DCASE 2017 task 3 |
//! | file, onset, offset, label | |
//! | onset, offset, label | DCASE 2016 task 2; the recording is the one of the list's own name |
//! | onset, offset | events without labels |
//! | file | recordings without events |

use super::cell::Times;
use super::collector::Collector;
use super::dcase::{Entry, sorted};
use super::event_columns::EventColumns;
use super::table::{Dialect, Outline, Row};
use super::text::{cell_text, secs_text};
use super::{Choice, Head, Holds, LabelFormat, Likelihood, Question, ReadError, ReadOptions, StrongLabels, TextSource};
use std::io;
use std::sync::Arc;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct DcaseList;

/// Under this name, scenes and ontology ids are kept.
const SCENE: &str = "scene_label";
const ONTOLOGY_ID: &str = "ontology_id";

impl LabelFormat for DcaseList {
    fn id(&self) -> &'static str {
        "dcase-list"
    }

    fn name(&self) -> &'static str {
        "dcase_util event list"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt", "ann", "csv", "tsv"]
    }

    fn holds(&self) -> Holds {
        Holds { many_files: true, empty_files: true, overlaps: true, one_line: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        if is_list(&Outline::of(head.text, Dialect::ANY)) { Likelihood::Likely } else { Likelihood::No }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        read_rows(&Outline::of(source.head(), Dialect::ANY), source, options, labels)
    }

    fn own_losses(&self, labels: &StrongLabels) -> Vec<String> {
        let commas = labels.label_rows().filter(|(_, label)| label.contains([',', ';'])).count();
        let text = || format!("{commas} labels with commas or semicolons, which dcase_util refuses to read");
        (commas > 0).then(text).into_iter().collect()
    }

    /// `file onset offset label`, with the scene after the file if any row has one, and a line with the file alone where it has no event.
    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let scene = |row: &super::StrongLabel| row.fields().iter().find(|(name, _)| **name == *SCENE).cloned();
        let has_scenes = labels.label_rows().any(|(row, _)| scene(row).is_some());
        for entry in sorted(labels) {
            match entry {
                Entry::Empty(file) => write!(out, "{}", cell_text(file, '\t'))?,
                Entry::Event(row, label) => {
                    write!(out, "{}", cell_text(&row.filename, '\t'))?;
                    if has_scenes {
                        let scene = scene(row).map(|(_, scene)| scene).unwrap_or_default();
                        write!(out, "\t{}", cell_text(&scene, '\t'))?;
                    }
                    let (onset, offset) = (secs_text(row.span.onset_secs), secs_text(row.span.offset_secs));
                    write!(out, "\t{onset}\t{offset}\t{}", cell_text(label, '\t'))?;
                }
            }
            out.write_all(labels.line_end.text().as_bytes())?;
        }
        Ok(())
    }
}

/// Whether the table reads as one of the layouts.
pub(super) fn is_list(outline: &Outline) -> bool {
    layout_of(outline).is_some()
}

/// How many rows are a header. One with times where a layout has them is none, whatever the next rows have in other columns.
fn headers(outline: &Outline) -> usize {
    let is_event = outline.rows.first().is_some_and(|row| columns_of_row(row).is_some());
    usize::from(outline.begins_with_words() && !is_event)
}

/// The columns of the first row that has times where a layout has them; else those of a list of files.
fn layout_of(outline: &Outline) -> Option<(EventColumns, Option<usize>)> {
    let words = headers(outline);
    let rows = || outline.rows.iter().skip(words);
    let found = rows().find_map(columns_of_row);
    let only_files = || {
        let is_file = |row: &Row| looks_like_file(row.cell(0)) && (1..row.len()).all(|column| row.is_empty_at(column));
        let files =
            EventColumns { file: Some(0), onset: Some(1), offset: Some(2), label: Some(3), ..Default::default() };
        (words == 0 && !outline.rows.is_empty() && outline.rows.iter().all(is_file)).then_some((files, None))
    };
    found.or_else(only_files)
}

/// The columns of a row, by where times stand, and the column of the scene.
fn columns_of_row(row: &Row) -> Option<(EventColumns, Option<usize>)> {
    let is_time: Vec<bool> = row.cells().map(|cell| super::cell::is_time(cell, row.separator)).collect();
    let (file, scene, onset, label) = match is_time[..] {
        [_, false, true, true, _] => (Some(0), Some(1), 2, Some(4)),
        [_, true, true, false] | [false, true, true, true] => (Some(0), None, 1, Some(3)),
        [true, true, _] => (None, None, 0, Some(2)),
        [true, true] => (None, None, 0, None),
        _ => return None,
    };
    let columns = EventColumns {
        file,
        onset: Some(onset),
        offset: Some(onset + 1),
        label,
        others: scene.map(|scene| (scene, SCENE.into())).into_iter().collect(),
        width: row.len(),
        ..EventColumns::default()
    };
    Some((columns, scene))
}

/// A table without rows is told, with what stands there otherwise.
pub(super) fn read_nothing(
    outline: &Outline,
    source: &mut TextSource<'_>,
    labels: &mut StrongLabels,
) -> Result<(), ReadError> {
    let mut out = Collector::new(labels);
    out.warn(0, "the file has no rows");
    let comments = outline.for_each_row(source, 0, |row| {
        out.reject(row.line, "far behind a start without rows");
        Ok(())
    })?;
    out.finish(comments);
    Ok(())
}

/// Reads the rows of a table without a header, or with one in words that nobody knows.
pub(super) fn read_rows(
    outline: &Outline,
    source: &mut TextSource<'_>,
    options: &ReadOptions,
    labels: &mut StrongLabels,
) -> Result<(), ReadError> {
    if outline.rows.is_empty() {
        return read_nothing(outline, source, labels);
    }
    let Some((mut columns, _)) = layout_of(outline) else {
        let expected = "no DCASE labels: expected the columns filename, onset, offset and event_label";
        return Err(ReadError::NotLabels(expected.to_owned()));
    };
    let headers = headers(outline);
    let asked = question_of_ids(outline, headers, &columns, options);
    let are_labels = asked.as_ref().is_some_and(|question| question.taken == Some(1));
    if are_labels {
        columns.others.push((0, ONTOLOGY_ID.into()));
        columns.file = None;
    }
    labels.questions.extend(asked);
    labels.columns = columns.others.iter().map(|(_, name)| Arc::clone(name)).collect();
    let mut out = Collector::new(labels);
    if headers > 0 {
        out.warn(outline.rows[0].line, "the header's words are not known: columns are taken by where times stand");
    }
    if are_labels && options.answer(Choice::FirstColumn).is_none() {
        let text = "the first column holds ontology ids, not file names: taken as the labels of one recording";
        out.warn(outline.rows[0].line, text);
    }
    let mut times = Times::secs_of(outline.separator, options);
    let comments = outline.for_each_row(source, headers, |row| {
        if let Some(event) = columns.event(row, &options.file_stem, &mut times, &mut out) {
            out.push(event);
        }
        Ok(())
    })?;
    out.finish(comments);
    Ok(())
}

/// sed_eval's own example has an AudioSet class where others have the file.
fn question_of_ids(
    outline: &Outline,
    headers: usize,
    columns: &EventColumns,
    options: &ReadOptions,
) -> Option<Question> {
    let mut rows = outline.rows.iter().skip(headers).peekable();
    rows.peek()?;
    if columns.file.is_none() || !rows.all(|row| is_ontology_id(row.cell(0))) {
        return None;
    }
    let answers = ["file", "label"].map(str::to_owned).to_vec();
    let taken = options.answer(Choice::FirstColumn).and_then(|given| answers.iter().position(|answer| answer == given));
    let text = "The first column holds ids of an ontology. Are they names of files, or do they belong to the labels of one recording?";
    Some(Question { choice: Choice::FirstColumn, text: text.to_owned(), answers, taken: taken.or(Some(1)) })
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
