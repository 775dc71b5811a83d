//! AOEF 1.1.0 (Acoustic Objects Exchange Format), the JSON of soundevent and whombat: annotation sets and projects, model runs,
//! prediction sets and evaluations.
//!
//! An event is a `sound_event` with a geometry and, of that, an annotation or a prediction with tags. Tags are pairs of a key and a value;
//! one key's values are the labels, the other keys' become fields. Times and frequencies are those of the sound: of a recording with a
//! `time_expansion` they are scaled to its file. Geometries other than boxes, intervals and moments are taken as the box around them
//! and kept in the field `geometry`.
//!
//! All objects need a UUID. This program has none for them, so that it makes them of names (version 5): the same labels give the same
//! file, and importing a file again finds the objects that are there, which random ones would not.

mod geometry;
mod reading;
mod uuid;
mod written;

use super::json::LineEnds;
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabels, TextSource};
use std::collections::BTreeSet;
use std::io;

/// The format, as it stands twice in [`super::ALL`]: what people say and what a model says are different collections.
#[derive(Clone, Copy, Debug)]
pub struct Aoef {
    /// Whether a model run is written, else an annotation set.
    pub is_model_run: bool,
}

/// The key of tags that are labels, where a file does not have another one.
const LABEL_KEY: &str = "event_label";

/// The field that keeps another key for labels.
const KEY_FIELD: &str = "tag_key";

/// The field that keeps a geometry that is neither box, interval nor moment.
const GEOMETRY_FIELD: &str = "geometry";

/// The field of a label's own score, where it is not the event's.
const TAG_SCORE_FIELD: &str = "tag_score";

/// What the names of fields begin with that are `features` of a sound event.
const FEATURE_PREFIX: &str = "feature.";

impl LabelFormat for Aoef {
    fn id(&self) -> &'static str {
        if self.is_model_run { "aoef-run" } else { "aoef" }
    }

    fn name(&self) -> &'static str {
        if self.is_model_run { "AOEF model run (whombat)" } else { "AOEF annotations (whombat)" }
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json", "aoef"]
    }

    fn holds(&self) -> Holds {
        Holds {
            many_files: true,
            empty_files: true,
            bands: true,
            scores: self.is_model_run,
            points: true,
            overlaps: true,
            many_labels: true,
            comments: !self.is_model_run,
            fields: true,
            predictions: self.is_model_run,
            ..Holds::default()
        }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let has = |key: &str| head.text.contains(key);
        if !head.text.trim_start().starts_with('{') || !has("\"collection_type\"") {
            return Likelihood::No;
        }
        let is_run = ["\"model_run\"", "\"prediction_set\""].into_iter().any(has);
        if is_run == self.is_model_run { Likelihood::Certain } else { Likelihood::Likely }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        reading::read(source, options, labels)
    }

    /// Events in the order of the rows.
    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        written::write(labels, self.is_model_run, &mut LineEnds::of(labels, out))
    }

    fn own_losses(&self, labels: &StrongLabels) -> Vec<String> {
        let without = |is_missing: &dyn Fn(&super::LabelledFile) -> bool| {
            labels.files.iter().filter(|file| is_missing(file)).count()
        };
        let mut notes = Vec::new();
        let lengths = without(&|file| file.duration_secs.is_none());
        if lengths > 0 {
            notes.push(format!("{lengths} recordings of unknown length, written as long as their events reach"));
        }
        let rates = without(&|file| file.sample_rate.is_none());
        if rates > 0 {
            notes.push(format!("{rates} recordings of unknown sample rate, written as 0"));
        }
        if self.is_model_run {
            let without_score = labels.rows.iter().filter(|row| row.score.is_none()).count();
            if without_score > 0 {
                notes.push(format!("{without_score} events without score, written with 1"));
            }
            let model = |row: &super::StrongLabel| row.particulars.as_deref().map(|more| more.model.clone());
            let models: BTreeSet<_> = labels.rows.iter().filter_map(model).filter(|model| !model.is_empty()).collect();
            if models.len() > 1 {
                notes.push(format!("which of {} models found an event: a run has one", models.len()));
            }
        }
        notes
    }
}
