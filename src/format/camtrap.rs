//! Observations of Camtrap DP 1.0 (Camera Trap Data Package, TDWG): `observations.csv`. Written only.
//!
//! Its times are dates and times of day, so that each recording's name must tell when it began (`20260501_041200.wav`); without a zone in
//! the name UTC is taken. The standard is made for pictures: events are observations of a medium, whose label is `scientificName` where it
//! looks like one (`Parus major`: genus and a word with a Latin ending), else the tag `event_label:…`. What is proposed for sound, but not released, is a format of its own:
//! `observationLevel` *interval*, and the columns `frequencyLow` and `frequencyHigh`.

use super::json::refused;
use super::text::csv_text;
use super::{
    Head, Holds, LabelFormat, LabelledFile, Likelihood, Particulars, ReadError, ReadOptions, StrongLabel, StrongLabels,
    TextSource,
};
use crate::annotation::Status;
use crate::audio::time_in_name;
use crate::time::CivilTime;
use std::collections::{HashMap, HashSet};
use std::io;

/// The format, as it stands twice in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct CamtrapDp {
    /// Whether the columns that are proposed for sound are written.
    pub has_proposed: bool,
}

/// The columns of the released standard, in its order.
const COLUMNS: &str = "observationID,deploymentID,mediaID,eventID,eventStart,eventEnd,observationLevel,observationType,\
    cameraSetupType,taxonID,scientificName,count,lifeStage,sex,behavior,individualID,individualPositionRadius,\
    individualPositionAngle,individualSpeed,bboxX,bboxY,bboxWidth,bboxHeight,classificationMethod,classifiedBy,\
    classificationTimestamp,classificationProbability,observationTags,observationComments";

impl LabelFormat for CamtrapDp {
    fn id(&self) -> &'static str {
        if self.has_proposed { "camtrap-dp-sound" } else { "camtrap-dp" }
    }

    fn name(&self) -> &'static str {
        if self.has_proposed {
            "Camtrap DP observations, with columns proposed for sound"
        } else {
            "Camtrap DP observations"
        }
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn holds(&self) -> Holds {
        Holds {
            many_files: true,
            empty_files: true,
            bands: self.has_proposed,
            scores: true,
            points: true,
            overlaps: true,
            comments: true,
            predictions: true,
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
        Err(ReadError::NotLabels("observations of Camtrap DP are only written".to_owned()))
    }

    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let starts = starts(labels)?;
        writeln!(out, "{COLUMNS}{}", if self.has_proposed { ",frequencyLow,frequencyHigh" } else { "" })?;
        let with_rows: HashSet<&str> = labels.rows.iter().map(|row| &*row.filename).collect();
        let mut count = 0;
        for row in labels.rows.iter().filter(|row| is_written(row)) {
            let Some(start) = starts.get(&*row.filename) else { continue };
            for label in row.labels() {
                count += 1;
                self.write_event(row, label, *start, count, out)?;
            }
        }
        for file in labels.files.iter().filter(|file| !with_rows.contains(&*file.name)) {
            let Some(start) = starts.get(&*file.name) else { continue };
            count += 1;
            self.write_blank(file, *start, count, out)?;
        }
        Ok(())
    }

    fn own_losses(&self, labels: &StrongLabels) -> Vec<String> {
        let zoneless = |name: &&str| time_in_name(base_name(name)).is_some_and(|at| at.offset_minutes().is_none());
        let count = labels.file_names().filter(zoneless).count();
        if count == 0 {
            Vec::new()
        } else {
            vec![format!("{count} recordings whose names tell no time zone, taken as UTC")]
        }
    }
}

impl CamtrapDp {
    fn write_event(
        &self,
        row: &StrongLabel,
        label: &str,
        start: CivilTime,
        number: usize,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let none = Particulars::default();
        let more = row.particulars.as_deref().unwrap_or(&none);
        let is_machine = row.status == Some(Status::Predicted) || more.annotator.is_empty() && !more.model.is_empty();
        let by = if is_machine { &more.model } else { &more.annotator };
        let (scientific, tags) =
            if is_scientific(label) { (label, String::new()) } else { ("", format!("event_label:{label}")) };
        let mut cells =
            Cells::new(&row.filename, number, iso(start, row.span.onset_secs), iso(start, row.span.offset_secs));
        cells.set("observationLevel", if self.has_proposed { "interval" } else { "media" });
        cells.set("observationType", if scientific.is_empty() { "unclassified" } else { "animal" });
        cells.set("scientificName", scientific);
        cells.set("classificationMethod", if is_machine { "machine" } else { "human" });
        cells.set("classifiedBy", by);
        cells.set("classificationProbability", &row.score.map(|score| score.to_string()).unwrap_or_default());
        cells.set("observationTags", if label.is_empty() { "" } else { &tags });
        cells.set("observationComments", &more.comment);
        let band = row.band.map(|band| (band.low_hz, band.high_hz));
        cells.write(self.has_proposed.then_some(band), out)
    }

