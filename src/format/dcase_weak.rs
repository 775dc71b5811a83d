//! DCASE and DESED weak labels: `filename event_labels`, the labels of a recording with commas between them and no times.
//!
//! Each label becomes an event over the whole recording, so that its length must be known: from the durations that are given with the
//! file, or from a name as `Yabc_30.000_40.000.wav`.

use super::collector::Collector;
use super::table::{Dialect, Header, Outline, RowWriter};
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource};
use super::{audioset::secs_in_name, maestro::clip_of};
use crate::time::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct DcaseWeak;

const FILE: &[&str] = &["filename", "file"];
const LABELS: &[&str] = &["event_labels", "event_label", "labels"];

impl LabelFormat for DcaseWeak {
    fn id(&self) -> &'static str {
        "dcase-weak"
    }

    fn name(&self) -> &'static str {
        "DCASE weak labels"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["tsv", "csv"]
    }

    fn holds(&self) -> Holds {
        Holds {
            many_files: true,
            empty_files: true,
            overlaps: true,
            many_labels: true,
            points: true,
            one_line: true,
            ..Holds::default()
        }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        match Outline::of(head.text, Dialect::ANY).header(&[FILE, LABELS]) {
            Some(header) if header.names().len() == 2 => Likelihood::Certain,
            _ => Likelihood::No,
        }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let outline = Outline::of(source.head(), Dialect::ANY);
        let header = outline.rows.first().map(Header::of).unwrap_or_default();
        let (Some(file), Some(named)) = (header.find(FILE), header.find(LABELS)) else {
            return Err(ReadError::NotLabels(
                "no weak labels: expected the columns filename and event_labels".to_owned(),
            ));
        };
        let mut out = Collector::new(labels);
        let comments = outline.for_each_row(source, 1, |row| {
            let name = row.cell(file);
            if (0..row.len()).any(|column| column != file && column != named && !row.is_empty_at(column)) {
                out.note(row.line, "not read: cells of other columns than the name and the labels");
            }
            if name.trim().is_empty() {
                out.reject(row.line, "no file name");
                return Ok(());
            }
            if row.is_empty_at(named) {
                out.file(name);
                return Ok(());
            }
            let Some(offset_secs) = length_of(name, options) else {
                let reason =
                    "weak labels have no times, and the length of the recording is not known: give its duration";
                out.reject(row.line, reason);
                return Ok(());
            };
            let filename = out.file(name);
            for label in row.cell(named).split(',').filter(|label| !label.trim().is_empty()) {
                let label = out.label(label);
                let span = Span { onset_secs: 0.0, offset_secs };
                out.push(StrongLabel::new(filename.clone(), span, label));
            }
            Ok(())
        })?;
        out.finish(comments);
        Ok(())
    }

    fn own_losses(&self, labels: &StrongLabels) -> Vec<String> {
        let times = labels.label_rows().count();
        let commas = labels.label_rows().filter(|(_, label)| label.contains(',')).count();
        let times = (times > 0).then(|| format!("the onsets and offsets of {times} events"));
        let commas = (commas > 0).then(|| format!("{commas} labels with commas, which will be read as several"));
        times.into_iter().chain(commas).collect()
    }

    /// A row for each recording, its labels in alphabetical order, each once.
    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let mut by_file: BTreeMap<&str, BTreeSet<&str>> =
            labels.file_names().map(|file| (file, BTreeSet::new())).collect();
        for (row, label) in labels.label_rows() {
            by_file.entry(&row.filename).or_default().insert(label);
        }
        let mut rows = RowWriter::tabs(out, labels);
        rows.row(["filename", "event_labels"])?;
        for (file, names) in by_file {
            rows.row([file, &names.into_iter().collect::<Vec<_>>().join(",")])?;
        }
        Ok(())
    }
}

fn length_of(name: &str, options: &ReadOptions) -> Option<f64> {
    let stated = options.durations.get(name);
    let of_clip = || clip_of(name).map(|clip| clip.span.duration_secs());
    stated.or_else(|| secs_in_name(name)).or_else(of_clip).filter(|secs| *secs > 0.0)
}
