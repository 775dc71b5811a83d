//! Selection tables of Raven (and of programs that write them, as BirdNET): TAB-separated, with a header, in seconds and hertz.
//!
//! Read: several views of a selection are one event, and that of the spectrogram counts; where there is a file and an offset in it, that
//! is the time, because `Begin Time (s)` counts over all files that were open; the column of the labels is asked for where there are
//! several. Written: selections from 1 without gaps, times over all files by the true lengths of the recordings, in their order.

use super::cell::Times;
use super::collector::Collector;
use super::event_columns::{ColumnNames, EventColumns};
use super::frequency_unit::{self, Stated};
use super::table::{Dialect, Header, Outline, Row};
use super::text::{cell_text, secs_text};
use super::{
    Choice, Head, Holds, LabelFormat, Likelihood, Question, ReadError, ReadOptions, StrongLabel, StrongLabels,
    TextSource,
};
use crate::annotation::Band;
use crate::time::Span;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Raven;

const NAMES: ColumnNames = ColumnNames {
    file: &["Begin Path", "Begin File"],
    onset: &["Begin Time (s)", "Begin Time"],
    offset: &["End Time (s)", "End Time"],
    duration: &[],
    label: &[],
    score: &["Confidence", "Score"],
    low: &["Low Freq (Hz)", "Low Freq (kHz)", "Low Freq"],
    high: &["High Freq (Hz)", "High Freq (kHz)", "High Freq"],
    comment: &["Comments", "Comment", "Notes"],
};
const SELECTION: &[&str] = &["Selection"];
const VIEW: &[&str] = &["View"];
const CHANNEL: &[&str] = &["Channel"];
const FILE_OFFSET: &[&str] = &["File Offset (s)", "File Offset"];

/// What columns of labels are called, the one that is taken first in front.
const LABELS: &[&str] = &[
    "Annotation",
    "Label",
    "Event label",
    "Species",
    "Common Name",
    "Class",
    "Tags",
    "Type",
    "Scientific Name",
    "Species Code",
];

/// What stands in these columns if nothing else is known.
const USUAL_VIEW: &str = "Spectrogram 1";
const USUAL_CHANNEL: &str = "1";

/// Columns that others than the annotator fill, beside those with a unit in parentheses.
const MEASURED: &[&str] =
    &["Begin Date", "End Date", "Begin Clock Time", "End Clock Time", "End File", "End Path", "Occupancy"];

impl LabelFormat for Raven {
    fn id(&self) -> &'static str {
        "raven"
    }

    fn name(&self) -> &'static str {
        "Raven selection table"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt", "selections.txt", "tsv"]
    }

    fn file_name_of(&self, stem: &str) -> String {
        format!("{stem}.Table.1.selections.txt")
    }

    fn holds(&self) -> Holds {
        Holds {
            many_files: true,
            bands: true,
            scores: true,
            points: true,
            overlaps: true,
            comments: true,
            fields: true,
            one_line: true,
            ..Holds::default()
        }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let outline = Outline::of(head.text, Dialect::ANY);
        match outline.header(&[NAMES.onset, NAMES.offset]) {
            Some(header) if header.find(SELECTION).is_some() => Likelihood::Certain,
            Some(_) => Likelihood::Likely,
            None => Likelihood::No,
        }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let outline = Outline::of(source.head(), Dialect::ANY);
        let header = outline.header(&[NAMES.onset, NAMES.offset]).ok_or_else(|| {
            let expected = "no selection table: expected a header with Begin Time (s) and End Time (s)";
            ReadError::NotLabels(expected.to_owned())
        })?;
        let mut reader = Reader::new(&outline, &header, options, labels);
        let comments = outline.for_each_row(source, 1, |row| {
            reader.take(row);
            Ok(())
        })?;
        let labels_are_timed = reader.ask_origin(options)?;
        reader.out.finish(comments);
        if !labels_are_timed {
            labels.rows.clear();
            labels.files.clear();
        }
        Ok(())
    }

    /// Fails where times over several files cannot be told, because the length of one of them is not known.
    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        write(labels, out)
    }
}

