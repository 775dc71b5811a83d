//! How AOEF is read: first what objects refer to, then the events.

use super::geometry::{Bounds, bounds};
use super::{FEATURE_PREFIX, GEOMETRY_FIELD, KEY_FIELD, LABEL_KEY, TAG_SCORE_FIELD};
use crate::annotation::Status;
use crate::format::json::{Document, Gatherer, Kind, Node, is_point};
use crate::format::{Choice, Question, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource, time_scale};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Keys that are taken for labels before others, where events have several.
const LABEL_KEYS: &[&str] = &[LABEL_KEY, "species", "dwc:scientificName", "class", "event", "label"];

/// So long is a sound event at least, in bytes, in files that others write.
const USUAL_BYTES: usize = 150;

/// A tag's value and key.
type Tag<'a> = (Cow<'a, str>, Cow<'a, str>);

struct RecordingEntry {
    name: Arc<str>,
    is_listed: bool,
    /// By what times of the file are multiplied.
    factor: f64,
    duration_secs: Option<f64>,
    sample_rate: Option<f64>,
}

struct Reader<'a, 'l> {
    gatherer: Gatherer<'l>,
    /// By the text of their ids.
    tags: HashMap<&'a str, Tag<'a>>,
    users: HashMap<Cow<'a, str>, Cow<'a, str>>,
    recordings: HashMap<Cow<'a, str>, RecordingEntry>,
    sound_events: HashMap<Cow<'a, str>, SoundEvent<'a>>,
    label_key: String,
}

/// What a sound event says.
#[derive(Clone)]
struct SoundEvent<'a> {
    recording: Cow<'a, str>,
    geometry: Option<Node<'a>>,
    features: Option<Node<'a>>,
    /// Whether an annotation or prediction speaks of it.
    is_used: bool,
}

/// What an annotation or a prediction says of a sound event.
#[derive(Default)]
struct Said<'a> {
    sound_event: Option<Cow<'a, str>>,
    tags: Option<Node<'a>>,
    score: Option<f64>,
    notes: Option<Node<'a>>,
    created_by: Option<Cow<'a, str>>,
}

pub(super) fn read(
    source: &mut TextSource<'_>,
    options: &ReadOptions,
    labels: &mut StrongLabels,
) -> Result<(), ReadError> {
    let document = Document::read(source)?;
    let root = document.root();
    let entries = Collection(root.entries().collect());
    let data = entries.get("data").filter(|data| data.kind() == Kind::Object);
    let data = data.map(|data| Collection(data.entries().collect()));
    let collection = data.as_ref().and_then(|data| data.get("collection_type")).and_then(Node::string);
    let (Some(data), Some(collection)) = (data, collection) else {
        let text = "no AOEF: expected an object with “data”, which has a “collection_type”";
        return Err(ReadError::NotLabels(text.to_owned()));
    };
    if matches!(&*collection, "dataset" | "recording_set") {
        let text = format!("an AOEF {collection} lists recordings only: choose a file with annotations or predictions");
        return Err(ReadError::NotLabels(text));
    }
    let mut gatherer = Gatherer::new(labels, &document);
    if let Some(version) = entries.get("version").and_then(Node::string).filter(|version| version != "1.1.0") {
        gatherer.warn(root, format!("AOEF {version} is read as 1.1.0"));
    }
    let mut reader = Reader {
        gatherer,
        tags: HashMap::new(),
        users: HashMap::new(),
        recordings: HashMap::new(),
        sound_events: HashMap::new(),
        label_key: String::new(),
    };
    reader.read_data(&data, options);
    reader.gatherer.finish();
    Ok(())
}

/// The keys and values of the collection, found once: arrays under them may be most of a large file.
struct Collection<'a>(Vec<(Cow<'a, str>, Node<'a>)>);

impl<'a> Collection<'a> {
    fn get(&self, key: &str) -> Option<Node<'a>> {
        self.0.iter().rev().find(|(found, _)| found == key).map(|(_, value)| *value)
    }

    /// The elements of an array under a key.
    fn elements(&self, key: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.get(key).into_iter().flat_map(Node::elements)
    }
}

/// The elements of an array under a key, with their UUIDs.
fn objects<'a>(data: &Collection<'a>, key: &str) -> impl Iterator<Item = (Cow<'a, str>, Node<'a>)> + use<'a> {
    data.elements(key).map(|node| (node.get("uuid").and_then(Node::id).unwrap_or_default(), node))
}

