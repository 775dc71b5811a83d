//! From the events of a document to the rows of a label file: which are exported, under which names.

use super::recording_index::parts_upwards;
use super::{LabelledFile, StrongLabel, StrongLabels, Warning};
use crate::annotation::{Document, Event, EventId, RecordingId, Status};
use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::Arc;

/// What is exported beside labels, and of which recordings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExportChoices {
    /// Only of these recordings; else of all.
    pub recordings: Option<BTreeSet<RecordingId>>,
    /// Only of recordings that are done.
    pub only_complete: bool,
    /// Predictions that nobody has decided about.
    pub predictions: bool,
    /// Events that a human was not certain about.
    pub uncertain: bool,
    /// Predictions that are not there.
    pub rejected: bool,
    /// The scores of labels that a model proposed; of all others they are exported in any case.
    pub scores_of_labels: bool,
}

impl ExportChoices {
    fn takes(&self, status: Status) -> bool {
        match status {
            Status::Accepted | Status::Corrected => true,
            Status::Predicted => self.predictions,
            Status::Uncertain => self.uncertain,
            Status::Rejected => self.rejected,
        }
    }

    fn takes_recording(&self, recording: &ExportedRecording) -> bool {
        (!self.only_complete || recording.is_complete)
            && self.recordings.as_ref().is_none_or(|chosen| chosen.contains(&recording.id))
    }
}

/// A recording with all its events as rows, which have no file name yet.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportedRecording {
    /// Its name in the document.
    pub id: RecordingId,
    /// Where the sound is.
    pub path: PathBuf,
    /// Length in seconds as far as it is known; 0 if it is not.
    pub duration_secs: f64,
    /// Its sample rate in hertz, where it is known.
    pub sample_rate: Option<f64>,
    /// Work on it is done.
    pub is_complete: bool,
    /// Its events in the order of their names.
    pub rows: Vec<StrongLabel>,
}

/// The events of a document, gathered in pieces of any size. The document must stay the same until all are.
#[derive(Debug, Default)]
pub struct ExportGathering {
    recordings: Vec<ExportedRecording>,
    /// The recording that was begun last, and its event that was taken last.
    at: Option<(RecordingId, Option<EventId>)>,
}

impl ExportGathering {
    /// Gathers up to so many events and recordings more; returns whether that was all. `sample_rate` tells that of a recording in hertz,
    /// where it is known.
    pub fn advance(
        &mut self,
        document: &Document,
        sample_rate: impl Fn(RecordingId) -> Option<f64>,
        most: usize,
    ) -> bool {
        let mut left = most;
        if let Some((id, last)) = self.at
            && !self.take_events(document, id, last, &mut left)
        {
            return false;
        }
        let next = self.at.map_or(0, |(id, _)| id.0.saturating_add(1));
        for (id, recording) in document.recordings_from(RecordingId(next)) {
            if left == 0 {
                return false;
            }
            left -= 1;
            self.at = Some((id, None));
            self.recordings.push(ExportedRecording {
                id,
                path: recording.path.clone(),
                duration_secs: recording.duration_secs,
                sample_rate: sample_rate(id),
                is_complete: recording.is_complete,
                rows: Vec::with_capacity(recording.events.len()),
            });
            if !self.take_events(document, id, None, &mut left) {
                return false;
            }
        }
        true
    }

    /// What was gathered.
    pub fn finish(self) -> Vec<ExportedRecording> {
        self.recordings
    }

    /// Whether the recording's events are all taken.
    fn take_events(&mut self, document: &Document, id: RecordingId, last: Option<EventId>, left: &mut usize) -> bool {
        let (Some(recording), Some(into)) = (document.recording(id), self.recordings.last_mut()) else { return true };
        let after = last.map_or(Bound::Unbounded, Bound::Excluded);
        for (&event_id, event) in recording.events.range((after, Bound::Unbounded)) {
            if *left == 0 {
                return false;
            }
            *left -= 1;
            self.at = Some((id, Some(event_id)));
            into.rows.push(row_of(event));
        }
        true
    }
}

