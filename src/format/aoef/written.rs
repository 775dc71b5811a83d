//! How AOEF is written: each array in turn, so that none is kept in memory.

use super::geometry::bounds;
use super::{FEATURE_PREFIX, GEOMETRY_FIELD, KEY_FIELD, LABEL_KEY, TAG_SCORE_FIELD, uuid};
use crate::annotation::Status;
use crate::format::json::{Document, number_text, quoted};
use crate::format::{LabelledFile, StrongLabel, StrongLabels, TextSource};
use std::collections::{BTreeSet, HashMap};
use std::fmt::{self, Write as _};
use std::io;
use std::sync::Arc;

type Out<'o> = &'o mut dyn io::Write;

/// A row and the UUIDs of what is said and of what it is said of.
struct Row<'a> {
    row: &'a StrongLabel,
    said: String,
    sound_event: String,
}

struct Written<'a> {
    files: Vec<LabelledFile>,
    /// The rows that are written.
    rows: Vec<Row<'a>>,
    /// The UUIDs of recordings.
    recordings: HashMap<Arc<str>, String>,
    /// Ids of tags by key and value.
    tags: HashMap<(&'a str, &'a str), usize>,
    annotators: BTreeSet<&'a str>,
    is_run: bool,
}

pub(super) fn write(labels: &StrongLabels, is_run: bool, out: Out<'_>) -> io::Result<()> {
    let written = Written::of(labels, is_run);
    let collection = if is_run { "model_run" } else { "annotation_set" };
    let models: BTreeSet<&str> =
        written.rows.iter().filter_map(|one| Some(&*one.row.particulars.as_deref()?.model)).collect();
    let model = models.iter().copied().find(|model| !model.is_empty()).unwrap_or("Earmark");
    write!(out, "{{\"version\": \"1.1.0\", \"data\": {{\"uuid\": \"{}\"", uuid::of(collection, &[model]))?;
    let (name, version) = if is_run { name_and_version(model) } else { (model, "") };
    write!(out, ", \"collection_type\": \"{collection}\", \"name\": {}", quoted(name))?;
    if is_run {
        // Where older versions of soundevent look for it, and where newer ones do.
        write!(out, ", \"version\": {}", quoted(version))?;
        write!(out, ", \"model\": {{\"name\": {}, \"version\": {}}}", quoted(name), quoted(version))?;
    }
    written.write_named(out)?;
    written.write_recordings(out)?;
    written.write_events(out)?;
    written.write_clips(out)?;
    out.write_all(b"}}\n")
}

/// Writes an array of objects under a key; each is put together as a text first, because files have a million of them.
fn write_array<T>(
    key: &str,
    elements: impl IntoIterator<Item = T>,
    out: Out<'_>,
    mut each: impl FnMut(T, &mut String) -> fmt::Result,
) -> io::Result<()> {
    write!(out, ",\n\"{key}\": [")?;
    let mut object = String::new();
    for (index, element) in elements.into_iter().enumerate() {
        object.clear();
        object.push_str(if index > 0 { ",\n{" } else { "\n{" });
        each(element, &mut object).map_err(io::Error::other)?;
        object.push('}');
        out.write_all(object.as_bytes())?;
    }
    out.write_all(b"]")
}

/// The key of a row's labels, and its tags that are none.
fn key_and_tags(row: &StrongLabel) -> (&str, impl Iterator<Item = (&str, &str)>) {
    let is_own =
        |name: &str| [KEY_FIELD, TAG_SCORE_FIELD, GEOMETRY_FIELD].contains(&name) || name.starts_with(FEATURE_PREFIX);
    let key = row.fields().iter().find(|(name, _)| &**name == KEY_FIELD);
    let others = row.fields().iter().filter(move |(name, _)| !is_own(name));
    (key.map_or(LABEL_KEY, |(_, key)| key), others.map(|(name, field)| (&**name, field.as_str())))
}

/// All tags of a row, the labels first.
fn tags_of(row: &StrongLabel) -> Vec<(&str, &str)> {
    let (key, others) = key_and_tags(row);
    let labels = row.labels().filter(|label| !label.is_empty()).map(|label| (key, &**label));
    labels.chain(others).collect()
}

