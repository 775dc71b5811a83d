//! How long recordings are: the table `filename duration` that DESED, psds_eval and sed_scores_eval have beside their labels.

use super::collector::Collector;
use super::table::{Dialect, Header, Outline, RowWriter};
use super::text::secs_text;
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabels, TextSource};
use std::collections::HashMap;
use std::io;

/// The lengths of recordings by their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Durations {
    by_name: HashMap<String, f64>,
}

impl Durations {
    /// Those that labels state.
    pub fn of(labels: &StrongLabels) -> Self {
        let mut durations = Self::default();
        for file in &labels.files {
            if let Some(secs) = file.duration_secs {
                durations.insert(&file.name, secs);
            }
        }
        durations
    }

    /// Adds a recording. It is found by its path, its name, and that without extension, unless another was added under that before.
    pub fn insert(&mut self, name: &str, secs: f64) {
        for key in keys(name) {
            self.by_name.entry(key.to_owned()).or_insert(secs);
        }
    }

    /// The length of a recording in seconds.
    pub fn get(&self, name: &str) -> Option<f64> {
        keys(name).into_iter().find_map(|key| self.by_name.get(key).copied())
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// States the lengths of the recordings that labels name, where they do not state them.
    pub fn fill(&self, labels: &mut StrongLabels) {
        for file in labels.files.iter_mut().filter(|file| file.duration_secs.is_none()) {
            file.duration_secs = self.get(&file.name);
        }
    }
}

fn keys(name: &str) -> [&str; 3] {
    let file_name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
    [name, file_name, if stem.is_empty() { file_name } else { stem }]
}

/// The table as a label format without events, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct DurationTable;

const FILE: &[&str] = &["filename", "file"];
const DURATION: &[&str] = &["duration", "duration_s"];

impl LabelFormat for DurationTable {
    fn id(&self) -> &'static str {
        "durations"
    }

    fn name(&self) -> &'static str {
        "Durations of recordings"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["tsv", "csv"]
    }

    fn holds(&self) -> Holds {
        // What events may have does not matter, because there are none.
        Holds {
            many_files: true,
            empty_files: true,
            bands: true,
            scores: true,
            points: true,
            overlaps: true,
            many_labels: true,
            comments: true,
            fields: true,
            status: true,
            tiers: true,
            predictions: true,
            one_line: true,
            ..Holds::default()
        }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let outline = Outline::of(head.text, Dialect::ANY);
        match outline.header(&[FILE, DURATION]) {
            Some(header) if header.names().len() == 2 => Likelihood::Certain,
            Some(header) if header.find(&["onset", "label", "event_label"]).is_none() => Likelihood::Possible,
            _ => Likelihood::No,
        }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        _options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let outline = Outline::of(source.head(), Dialect::ANY);
        let header = outline.rows.first().map(Header::of).unwrap_or_default();
        let (Some(file), Some(duration)) = (header.find(FILE), header.find(DURATION)) else {
            return Err(ReadError::NotLabels("no durations: expected the columns filename and duration".to_owned()));
        };
        let mut out = Collector::new(labels);
        let comments = outline.for_each_row(source, 1, |row| {
            let name = row.cell(file);
            if (0..row.len()).any(|column| column != file && column != duration && !row.is_empty_at(column)) {
                out.note(row.line, "not read: cells of other columns than the name and the duration");
            }
            match row.number(duration).filter(|secs| *secs >= 0.0) {
                _ if name.trim().is_empty() => out.reject(row.line, "no file name"),
                Some(secs) => out.file_mut(name).into_iter().for_each(|file| file.duration_secs = Some(secs)),
                None => out.reject(row.line, format!("duration is “{}”, not a number of seconds", row.cell(duration))),
            }
            Ok(())
        })?;
        out.finish(comments);
        Ok(())
    }

    fn own_losses(&self, labels: &StrongLabels) -> Vec<String> {
        let unknown = labels.files.iter().filter(|file| file.duration_secs.is_none()).count();
        let events = (!labels.rows.is_empty()).then(|| format!("all {} events", labels.rows.len()));
        let unknown = (unknown > 0).then(|| format!("{unknown} recordings whose durations are not known"));
        events.into_iter().chain(unknown).collect()
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let mut rows = RowWriter::tabs(out, labels);
        rows.row(["filename", "duration"])?;
        for file in &labels.files {
            if let Some(secs) = file.duration_secs {
                rows.row([&*file.name, &secs_text(secs)])?;
            }
        }
        Ok(())
    }
}