    /// That a recording was annotated and nothing was heard in it.
    fn write_blank(
        &self,
        file: &LabelledFile,
        start: CivilTime,
        number: usize,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let end = iso(start, file.duration_secs.unwrap_or(0.0));
        let mut cells = Cells::new(&file.name, number, iso(start, 0.0), end);
        cells.set("observationLevel", "media");
        cells.set("observationType", "blank");
        cells.write(self.has_proposed.then_some(None), out)
    }
}

/// The cells of a row by their column.
struct Cells(HashMap<&'static str, String>);

impl Cells {
    fn new(filename: &str, number: usize, event_start: String, event_end: String) -> Self {
        let folder = filename.rsplit(['/', '\\']).nth(1).filter(|folder| !folder.is_empty());
        let id = format!("observation{number}");
        let cells = [
            ("observationID", id),
            ("deploymentID", folder.unwrap_or("deployment1").to_owned()),
            ("mediaID", filename.to_owned()),
            ("eventID", format!("event{number}")),
            ("eventStart", event_start),
            ("eventEnd", event_end),
        ];
        Self(cells.into_iter().collect())
    }

    fn set(&mut self, column: &'static str, text: &str) {
        self.0.insert(column, text.to_owned());
    }

    /// Writes the row, with the two columns of frequencies if they are there.
    fn write(&self, band: Option<Option<(f64, f64)>>, out: &mut dyn io::Write) -> io::Result<()> {
        let mut cells: Vec<String> = COLUMNS
            .split(',')
            .map(|column| self.0.get(column).map(|text| csv_text(text, ',').into_owned()).unwrap_or_default())
            .collect();
        if let Some(band) = band {
            cells.push(band.map(|(low, _)| low.to_string()).unwrap_or_default());
            cells.push(band.map(|(_, high)| high.to_string()).unwrap_or_default());
        }
        writeln!(out, "{}", cells.join(","))
    }
}

/// What is no label and no prediction is not written.
fn is_written(row: &StrongLabel) -> bool {
    row.status.is_none_or(|status| status.is_label() || status == Status::Predicted)
}

fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// When each recording began.
fn starts(labels: &StrongLabels) -> io::Result<HashMap<&str, CivilTime>> {
    let names: Vec<&str> = labels.file_names().chain(labels.rows.iter().map(|row| &*row.filename)).collect();
    let (mut starts, mut unknown) = (HashMap::new(), Vec::new());
    for name in names {
        match starts.get(name).copied().or_else(|| time_in_name(base_name(name))) {
            Some(at) => {
                starts.insert(name, at);
            }
            None if !unknown.contains(&name) && unknown.len() < 4 => unknown.push(name),
            None => {}
        }
    }
    if unknown.is_empty() {
        return Ok(starts);
    }
    Err(refused(format!(
        "Camtrap DP has dates and times of day, but the names of {} do not tell when they began: name recordings like 20260501_041200.wav",
        unknown.join(", ")
    )))
}

/// The moment so many seconds after a recording's start, to the millisecond, with its zone.
fn iso(start: CivilTime, secs: f64) -> String {
    let at = start.plus_secs(secs);
    let (year, month, day) = at.date().parts();
    let millis = at.millis_of_day();
    let (hour, minute, second) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60);
    let zone = match at.offset_minutes().unwrap_or(0) {
        0 => "Z".to_owned(),
        minutes => {
            let sign = if minutes < 0 { '-' } else { '+' };
            let minutes = minutes.unsigned_abs();
            format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        }
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}{zone}", millis % 1_000)
}

/// How the second word of a scientific name ends, of those endings that English words hardly have.
const ENDINGS: &[&str] = &["a", "ae", "ax", "ens", "ex", "i", "is", "ix", "ns", "or", "os", "um", "us"];

/// Whether a label looks like a scientific name: a genus with a capital and one or two lower-case words.
fn is_scientific(label: &str) -> bool {
    let mut words = label.split(' ');
    let is_word = |word: &str| word.len() > 1 && word.chars().all(|char| char.is_ascii_lowercase() || char == '-');
    let is_genus =
        |word: &str| word.starts_with(|char: char| char.is_ascii_uppercase()) && word.get(1..).is_some_and(is_word);
    let (genus, species) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let has_ending = ENDINGS.iter().any(|ending| species.ends_with(ending));
    is_genus(genus) && is_word(species) && has_ending && words.next().is_none_or(is_word) && words.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scientific_names_are_told_by_their_form() {
        for name in ["Parus major", "Pica pica", "Sturnus vulgaris", "Motacilla alba yarrellii"] {
            assert!(is_scientific(name), "{name}");
        }
        for name in [
            "Great tit",
            "Running water",
            "Speech",
            "Police car",
            "",
            "parus major",
            "Male speech, man speaking",
            "Ö a",
        ] {
            assert!(!is_scientific(name), "{name}");
        }
    }

    #[test]
    fn moments_are_written_with_their_zone() {
        let start = time_in_name("20260501_235959.wav").unwrap();
        assert_eq!(iso(start, 1.25), "2026-05-02T00:00:00.250Z");
        assert_eq!(iso(start.with_offset(-90).unwrap(), -1.0), "2026-05-01T23:59:58.000-01:30");
    }
}