/// The recording's name in that of its table: `a` of `a.Table.1.selections` and of `a.BirdNET.selection.table`.
pub(super) fn recording_stem(stem: &str) -> &str {
    let lower = stem.to_ascii_lowercase();
    let markers = [".table.", ".selections", ".selection.", ".birdnet."].iter().filter_map(|marker| lower.find(marker));
    let end = markers.filter(|at| *at > 0).min().unwrap_or(stem.len());
    stem.get(..end).unwrap_or(stem)
}

struct Reader<'a> {
    out: Collector<'a>,
    columns: EventColumns,
    selection: Option<usize>,
    view: Option<usize>,
    channel: Option<usize>,
    file_offset: Option<usize>,
    file_column: String,
    hertz: f64,
    nyquist_hz: Option<f64>,
    stem: String,
    times: Times,
    /// The rows of selections and whether they are of a spectrogram.
    seen: HashMap<u64, (usize, Arc<str>)>,
}

impl<'a> Reader<'a> {
    fn new(outline: &Outline, header: &Header, options: &ReadOptions, labels: &'a mut StrongLabels) -> Self {
        let mut columns = EventColumns::of(header, &NAMES);
        let (selection, view, channel) = (header.find(SELECTION), header.find(VIEW), header.find(CHANNEL));
        let file_offset = header.find(FILE_OFFSET);
        let begin_file = header.find(&["Begin File"]);
        for column in [selection, view, channel, file_offset, begin_file] {
            columns.take_other(column);
        }
        columns.label = label_column(outline, header, &columns, options, labels);
        columns.take_other(columns.label);
        labels.columns = columns.other_names();
        let name = |column: Option<usize>| column.map_or("", |column| header.names()[column].as_str());
        let stated = match name(columns.high).to_ascii_lowercase() {
            name if name.contains("khz") => Stated::Kilohertz,
            _ => Stated::Hertz,
        };
        let high = outline.rows.iter().skip(1).filter_map(|row| row.number(columns.high?));
        let hertz = frequency_unit::hertz(stated, high, options, labels);
        let file_column = name(columns.file).to_owned();
        let times = Times::secs_of(outline.separator, options);
        let stem = recording_stem(&options.file_stem).to_owned();
        let mut out = Collector::new(labels);
        if columns.file.is_none() {
            out.file(&stem);
        }
        let nyquist_hz = options.sample_rate.map(|rate| rate / 2.0);
        Self {
            out,
            columns,
            selection,
            view,
            channel,
            file_offset,
            file_column,
            hertz,
            nyquist_hz,
            stem,
            times,
            seen: HashMap::new(),
        }
    }

    fn take(&mut self, row: &Row) {
        let Some(mut event) = self.columns.event(row, &self.stem, &mut self.times, &mut self.out) else { return };
        event.is_point = event.span.onset_secs == event.span.offset_secs;
        let is_whole = |band: &Band| band.low_hz == 0.0 && Some(band.high_hz) == self.nyquist_hz;
        let band = event.band.and_then(|band| frequency_unit::in_hertz(band, self.hertz, row.line, &mut self.out));
        event.band = band.filter(|band| !is_whole(band));
        match self.span_in_file(row, &event) {
            Ok(span) => event.span = span,
            Err(reason) => {
                self.out.reject(row.line, reason);
                return;
            }
        }
        for (column, usual) in [(self.view, USUAL_VIEW), (self.channel, USUAL_CHANNEL)] {
            let cell = row.maybe(column);
            if !cell.is_empty() && cell != usual {
                let name = self.out.text(if usual == USUAL_VIEW { VIEW[0] } else { CHANNEL[0] });
                event.particulars_mut().fields.push((name, cell.to_owned()));
            }
        }
        self.push(row, event);
    }

    /// The time in the event's own file, where that is told.
    fn span_in_file(&mut self, row: &Row, event: &StrongLabel) -> Result<Span, String> {
        let is_told = |column: &usize| self.columns.file.is_some() && !row.is_empty_at(*column);
        let Some(column) = self.file_offset.filter(is_told) else { return Ok(event.span) };
        let onset_secs = self.times.secs(row.cell(column), "File Offset (s)", &event.filename)?;
        if onset_secs == event.span.onset_secs {
            return Ok(event.span);
        }
        let offset_secs = onset_secs + event.span.duration_secs();
        if !offset_secs.is_finite() {
            return Err("an end at no time".to_owned());
        }
        let text = format!("the onset is File Offset (s) within {}, not Begin Time (s)", self.file_column);
        self.out.note(row.line, &text);
        Ok(Span { onset_secs, offset_secs })
    }

