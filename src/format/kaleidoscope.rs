//! Kaleidoscope's tables (`id.csv`, `cluster.csv`, and those that BirdNET writes for it): a recording is `INDIR`, `FOLDER` and `IN FILE`,
//! times are `OFFSET` and `DURATION` in seconds.
//!
//! Columns differ by version and are taken by their names. `MANUAL ID` is what a person says, and goes before what the program says;
//! that then stays beside it as a field. `TOP1DIST` is a distance, small where it is good, and so no score.

use super::birdnet::name_column;
use super::cell::Times;
use super::collector::Collector;
use super::event_columns::{ColumnNames, EventColumns};
use super::frequency_unit::{self, Stated};
use super::table::{Dialect, Header, Outline, Row};
use super::text::{csv_text, is_empty as is_empty_text, secs_text};
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource};
use crate::annotation::Status;
use std::io;
use std::sync::Arc;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Kaleidoscope;

const NAMES: ColumnNames = ColumnNames {
    file: &["IN FILE"],
    onset: &["OFFSET"],
    offset: &[],
    duration: &["DURATION"],
    label: &[],
    score: &["confidence"],
    low: &["Fmin"],
    high: &["Fmax"],
    comment: &[],
};
const INDIR: &[&str] = &["INDIR"];
const FOLDER: &[&str] = &["FOLDER"];
const MANUAL: &[&str] = &["MANUAL ID"];
const PROPOSED: &[&str] = &["TOP1MATCH", "TOP1MATCH*", "AUTO ID", "AUTO ID*"];

/// The program that proposes, for [`super::Particulars::model`].
const MODEL: &str = "Kaleidoscope";

/// The columns that are written, before those of other formats.
const WRITTEN: [&str; 14] = [
    "INDIR",
    "FOLDER",
    "IN FILE",
    "CHANNEL",
    "OFFSET",
    "DURATION",
    "Fmin",
    "Fmean",
    "Fmax",
    "DATE",
    "TIME",
    "TOP1MATCH",
    "TOP1DIST",
    "MANUAL ID",
];

impl LabelFormat for Kaleidoscope {
    fn id(&self) -> &'static str {
        "kaleidoscope"
    }

    fn name(&self) -> &'static str {
        "Kaleidoscope table"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn file_name_of(&self, _recording_stem: &str) -> String {
        "id.csv".to_owned()
    }

    fn holds(&self) -> Holds {
        Holds {
            many_files: true,
            empty_files: true,
            bands: true,
            scores: true,
            points: true,
            overlaps: true,
            fields: true,
            predictions: true,
            ..Holds::default()
        }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        match header(&Outline::of(head.text, Dialect::ANY)) {
            Some(header) if header.find(INDIR).is_some() => Likelihood::Certain,
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
        let header = header(&outline).ok_or_else(|| {
            let expected = "no table of Kaleidoscope: expected the columns IN FILE, OFFSET and DURATION";
            ReadError::NotLabels(expected.to_owned())
        })?;
        let mut reader = Reader::new(&outline, &header, options, labels);
        let comments = outline.for_each_row(source, 1, |row| {
            reader.take(row);
            Ok(())
        })?;
        reader.out.finish(comments);
        Ok(())
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        write(labels, out)
    }
}

fn header(outline: &Outline) -> Option<Header> {
    outline.header(&[NAMES.file, NAMES.onset, NAMES.duration])
}

struct Reader<'a> {
    out: Collector<'a>,
    columns: EventColumns,
    file: Option<usize>,
    folders: [Option<usize>; 2],
    manual: Option<usize>,
    proposed: Option<(usize, Arc<str>)>,
    hertz: f64,
    times: Times,
}

impl<'a> Reader<'a> {
    fn new(outline: &Outline, header: &Header, options: &ReadOptions, labels: &'a mut StrongLabels) -> Self {
        let mut columns = EventColumns::of(header, &NAMES);
        let file = columns.file.take();
        let folders = [header.find(INDIR), header.find(FOLDER)];
        let manual = header.find(MANUAL);
        let proposed = header.find(PROPOSED).or_else(|| name_column(header, options, labels));
        for column in [folders[0], manual, proposed] {
            columns.take_other(column);
        }
        labels.columns = columns.other_names();
        let high = outline.rows.iter().skip(1).filter_map(|row| row.number(columns.high?));
        let hertz = frequency_unit::hertz(Stated::Nothing, high, options, labels);
        let times = Times::secs_of(outline.separator, options);
        let proposed = proposed.map(|column| (column, header.names()[column].as_str().into()));
        Self { out: Collector::new(labels), columns, file, folders, manual, proposed, hertz, times }
    }