impl<'a> Written<'a> {
    fn of(labels: &'a StrongLabels, is_run: bool) -> Self {
        let is_written = |row: &&StrongLabel| match row.status {
            None => true,
            Some(Status::Predicted) => is_run,
            Some(status) => status.is_label(),
        };
        let mut files = labels.files.clone();
        let mut places: HashMap<&str, usize> = files_by_name(&labels.files);
        let mut written = Self {
            files: Vec::new(),
            rows: Vec::new(),
            recordings: HashMap::new(),
            tags: HashMap::new(),
            annotators: BTreeSet::new(),
            is_run,
        };
        // Events of one recording, span and label are told apart by their number.
        let mut repeats = HashMap::with_capacity(labels.rows.len());
        for row in labels.rows.iter().filter(is_written) {
            let place = *places.entry(&row.filename).or_insert_with(|| {
                files.push(LabelledFile::named(row.filename.clone()));
                files.len() - 1
            });
            // A recording of unknown length is at least as long as what was heard in it.
            if labels.files.get(place).is_none_or(|file| file.duration_secs.is_none()) {
                let end = files[place].duration_secs.unwrap_or(0.0).max(row.span.offset_secs);
                files[place].duration_secs = Some(end);
            }
            for tag in tags_of(row) {
                let next = written.tags.len();
                written.tags.entry(tag).or_insert(next);
            }
            if let Some(more) = row.particulars.as_deref().filter(|more| !more.annotator.is_empty()) {
                written.annotators.insert(&more.annotator);
            }
            let (onset, offset) = (row.span.onset_secs.to_bits(), row.span.offset_secs.to_bits());
            let repeat = repeats.entry((place, onset, offset, &*row.event_label)).or_insert(0_usize);
            let times = format!("{} {}", number_text(row.span.onset_secs), number_text(row.span.offset_secs));
            let said = uuid::of("event", &[&row.filename, &times, &row.event_label, &repeat.to_string()]);
            *repeat += 1;
            let sound_event = uuid::of("sound_event", &[&said]);
            written.rows.push(Row { row, said, sound_event });
        }
        let id = |file: &LabelledFile| (file.name.clone(), uuid::of("recording", &[&file.name]));
        written.recordings = files.iter().map(id).collect();
        written.files = files;
        written
    }

    fn recording(&self, name: &str) -> &str {
        self.recordings.get(name).map_or("", String::as_str)
    }

    /// Tags and users.
    fn write_named(&self, out: Out<'_>) -> io::Result<()> {
        let mut tags: Vec<_> = self.tags.iter().collect();
        tags.sort_by_key(|(_, id)| **id);
        write_array("tags", tags, out, |((key, value), id), out| {
            write!(out, "\"id\": {id}, \"key\": {}, \"value\": {}", quoted(key), quoted(value))
        })?;
        if self.is_run {
            return Ok(());
        }
        write_array("users", &self.annotators, out, |name, out| {
            write!(out, "\"uuid\": \"{}\", \"name\": {}", uuid::of("user", &[name]), quoted(name))
        })
    }

    fn write_recordings(&self, out: Out<'_>) -> io::Result<()> {
        write_array("recordings", &self.files, out, |file, out| {
            let id = self.recording(&file.name);
            write!(out, "\"uuid\": \"{id}\", \"path\": {}", quoted(&file.name))?;
            let (secs, rate) = (file.duration_secs.unwrap_or(0.0), file.sample_rate.unwrap_or(0.0).round());
            write!(out, ", \"duration\": {}, \"channels\": 1, \"samplerate\": {rate}", number_text(secs))
        })?;
        write_array("clips", &self.files, out, |file, out| {
            let ids = (uuid::of("clip", &[&file.name]), self.recording(&file.name));
            write!(out, "\"uuid\": \"{}\", \"recording\": \"{}\", \"start_time\": 0.0", ids.0, ids.1)?;
            write!(out, ", \"end_time\": {}", number_text(file.duration_secs.unwrap_or(0.0)))
        })
    }

    fn write_events(&self, out: Out<'_>) -> io::Result<()> {
        write_array("sound_events", &self.rows, out, |Row { row, sound_event, .. }, out| {
            write!(out, "\"uuid\": \"{sound_event}\", \"recording\": \"{}\"", self.recording(&row.filename))?;
            write!(out, ", \"geometry\": {}", geometry_of(row))?;
            let features: Vec<String> = row.fields().iter().filter_map(|(name, field)| feature(name, field)).collect();
            if features.is_empty() { Ok(()) } else { write!(out, ", \"features\": {{{}}}", features.join(", ")) }
        })?;
        let key = if self.is_run { "sound_event_predictions" } else { "sound_event_annotations" };
        write_array(key, &self.rows, out, |Row { row, said, sound_event }, out| {
            write!(out, "\"uuid\": \"{said}\", \"sound_event\": \"{sound_event}\"")?;
            let ids = tags_of(row).into_iter().filter_map(|tag| self.tags.get(&tag));
            if self.is_run {
                let score = row.score.unwrap_or(1.0);
                let tag_score = row.fields().iter().find(|(name, _)| &**name == TAG_SCORE_FIELD);
                let tag_score = tag_score.and_then(|(_, field)| field.parse().ok()).unwrap_or(score);
                let tags: Vec<String> = ids.map(|id| format!("[{id}, {}]", number_text(tag_score))).collect();
                return write!(out, ", \"score\": {}, \"tags\": [{}]", number_text(score), tags.join(", "));
            }
            let tags: Vec<String> = ids.map(ToString::to_string).collect();
            write!(out, ", \"tags\": [{}]", tags.join(", "))?;
            write_remarks(row, said, out)
        })
    }

