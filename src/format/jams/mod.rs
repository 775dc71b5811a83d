//! JAMS: annotations of one recording, each a list of observations in a namespace that says what their values are.
//!
//! Values that are texts are labels; objects with a `label` (scaper's) are labels with fields. Annotations of other namespaces (pitch,
//! beats) are named and left out. The file says nothing of the recording's name: it is `file_metadata.identifiers.filename` where this
//! program wrote it, else the name of the JAMS file. Who annotated is `annotation_metadata.annotator.name`. What was decided about events
//! that are no labels stands in the annotation's `sandbox`, as `status`.

mod written;

use super::json::{Document, Gatherer, Kind, LineEnds, Node, is_point, sum_secs};
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource};
use crate::annotation::Status;
use std::borrow::Cow;
use std::io;
use std::sync::Arc;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct Jams;

/// The namespace of what has none of its own.
const NAMESPACE: &str = "segment_open";

impl LabelFormat for Jams {
    fn id(&self) -> &'static str {
        "jams"
    }

    fn name(&self) -> &'static str {
        "JAMS"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["jams", "json"]
    }

    fn holds(&self) -> Holds {
        Holds { empty_files: true, scores: true, points: true, overlaps: true, status: true, ..Holds::default() }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let has = |key: &str| head.text.contains(key);
        match head.text.trim_start().starts_with('{') {
            true if has("\"namespace\"") && (has("\"annotation_metadata\"") || has("\"file_metadata\"")) => {
                Likelihood::Certain
            }
            true if head.extension() == "jams" => Likelihood::Likely,
            _ => Likelihood::No,
        }
    }

    fn read(
        &self,
        source: &mut TextSource<'_>,
        options: &ReadOptions,
        labels: &mut StrongLabels,
    ) -> Result<(), ReadError> {
        let document = Document::read(source)?;
        let root = document.root();
        let annotations = root.get("annotations").filter(|annotations| annotations.kind() == Kind::Array);
        let Some(annotations) = annotations else {
            let text = "no JAMS file: expected an object with an array “annotations”";
            return Err(ReadError::NotLabels(text.to_owned()));
        };
        let mut gatherer = Gatherer::new(labels, &document);
        let filename = read_metadata(&mut gatherer, root, options);
        for (index, annotation) in annotations.elements().enumerate() {
            read_annotation(&mut gatherer, &filename, annotation, index);
        }
        gatherer.finish();
        Ok(())
    }

    /// One annotation for each namespace, annotator, model and status; observations in the order of the rows.
    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        written::write(labels, &mut LineEnds::of(labels, out))
    }

    fn own_losses(&self, labels: &StrongLabels) -> Vec<String> {
        let count = labels.files.iter().filter(|file| file.duration_secs.is_none()).count();
        let text = format!("{count} recordings of unknown length, written as long as their events reach");
        if count > 0 { vec![text] } else { Vec::new() }
    }
}

fn read_metadata(gatherer: &mut Gatherer<'_>, root: Node<'_>, options: &ReadOptions) -> Arc<str> {
    let (mut name, mut title, mut duration) = (None, None, None);
    for (key, value) in root.get("file_metadata").into_iter().flat_map(Node::entries) {
        match &*key {
            "duration" => duration = value.number(),
            "title" => title = value.string(),
            "jams_version" => {}
            "identifiers" => {
                for (key, value) in value.entries() {
                    match &*key {
                        "filename" => name = value.string(),
                        _ => gatherer.unread(&format!("identifiers.{key}"), value),
                    }
                }
            }
            _ => gatherer.unread(&format!("file_metadata.{key}"), value),
        }
    }
    for (key, value) in root.entries().filter(|(key, _)| !matches!(&**key, "file_metadata" | "annotations")) {
        gatherer.unread(&key, value);
    }
    fn stated(name: Option<Cow<'_, str>>) -> Option<Cow<'_, str>> {
        name.filter(|name| !name.trim().is_empty())
    }
    let stem = Some(Cow::Borrowed(&*options.file_stem));
    let name = stated(name).or_else(|| stated(stem)).or_else(|| stated(title)).unwrap_or(Cow::Borrowed("recording"));
    let filename = gatherer.recording(&name);
    gatherer.describe(&name, duration, None);
    filename
}

/// What an annotation says of all its observations.
struct Annotation {
    namespace: String,
    annotator: Arc<str>,
    model: Arc<str>,
    status: Option<Status>,
}

fn read_annotation(gatherer: &mut Gatherer<'_>, filename: &Arc<str>, node: Node<'_>, index: usize) {
    let (mut observations, mut metadata, mut sandbox, mut namespace) = (None, None, None, None);
    for (key, value) in node.entries() {
        match &*key {
            "data" => observations = Some(value),
            "annotation_metadata" => metadata = Some(value),
            "sandbox" => sandbox = Some(value),
            "namespace" => namespace = value.string(),
            // The stretch that was annotated: all of the recording, if it begins with it.
            "time" if value.number() == Some(0.0) => {}
            "duration" if value.number() == gatherer.duration_secs(filename) => {}
            _ => gatherer.unread(&format!("annotations.{key}"), value),
        }
    }
    let namespace = namespace.unwrap_or_default().into_owned();
    let mut annotation = Annotation { namespace, annotator: "".into(), model: "".into(), status: None };
    read_annotator(gatherer, metadata, &mut annotation);
    for (key, value) in sandbox.into_iter().flat_map(Node::entries) {
        let word = value.string().unwrap_or_default();
        match &*key {
            "status" if Status::ALL.iter().any(|status| status.text() == word) => {
                annotation.status = Status::ALL.into_iter().find(|status| status.text() == word);
            }
            "model" => annotation.model = gatherer.name(&word),
            _ => gatherer.unread(&format!("annotations.sandbox.{key}"), value),
        }
    }
    let Some(observations) = observations else {
        gatherer.warn(node, format!("annotation {} has no data", index + 1));
        return;
    };
    let count = Observation::all(observations).count();
    if count > 0 && Observation::all(observations).all(|observation| observation.label().is_none()) {
        let namespace = &annotation.namespace;
        gatherer.warn(node, format!("not read: the namespace {namespace}, whose {count} values are no labels"));
        return;
    }
    for observation in Observation::all(observations) {
        match row_of(gatherer, filename, &annotation, &observation) {
            Ok(row) => gatherer.push(row),
            Err(reason) => gatherer.reject(observation.place, reason),
        }
    }
}

fn read_annotator(gatherer: &mut Gatherer<'_>, metadata: Option<Node<'_>>, annotation: &mut Annotation) {
    for (key, value) in metadata.into_iter().flat_map(Node::entries) {
        if key != "annotator" {
            // An empty curator has two empty texts.
            for (inner, value) in value.entries() {
                gatherer.unread(&format!("annotation_metadata.{key}.{inner}"), value);
            }
            if value.kind() != Kind::Object {
                gatherer.unread(&format!("annotation_metadata.{key}"), value);
            }
            continue;
        }
        for (key, value) in value.entries() {
            match (&*key, value.string()) {
                ("name", Some(name)) => annotation.annotator = gatherer.name(&name),
                _ => gatherer.unread(&format!("annotator.{key}"), value),
            }
        }
    }
}

/// Values of one observation, wherever they stand.
struct Observation<'a> {
    place: Node<'a>,
    time: Option<Node<'a>>,
    duration: Option<Node<'a>>,
    value: Option<Node<'a>>,
    confidence: Option<Node<'a>>,
    others: Vec<(Cow<'a, str>, Node<'a>)>,
}

