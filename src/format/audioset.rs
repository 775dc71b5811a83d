//! AudioSet's strong labels: `segment_id start_time_seconds end_time_seconds label`, TAB-separated, times within the segment of ten seconds;
//! with a column `present` the framed labels, where `NOT_PRESENT` says that a sound is not there.
//!
//! Labels are ids of the ontology, which are read as its names and written as ids again.

use super::event_columns::ColumnNames;
use super::event_table::{EventTable, certain_with};
use super::table::RowWriter;
use super::text::secs_text;
use super::{
    Choice, Head, Holds, LabelFormat, Likelihood, Question, ReadError, ReadOptions, StrongLabel, StrongLabels,
    TextSource,
};
use crate::annotation::Status;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::sync::LazyLock;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct AudioSetStrong;

const NAMES: ColumnNames = ColumnNames {
    file: &["segment_id"],
    onset: &["start_time_seconds"],
    offset: &["end_time_seconds"],
    duration: &[],
    label: &["label"],
    score: &[],
    low: &[],
    high: &[],
    comment: &[],
};
const NEEDED: [&[&str]; 4] = [NAMES.file, NAMES.onset, NAMES.offset, NAMES.label];
const PRESENT: &[&str] = &["present"];
const ANSWERS: [&str; 2] = ["ids", "names"];

impl LabelFormat for AudioSetStrong {
    fn id(&self) -> &'static str {
        "audioset-strong"
    }

    fn name(&self) -> &'static str {
        "AudioSet strong labels"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["tsv", "csv"]
    }

    fn holds(&self) -> Holds {
        Holds { many_files: true, overlaps: true, status: true, fields: true, one_line: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        certain_with(head, &NEEDED)
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let expected = "no AudioSet strong labels: expected the columns segment_id, start_time_seconds, end_time_seconds and label";
        let (mut table, header) = EventTable::with_header(source, &NAMES, &NEEDED, expected)?;
        let present = table.take(&header, PRESENT);
        let mut first = table.outline.rows.iter().skip(1);
        let question =
            first.any(|row| name_of_id(row.maybe(table.columns.label)).is_some()).then(|| question_of_names(options));
        let as_names = question.as_ref().is_some_and(|question| question.taken == Some(1));
        labels.questions.extend(question);
        table.read(source, options, None, labels, |row, times, out| {
            let status = match row.maybe(present).trim() {
                "NOT_PRESENT" => Some(Status::Rejected),
                "" | "PRESENT" => None,
                other => {
                    let reason = format!("present is “{other}”, neither PRESENT nor NOT_PRESENT");
                    out.reject(row.line, reason);
                    return None;
                }
            };
            let mut event = table.columns.event(row, &options.file_stem, times, out)?;
            event.status = status;
            if as_names && let Some(name) = name_of_id(&event.event_label) {
                event.event_label = out.label(name);
            }
            Some(event)
        })
    }

    fn own_losses(&self, labels: &StrongLabels) -> Vec<String> {
        let left_out = labels.rows.iter().filter(|row| !is_written(row)).count();
        let unknown = labels.rows.iter().flat_map(StrongLabel::labels).filter(|label| id_of_label(label).is_none());
        let unknown = unknown.count();
        let left_out = (left_out > 0).then(|| format!("{left_out} predicted or uncertain events"));
        let unknown =
            (unknown > 0).then(|| format!("{unknown} labels that AudioSet does not know, written as they are"));
        left_out.into_iter().chain(unknown).collect()
    }

    /// Rows in their order; the column `present` only where an event is rejected.
    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let is_framed = labels.rows.iter().any(|row| row.status == Some(Status::Rejected));
        let fields = labels.field_names(is_written);
        let mut rows = RowWriter::tabs(out, labels);
        let mut header: Vec<Cow<'_, str>> =
            ["segment_id", "start_time_seconds", "end_time_seconds", "label"].map(Cow::from).to_vec();
        header.extend(is_framed.then_some("present".into()));
        header.extend(fields.iter().map(|name| NAMES.field(name)));
        rows.row(&header)?;
        for row in labels.rows.iter().filter(|row| is_written(row)) {
            for label in row.labels() {
                let mut cells: Vec<Cow<'_, str>> = vec![
                    segment_id(&row.filename),
                    secs_text(row.span.onset_secs).into(),
                    secs_text(row.span.offset_secs).into(),
                    id_of_label(label).unwrap_or(label).into(),
                ];
                let present = if row.status == Some(Status::Rejected) { "NOT_PRESENT" } else { "PRESENT" };
                cells.extend(is_framed.then_some(present.into()));
                cells.extend(fields.iter().map(|name| row.field(name).into()));
                rows.row(&cells)?;
            }
        }
        Ok(())
    }
}

