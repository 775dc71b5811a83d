//! What importing rows would do: which recording each belongs to, which event it becomes, and what is left out or changed on the way.
//!
//! Owns [`ImportPlan`]. Nothing is dropped in silence: rows = events + what the plan lists as left out.

mod existing;

pub use existing::ExistingEvents;

use super::recording_index::RecordingIndex;
use super::{StrongLabel, StrongLabels};
use crate::annotation::{Band, Document, Edit, Event, EventId, Origin, Proposal, RecordingId, Status};
use crate::time::{Span, clock_text};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What decoders and rounding disagree about is not past the end, in seconds.
const TOLERANCE_SECS: f64 = 1e-3;
/// A file that states another length than the recording has, by more than this, is told, in seconds.
const OTHER_LENGTH_SECS: f64 = 0.5;

/// What a label of the file becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelFate {
    /// Another label.
    Become(Arc<str>),
    /// Nothing: rows with no other label are left out.
    Skip,
}

/// What the events become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImportAs {
    /// What the file says was decided; where it says nothing, rows with a score are predictions and all others labels.
    #[default]
    Stated,
    /// Labels, whatever the file says.
    Labels,
    /// Predictions to be decided about, whatever the file says.
    Predictions,
}

/// How rows become events.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportChoices {
    /// What labels become; those that are not listed stay as they are.
    pub mapping: BTreeMap<Arc<str>, LabelFate>,
    /// What the events become.
    pub import_as: ImportAs,
    /// Rows with a lower score are left out.
    pub least_score: Option<f64>,
    /// Rows whose onset is negative begin at 0, and those that end before they begin are turned round; else both are left out.
    pub mends_times: bool,
    /// Events that end less than this after their recording end with it, in seconds: a frame of a model.
    pub frame_secs: f64,
    /// Whose predictions rows with a score are that name no model: the label file.
    pub source: Arc<str>,
}

impl Default for ImportChoices {
    fn default() -> Self {
        Self {
            mapping: BTreeMap::new(),
            import_as: ImportAs::default(),
            least_score: None,
            mends_times: false,
            frame_secs: 0.04,
            source: "labels".into(),
        }
    }
}

/// A recording that the label file names.
#[derive(Clone, Debug, PartialEq)]
pub struct FileMatch {
    /// As the file names it.
    pub name: Arc<str>,
    /// How many rows it has.
    pub rows: usize,
    /// Which recording of the project it is, or why none.
    pub recording: Result<RecordingId, String>,
    /// What does not fit, though it was found.
    pub remark: Option<String>,
}

/// What happens to a row beside becoming an event as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happening {
    /// Left out: no span of a recording is like that.
    Impossible,
    /// Its times were put right.
    Mended,
    /// It ends with the recording, less than a frame earlier than stated.
    Clamped,
    /// It is taken as it is, though it ends after the recording.
    PastEnd,
    /// It is taken without its frequencies, which are the wrong way round or no numbers.
    NoBand,
    /// Its frequencies of 0 or −1 Hz mean all frequencies.
    FullBand,
    /// Its score is none from 0 to 1 and is kept as a field.
    ScoreAsField,
}

/// What happens to which row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowRemark {
    /// The row's place among all rows.
    pub row: usize,
    /// Its recording's place in [`ImportPlan::files`].
    pub file: usize,
    /// What.
    pub happening: Happening,
}

/// How many rows are left out, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Their recording is not in the project.
    pub unmatched: usize,
    /// All their labels are skipped.
    pub skipped: usize,
    /// Their score is too low.
    pub below_score: usize,
    /// No span of a recording is like that.
    pub impossible: usize,
}

impl LeftOut {
    /// All of them.
    pub fn all(self) -> usize {
        self.unmatched + self.skipped + self.below_score + self.impossible
    }
}

/// What importing would do. The events get their names when they are added.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportPlan {
    /// The events with their recordings, in the file's order.
    pub events: Vec<(RecordingId, Event)>,
    /// All recordings of the file, those without rows too.
    pub files: Vec<FileMatch>,
    /// The places of those that were not found; their rows are left out.
    pub unmatched: Vec<usize>,
    /// The places of those that were found and do not fit.
    pub odd: Vec<usize>,
    /// Rows that are left out for themselves, changed, or look wrong.
    pub remarks: Vec<RowRemark>,
    /// How many rows each thing happens to.
    pub happenings: BTreeMap<Happening, usize>,
    /// Rows that are left out.
    pub left_out: LeftOut,
    /// How many of the events are labels; the others are to be decided about.
    pub label_count: usize,
}