impl<'a> Observation<'a> {
    /// Those of an array of objects, or of an object of arrays.
    fn all(data: Node<'a>) -> Box<dyn Iterator<Item = Self> + 'a> {
        if data.kind() == Kind::Array {
            return Box::new(data.elements().map(|node| Self::of(node, node.entries())));
        }
        let columns: Vec<(Cow<'a, str>, Vec<Node<'a>>)> =
            data.entries().map(|(key, values)| (key, values.elements().collect())).collect();
        let count = columns.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
        Box::new((0..count).map(move |index| {
            let cell = |(key, values): &(Cow<'a, str>, Vec<Node<'a>>)| Some((key.clone(), *values.get(index)?));
            let cells: Vec<_> = columns.iter().filter_map(cell).collect();
            Self::of(cells.first().map_or(data, |(_, node)| *node), cells.into_iter())
        }))
    }

    fn of(place: Node<'a>, entries: impl Iterator<Item = (Cow<'a, str>, Node<'a>)>) -> Self {
        let mut found = Self { place, time: None, duration: None, value: None, confidence: None, others: Vec::new() };
        for (key, value) in entries {
            match &*key {
                "time" => found.time = Some(value),
                "duration" => found.duration = Some(value),
                "value" => found.value = Some(value),
                "confidence" => found.confidence = Some(value),
                _ => found.others.push((key, value)),
            }
        }
        found
    }

    fn label(&self) -> Option<Cow<'a, str>> {
        let value = self.value?;
        value.string().or_else(|| value.get("label")?.string())
    }
}

fn row_of(
    gatherer: &mut Gatherer<'_>,
    filename: &Arc<str>,
    annotation: &Annotation,
    observation: &Observation<'_>,
) -> Result<StrongLabel, String> {
    let number = |node: Option<Node<'_>>| node.and_then(Node::number);
    let label = observation.label().ok_or("an observation whose value is no label")?;
    let (Some(onset_secs), Some(length)) = (number(observation.time), number(observation.duration)) else {
        return Err(format!("the observation “{label}” has no numbers as time and duration"));
    };
    let span = Gatherer::span(onset_secs, sum_secs(onset_secs, length))?;
    let mut row = StrongLabel::new(filename.clone(), span, gatherer.name(&label));
    row.is_point = is_point(span);
    row.score = number(observation.confidence);
    row.status = annotation.status;
    if !annotation.annotator.is_empty() {
        row.particulars_mut().annotator = annotation.annotator.clone();
    }
    if !annotation.model.is_empty() {
        row.particulars_mut().model = annotation.model.clone();
    }
    if annotation.namespace != NAMESPACE {
        gatherer.field_text(&mut row, "namespace", annotation.namespace.clone());
    }
    if let (None, Some(confidence)) = (row.score, observation.confidence) {
        gatherer.field(&mut row, "confidence", confidence);
    }
    for (key, value) in observation.value.into_iter().flat_map(Node::entries) {
        let repeats = match &*key {
            "label" => true,
            "event_time" => value.number() == Some(onset_secs),
            "event_duration" => value.number() == Some(length),
            _ => false,
        };
        if key == "role" && value.string().is_some_and(|role| role == "background") {
            gatherer.note("events with the role background are taken as events; the field role tells them");
        }
        if !repeats {
            gatherer.field(&mut row, &key, value);
        }
    }
    for (key, value) in &observation.others {
        gatherer.unread(&format!("data.{key}"), *value);
    }
    Ok(row)
}
