//! Frame scores beside reference events, file by file, as the measures over all thresholds see them.
//!
//! Holds borrowed scores and checks what goes together; measures nothing itself.

use super::{LabelledSpan, Undefined};
use crate::time::Span;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// Frame scores of one file, class by class. Whoever keeps scores in another form implements this.
pub trait ScoreColumns: Sync {
    /// Where the frames of the class at place `class` begin, and where the last one ends, in seconds, ascending: one more than frames. All
    /// classes have the same ones, unless their scores are steps between the borders of events.
    fn borders_secs(&self, class: usize) -> &[f64];

    /// The score of each frame for the class at place `class`; `scratch` may be used to make them. None is a NaN; negative infinity is
    /// below any threshold.
    fn column<'a>(&'a self, class: usize, scratch: &'a mut Vec<f64>) -> &'a [f64];
}

/// Scores of one file in memory, `[class × frame]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreTable<'a> {
    borders_secs: Cow<'a, [f64]>,
    values: Values<'a>,
}

/// Scores as they are kept. 32 bits where that says the same.
#[derive(Clone, Debug, PartialEq)]
pub enum Values<'a> {
    /// As networks compute them.
    Single(Cow<'a, [f32]>),
    /// As text files can hold them.
    Double(Cow<'a, [f64]>),
    /// Whole millionths, as text files with six decimals hold them: half the memory of 64 bits, and the same numbers.
    Millionths(Cow<'a, [i32]>),
}

impl Values<'static> {
    /// The smallest form that says the same.
    pub fn compact(values: Vec<f64>) -> Self {
        let millionths: Option<Vec<i32>> = values.iter().map(|&value| whole_millionths(value)).collect();
        if let Some(millionths) = millionths {
            return Self::Millionths(Cow::Owned(millionths));
        }
        if values.iter().all(|&value| f64::from(value as f32) == value) {
            return Self::Single(Cow::Owned(values.iter().map(|&value| value as f32).collect()));
        }
        Self::Double(Cow::Owned(values))
    }
}

/// How many millionths a number is, if that many give exactly it.
fn whole_millionths(value: f64) -> Option<i32> {
    // `as` turns what is no number into 0, and what is too large into the largest.
    let count = (value * 1e6).round() as i32;
    (from_millionths(count) == value).then_some(count)
}

fn from_millionths(count: i32) -> f64 {
    f64::from(count) / 1e6
}

impl Values<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Single(values) => values.len(),
            Self::Double(values) => values.len(),
            Self::Millionths(values) => values.len(),
        }
    }

    fn has_nan(&self) -> bool {
        match self {
            Self::Single(values) => values.iter().any(|value| value.is_nan()),
            Self::Double(values) => values.iter().any(|value| value.is_nan()),
            Self::Millionths(_) => false,
        }
    }
}

/// What is wrong with scores or with what they are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetError {
    /// Frame borders that do not ascend, or are no numbers.
    Borders,
    /// Not one score a frame and class.
    Shape {
        /// Scores that there are.
        scores: usize,
        /// Frames by the borders.
        frames: usize,
    },
    /// A score that is no number.
    NotANumber,
    /// Two files of one name.
    Repeated(String),
    /// A reference event of a file without scores.
    UnknownFile(String),
    /// A reference event of a label without scores.
    UnknownLabel(String),
    /// A reference event whose times are no finite numbers, or that ends before it begins.
    BadSpan(String),
    /// A file whose duration is negative or no finite number.
    BadDuration(String),
}

impl fmt::Display for SetError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Borders => write!(formatter, "the borders of the frames do not ascend"),
            Self::Shape { scores, frames } => {
                write!(formatter, "{scores} scores are not one for each class in {frames} frames")
            }
            Self::NotANumber => write!(formatter, "a score is not a number"),
            Self::Repeated(file) => write!(formatter, "{file}: there are scores for it twice"),
            Self::UnknownFile(file) => write!(formatter, "{file}: has reference events but no scores"),
            Self::UnknownLabel(label) => write!(formatter, "{label}: has reference events but no scores"),
            Self::BadSpan(file) => {
                write!(formatter, "{file}: a reference event does not begin before it ends")
            }
            Self::BadDuration(file) => write!(formatter, "{file}: its duration is no length of time"),
        }
    }
}