    /// What was annotated or searched: all of each recording, with or without events.
    fn write_clips(&self, out: Out<'_>) -> io::Result<()> {
        let mut ids: HashMap<&str, Vec<&str>> = HashMap::new();
        for Row { row, said, .. } in &self.rows {
            ids.entry(&row.filename).or_default().push(said);
        }
        let key = if self.is_run { "clip_predictions" } else { "clip_annotations" };
        write_array(key, &self.files, out, |file, out| {
            let (id, clip) = (uuid::of(key, &[&file.name]), uuid::of("clip", &[&file.name]));
            write!(out, "\"uuid\": \"{id}\", \"clip\": \"{clip}\", \"sound_events\": [")?;
            let ids = ids.get(&*file.name).map_or(&[][..], Vec::as_slice);
            for (index, id) in ids.iter().enumerate() {
                write!(out, "{}\"{id}\"", if index > 0 { ", " } else { "" })?;
            }
            out.push(']');
            Ok(())
        })
    }
}

/// The parts of a model's name that ends with a version: `m 1.0`.
fn name_and_version(model: &str) -> (&str, &str) {
    let is_version = |word: &str| word.trim_start_matches(['v', 'V']).starts_with(|char: char| char.is_ascii_digit());
    model.rsplit_once(' ').filter(|(name, word)| !name.is_empty() && is_version(word)).unwrap_or((model, ""))
}

fn files_by_name(files: &[LabelledFile]) -> HashMap<&str, usize> {
    files.iter().enumerate().map(|(place, file)| (&*file.name, place)).collect()
}

fn write_remarks(row: &StrongLabel, id: &str, out: &mut String) -> fmt::Result {
    let Some(more) = row.particulars.as_deref() else { return Ok(()) };
    if !more.comment.is_empty() {
        let note = uuid::of("note", &[id]);
        write!(out, ", \"notes\": [{{\"uuid\": \"{note}\", \"message\": {}}}]", quoted(&more.comment))?;
    }
    if !more.annotator.is_empty() {
        write!(out, ", \"created_by\": \"{}\"", uuid::of("user", &[&more.annotator]))?;
    }
    Ok(())
}

fn feature(name: &str, field: &str) -> Option<String> {
    let name = name.strip_prefix(FEATURE_PREFIX)?;
    let number = field.parse::<f64>().ok().filter(|number| number.is_finite())?;
    Some(format!("{}: {}", quoted(name), number_text(number)))
}

/// The shape that was read, if the event is still where it is; else a box, an interval, a moment or a point.
fn geometry_of(row: &StrongLabel) -> String {
    let kept = row.fields().iter().find(|(name, _)| &**name == GEOMETRY_FIELD);
    if let Some((_, shape)) = kept.filter(|(_, shape)| is_around(row, shape)) {
        return shape.clone();
    }
    let (onset, offset) = (number_text(row.span.onset_secs), number_text(row.span.offset_secs));
    let band = row.band.map(|band| (number_text(band.low_hz), number_text(band.high_hz)));
    match band {
        Some((low, high)) if row.is_point && low == high => {
            format!("{{\"type\": \"Point\", \"coordinates\": [{onset}, {low}]}}")
        }
        Some((low, high)) => {
            format!("{{\"type\": \"BoundingBox\", \"coordinates\": [{onset}, {low}, {offset}, {high}]}}")
        }
        None if row.is_point => format!("{{\"type\": \"TimeStamp\", \"coordinates\": {onset}}}"),
        None => format!("{{\"type\": \"TimeInterval\", \"coordinates\": [{onset}, {offset}]}}"),
    }
}

fn is_around(row: &StrongLabel, shape: &str) -> bool {
    let Ok(document) = Document::read(&mut TextSource::from_bytes(shape.as_bytes())) else { return false };
    let Ok(found) = bounds(document.root()) else { return false };
    let is_same = |band: crate::annotation::Band| found.band == Some((band.low_hz, band.high_hz));
    found.onset == row.span.onset_secs && found.offset == row.span.offset_secs && row.band.is_some_and(is_same)
}
