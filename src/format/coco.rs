//! COCO-like JSON of sound events: `info`, `audios`, `categories`, `annotations`. There is no agreed standard; this is ours.
//!
//! `annotations[].bbox` is `[onset, low frequency, duration, bandwidth]` in seconds and hertz. An event without frequencies has 0 and 0
//! there, which means all of them; a moment has the duration 0. Each annotation has one category; ids count from 1. What else an event
//! says stands in keys that are there only where it says it: `score` (0 to 1), `status` (`predicted`, `corrected`, `rejected`,
//! `uncertain`; accepted without it), `annotator`, `model`, `comment`, and `attributes`, an object of further fields. `audios[].duration`
//! and `sample_rate` are there where they are known. A recording without annotations was annotated and has none. Written only.

use super::json::{difference_secs, field_json, number_text, quoted};
use super::{
    Head, Holds, LabelFormat, Likelihood, Particulars, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource,
};
use crate::annotation::{Band, Status};
use std::collections::{BTreeSet, HashMap};
use std::io;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Coco;

impl LabelFormat for Coco {
    fn id(&self) -> &'static str {
        "coco"
    }

    fn name(&self) -> &'static str {
        "COCO-like JSON"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn holds(&self) -> Holds {
        Holds {
            many_files: true,
            empty_files: true,
            bands: true,
            scores: true,
            points: true,
            overlaps: true,
            comments: true,
            fields: true,
            status: true,
            ..Holds::default()
        }
    }

    fn likelihood(&self, _: &Head<'_>) -> Likelihood {
        Likelihood::No
    }

    fn can_read(&self) -> bool {
        false
    }

    fn read(&self, _: &mut TextSource<'_>, _: &ReadOptions, _: &mut StrongLabels) -> Result<(), ReadError> {
        Err(ReadError::NotLabels(
            "COCO-like JSON is only written: choose the format that the file was made from".to_owned(),
        ))
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let names: BTreeSet<&str> = labels.rows.iter().flat_map(StrongLabel::labels).map(|label| &**label).collect();
        let categories: HashMap<&str, usize> = names.iter().zip(1..).map(|(name, id)| (*name, id)).collect();
        out.write_all(b"{\"info\": {\"time_unit\": \"s\", \"freq_unit\": \"Hz\"},\n\"audios\": [")?;
        let audios = write_audios(labels, out)?;
        out.write_all(b"],\n\"categories\": [")?;
        for (index, name) in names.iter().enumerate() {
            write!(out, "{}\n{{\"id\": {}, \"name\": {}}}", comma(index), index + 1, quoted(name))?;
        }
        out.write_all(b"],\n\"annotations\": [")?;
        let mut count = 0;
        for row in &labels.rows {
            let audio = audios.get(&*row.filename).copied().unwrap_or_default();
            for label in row.labels() {
                let category = categories.get(&**label).copied().unwrap_or_default();
                write!(out, "{}\n{{\"id\": {}, \"audio_id\": {audio}", comma(count), count + 1)?;
                write!(out, ", \"category_id\": {category}, \"bbox\": {}", bbox(row))?;
                write_rest(row, out)?;
                out.write_all(b"}")?;
                count += 1;
            }
        }
        out.write_all(b"]}\n")
    }
}

fn comma(index: usize) -> &'static str {
    if index > 0 { "," } else { "" }
}

fn write_audios<'a>(labels: &'a StrongLabels, out: &mut dyn io::Write) -> io::Result<HashMap<&'a str, usize>> {
    let mut ids = HashMap::new();
    let named = labels.files.iter().map(|file| (&*file.name, file.duration_secs, file.sample_rate));
    let of_rows = labels.rows.iter().map(|row| (&*row.filename, None, None));
    for (name, duration_secs, sample_rate) in named.chain(of_rows) {
        let id = ids.len() + 1;
        if ids.contains_key(name) {
            continue;
        }
        write!(out, "{}\n{{\"id\": {id}, \"file_name\": {}", comma(ids.len()), quoted(name))?;
        for (key, value) in [("duration", duration_secs), ("sample_rate", sample_rate)] {
            if let Some(value) = value {
                write!(out, ", \"{key}\": {}", number_text(value))?;
            }
        }
        out.write_all(b"}")?;
        ids.insert(name, id);
    }
    Ok(ids)
}

fn bbox(row: &StrongLabel) -> String {
    let Band { low_hz, high_hz } = row.band.unwrap_or(Band { low_hz: 0.0, high_hz: 0.0 });
    let length = difference_secs(row.span.onset_secs, row.span.offset_secs);
    let numbers = [row.span.onset_secs, low_hz, length, difference_secs(low_hz, high_hz)];
    format!("[{}]", numbers.map(number_text).join(", "))
}

fn write_rest(row: &StrongLabel, out: &mut dyn io::Write) -> io::Result<()> {
    if let Some(score) = row.score {
        write!(out, ", \"score\": {}", number_text(score))?;
    }
    if let Some(status) = row.status.filter(|status| *status != Status::Accepted) {
        write!(out, ", \"status\": {}", quoted(status.text()))?;
    }
    let none = Particulars::default();
    let more = row.particulars.as_deref().unwrap_or(&none);
    for (key, text) in [("annotator", &*more.annotator), ("model", &*more.model), ("comment", &*more.comment)] {
        if !text.is_empty() {
            write!(out, ", \"{key}\": {}", quoted(text))?;
        }
    }
    if !more.fields.is_empty() {
        let fields: Vec<String> =
            more.fields.iter().map(|(name, field)| format!("{}: {}", quoted(name), field_json(field))).collect();
        write!(out, ", \"attributes\": {{{}}}", fields.join(", "))?;
    }
    Ok(())
}