/// What adding the events of a plan does.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// All new events as one step of undo, in the file's order.
    pub edit: Edit,
    /// How many events the edit adds.
    pub added: usize,
    /// How many rows are in the document already as events of the same span and label.
    pub already_there: usize,
    /// How many recordings of the label file were found in the document.
    pub matched_files: usize,
    /// The recordings of the label file that were not found, with the reason; their rows are left out.
    pub unmatched: Vec<(String, String)>,
    /// Rows that are left out or changed, or events that are taken as they are but look wrong.
    pub warnings: Vec<String>,
}

/// Finds the recording of each row and makes the edit that adds the events as the file states them. Only names for the new events are
/// taken from the document; it changes when the edit is applied.
pub fn import(labels: &StrongLabels, document: &mut Document) -> Import {
    let index = RecordingIndex::of(document);
    let plan = ImportPlan::new(labels, &index, &ImportChoices::default());
    let warnings = plan.remarks.iter().map(|remark| plan.remark_text(*remark, labels, &index)).collect();
    let unmatched = plan.unmatched_files().map(|(file, reason)| (file.name.to_string(), reason.to_owned())).collect();
    let matched_files = plan.matched_count();
    let (edit, added, already_there) = plan.into_edit(document);
    Import { edit, added, already_there, matched_files, unmatched, warnings }
}

impl ImportPlan {
    /// What importing these rows into these recordings does.
    pub fn new(labels: &StrongLabels, index: &RecordingIndex, choices: &ImportChoices) -> Self {
        let mut plan = Self::default();
        let mut places: HashMap<&str, usize> = HashMap::with_capacity(labels.files.len());
        for file in &labels.files {
            places.entry(&file.name).or_insert_with(|| {
                let recording = index.find(file);
                let known = recording.as_ref().ok().and_then(|&id| index.duration_secs(id));
                let remark = file.duration_secs.zip(known).and_then(|(stated, known)| {
                    let differs = (stated - known).abs() > OTHER_LENGTH_SECS;
                    let (stated, known) = (clock_text(stated, 1), clock_text(known, 1));
                    differs.then(|| format!("the file says it lasts {stated}, the recording lasts {known}"))
                });
                plan.files.push(FileMatch { name: file.name.clone(), rows: 0, recording, remark });
                plan.files.len() - 1
            });
        }
        for (row, stated) in labels.rows.iter().enumerate() {
            let place = places.get(&*stated.filename).copied();
            let Some((place, file)) = place.and_then(|place| Some((place, plan.files.get_mut(place)?))) else {
                plan.left_out.unmatched += 1;
                continue;
            };
            file.rows += 1;
            match file.recording {
                Ok(recording) => plan.take((row, place), stated, recording, index.duration_secs(recording), choices),
                Err(_) => plan.left_out.unmatched += 1,
            }
        }
        for (place, file) in plan.files.iter().enumerate() {
            if file.recording.is_err() {
                plan.unmatched.push(place);
            } else if file.remark.is_some() {
                plan.odd.push(place);
            }
        }
        for remark in &plan.remarks {
            *plan.happenings.entry(remark.happening).or_default() += 1;
        }
        plan
    }