fn is_written(row: &StrongLabel) -> bool {
    row.is_label() || row.status == Some(Status::Rejected)
}

fn question_of_names(options: &ReadOptions) -> Question {
    let given = options.answer(Choice::LabelNames);
    let taken = given.and_then(|given| ANSWERS.iter().position(|answer| *answer == given));
    let text = "The labels are ids of the AudioSet ontology. Do they stay ids, or become the names that it gives them?";
    let answers = ANSWERS.map(str::to_owned).to_vec();
    Question { choice: Choice::LabelNames, text: text.to_owned(), answers, taken: taken.or(Some(1)) }
}

/// Ids and names, those of the strong vocabulary first: it has names of its own for some ids of the ontology.
struct Vocabulary {
    name_of_id: HashMap<&'static str, &'static str>,
    id_of_name: HashMap<&'static str, &'static str>,
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let mut vocabulary = Vocabulary { name_of_id: HashMap::new(), id_of_name: HashMap::new() };
    let tables =
        [include_str!("../../assets/labels/audioset_strong.tsv"), include_str!("../../assets/labels/audioset.tsv")];
    for line in tables.into_iter().flat_map(|table| table.lines().skip(1)) {
        let mut cells = line.split('\t');
        if let (Some(id), Some(name)) = (cells.next(), cells.next()) {
            vocabulary.name_of_id.entry(id).or_insert(name);
            vocabulary.id_of_name.entry(name).or_insert(id);
        }
    }
    vocabulary
});

/// The name that AudioSet's strong labels, else its ontology, have for an id as `/m/09x0r`.
pub fn name_of_id(id: &str) -> Option<&'static str> {
    VOCABULARY.name_of_id.get(id.trim()).copied()
}

/// The id that AudioSet has for a name of its strong labels or of its ontology.
pub fn id_of_name(name: &str) -> Option<&'static str> {
    VOCABULARY.id_of_name.get(name).copied()
}

fn id_of_label(label: &str) -> Option<&str> {
    if name_of_id(label).is_some() { Some(label) } else { id_of_name(label) }
}

/// A segment of a video, as AudioSet and the files of its sound name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segment<'a> {
    /// The video's id, eleven characters, which may have `_` and `-`.
    pub video: &'a str,
    /// Where it begins, in milliseconds of the video.
    pub start_ms: u64,
    /// Where it ends, if the name says so.
    pub end_ms: Option<u64>,
}

/// The segment that a name states: `b0RFKhbpFJA_30000`, or as files are called, `Yb0RFKhbpFJA_30.000_40.000.wav`.
pub fn segment_of(name: &str) -> Option<Segment<'_>> {
    let stem = stem_of(name);
    if let Some((before, start_ms, end_ms)) = span_at_end(stem)
        && let Some(video) = video_of(before)
    {
        return Some(Segment { video, start_ms, end_ms: Some(end_ms) });
    }
    let (before, start) = stem.rsplit_once('_')?;
    let start_ms = start.bytes().all(|byte| byte.is_ascii_digit()).then(|| start.parse().ok()).flatten()?;
    Some(Segment { video: video_of(before)?, start_ms, end_ms: None })
}