/// All that a row can say of an event, without the name of its recording.
fn row_of(event: &Event) -> StrongLabel {
    let mut row = StrongLabel::new(Arc::<str>::default(), event.span, event.label.clone());
    row.is_point = event.is_point;
    row.band = event.band;
    row.status = Some(event.status);
    let proposal = event.origin.proposal();
    // As many digits as the score has, not those that 64 bits add to it.
    row.score = proposal.and_then(|proposal| proposal.score.to_string().parse().ok());
    let annotator = event.edited.as_ref().map(|edited| edited.by.clone()).unwrap_or_default();
    let has_more = !event.more_labels.is_empty()
        || !event.comment.is_empty()
        || !event.fields.is_empty()
        || !annotator.is_empty()
        || proposal.is_some();
    if has_more {
        let more = row.particulars_mut();
        more.more_labels.clone_from(&event.more_labels);
        more.comment.clone_from(&event.comment);
        more.annotator = annotator;
        more.model = proposal.map(|proposal| proposal.model.clone()).unwrap_or_default();
        more.fields = event.fields.iter().map(|(name, cell)| (name.as_str().into(), cell.clone())).collect();
    }
    row
}

/// The rows that are exported of what was gathered, by onset. Each recording is named by its file name, or with as many of its folders as
/// tell it from the others of that name.
pub fn exported(recordings: &[ExportedRecording], choices: &ExportChoices) -> StrongLabels {
    let mut labels = StrongLabels::default();
    let names = distinct_names(recordings);
    for (recording, filename) in
        recordings.iter().zip(names).filter(|(recording, _)| choices.takes_recording(recording))
    {
        let filename: Arc<str> = filename.into();
        warn_of_controls(&mut labels.warnings, &filename, "the file name");
        let mut rows: Vec<&StrongLabel> =
            recording.rows.iter().filter(|row| row.status.is_none_or(|status| choices.takes(status))).collect();
        rows.sort_by(|a, b| {
            let (a, b) = (a.span, b.span);
            a.onset_secs.total_cmp(&b.onset_secs).then(a.offset_secs.total_cmp(&b.offset_secs))
        });
        for row in rows {
            let mut row = row.clone();
            row.filename = filename.clone();
            if row.is_label() && !choices.scores_of_labels {
                row.score = None;
            }
            row.labels().for_each(|label| warn_of_controls(&mut labels.warnings, label, "the label"));
            labels.rows.push(row);
        }
        let duration_secs = (recording.duration_secs > 0.0).then_some(recording.duration_secs);
        labels.files.push(LabelledFile { name: filename, duration_secs, sample_rate: recording.sample_rate });
    }
    labels
}

/// The accepted and corrected events of all recordings with all that is said about them, scores too.
pub fn export(document: &Document) -> StrongLabels {
    let mut gathering = ExportGathering::default();
    gathering.advance(document, |_| None, usize::MAX);
    exported(&gathering.finish(), &ExportChoices { scores_of_labels: true, ..ExportChoices::default() })
}

fn warn_of_controls(warnings: &mut Vec<Warning>, text: &str, what: &str) {
    if text.contains(char::is_control) {
        let text = format!("{what} {text:?} has TAB or line ends, which tables write as spaces");
        if !warnings.iter().any(|warning| warning.text == text) {
            warnings.push(Warning { line: 0, text, row_rejected: false });
        }
    }
}