impl std::error::Error for SetError {}

impl<'a> ScoreTable<'a> {
    /// Scores `[class × frame]` of frames between `borders_secs`, one border more than frames.
    ///
    /// # Errors
    /// [`SetError::Borders`], [`SetError::Shape`], [`SetError::NotANumber`].
    pub fn new(borders_secs: Cow<'a, [f64]>, values: Values<'a>) -> Result<Self, SetError> {
        let is_ascending = borders_secs.windows(2).all(|pair| pair[0] < pair[1]);
        if !is_ascending || borders_secs.iter().any(|border| !border.is_finite()) {
            return Err(SetError::Borders);
        }
        let frames = borders_secs.len().saturating_sub(1);
        if !values.len().is_multiple_of(frames) {
            return Err(SetError::Shape { scores: values.len(), frames });
        }
        if values.has_nan() {
            return Err(SetError::NotANumber);
        }
        Ok(Self { borders_secs, values })
    }

    /// How many classes there are scores for; 0 without frames.
    pub fn class_count(&self) -> usize {
        self.values.len() / self.frame_count().max(1)
    }

    /// How many frames there are.
    pub fn frame_count(&self) -> usize {
        self.borders_secs.len().saturating_sub(1)
    }
}

impl ScoreColumns for ScoreTable<'_> {
    fn borders_secs(&self, _class: usize) -> &[f64] {
        &self.borders_secs
    }

    fn column<'a>(&'a self, class: usize, scratch: &'a mut Vec<f64>) -> &'a [f64] {
        let frames = self.frame_count();
        let range = class * frames..(class + 1) * frames;
        scratch.clear();
        match &self.values {
            Values::Double(values) => return values.get(range).unwrap_or_default(),
            Values::Single(values) => {
                scratch.extend(values.get(range).unwrap_or_default().iter().map(|&value| f64::from(value)));
            }
            Values::Millionths(values) => {
                scratch.extend(values.get(range).unwrap_or_default().iter().map(|&count| from_millionths(count)));
            }
        }
        scratch
    }
}

/// One file of a [`ScoredSet`].
#[derive(Clone, Copy)]
pub struct ScoredFile<'a> {
    /// Its name, as reference events say it.
    pub name: &'a str,
    /// How long it is, in seconds: false alarms are counted per hour of this.
    pub duration_secs: f64,
    /// Its scores.
    pub scores: &'a dyn ScoreColumns,
}

/// A reference event of a class, by its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Target {
    pub class: usize,
    pub span: Span,
}

/// What is known of a class over all files.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassTotals {
    /// Reference events.
    pub events: usize,
    /// Their durations together, in seconds.
    pub secs: f64,
    /// Some of them touch, overlap or have no length.
    pub is_connected: bool,
    /// Some of them overlap.
    pub is_overlapping: bool,
}

/// Files with scores and reference events. Classes are meant by their places.
pub struct ScoredSet<'a> {
    classes: Vec<&'a str>,
    files: Vec<ScoredFile<'a>>,
    /// Per file, by class and onset.
    targets: Vec<Vec<Target>>,
    totals: Vec<ClassTotals>,
}

