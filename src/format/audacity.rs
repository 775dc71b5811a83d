//! Audacity's labels: `onset TAB offset TAB label`, without a header, in seconds; frequencies in a line of their own that begins with `\`.
//!
//! Read as Audacity does: decimals with point or comma; where the second field is no number, the row is a point and that field its
//! label; of lines with `\`, the first one after a row counts, and −1 is no frequency. BirdNET writes the score into a fourth field.
//! If any event has a band, each one is written with its line of frequencies, because crowsetta reads lines in pairs.

use super::collector::Collector;
use super::table::{Comments, is_comment};
use super::{
    Choice, Head, Holds, LabelFormat, Likelihood, Question, ReadError, ReadOptions, StrongLabel, StrongLabels,
    TextSource, cell, text,
};
use crate::annotation::{Band, Status};
use crate::time::Span;
use std::io;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Audacity;

impl LabelFormat for Audacity {
    fn id(&self) -> &'static str {
        "audacity"
    }

    fn name(&self) -> &'static str {
        "Audacity labels"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt"]
    }

    fn holds(&self) -> Holds {
        Holds { empty_files: true, bands: true, points: true, overlaps: true, one_line: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let mut found = Likelihood::No;
        let mut has_six_decimals = true;
        let is_row = |line: &str| !line.trim().is_empty() && !is_comment(line);
        for (_, line) in text::lines(head.text).take(50).filter(|(_, line)| is_row(line)) {
            match Line::of(line) {
                Line::Row { offset, .. } => {
                    let times = line.split('\t').take(if offset.is_some() { 2 } else { 1 });
                    has_six_decimals &= times.map(decimals).all(|decimals| decimals == Some(6));
                    found = found.max(if offset.is_some() { Likelihood::Likely } else { Likelihood::Possible });
                }
                Line::Continued(_) if found > Likelihood::No => return Likelihood::Certain,
                Line::Continued(_) | Line::None => return Likelihood::No,
            }
        }
        // Lists of other programs have the same columns, but Audacity always writes six decimals.
        if has_six_decimals && found == Likelihood::Likely { Likelihood::Certain } else { found }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let wording = Wording::ask(source.head(), options, labels);
        let (collector, comments) = (Collector::new(labels), Comments::default());
        let mut reader = Reader { collector, options, wording, pending: None, comments, rows: 0, spaced: 0 };
        reader.collector.file(&options.file_stem);
        source.for_each_line(|number, line| {
            reader.take(number, line);
            Ok(())
        })?;
        reader.end_row();
        if reader.rows == 0 && reader.spaced > 0 {
            return Err(ReadError::NotLabels(
                "the fields are separated by spaces, but Audacity's labels have TAB between them: replace the first two \
                 spaces of each line"
                    .to_owned(),
            ));
        }
        reader.collector.finish(reader.comments);
        Ok(())
    }

    /// Seconds and hertz with six decimals. TAB and line ends within a label become spaces.
    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        let end = labels.line_end.text();
        let has_bands = labels.rows.iter().any(|row| row.is_label() && row.band.is_some());
        for (row, label) in labels.label_rows() {
            let label: String = label.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
            write!(out, "{:.6}\t{:.6}\t{label}{end}", row.span.onset_secs, row.span.offset_secs)?;
            match row.band {
                Some(Band { low_hz, high_hz }) => write!(out, "\\\t{low_hz:.6}\t{high_hz:.6}{end}")?,
                None if has_bands => write!(out, "\\\t-1.000000\t-1.000000{end}")?,
                None => {}
            }
        }
        Ok(())
    }
}

/// What a line is.
enum Line<'a> {
    Row {
        onset: f64,
        /// None for a point.
        offset: Option<f64>,
        label: &'a str,
        more: Option<&'a str>,
    },
    /// A line with `\`, and what follows that.
    Continued(&'a str),
    None,
}

impl<'a> Line<'a> {
    fn of(line: &'a str) -> Self {
        if let Some(rest) = line.strip_prefix('\\') {
            return Self::Continued(rest);
        }
        let mut fields = line.splitn(4, '\t');
        let Some(onset) = fields.next().and_then(secs) else { return Self::None };
        let second = fields.next().unwrap_or_default();
        match secs(second) {
            Some(offset) => {
                Self::Row { onset, offset: Some(offset), label: fields.next().unwrap_or_default(), more: fields.next() }
            }
            None => Self::Row { onset, offset: None, label: second, more: fields.next() },
        }
    }
}

/// A number with point or comma.
fn secs(field: &str) -> Option<f64> {
    cell::number(field, '\t')
}

/// How many digits stand behind the point or comma.
fn decimals(field: &str) -> Option<usize> {
    field.split_once(['.', ',']).map(|(_, decimals)| decimals.len())
}

/// What else labels may say than what sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wording {
    /// Nothing.
    Label,
    /// A score after the last space.
    LabelAndScore,
    /// A scientific name before the first `_`, a common name after it.
    Scientific,
    Common,
}

