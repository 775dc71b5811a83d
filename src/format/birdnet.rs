//! Tables of detections by BirdNET-Analyzer (and birda): `*.BirdNET.results.csv` and its table for R. Only read.
//!
//! Its selection tables are read as Raven's, its labels for Audacity as Audacity's, its tables for Kaleidoscope as those.

use super::event_columns::{ColumnNames, EventColumns};
use super::event_table::EventTable;
use super::raven::recording_stem;
use super::table::{Dialect, Header, Outline};
use super::{Choice, Head, Holds, LabelFormat, Likelihood, Question, ReadError, ReadOptions, StrongLabels, TextSource};
use crate::annotation::Status;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct BirdNet;

const NAMES: ColumnNames = ColumnNames {
    file: &["File", "filepath"],
    onset: &["Start (s)", "start"],
    offset: &["End (s)", "end"],
    duration: &[],
    label: &[],
    score: &["Confidence"],
    low: &[],
    high: &[],
    comment: &[],
};
const SCIENTIFIC: &[&str] = &["Scientific name", "scientific_name"];
const COMMON: &[&str] = &["Common name", "common_name"];

/// The answers to which name is the label, and the model where the table names none.
const ANSWERS: [&str; 2] = ["common name", "scientific name"];
const MODEL: &str = "BirdNET";

impl LabelFormat for BirdNet {
    fn id(&self) -> &'static str {
        "birdnet"
    }

    fn name(&self) -> &'static str {
        "BirdNET results"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["csv"]
    }

    fn holds(&self) -> Holds {
        Holds { many_files: true, empty_files: true, scores: true, overlaps: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        if header(&Outline::of(head.text, Dialect::ANY)).is_some() { Likelihood::Certain } else { Likelihood::No }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let outline = Outline::of(source.head(), Dialect::ANY);
        let header = header(&outline).ok_or_else(|| {
            let expected = "no results of BirdNET: expected the columns Start (s), End (s), Scientific name, Common name and Confidence";
            ReadError::NotLabels(expected.to_owned())
        })?;
        let mut columns = EventColumns::of(&header, &NAMES);
        columns.label = name_column(&header, options, labels);
        columns.take_other(columns.label);
        let model = header.find(&["model"]);
        columns.take_other(model);
        let stem = recording_stem(&options.file_stem);
        let only = columns.file.is_none().then_some(stem);
        let table = EventTable { outline, headers: 1, columns };
        table.read(source, options, only, labels, |row, times, out| {
            let mut event = table.columns.event(row, stem, times, out)?;
            let named = row.maybe(model).trim();
            event.status = Some(Status::Predicted);
            event.particulars_mut().model = out.text(if named.is_empty() { MODEL } else { named });
            Some(event)
        })
    }

    fn can_write(&self) -> bool {
        false
    }
}

fn header(outline: &Outline) -> Option<Header> {
    let header = outline.header(&[NAMES.onset, NAMES.offset, NAMES.score])?;
    (header.find(SCIENTIFIC).is_some() || header.find(COMMON).is_some()).then_some(header)
}

/// The column of the name that is to be the label: the other one is kept beside it.
pub(super) fn name_column(header: &Header, options: &ReadOptions, labels: &mut StrongLabels) -> Option<usize> {
    let columns = [header.find(COMMON), header.find(SCIENTIFIC)];
    let [Some(_), Some(_)] = columns else { return columns.into_iter().flatten().next() };
    let given = ANSWERS.iter().position(|answer| Some(*answer) == options.answer(Choice::LabelColumn));
    let taken = given.unwrap_or(0);
    labels.questions.push(Question {
        choice: Choice::LabelColumn,
        text: "Which name is to be the label?".to_owned(),
        answers: ANSWERS.map(str::to_owned).to_vec(),
        taken: Some(taken),
    });
    columns[taken]
}