impl<'a> ScoredSet<'a> {
    /// Puts scores and reference together. All files count, also those without an event.
    ///
    /// # Errors
    /// Any of [`SetError`] but those of tables.
    pub fn new(
        classes: Vec<&'a str>,
        files: Vec<ScoredFile<'a>>,
        reference: &[LabelledSpan<'_>],
    ) -> Result<Self, SetError> {
        let mut place_of_file = HashMap::new();
        for (place, file) in files.iter().enumerate() {
            if place_of_file.insert(file.name, place).is_some() {
                return Err(SetError::Repeated(file.name.to_owned()));
            }
            if !(file.duration_secs.is_finite() && file.duration_secs >= 0.0) {
                return Err(SetError::BadDuration(file.name.to_owned()));
            }
        }
        let place_of_class: HashMap<&str, usize> =
            classes.iter().enumerate().map(|(place, &class)| (class, place)).collect();
        let mut targets = vec![Vec::new(); files.len()];
        let mut totals = vec![ClassTotals::default(); classes.len()];
        for event in reference {
            let file = place_of_file.get(event.file).ok_or_else(|| SetError::UnknownFile(event.file.to_owned()))?;
            let class =
                place_of_class.get(event.label).ok_or_else(|| SetError::UnknownLabel(event.label.to_owned()))?;
            let Span { onset_secs, offset_secs } = event.span;
            if !(onset_secs.is_finite() && offset_secs.is_finite() && onset_secs <= offset_secs) {
                return Err(SetError::BadSpan(event.file.to_owned()));
            }
            targets[*file].push(Target { class: *class, span: event.span });
            totals[*class].events += 1;
            totals[*class].secs += event.span.duration_secs();
        }
        for targets in &mut targets {
            targets.sort_by(|a, b| {
                let times = a.span.onset_secs.total_cmp(&b.span.onset_secs);
                a.class.cmp(&b.class).then(times).then(a.span.offset_secs.total_cmp(&b.span.offset_secs))
            });
            note_connections(targets, &mut totals);
        }
        Ok(Self { classes, files, targets, totals })
    }

    /// The same with other scores of the same files, in the same order.
    pub(super) fn with_files<'b>(&self, files: Vec<ScoredFile<'b>>) -> ScoredSet<'b>
    where
        'a: 'b,
    {
        let (targets, totals) = (self.targets.clone(), self.totals.clone());
        ScoredSet { classes: self.classes.clone(), files, targets, totals }
    }

    /// The classes that there are scores for.
    pub fn classes(&self) -> &[&'a str] {
        &self.classes
    }

    /// The files.
    pub fn files(&self) -> &[ScoredFile<'a>] {
        &self.files
    }

    /// What the reference holds of each class.
    pub fn totals(&self) -> &[ClassTotals] {
        &self.totals
    }

    /// How long all files are together, in seconds.
    pub fn duration_secs(&self) -> f64 {
        self.files.iter().map(|file| file.duration_secs).sum()
    }

    /// The reference events of a file, by class and onset.
    pub(super) fn targets(&self, file: usize) -> &[Target] {
        self.targets.get(file).map_or(&[], Vec::as_slice)
    }

    /// The reference events of a class in a file, by onset.
    pub(super) fn targets_of(&self, file: usize, class: usize) -> &[Target] {
        let targets = self.targets(file);
        let first = targets.partition_point(|target| target.class < class);
        let after = targets.partition_point(|target| target.class <= class);
        &targets[first..after]
    }

    /// Whether a class can be measured over all thresholds: it has reference events, and they are apart.
    ///
    /// # Errors
    /// [`Undefined::NoReference`], [`Undefined::Connected`].
    pub fn measurable(&self, class: usize) -> Result<ClassTotals, Undefined> {
        let totals = self.totals.get(class).copied().unwrap_or_default();
        match totals {
            ClassTotals { events: 0, .. } => Err(Undefined::NoReference),
            ClassTotals { is_connected: true, .. } => Err(Undefined::Connected),
            totals => Ok(totals),
        }
    }
}

/// Which classes have events in a file that are not apart; `targets` by class and onset.
fn note_connections(targets: &[Target], totals: &mut [ClassTotals]) {
    let mut reach: Option<(usize, f64)> = None;
    for target in targets {
        let Span { onset_secs, offset_secs } = target.span;
        let totals = &mut totals[target.class];
        let before = reach.filter(|(class, _)| *class == target.class).map(|(_, offset)| offset);
        totals.is_connected |= onset_secs == offset_secs || before.is_some_and(|offset| onset_secs <= offset);
        totals.is_overlapping |= before.is_some_and(|offset| onset_secs < offset && onset_secs < offset_secs);
        reach = Some((target.class, before.map_or(offset_secs, |offset| offset.max(offset_secs))));
    }
}