impl Wording {
    const ANSWERS: [(&'static str, Self); 2] = [("label", Self::Label), ("label and score", Self::LabelAndScore)];
    const NAMES: [(&'static str, Self); 3] =
        [("whole label", Self::Label), ("scientific name", Self::Scientific), ("common name", Self::Common)];

    /// Asks what stands in the labels, if the start of the file leaves it open.
    fn ask(head: &str, options: &ReadOptions, labels: &mut StrongLabels) -> Self {
        let mut first = text::lines(head).take(50).filter_map(|(_, line)| match Line::of(line) {
            Line::Row { label, more, .. } if !label.trim().is_empty() => Some((label, more)),
            _ => None,
        });
        let Some(start) = first.next() else { return Self::Label };
        let shown: Vec<(&str, Option<&str>)> = std::iter::once(start).chain(first).collect();
        let (choice, text, answers): (_, _, &[(&str, Self)]) = if shown
            .iter()
            .all(|(label, more)| more.is_none() && Self::LabelAndScore.split(label).1.is_some())
        {
            (Choice::Layout, "Each label ends in a number from 0 to 1. Is it a score?", &Self::ANSWERS)
        } else if shown.iter().all(|(label, more)| more.is_some_and(|more| secs(more).is_some()) && label.contains('_'))
        {
            (Choice::LabelColumn, "Labels are scientific and common names. Which is to be the label?", &Self::NAMES)
        } else {
            return Self::Label;
        };
        let given = options.answer(choice);
        let taken = answers.iter().position(|(answer, _)| Some(*answer) == given).unwrap_or(0);
        let answers_text = answers.iter().map(|(answer, _)| (*answer).to_owned()).collect();
        labels.questions.push(Question { choice, text: text.to_owned(), answers: answers_text, taken: Some(taken) });
        answers[taken].1
    }

    /// The label proper and the score within a label.
    fn split(self, label: &str) -> (&str, Option<f64>) {
        match self {
            Self::Label => (label, None),
            Self::LabelAndScore => {
                let parts = label.rsplit_once(' ').and_then(|(label, score)| Some((label, secs(score)?)));
                match parts.filter(|(_, score)| (0.0..=1.0).contains(score)) {
                    Some((label, score)) => (label, Some(score)),
                    None => (label, None),
                }
            }
            Self::Scientific => (label.split_once('_').map_or(label, |(name, _)| name), None),
            Self::Common => (label.split_once('_').map_or(label, |(_, name)| name), None),
        }
    }
}

struct Reader<'a> {
    collector: Collector<'a>,
    options: &'a ReadOptions,
    wording: Wording,
    /// The row that lines with `\` may go on with.
    pending: Option<StrongLabel>,
    /// Audacity has none, but files that people edit have.
    comments: Comments,
    rows: usize,
    /// How many lines would be rows if spaces separated.
    spaced: usize,
}

impl Reader<'_> {
    fn take(&mut self, number: usize, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        if is_comment(line) {
            self.comments.add(number);
            return;
        }
        match Line::of(line) {
            Line::Row { onset, offset, label, more } => {
                self.end_row();
                self.rows += 1;
                let row =
                    self.row(number, Span { onset_secs: onset, offset_secs: offset.unwrap_or(onset) }, label, more);
                self.pending = Some(row);
            }
            Line::Continued(rest) => self.take_frequencies(number, rest),
            Line::None => {
                self.end_row();
                let mut words = line.split_whitespace();
                if words.next().and_then(secs).is_some() && words.next().and_then(secs).is_some() {
                    self.spaced += 1;
                    self.collector.reject(number, "the fields are separated by spaces, not by TAB");
                } else {
                    let start: String = line.split('\t').next().unwrap_or_default().chars().take(40).collect();
                    self.collector.reject(number, format!("onset is “{start}”, not a number of seconds"));
                }
            }
        }
    }

    fn row(&mut self, number: usize, span: Span, label: &str, more: Option<&str>) -> StrongLabel {
        let (label, mut score) = self.wording.split(label);
        let filename = self.collector.file(&self.options.file_stem);
        let label = self.collector.label(label);
        let mut row = StrongLabel::new(filename, span, label);
        row.is_point = span.onset_secs == span.offset_secs;
        if let Some(more) = more.filter(|more| !more.trim().is_empty()) {
            match secs(more) {
                Some(value) => score = Some(value),
                None => self.collector.warn(number, format!("not read: “{more}” after the label")),
            }
        }
        row.score = score;
        row.status = score.map(|_| Status::Predicted);
        row
    }

    fn take_frequencies(&mut self, number: usize, rest: &str) {
        let Some(row) = &mut self.pending else {
            self.collector.note(number, "a line with \\ that belongs to no row, not read");
            return;
        };
        let mut fields = rest.strip_prefix('\t').unwrap_or(rest).split('\t').map(secs);
        let (Some(Some(low)), Some(Some(high))) = (fields.next(), fields.next()) else {
            self.collector.note(number, "a line with \\ that is no two frequencies, not read");
            return;
        };
        let nyquist = self.options.sample_rate.map(|rate| rate / 2.0);
        row.band = match (low >= 0.0, high >= 0.0) {
            (true, true) if low == 0.0 && high == 0.0 => None,
            (true, true) => Some(Band { low_hz: low, high_hz: high }),
            (false, true) => Some(Band { low_hz: 0.0, high_hz: high }),
            (true, false) => nyquist.map(|high_hz| Band { low_hz: low, high_hz }),
            (false, false) => None,
        };
        if low >= 0.0 && high < 0.0 && nyquist.is_none() {
            self.collector
                .note(number, "a band without an upper end, and the sample rate is not known: read without it");
        }
        self.end_row();
    }

    /// Further lines with `\` belong to no row that is open.
    fn end_row(&mut self) {
        if let Some(row) = self.pending.take() {
            self.collector.push(row);
        }
    }
}