/// The length of a file whose name states where it lies in a longer one: 10 seconds of `Yabc_30.000_40.000.wav`.
pub(super) fn secs_in_name(name: &str) -> Option<f64> {
    span_at_end(stem_of(name)).map(|(_, start, end)| (end - start) as f64 / 1e3)
}

/// A name without its folders and its extension, which is none if it is a number.
fn stem_of(name: &str) -> &str {
    let file_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    match file_name.rsplit_once('.') {
        Some((stem, extension)) if extension.bytes().any(|byte| byte.is_ascii_alphabetic()) => stem,
        _ => file_name,
    }
}

/// What stands before `_30.000_40.000`, and both times in milliseconds.
fn span_at_end(stem: &str) -> Option<(&str, u64, u64)> {
    let mut parts = stem.rsplitn(3, '_');
    let (end, start) = (millis_of_secs(parts.next()?)?, millis_of_secs(parts.next()?)?);
    let before = parts.next()?;
    (end > start).then_some((before, start, end))
}

/// An id of a video, from which the `Y` before it is taken.
fn video_of(text: &str) -> Option<&str> {
    let is_id =
        |id: &str| id.len() == 11 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let after = text.strip_prefix('Y').filter(|id| is_id(id));
    after.or_else(|| Some(text).filter(|id| is_id(id)))
}

/// `30.000` as milliseconds.
fn millis_of_secs(text: &str) -> Option<u64> {
    let (whole, millis) = text.split_once('.')?;
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(millis) || millis.len() != 3 || whole.len() > 9 {
        return None;
    }
    Some(whole.parse::<u64>().ok()? * 1000 + millis.parse::<u64>().ok()?)
}

/// The id of the segment that a recording's name states, else the name as it is.
fn segment_id(filename: &str) -> Cow<'_, str> {
    match segment_of(filename) {
        Some(segment) => format!("{}_{}", segment.video, segment.start_ms).into(),
        None => filename.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_named_in_two_ways() {
        let whole = |video, start_ms, end_ms| Some(Segment { video, start_ms, end_ms });
        for (name, segment) in [
            ("b0RFKhbpFJA_30000", whole("b0RFKhbpFJA", 30_000, None)),
            ("-0_Ab-_cdE_10000", None),
            ("-0_Ab-_cdEf_10000", whole("-0_Ab-_cdEf", 10_000, None)),
            ("Yb0RFKhbpFJA_30.000_40.000.wav", whole("b0RFKhbpFJA", 30_000, Some(40_000))),
            ("x/Y-0_Ab-_cdEf_0.000_9.990.flac", whole("-0_Ab-_cdEf", 0, Some(9_990))),
            ("b0RFKhbpFJA_30.000_40.000", whole("b0RFKhbpFJA", 30_000, Some(40_000))),
            ("YYYYYYYYYYY_1000", whole("YYYYYYYYYYY", 1_000, None)),
            ("street_30000", None),
            ("b0RFKhbpFJA_40.000_30.000.wav", None),
            ("b0RFKhbpFJA", None),
        ] {
            assert_eq!(segment_of(name), segment, "{name}");
        }
        assert_eq!(segment_id("Yb0RFKhbpFJA_30.000_40.000.wav"), "b0RFKhbpFJA_30000");
        assert_eq!(segment_id("street.wav"), "street.wav");
    }

    #[test]
    fn names_and_ids_are_those_of_the_strong_labels_first() {
        assert_eq!((name_of_id("/m/09x0r"), id_of_name("Speech")), (Some("Speech"), Some("/m/09x0r")));
        assert_eq!(name_of_id("/m/0912c9"), Some("Vehicle horn, car horn, honking, toot"));
        assert_eq!(id_of_name("Vehicle horn, car horn, honking"), Some("/m/0912c9"));
        assert_eq!((name_of_id("/m/none"), id_of_name("no such sound")), (None, None));
        // Two ids may have one name.
        for name in VOCABULARY.name_of_id.values() {
            assert_eq!(id_of_name(name).and_then(name_of_id), Some(*name));
        }
    }
}