/// Reference events with those of one file and label united that touch or overlap, and those without length left out: what measures over
/// all thresholds ask for. By file, label and onset.
pub fn apart<'a>(events: &[LabelledSpan<'a>]) -> Vec<LabelledSpan<'a>> {
    let mut events: Vec<LabelledSpan> = events.to_vec();
    events.retain(|event| event.span.onset_secs < event.span.offset_secs);
    events.sort_by(|a, b| {
        (a.file, a.label).cmp(&(b.file, b.label)).then(a.span.onset_secs.total_cmp(&b.span.onset_secs))
    });
    let mut united: Vec<LabelledSpan> = Vec::with_capacity(events.len());
    for event in events {
        match united.last_mut() {
            Some(last)
                if (last.file, last.label) == (event.file, event.label)
                    && event.span.onset_secs <= last.span.offset_secs =>
            {
                last.span.offset_secs = last.span.offset_secs.max(event.span.offset_secs);
            }
            _ => united.push(event),
        }
    }
    united
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_kept_small_and_come_back_exactly() {
        let six_decimals = vec![0.1, 0.123456, -2000.5, 1.0];
        let of_networks = vec![f64::from(0.1_f32), f64::NEG_INFINITY];
        let others = vec![0.1234567890123, 0.5];
        for (values, is_expected) in [
            (six_decimals, (|values| matches!(values, Values::Millionths(_))) as fn(&Values<'_>) -> bool),
            (of_networks, |values| matches!(values, Values::Single(_))),
            (others, |values| matches!(values, Values::Double(_))),
        ] {
            let borders: Vec<f64> = (0..=values.len()).map(|frame| frame as f64).collect();
            let compact = Values::compact(values.clone());
            assert!(is_expected(&compact), "{compact:?}");
            let table = ScoreTable::new(Cow::Owned(borders), compact).unwrap();
            assert_eq!(table.column(0, &mut Vec::new()), values);
            assert_eq!((table.class_count(), table.column(1, &mut Vec::new()).len()), (1, 0));
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let table = |borders: &[f64], values: &[f32]| {
            ScoreTable::new(Cow::Owned(borders.to_vec()), Values::Single(Cow::Owned(values.to_vec()))).map(|_| ())
        };
        assert_eq!(table(&[0.0, 1.0, 1.0], &[0.1, 0.2]), Err(SetError::Borders));
        assert_eq!(table(&[0.0, 1.0, 2.0], &[0.1]), Err(SetError::Shape { scores: 1, frames: 2 }));
        assert_eq!(table(&[0.0], &[0.1]), Err(SetError::Shape { scores: 1, frames: 0 }));
        assert_eq!(table(&[0.0, 1.0], &[f32::NAN]), Err(SetError::NotANumber));
        let scores = ScoreTable::new(Cow::Owned(vec![0.0, 1.0]), Values::compact(vec![0.5])).unwrap();
        let file = ScoredFile { name: "a", duration_secs: 1.0, scores: &scores };
        let set = |file: &str, label: &str, onset_secs, offset_secs| {
            let event = LabelledSpan { file, label, span: Span { onset_secs, offset_secs } };
            ScoredSet::new(vec!["Dog"], vec![ScoredFile { ..file_of(&scores) }], &[event]).map(|set| set.totals()[0])
        };
        fn file_of<'a>(scores: &'a ScoreTable<'a>) -> ScoredFile<'a> {
            ScoredFile { name: "a", duration_secs: 1.0, scores }
        }
        assert_eq!(set("b", "Dog", 0.0, 1.0), Err(SetError::UnknownFile("b".into())));
        assert_eq!(set("a", "Cat", 0.0, 1.0), Err(SetError::UnknownLabel("Cat".into())));
        assert_eq!(set("a", "Dog", 1.0, f64::NAN), Err(SetError::BadSpan("a".into())));
        assert!(!set("a", "Dog", 0.0, 1.0).unwrap().is_connected);
        assert!(set("a", "Dog", 0.5, 0.5).unwrap().is_connected);
        assert_eq!(ScoredSet::new(vec!["Dog"], vec![file, file], &[]).err(), Some(SetError::Repeated("a".into())));
    }

    #[test]
    fn events_are_put_apart() {
        let event = |file, label, onset, offset| LabelledSpan { file, label, span: Span::between(onset, offset) };
        let events = [
            event("a", "Dog", 2.0, 3.0),
            event("a", "Dog", 1.0, 2.0),
            event("a", "Cat", 1.5, 1.5),
            event("b", "Dog", 3.0, 4.0),
        ];
        assert_eq!(apart(&events), [event("a", "Dog", 1.0, 3.0), event("b", "Dog", 3.0, 4.0)]);
    }
}