    /// Takes an event, unless another view of its selection stands there already.
    fn push(&mut self, row: &Row, event: StrongLabel) {
        let selection = self.selection.and_then(|column| row.cell(column).trim().parse::<u64>().ok());
        let (Some(selection), Some(view)) = (selection, self.view) else { return self.out.push(event) };
        let view = self.out.text(row.cell(view));
        let place = self.out.labels.rows.len();
        if let Some((kept_place, kept_view)) = self.seen.get(&selection).cloned()
            && let Some(kept) = self.out.labels.rows.get_mut(kept_place)
            && kept_view != view
            && kept.span == event.span
            && kept.filename == event.filename
        {
            if view.starts_with("Spectrogram") && !kept_view.starts_with("Spectrogram") {
                *kept = event;
                self.seen.insert(selection, (kept_place, view));
            }
            self.out.note(row.line, "a further view of a selection that stands here already: read once");
            return;
        }
        self.seen.insert(selection, (place, view));
        self.out.push(event);
    }

    /// Asks whether times count over all files, if that is open; whether the rows can be used.
    fn ask_origin(&mut self, options: &ReadOptions) -> Result<bool, ReadError> {
        if self.columns.file.is_none() || self.file_offset.is_some() || self.out.labels.files.len() < 2 {
            return Ok(true);
        }
        let answers = ["file", "all files"].map(str::to_owned).to_vec();
        let given = options.answer(Choice::TimeOrigin);
        if given == Some("all files") {
            return Err(ReadError::NotLabels(
                "times count over all files, and where each file begins is not told: add the measurement File Offset (s) in \
                 Raven and save the table again"
                    .to_owned(),
            ));
        }
        let taken = (given == Some("file") || begins_again(&self.out.labels.rows)).then_some(0);
        let text = "The table names several files and has no File Offset (s). Do times begin again with each file, or count over all of them?";
        self.out.labels.questions.push(Question { choice: Choice::TimeOrigin, text: text.to_owned(), answers, taken });
        Ok(taken.is_some())
    }
}

/// Whether an event of a later file begins before one of an earlier file, so that times cannot count over all files.
fn begins_again(rows: &[StrongLabel]) -> bool {
    let mut order: Vec<(f64, f64)> = Vec::new();
    let mut places: HashMap<&Arc<str>, usize> = HashMap::new();
    for row in rows {
        let onset = row.span.onset_secs;
        let place = *places.entry(&row.filename).or_insert_with(|| {
            order.push((onset, onset));
            order.len() - 1
        });
        let (least, most) = order[place];
        order[place] = (least.min(onset), most.max(onset));
    }
    order.windows(2).any(|pair| pair[1].0 < pair[0].1)
}

/// The column of the labels, which is asked for where several may be it.
fn label_column(
    outline: &Outline,
    header: &Header,
    columns: &EventColumns,
    options: &ReadOptions,
    labels: &mut StrongLabels,
) -> Option<usize> {
    let is_named = |name: &str, names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let rows = || outline.rows.iter().skip(1);
    let has_words = |column: usize| rows().any(|row| !row.is_empty_at(column) && row.number(column).is_none());
    let may_be = |(column, name): &&(usize, Arc<str>)| {
        is_named(name, LABELS) || !(is_named(name, MEASURED) || name.ends_with(')')) && has_words(*column)
    };
    let candidates: Vec<usize> = columns.others.iter().filter(may_be).map(|(column, _)| *column).collect();
    let name = |column: &usize| header.names()[*column].clone();
    let answer = options.answer(Choice::LabelColumn);
    let given = candidates.iter().position(|column| Some(name(column).as_str()) == answer);
    let rank = |column: &usize| LABELS.iter().position(|known| known.eq_ignore_ascii_case(&name(column)));
    let best = (0..candidates.len()).min_by_key(|place| rank(&candidates[*place]).unwrap_or(usize::MAX));
    let taken = given.or(best)?;
    if candidates.len() > 1 {
        let text = "Which column holds the labels?".to_owned();
        let answers = candidates.iter().map(name).collect();
        labels.questions.push(Question { choice: Choice::LabelColumn, text, answers, taken: Some(taken) });
    }
    candidates.get(taken).copied()
}

