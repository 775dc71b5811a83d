//! MAESTRO's soft labels: `onset offset label value` in steps of a second, without a header, one file a recording; and the estimated strong
//! labels of its synthetic set, `onset offset event_label` with TABs in files called `mturk_NAME.csv`.
//!
//! A soft value is the share of annotators who heard the sound: it is kept as the score of a prediction, and no threshold is set here.

use super::event_columns::{ColumnNames, EventColumns};
use super::event_table::EventTable;
use super::table::{Dialect, Outline, Row, RowWriter};
use super::{Head, Holds, LabelFormat, LabelledFile, Likelihood, ReadError, ReadOptions, StrongLabels, TextSource};
use crate::annotation::Status;
use crate::time::Span;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Maestro;

const NAMES: ColumnNames = ColumnNames {
    file: &[],
    onset: &["onset"],
    offset: &["offset"],
    duration: &[],
    label: &["event_label", "label", "event"],
    score: &["confidence", "value"],
    low: &[],
    high: &[],
    comment: &[],
};

impl LabelFormat for Maestro {
    fn id(&self) -> &'static str {
        "maestro"
    }

    fn name(&self) -> &'static str {
        "MAESTRO soft labels"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt", "csv"]
    }

    fn holds(&self) -> Holds {
        Holds { scores: true, overlaps: true, predictions: true, empty_files: true, one_line: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let outline = Outline::of(head.text, Dialect::ANY);
        if !outline.rows.is_empty() && outline.rows.iter().all(is_soft) {
            return Likelihood::Certain;
        }
        match outline.header(&[NAMES.onset, NAMES.offset, NAMES.label]) {
            Some(header) if header.find(&["filename", "file"]).is_some() => Likelihood::No,
            Some(_) if head.file_name.starts_with("mturk_") => Likelihood::Certain,
            Some(_) => Likelihood::Possible,
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
        let header = outline.header(&[NAMES.onset, NAMES.offset, NAMES.label]);
        let columns = match &header {
            Some(header) => EventColumns::of(header, &NAMES),
            None if outline.rows.first().is_none_or(has_value) => EventColumns {
                onset: Some(0),
                offset: Some(1),
                label: Some(2),
                score: Some(3),
                width: 4,
                ..EventColumns::default()
            },
            None => {
                let expected = "no soft labels: expected onset, offset, label and a value from 0 to 1 in each row";
                return Err(ReadError::NotLabels(expected.to_owned()));
            }
        };
        let headers = usize::from(header.is_some());
        let table = EventTable { outline, headers, columns };
        let recording = options.file_stem.strip_prefix("mturk_").unwrap_or(&options.file_stem);
        table.read(source, options, Some(recording), labels, |row, times, out| {
            let mut event = table.columns.event(row, recording, times, out)?;
            event.status = event.score.map(|_| Status::Predicted);
            Some(event)
        })
    }

    fn own_losses(&self, labels: &StrongLabels) -> Vec<String> {
        let without = labels.rows.iter().filter(|row| is_written(row) && row.score.is_none()).count();
        let without = (without > 0).then(|| format!("{without} events without a score, written with the value 1"));
        without.into_iter().collect()
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let mut rows = RowWriter::tabs(out, labels);
        for row in labels.rows.iter().filter(|row| is_written(row)) {
            let Span { onset_secs, offset_secs } = row.span;
            for label in row.labels() {
                let value = row.score.unwrap_or(1.0);
                rows.row([&onset_secs.to_string(), &offset_secs.to_string(), &**label, &value.to_string()])?;
            }
        }
        Ok(())
    }
}

fn is_written(row: &super::StrongLabel) -> bool {
    row.is_label() || row.status == Some(Status::Predicted)
}

/// Whether a row has times and a value where a soft label has them.
fn has_value(row: &Row) -> bool {
    let is_share = row.number(3).is_some_and(|value| (0.0..=1.0).contains(&value));
    row.len() == 4 && row.number(0).is_some() && row.number(1).is_some() && is_share
}

/// Whether a row is a soft label, and nothing else with four columns.
fn is_soft(row: &Row) -> bool {
    has_value(row) && row.number(2).is_none()
}

/// A part of a recording that is a file of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// The recording's name with the clip's extension.
    pub recording: String,
    /// Where the clip lies in it.
    pub span: Span,
}

/// What the name of a clip says, as the DESED recipe cuts MAESTRO: `STEM-000000-001000.wav`, in hundredths of a second.
pub fn clip_of(name: &str) -> Option<Clip> {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !extension.contains(['/', '\\', '-']) => (stem, Some(extension)),
        _ => (name, None),
    };
    let mut parts = stem.rsplitn(3, '-');
    let (end, start, recording) = (parts.next()?, parts.next()?, parts.next()?);
    let hundredths = |digits: &str| -> Option<f64> {
        let is_number = (6..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<u32>().ok()).flatten().map(|count| f64::from(count) / 100.0)
    };
    let span = Span { onset_secs: hundredths(start)?, offset_secs: hundredths(end)? };
    let is_named = !recording.is_empty();
    let recording = extension.map_or_else(|| recording.to_owned(), |extension| format!("{recording}.{extension}"));
    (span.offset_secs > span.onset_secs && is_named).then_some(Clip { recording, span })
}

/// Rows of clips become rows of the recordings that they are parts of; returns how many rows that were. Clips that overlap may state an
/// event twice, which stays so.
pub fn join_clips(labels: &mut StrongLabels) -> usize {
    let mut clips: HashMap<Arc<str>, Option<(Arc<str>, f64)>> = HashMap::new();
    let mut place_of = |name: &Arc<str>| {
        let found = clips.entry(name.clone());
        let clip = |name: &str| clip_of(name).map(|clip| (clip.recording.into(), clip.span.onset_secs));
        found.or_insert_with_key(|name| clip(name)).clone()
    };
    let mut joined = 0;
    for row in &mut labels.rows {
        if let Some((recording, start_secs)) = place_of(&row.filename) {
            row.filename = recording;
            row.span.onset_secs += start_secs;
            row.span.offset_secs += start_secs;
            joined += 1;
        }
    }
    let mut files: Vec<LabelledFile> = Vec::new();
    let mut seen: HashMap<Arc<str>, usize> = HashMap::new();
    for file in std::mem::take(&mut labels.files) {
        let file = match place_of(&file.name) {
            Some((recording, _)) => LabelledFile { name: recording, duration_secs: None, ..file },
            None => file,
        };
        seen.entry(file.name.clone()).or_insert_with(|| {
            files.push(file);
            files.len()
        });
    }
    labels.files = files;
    joined
}