    fn take(&mut self, row: &Row) {
        let path = path(self.folders.map(|folder| row.maybe(folder).trim()), row.maybe(self.file).trim());
        let (manual, proposed) = (row.maybe(self.manual), self.proposed.as_ref().map(|(column, _)| row.cell(*column)));
        let is_empty = |column: Option<usize>| column.is_none_or(|column| row.is_empty_at(column));
        let label = [manual, proposed.unwrap_or_default()].into_iter().find(|label| !is_empty_text(label));
        if let Some(label) = label.filter(|_| is_empty(self.columns.onset) && is_empty(self.columns.duration)) {
            self.out.reject(row.line, format!("“{}” has neither OFFSET nor DURATION", label.trim()));
            return;
        }
        let Some(mut event) = self.columns.event(row, &path, &mut self.times, &mut self.out) else { return };
        event.is_point = event.span.onset_secs == event.span.offset_secs;
        event.band = event.band.and_then(|band| frequency_unit::in_hertz(band, self.hertz, row.line, &mut self.out));
        if manual.trim().is_empty() {
            let proposed = proposed.unwrap_or_default();
            if proposed.is_empty() {
                self.out.note(row.line, "no label");
            } else {
                event.status = Some(Status::Predicted);
                event.particulars_mut().model = self.out.text(MODEL);
            }
            event.event_label = self.out.label(proposed);
        } else {
            event.event_label = self.out.label(manual);
            event.status = Some(Status::Accepted);
            if let (Some((_, name)), Some(proposed)) =
                (&self.proposed, proposed.filter(|proposed| !proposed.is_empty()))
            {
                event.particulars_mut().fields.push((name.clone(), proposed.to_owned()));
            }
        }
        self.out.push(event);
    }
}

/// The path of a recording, with the separators that its first folder has.
fn path(folders: [&str; 2], file: &str) -> String {
    let separator = if folders[0].contains('\\') && !folders[0].contains('/') { '\\' } else { '/' };
    let mut path = String::new();
    for folder in folders.into_iter().filter(|folder| !folder.is_empty()) {
        path += folder;
        if !path.ends_with(separator) {
            path.push(separator);
        }
    }
    if file.is_empty() { String::new() } else { path + file }
}

/// `INDIR`, `FOLDER` and `IN FILE` of a path; `folder` is what stood there when it was read.
fn parts<'a>(path: &'a str, folder: &'a str) -> [&'a str; 3] {
    let (before, file) = match path.rfind(['/', '\\']) {
        // The root is a folder too.
        Some(at) => (if at == 0 { &path[..1] } else { &path[..at] }, &path[at + 1..]),
        None => ("", path),
    };
    match before.strip_suffix(folder) {
        Some(rest) if !folder.is_empty() && (rest.is_empty() || rest.ends_with(['/', '\\'])) => {
            let rest = if rest.len() > 1 { rest.trim_end_matches(['/', '\\']) } else { rest };
            [rest, folder, file]
        }
        _ => [before, "", file],
    }
}

fn write(labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
    let is_written = |name: &str| WRITTEN.iter().any(|written| written.eq_ignore_ascii_case(name));
    let others: Vec<Arc<str>> =
        labels.field_names(is_written_row).into_iter().filter(|name| !is_written(name)).collect();
    let has_scores = labels.rows.iter().any(|row| is_written_row(row) && row.score.is_some());
    let end = labels.line_end.text();
    write!(out, "{}{}", WRITTEN.join(","), if has_scores { ",confidence" } else { "" })?;
    for name in &others {
        write!(out, ",{}", csv_text(&NAMES.field(name), ','))?;
    }
    write!(out, "{end}")?;
    let rows = labels.rows.iter().filter(|row| is_written_row(row));
    for (row, label) in rows.flat_map(|row| row.labels().map(move |label| (row, label))) {
        let field = |name: &str| {
            row.fields()
                .iter()
                .find(|(field, _)| field.eq_ignore_ascii_case(name))
                .map_or("", |(_, value)| value.as_str())
        };
        let [indir, folder, file] = parts(&row.filename, field("FOLDER"));
        let (onset, duration) = (secs_text(row.span.onset_secs), secs_text(row.span.duration_secs()));
        let (low, high) =
            row.band.map_or(Default::default(), |band| (band.low_hz.to_string(), band.high_hz.to_string()));
        let (proposed, manual) = if is_proposed(row) { (&**label, "") } else { (field("TOP1MATCH"), &**label) };
        for (place, name) in WRITTEN.iter().enumerate() {
            let cell = match *name {
                "INDIR" => indir,
                "FOLDER" => folder,
                "IN FILE" => file,
                "OFFSET" => &onset,
                "DURATION" => &duration,
                "Fmin" => &low,
                "Fmax" => &high,
                "TOP1MATCH" => proposed,
                "MANUAL ID" => manual,
                name => field(name),
            };
            write!(out, "{}{}", if place > 0 { "," } else { "" }, csv_text(cell, ','))?;
        }
        if has_scores {
            write!(out, ",{}", row.score.map_or(String::new(), |score| score.to_string()))?;
        }
        for name in &others {
            write!(out, ",{}", csv_text(row.field(name), ','))?;
        }
        write!(out, "{end}")?;
    }
    for file in labels.empty_files() {
        let [indir, folder, name] = parts(&file.name, "");
        let cells = [indir, folder, name].map(|cell| csv_text(cell, ','));
        let rest = WRITTEN.len() - 3 + usize::from(has_scores) + others.len();
        write!(out, "{}{}{end}", cells.join(","), ",".repeat(rest))?;
    }
    Ok(())
}

/// Whether a program says so, and nobody has decided about it.
fn is_proposed(row: &StrongLabel) -> bool {
    row.status == Some(Status::Predicted)
}

fn is_written_row(row: &StrongLabel) -> bool {
    row.is_label() || is_proposed(row)
}