/// Where each file begins in the time over all files; by name, in seconds.
fn starts(labels: &StrongLabels) -> io::Result<HashMap<&str, f64>> {
    let mut starts = HashMap::new();
    let mut reached = Some(0.0);
    let mut unknown = "";
    for file in &labels.files {
        let Some(start) = reached else {
            let text = format!(
                "the length of “{unknown}” is not known, and times over all files need it: write a table for each recording, or tell the lengths"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        };
        if starts.insert(&*file.name, start).is_some() {
            continue;
        }
        reached = file.duration_secs.map(|duration| start + duration);
        unknown = &file.name;
    }
    Ok(starts)
}

/// The columns that are written whatever the events have, in front of the labels.
const WRITTEN: [&str; 9] = [
    "Selection",
    "View",
    "Channel",
    "Begin Time (s)",
    "End Time (s)",
    "Low Freq (Hz)",
    "High Freq (Hz)",
    "Begin Path",
    "File Offset (s)",
];

fn write(labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
    let starts = starts(labels)?;
    let rates: HashMap<&str, f64> =
        labels.files.iter().filter_map(|file| Some((&*file.name, file.sample_rate?))).collect();
    let is_written = |name: &str| WRITTEN.iter().any(|written| written.eq_ignore_ascii_case(name.trim()));
    let others: Vec<Arc<str>> =
        labels.field_names(StrongLabel::is_label).into_iter().filter(|name| !is_written(name)).collect();
    let is_free = |name: &&&str| !others.iter().any(|other| other.trim().eq_ignore_ascii_case(name));
    let label_name = LABELS.iter().find(is_free).unwrap_or(&LABELS[0]);
    let has_scores = labels.label_rows().any(|(row, _)| row.score.is_some());
    let comment = |row: &StrongLabel| row.particulars.as_ref().map_or(String::new(), |more| more.comment.clone());
    let has_comments = labels.label_rows().any(|(row, _)| !comment(row).is_empty());
    let end = labels.line_end.text();
    write!(out, "{}\t{label_name}", WRITTEN.join("\t"))?;
    write!(out, "{}{}", if has_scores { "\tConfidence" } else { "" }, if has_comments { "\tComments" } else { "" })?;
    for name in &others {
        write!(out, "\t{}", cell_text(&NAMES.field(name), '\t'))?;
    }
    write!(out, "{end}")?;
    for (selection, (row, label)) in (1..).zip(labels.label_rows()) {
        let field =
            |name: &str| row.fields().iter().find(|(field, _)| &**field == name).map(|(_, value)| value.as_str());
        let (view, channel) = (field(VIEW[0]).unwrap_or(USUAL_VIEW), field(CHANNEL[0]).unwrap_or(USUAL_CHANNEL));
        let start = starts.get(&*row.filename).copied().unwrap_or(0.0);
        let (begin, finish) = (secs_text(start + row.span.onset_secs), secs_text(start + row.span.offset_secs));
        let (low, high) = match (row.band, rates.get(&*row.filename)) {
            (Some(band), _) => (band.low_hz.to_string(), band.high_hz.to_string()),
            (None, Some(rate)) => ("0".to_owned(), (rate / 2.0).to_string()),
            (None, None) => Default::default(),
        };
        let (view, channel, path) = (cell_text(view, '\t'), cell_text(channel, '\t'), cell_text(&row.filename, '\t'));
        let offset = secs_text(row.span.onset_secs);
        write!(out, "{selection}\t{view}\t{channel}\t{begin}\t{finish}\t{low}\t{high}\t{path}\t{offset}")?;
        write!(out, "\t{}", cell_text(label, '\t'))?;
        if has_scores {
            write!(out, "\t{}", row.score.map_or(String::new(), |score| score.to_string()))?;
        }
        if has_comments {
            write!(out, "\t{}", cell_text(&comment(row), '\t'))?;
        }
        for name in &others {
            write!(out, "\t{}", cell_text(field(name).unwrap_or_default(), '\t'))?;
        }
        write!(out, "{end}")?;
    }
    Ok(())
}