impl<'a> Reader<'a, '_> {
    fn read_data(&mut self, data: &Collection<'a>, options: &ReadOptions) {
        let tags = data.get("tags").into_iter().flat_map(Node::elements);
        self.tags = tags.filter_map(tag_of).collect();
        self.users = objects(data, "users").filter_map(|(uuid, user)| Some((uuid, user_name(user)?))).collect();
        for (uuid, recording) in objects(data, "recordings") {
            let entry = self.recording_of(recording, options);
            self.recordings.insert(uuid, entry);
        }
        self.read_sound_events(data);
        self.choose_label_key(data, options);
        let model = self.model_of(data);
        self.list_recordings(data);
        for annotation in data.elements("sound_event_annotations") {
            self.read_event(annotation, None);
        }
        for prediction in data.elements("sound_event_predictions") {
            self.read_event(prediction, Some(&model));
        }
        let lonely = self.sound_events.values().filter(|event| !event.is_used).count();
        if lonely > 0 {
            let text = format!("sound events without annotation or prediction are left out: {lonely}");
            self.gatherer.warn_of_file(text);
        }
        for (key, value) in &data.0 {
            let value = *value;
            match &**key {
                "uuid" | "collection_type" | "tags" | "users" | "recordings" | "sound_events" | "clips" | "model" => {}
                "sound_event_annotations" | "sound_event_predictions" | "clip_annotations" | "clip_predictions" => {}
                "name" | "version" if !model.is_empty() => {}
                _ if value.kind() == Kind::Array => value.elements().for_each(|one| self.gatherer.unread(key, one)),
                _ => self.gatherer.unread(key, value),
            }
        }
    }

    fn read_sound_events(&mut self, data: &Collection<'a>) {
        let mut repeated = 0;
        let bytes = data.get("sound_events").map_or(0, |array| array.raw().len());
        self.sound_events.reserve(bytes / USUAL_BYTES);
        for node in data.elements("sound_events") {
            let (mut uuid, mut recording) = (None, None);
            let (mut geometry, mut features) = (None, None);
            for (key, value) in node.entries() {
                match &*key {
                    "uuid" => uuid = value.id(),
                    "recording" => recording = value.id(),
                    "geometry" => geometry = Some(value),
                    "features" => features = Some(value),
                    _ => self.gatherer.unread(&format!("sound_events.{key}"), value),
                }
            }
            let event = SoundEvent { recording: recording.unwrap_or_default(), geometry, features, is_used: false };
            repeated += usize::from(self.sound_events.insert(uuid.unwrap_or_default(), event).is_some());
        }
        if repeated > 0 {
            let text = format!("sound events that have the UUID of a later one are left out: {repeated}");
            self.gatherer.warn_of_file(text);
        }
    }

    fn recording_of(&mut self, recording: Node<'a>, options: &ReadOptions) -> RecordingEntry {
        let (mut path, mut duration, mut rate, mut expansion) = (None, None, None, 1.0);
        for (key, value) in recording.entries() {
            match &*key {
                "path" => path = value.string(),
                "duration" => duration = value.number(),
                "samplerate" => rate = value.number(),
                "time_expansion" => expansion = value.number().unwrap_or(1.0),
                "uuid" | "channels" => {}
                _ => self.gatherer.unread(&format!("recordings.{key}"), value),
            }
        }
        let factor = time_scale::factor(self.gatherer.labels(), options, expansion);
        RecordingEntry {
            name: self.gatherer.name(&path.unwrap_or_default()),
            is_listed: false,
            factor,
            duration_secs: duration.map(|secs| secs * factor),
            sample_rate: rate.map(|rate| rate / factor),
        }
    }

    /// The model that made predictions, as `name` or `name version`.
    fn model_of(&mut self, data: &Collection<'a>) -> Arc<str> {
        let model = data.get("model");
        let text = |key: &str| {
            let value = model.map_or_else(|| data.get(key), |model| model.get(key));
            value.and_then(Node::string).unwrap_or_default()
        };
        let is_run = data.get("collection_type").and_then(Node::string).is_some_and(|kind| kind == "model_run");
        let name = if is_run { format!("{} {}", text("name"), text("version")) } else { String::new() };
        for (key, value) in data.get("model").into_iter().flat_map(Node::entries) {
            if !matches!(&*key, "name" | "version") {
                self.gatherer.unread(&format!("model.{key}"), value);
            }
        }
        self.gatherer.name(name.trim())
    }

    /// Lists the recordings of which a part was annotated or searched, so that those without events stand among them.
    fn list_recordings(&mut self, data: &Collection<'a>) {
        let clips: HashMap<Cow<'a, str>, Node<'a>> = objects(data, "clips").collect();
        for said in data.elements("clip_annotations").chain(data.elements("clip_predictions")) {
            let mut clip = None;
            for (key, value) in said.entries() {
                match &*key {
                    "clip" => clip = value.id(),
                    "uuid" | "sound_events" => {}
                    _ => self.gatherer.unread(&format!("clips.{key}"), value),
                }
            }
            let Some(clip) = clip.and_then(|uuid| clips.get(&uuid)).copied() else { continue };
            let recording = clip.get("recording").and_then(Node::id).and_then(|uuid| self.recordings.get_mut(&uuid));
            let Some(entry) = recording else { continue };
            let number = |key: &str| clip.get(key).and_then(Node::number).map(|secs| secs * entry.factor);
            let is_whole = number("start_time").is_none_or(|secs| secs <= 0.0)
                && number("end_time").zip(entry.duration_secs).is_none_or(|(end, length)| end >= length - 1e-3);
            list(&mut self.gatherer, entry);
            if !is_whole {
                self.gatherer
                    .note("clips that are a part of their recording only: what lies outside was not annotated");
            }
        }
    }

    /// Decides which key's tags are labels, and asks if there are several.
    fn choose_label_key(&mut self, data: &Collection<'a>, options: &ReadOptions) {
        let mut keys = self.tags.values().map(|(_, key)| key);
        let first = keys.next();
        if let Some(only) = first.filter(|first| keys.all(|key| key == *first)) {
            self.label_key = only.to_string();
            return;
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let events = data.elements("sound_event_annotations").chain(data.elements("sound_event_predictions"));
        for event in events {
            for (id, _) in event.get("tags").into_iter().flat_map(Node::elements).map(tag_use) {
                if let Some((_, key)) = self.tags.get(id) {
                    *counts.entry(&**key).or_default() += 1;
                }
            }
        }
        let keys: Vec<String> = counts.keys().map(|key| (*key).to_owned()).collect();
        let answered = options.answer(Choice::LabelColumn).and_then(|answer| keys.iter().position(|key| key == answer));
        let known = LABEL_KEYS.iter().find_map(|known| keys.iter().position(|key| key == known));
        let most = || (0..keys.len()).max_by_key(|&index| (counts.get(keys[index].as_str()), std::cmp::Reverse(index)));
        let Some(taken) = answered.or(known).or_else(most) else { return };
        self.label_key.clone_from(&keys[taken]);
        // Our own key is no question.
        if keys.len() > 1 && keys[taken] != LABEL_KEY {
            let text = "events have tags of several keys: which key's are the labels?".to_owned();
            let question = Question { choice: Choice::LabelColumn, text, answers: keys, taken: Some(taken) };
            self.gatherer.labels().questions.push(question);
        }
    }

    fn read_event(&mut self, node: Node<'a>, model: Option<&Arc<str>>) {
        match self.row_of(node, model) {
            Ok(row) => self.gatherer.push(row),
            Err(reason) => self.gatherer.reject(node, reason),
        }
    }

    /// All that is said, found in one walk: files have a million of these.
    fn said(&mut self, node: Node<'a>) -> Said<'a> {
        let mut said = Said::default();
        for (key, value) in node.entries() {
            match &*key {
                "sound_event" => said.sound_event = value.id(),
                "tags" => said.tags = Some(value),
                "score" => said.score = value.number(),
                "notes" => said.notes = Some(value),
                "created_by" => said.created_by = value.id(),
                "uuid" => {}
                _ => self.gatherer.unread(&format!("sound_event_annotations.{key}"), value),
            }
        }
        said
    }

    fn row_of(&mut self, node: Node<'a>, model: Option<&Arc<str>>) -> Result<StrongLabel, String> {
        let said = self.said(node);
        let uuid = said.sound_event.as_ref().ok_or("no sound_event is named")?;
        let event = self.sound_events.get_mut(uuid).ok_or_else(|| format!("the sound event {uuid} is not there"))?;
        event.is_used = true;
        let entry = self.recordings.get_mut(&event.recording);
        let recording = &event.recording;
        let entry = entry.ok_or_else(|| format!("the recording “{recording}” of a sound event is not there"))?;
        let geometry = event.geometry.ok_or("the sound event has no geometry")?;
        let (found, features, factor) = (bounds(geometry)?, event.features, entry.factor);
        let span = Gatherer::span(found.onset * factor, found.offset * factor)?;
        let mut row = StrongLabel::new(entry.name.clone(), span, "");
        list(&mut self.gatherer, entry);
        row.is_point = found.is_point || is_point(span);
        self.add_shape(&mut row, geometry, found, factor);
        self.add_tags(&mut row, &said);
        self.add_rest(&mut row, &said, features);
        if let Some(model) = model {
            row.status = Some(Status::Predicted);
            row.score = said.score;
            if !model.is_empty() {
                row.particulars_mut().model = model.clone();
            }
        }
        Ok(row)
    }

    fn add_shape(&mut self, row: &mut StrongLabel, geometry: Node<'a>, found: Bounds, factor: f64) {
        row.band = found.band.and_then(|(low, high)| self.gatherer.band(low / factor, high / factor));
        if !found.is_exact {
            self.gatherer
                .note("lines, polygons and their like are taken as the box around them and kept in the field geometry");
            // Of an expanded recording it would be in other units than the event.
            if factor == 1.0 {
                self.gatherer.field(row, GEOMETRY_FIELD, geometry);
            }
        }
    }

    fn add_tags(&mut self, row: &mut StrongLabel, said: &Said<'a>) {
        let mut labels: Vec<(&Cow<'a, str>, Option<f64>)> = Vec::new();
        let mut others = Vec::new();
        let (event_score, mut unknown) = (said.score, 0);
        for (id, score) in said.tags.into_iter().flat_map(Node::elements).map(tag_use) {
            match self.tags.get(id) {
                Some((value, key)) if **key == *self.label_key => labels.push((value, score)),
                Some((value, key)) => others.push((key.clone(), value.clone(), score)),
                None => unknown += 1,
            }
        }
        // The likeliest first; equal ones in the file's order.
        labels.sort_by(|a, b| b.1.unwrap_or(f64::INFINITY).total_cmp(&a.1.unwrap_or(f64::INFINITY)));
        let mut labels = labels.into_iter();
        if let Some((label, score)) = labels.next() {
            row.event_label = self.gatherer.name(label);
            if let Some(score) = score.filter(|score| event_score != Some(*score)) {
                self.gatherer.field_text(row, TAG_SCORE_FIELD, crate::format::json::number_text(score));
            }
        }
        for (label, score) in labels {
            let label = self.gatherer.name(label);
            row.particulars_mut().more_labels.push(label);
            if score.is_some() {
                self.gatherer.note("scores of an event's further labels are not kept");
            }
        }
        if self.label_key != LABEL_KEY && !row.event_label.is_empty() {
            let key = self.label_key.clone();
            self.gatherer.field_text(row, KEY_FIELD, key);
        }
        for (key, value, score) in others {
            self.gatherer.field_text(row, &key, value.into_owned());
            if score.is_some_and(|score| event_score != Some(score)) {
                self.gatherer.note("scores of tags that are no labels are not kept");
            }
        }
        for _ in 0..unknown {
            self.gatherer.note("tags that the file does not explain are left out");
        }
    }

    fn add_rest(&mut self, row: &mut StrongLabel, said: &Said<'a>, features: Option<Node<'a>>) {
        let noted_by = said.notes.and_then(|notes| self.add_notes(row, notes));
        let by = said.created_by.as_ref().and_then(|uuid| self.users.get(uuid)).or(noted_by.as_ref());
        if let Some(name) = by {
            row.particulars_mut().annotator = self.gatherer.name(name);
        }
        for (name, value) in features.into_iter().flat_map(Node::entries) {
            self.gatherer.field(row, &format!("{FEATURE_PREFIX}{name}"), value);
        }
    }

    /// Adds what notes say; who wrote the first one.
    fn add_notes(&mut self, row: &mut StrongLabel, notes: Node<'a>) -> Option<Cow<'a, str>> {
        let mut by = None;
        for note in notes.elements() {
            let comment = &mut row.particulars_mut().comment;
            if !comment.is_empty() {
                comment.push('\n');
            }
            comment.push_str(&note.get("message").and_then(Node::string).unwrap_or_default());
            let user = note.get("created_by").and_then(Node::id).and_then(|uuid| self.users.get(&uuid));
            by = by.or_else(|| user.cloned());
            if note.get("is_issue").and_then(Node::bool) == Some(true) {
                self.gatherer.note("notes that are issues are remarks like others");
            }
        }
        by
    }
}

/// Lists a recording, once.
fn list(gatherer: &mut Gatherer<'_>, entry: &mut RecordingEntry) {
    if std::mem::replace(&mut entry.is_listed, true) {
        return;
    }
    gatherer.describe(&entry.name, entry.duration_secs, entry.sample_rate);
}

fn tag_of(tag: Node<'_>) -> Option<(&str, Tag<'_>)> {
    let id = tag.get("id")?.raw();
    let key = tag.get("key").or_else(|| tag.get("term"))?.string()?;
    Some((id, (tag.get("value")?.id()?, key)))
}

/// The id of a tag of an annotation, or id and score of a tag of a prediction.
fn tag_use(node: Node<'_>) -> (&str, Option<f64>) {
    let mut elements = node.elements();
    match elements.next() {
        Some(id) => (id.raw(), elements.next().and_then(Node::number)),
        None => (node.raw(), None),
    }
}

fn user_name(user: Node<'_>) -> Option<Cow<'_, str>> {
    let text = |key: &str| user.get(key).and_then(Node::string).filter(|text| !text.is_empty());
    text("name").or_else(|| text("username")).or_else(|| text("email"))
}