    fn take(
        &mut self,
        (row, file): (usize, usize),
        stated: &StrongLabel,
        recording: RecordingId,
        end_secs: Option<f64>,
        choices: &ImportChoices,
    ) {
        if stated.score.zip(choices.least_score).is_some_and(|(score, least)| score < least) {
            self.left_out.below_score += 1;
            return;
        }
        let Some((label, more_labels)) = mapped(stated, &choices.mapping) else {
            self.left_out.skipped += 1;
            return;
        };
        let mut remark = |happening| self.remarks.push(RowRemark { row, file, happening });
        let Some(span) = span_of(stated, end_secs, choices, &mut remark) else {
            self.left_out.impossible += 1;
            return;
        };
        let status = match (choices.import_as, stated.status) {
            (ImportAs::Labels, _) => Status::Accepted,
            (ImportAs::Predictions, _) => Status::Predicted,
            (ImportAs::Stated, Some(status)) => status,
            (ImportAs::Stated, None) if stated.score.is_some() => Status::Predicted,
            (ImportAs::Stated, None) => Status::Accepted,
        };
        let mut event = Event::new(EventId(0), span, label, status, Origin::Import);
        event.more_labels = more_labels;
        event.is_point = stated.is_point && span.onset_secs == span.offset_secs;
        event.band = band_of(stated, &mut remark);
        keep_particulars(stated, &mut event);
        if let Some(score) = stated.score {
            if (0.0..=1.0).contains(&score) {
                event.origin = Origin::Model(Arc::new(proposal_of(stated, span, score, choices)));
            } else {
                remark(Happening::ScoreAsField);
                keep_field(&mut event, "score", score.to_string());
            }
        }
        self.label_count += usize::from(status.is_label());
        self.events.push((recording, event));
    }

    /// The recordings that were not found, with the reason.
    pub fn unmatched_files(&self) -> impl Iterator<Item = (&FileMatch, &str)> {
        let files = self.unmatched.iter().filter_map(|&place| self.files.get(place));
        files.filter_map(|file| Some((file, file.recording.as_ref().err()?.as_str())))
    }

    /// How many recordings were found.
    pub fn matched_count(&self) -> usize {
        self.files.len() - self.unmatched.len()
    }

    /// How many rows something happens to.
    pub fn count_of(&self, happening: Happening) -> usize {
        self.happenings.get(&happening).copied().unwrap_or_default()
    }

    /// What happens to a row, in words.
    pub fn remark_text(&self, remark: RowRemark, labels: &StrongLabels, index: &RecordingIndex) -> String {
        let Some(row) = labels.rows.get(remark.row) else { return String::new() };
        let (file, label) = (&row.filename, &row.event_label);
        let Span { onset_secs, offset_secs } = row.span;
        let recording = self.files.get(remark.file).and_then(|file| file.recording.as_ref().ok());
        let end_secs = recording.and_then(|&id| index.duration_secs(id)).unwrap_or_default();
        match remark.happening {
            Happening::Impossible => {
                format!("{file}: {label} is left out: it would be from {onset_secs} s to {offset_secs} s")
            }
            Happening::Mended => format!("{file}: {label} was from {onset_secs} s to {offset_secs} s: put right"),
            Happening::Clamped => {
                format!("{file}: {label} ended at {offset_secs:.3} s, now with the recording at {end_secs:.3} s")
            }
            Happening::PastEnd => {
                format!("{file}: {label} ends at {offset_secs:.3} s, after the recording's {end_secs:.3} s")
            }
            Happening::NoBand | Happening::FullBand => {
                let (low, high) = row.band.map_or((0.0, 0.0), |band| (band.low_hz, band.high_hz));
                let what =
                    if remark.happening == Happening::NoBand { "cannot be: left out" } else { "means all frequencies" };
                format!("{file}: {label} at {onset_secs:.3} s: from {low} Hz to {high} Hz {what}")
            }
            Happening::ScoreAsField => {
                let score = row.score.unwrap_or_default();
                format!("{file}: {label} at {onset_secs:.3} s: the score {score} is none from 0 to 1, kept as a field")
            }
        }
    }

    /// How many of the events are in a document already.
    pub fn already_there(&self, document: &Document) -> usize {
        let mut existing = ExistingEvents::of(self, document).counted();
        self.events.iter().filter(|(recording, event)| existing.take(*recording, event)).count()
    }

    /// The edit that adds the events that are not there yet, how many it adds, and how many are there.
    pub fn into_edit(self, document: &mut Document) -> (Edit, usize, usize) {
        let existing = ExistingEvents::of(&self, document);
        let (edits, already_there) = self.into_edits(existing, document.next_event_id());
        let added = edits.len();
        document.new_event_ids(added);
        (Edit::Many { edits }, added, already_there)
    }