fn distinct_names(recordings: &[ExportedRecording]) -> Vec<String> {
    let paths: Vec<Vec<String>> = recordings.iter().map(|recording| parts_upwards(&recording.path)).collect();
    let mut depths = vec![1; paths.len()];
    loop {
        let name_at = |index: usize, depth: usize| -> String {
            let parts: &[String] = &paths[index];
            parts[..depth.min(parts.len())].iter().rev().map(String::as_str).collect::<Vec<_>>().join("/")
        };
        let names: Vec<String> = (0..paths.len()).map(|index| name_at(index, depths[index])).collect();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for name in &names {
            *counts.entry(name).or_default() += 1;
        }
        let mut changed = false;
        for (index, name) in names.iter().enumerate() {
            if counts[name.as_str()] > 1 && depths[index] < paths[index].len() {
                depths[index] += 1;
                changed = true;
            }
        }
        if !changed {
            return names;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::{Band, Edit, Origin, Proposal};
    use crate::format::{ImportAs, ImportChoices, ImportPlan, RecordingIndex};
    use crate::time::Span;
    use std::path::Path;

    #[test]
    fn recordings_of_one_name_are_exported_with_their_folders() {
        let mut document = Document::default();
        for path in ["/x/one/a.wav", "/y/one/a.wav", "/x/b.wav", "a.wav"] {
            document.add_recording(Path::new(path), 10.0);
        }
        let labels = export(&document);
        assert_eq!(labels.file_names().collect::<Vec<_>>(), ["x/one/a.wav", "y/one/a.wav", "b.wav", "a.wav"]);
        let index = RecordingIndex::of(&document);
        for (id, file) in labels.files.iter().enumerate() {
            assert_eq!(index.find(file), Ok(RecordingId(id as u64)), "{file:?}");
        }
    }

    fn proposed(score: f32) -> Origin {
        Origin::Model(Arc::new(Proposal {
            model: "net".into(),
            version: "1".into(),
            label: "Dog".into(),
            span: Span::between(1.0, 2.0),
            score,
            parameters: Arc::default(),
        }))
    }

    fn document() -> Document {
        let mut document = Document::default();
        let ids = ["a.wav", "b.wav"].map(|path| document.add_recording(Path::new(path), 10.0));
        for (place, status) in Status::ALL.into_iter().enumerate() {
            let span = Span::between(5.0 - place as f64, 6.0);
            let mut event = Event::new(document.new_event_id(), span, "Dog", status, proposed(0.87));
            event.band = Some(Band { low_hz: 100.0, high_hz: 900.0 });
            event.comment = "far".to_owned();
            event.more_labels = vec!["Bark".into()];
            event.fields.insert("view".to_owned(), "1".to_owned());
            document.apply(Edit::Insert { recording: ids[0], event }).unwrap();
        }
        document.apply(Edit::SetComplete { recording: ids[1], is_complete: true }).unwrap();
        document
    }

    fn gathered(document: &Document) -> Vec<ExportedRecording> {
        let mut gathering = ExportGathering::default();
        // In pieces, as the window does.
        while !gathering.advance(document, |_| Some(8_000.0), 1) {}
        gathering.finish()
    }

    #[test]
    fn what_is_chosen_is_exported_with_all_that_is_said_about_it() {
        let document = document();
        let all = gathered(&document);
        let statuses = |choices: &ExportChoices| -> Vec<Status> {
            exported(&all, choices).rows.iter().map(|row| row.status.unwrap()).collect()
        };
        let none = ExportChoices::default();
        assert_eq!(statuses(&none), [Status::Corrected, Status::Accepted], "by onset");
        let every = ExportChoices { predictions: true, uncertain: true, rejected: true, ..none.clone() };
        assert_eq!(statuses(&every).len(), 5);
        assert_eq!(exported(&all, &every).rows.iter().filter(|row| row.score == Some(0.87)).count(), 3);
        let done = exported(&all, &ExportChoices { only_complete: true, ..none.clone() });
        assert_eq!((done.rows.len(), done.file_names().collect::<Vec<_>>()), (0, vec!["b.wav"]));
        let first = ExportChoices { recordings: Some([RecordingId(0)].into()), ..none };
        assert_eq!(exported(&all, &first).file_names().collect::<Vec<_>>(), ["a.wav"]);
        assert_eq!(exported(&all, &first).files[0].sample_rate, Some(8_000.0));
    }

    #[test]
    fn what_is_exported_and_imported_again_is_what_it_was() {
        let document = document();
        let every = ExportChoices {
            predictions: true,
            uncertain: true,
            rejected: true,
            scores_of_labels: true,
            ..ExportChoices::default()
        };
        let labels = exported(&gathered(&document), &every);
        let choices = ImportChoices { import_as: ImportAs::Stated, ..ImportChoices::default() };
        let plan = ImportPlan::new(&labels, &RecordingIndex::of(&document), &choices);
        assert_eq!((plan.events.len(), plan.remarks.len()), (5, 0));
        let before = document.recording(RecordingId(0)).unwrap().events_by_onset();
        for (event, (id, back)) in before.into_iter().zip(&plan.events) {
            assert_eq!((id.0, back.span, back.band, back.status), (0, event.span, event.band, event.status));
            assert_eq!(
                (&back.comment, &back.fields, &back.more_labels),
                (&event.comment, &event.fields, &event.more_labels)
            );
            let (ours, theirs) = (back.origin.proposal().unwrap(), event.origin.proposal().unwrap());
            assert_eq!((&ours.model, ours.score), (&theirs.model, theirs.score));
        }
    }
}