    /// The edits that add the events that are not there yet, named from `first` on, and how many are there.
    pub fn into_edits(self, existing: ExistingEvents, first: EventId) -> (Vec<Edit>, usize) {
        let mut existing = existing.counted();
        let mut already_there = 0;
        let mut edits = Vec::with_capacity(self.events.len());
        for (recording, mut event) in self.events {
            if existing.take(recording, &event) {
                already_there += 1;
                continue;
            }
            event.id = EventId(first.0.saturating_add(edits.len() as u64));
            edits.push(Edit::Insert { recording, event });
        }
        (edits, already_there)
    }
}

/// The labels of a row as they are taken; `None` if all of them are skipped.
fn mapped(row: &StrongLabel, mapping: &BTreeMap<Arc<str>, LabelFate>) -> Option<(Arc<str>, Vec<Arc<str>>)> {
    let mut labels: Vec<Arc<str>> = Vec::with_capacity(1);
    for label in row.labels() {
        let label = match mapping.get(label) {
            None => label,
            Some(LabelFate::Become(other)) => other,
            Some(LabelFate::Skip) => continue,
        };
        if !labels.contains(label) {
            labels.push(label.clone());
        }
    }
    let mut labels = labels.into_iter();
    Some((labels.next()?, labels.collect()))
}

/// The span of a row as an event can have it.
fn span_of(
    row: &StrongLabel,
    end_secs: Option<f64>,
    choices: &ImportChoices,
    remark: &mut impl FnMut(Happening),
) -> Option<Span> {
    let mut span = row.span;
    let is_finite = span.onset_secs.is_finite() && span.offset_secs.is_finite();
    let is_possible = is_finite && span.onset_secs >= 0.0 && span.offset_secs >= span.onset_secs;
    if !is_possible {
        // Nothing of what lies before the recording is in it.
        if !is_finite || !choices.mends_times || span.onset_secs.max(span.offset_secs) < 0.0 {
            remark(Happening::Impossible);
            return None;
        }
        span = Span::between(span.onset_secs, span.offset_secs);
        remark(Happening::Mended);
    }
    if let Some(end_secs) = end_secs {
        let beyond_secs = span.offset_secs - end_secs;
        if beyond_secs > TOLERANCE_SECS && beyond_secs < choices.frame_secs && span.onset_secs < end_secs {
            span.offset_secs = end_secs;
            remark(Happening::Clamped);
        } else if beyond_secs > TOLERANCE_SECS {
            remark(Happening::PastEnd);
        }
    }
    Some(span)
}

fn band_of(row: &StrongLabel, remark: &mut impl FnMut(Happening)) -> Option<Band> {
    let band = row.band?;
    let is_finite = band.low_hz.is_finite() && band.high_hz.is_finite();
    if is_finite && band.low_hz <= 0.0 && band.high_hz <= 0.0 {
        remark(Happening::FullBand);
        None
    } else if is_finite && band.low_hz >= 0.0 && band.low_hz <= band.high_hz {
        Some(band)
    } else {
        remark(Happening::NoBand);
        None
    }
}

fn keep_particulars(row: &StrongLabel, event: &mut Event) {
    let Some(particulars) = row.particulars.as_deref() else { return };
    event.comment.clone_from(&particulars.comment);
    for (name, cell) in &particulars.fields {
        keep_field(event, name, cell.clone());
    }
    if !particulars.annotator.is_empty() {
        keep_field(event, "annotator", particulars.annotator.to_string());
    }
    if !particulars.model.is_empty() && row.score.is_none() {
        keep_field(event, "model", particulars.model.to_string());
    }
}

/// Keeps a field, beside one of the same name that is there already.
fn keep_field(event: &mut Event, name: &str, cell: String) {
    let mut free = name.to_owned();
    let mut number = 1;
    while event.fields.get(&free).is_some_and(|there| *there != cell) {
        number += 1;
        free = format!("{name} {number}");
    }
    event.fields.insert(free, cell);
}

fn proposal_of(row: &StrongLabel, span: Span, score: f64, choices: &ImportChoices) -> Proposal {
    let model = row.particulars.as_deref().map(|particulars| particulars.model.clone());
    Proposal {
        model: model.filter(|model| !model.is_empty()).unwrap_or_else(|| choices.source.clone()),
        version: Arc::default(),
        label: row.event_label.clone(),
        span,
        score: score as f32,
        parameters: "imported".into(),
    }
}

#[cfg(test)]
mod tests;
