//! Label Studio's JSON: an array of tasks, each with the address of a recording, the annotations of people and the predictions of models.
//! Its short export (JSON-MIN) is read too.
//!
//! Regions have `value.start`, `value.end` in seconds and `value.labels`; what people wrote or chose about a region (`textarea`, `choices`)
//! has the same id and becomes the event's remark or a field. An annotation that was skipped is left out. A recording without any
//! annotation was not annotated and is not listed. Annotators are users of the server, which an import must know, so that names are
//! written where they do no harm: in the region's `meta`, as are fields.

mod address;
mod written;

use super::json::{Document, Gatherer, Kind, LineEnds, Node, is_point};
use super::{Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource};
use crate::annotation::Status;
use crate::time::Span;
use address::Addresses;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct LabelStudio;

impl LabelFormat for LabelStudio {
    fn id(&self) -> &'static str {
        "label-studio"
    }

    fn name(&self) -> &'static str {
        "Label Studio JSON"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn holds(&self) -> Holds {
        Holds {
            many_files: true,
            empty_files: true,
            scores: true,
            points: true,
            overlaps: true,
            many_labels: true,
            comments: true,
            fields: true,
            predictions: true,
            ..Holds::default()
        }
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let has = |key: &str| head.text.contains(key);
        match head.text.trim_start().starts_with(['[', '{']) {
            true if has("\"from_name\"") && has("\"to_name\"") => Likelihood::Certain,
            true if has("\"data\"") && (has("\"result\"") || has("\"predictions\"")) => Likelihood::Likely,
            true if has("\"labels\"") && has("\"start\"") && has("\"end\"") => Likelihood::Possible,
            _ => Likelihood::No,
        }
    }

    fn read(&self, source: &mut TextSource<'_>, _: &ReadOptions, labels: &mut StrongLabels) -> Result<(), ReadError> {
        let document = Document::read(source)?;
        let root = document.root();
        let is_task = |node: Node<'_>| node.entries().any(|(key, data)| key == "data" && data.kind() == Kind::Object);
        let is_short = |node: Node<'_>| node.entries().any(|(_, value)| short_region(value).is_some());
        let mut reader = Reader { gatherer: Gatherer::new(labels, &document), addresses: Addresses::default() };
        match root.kind() {
            Kind::Object if is_task(root) => reader.read_task(root),
            Kind::Array if root.elements().next().is_none_or(is_task) || root.elements().any(is_task) => {
                for task in root.elements() {
                    if is_task(task) {
                        reader.read_task(task);
                    } else {
                        reader.gatherer.warn(task, format!("not read: {} without “data”", task.kind().words()));
                    }
                }
            }
            Kind::Array if root.elements().any(is_short) => root.elements().for_each(|task| reader.read_short(task)),
            _ => {
                let text =
                    "no Label Studio JSON: expected an array of tasks with “data” and “annotations” or “predictions”";
                return Err(ReadError::NotLabels(text.to_owned()));
            }
        }
        reader.addresses.tell(&mut reader.gatherer);
        reader.gatherer.finish();
        Ok(())
    }

    /// One task a recording in the order in which they appear, labels as an annotation, what only a model said as predictions, one for
    /// each model.
    fn write(&self, labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
        written::write(labels, &mut LineEnds::of(labels, out))
    }
}

struct Reader<'l> {
    gatherer: Gatherer<'l>,
    addresses: Addresses,
}

/// Where regions belong.
#[derive(Clone)]
struct Side<'t> {
    filename: Option<&'t str>,
    annotator: Arc<str>,
    model: Arc<str>,
    score: Option<f64>,
    is_prediction: bool,
    /// Why no region of it is taken.
    refusal: Option<&'static str>,
}

impl Reader<'_> {
    fn read_task(&mut self, task: Node<'_>) {
        let (mut recording, mut annotations, mut predictions) = (None, Vec::new(), None);
        for (key, value) in task.entries() {
            match &*key {
                "data" => recording = self.addresses.recording_of(value, &mut self.gatherer),
                "annotations" | "completions" => annotations.extend(value.elements()),
                "predictions" => predictions = Some(value),
                "id" | "inner_id" | "total_annotations" | "total_predictions" | "cancelled_annotations" => {}
                _ => self.gatherer.unread(&key, value),
            }
        }
        let predictions = predictions.into_iter().flat_map(Node::elements);
        if annotations.is_empty() {
            self.gatherer.note("tasks without annotation, whose recordings are not taken for annotated");
        }
        if annotations.len() > 1 {
            self.gatherer.note("tasks with several annotations, of which all are taken");
        }
        let filename = recording.as_deref();
        for annotation in annotations {
            self.read_side(annotation, filename, false);
        }
        for prediction in predictions {
            self.read_side(prediction, filename, true);
        }
    }

    fn read_side(&mut self, node: Node<'_>, filename: Option<&str>, is_prediction: bool) {
        let none: Arc<str> = self.gatherer.name("");
        let mut side =
            Side { filename, annotator: none.clone(), model: none, score: None, is_prediction, refusal: None };
        let mut result = None;
        for (key, value) in node.entries() {
            match &*key {
                "result" => result = Some(value),
                "completed_by" => side.annotator = self.gatherer.name(&user(value)),
                "model_version" => side.model = self.gatherer.name(&value.id().unwrap_or_default()),
                "score" if is_prediction => side.score = value.number(),
                "was_cancelled" | "skipped" if value.bool() == Some(true) => {
                    side.refusal = Some("the annotator skipped the task");
                }
                "id" | "task" | "result_count" | "was_cancelled" | "skipped" => {}
                _ => self.gatherer.unread(&key, value),
            }
        }
        if filename.is_none() {
            side.refusal = Some("“data” of its task names no recording");
        }
        if let (Some(name), false, None) = (filename, is_prediction, side.refusal) {
            self.gatherer.recording(name);
        }
        self.read_regions(result, &side);
    }

    fn read_regions(&mut self, result: Option<Node<'_>>, side: &Side<'_>) {
        // What was said about a region has its id and may stand before it.
        let mut rows: HashMap<String, usize> = HashMap::new();
        let mut remarks = Vec::new();
        for node in result.into_iter().flat_map(Node::elements) {
            let region = Region::of(node);
            if region.is_remark() {
                remarks.push(region);
                continue;
            }
            match self.row_of(&region, side) {
                Ok(row) => {
                    if let Some(id) = &region.id {
                        rows.insert(id.to_string(), self.gatherer.labels().rows.len());
                    }
                    self.gatherer.push(row);
                }
                Err(reason) => self.gatherer.reject(node, reason),
            }
        }
        for region in remarks {
            let at = region.id.as_deref().and_then(|id| rows.get(id)).copied();
            match at {
                Some(at) => self.add_remark(at, &region),
                None => {
                    let kind = region.kind.as_deref().unwrap_or("unknown");
                    self.gatherer.warn(region.node, format!("not read: a result of type {kind}, about no region"));
                }
            }
        }
    }

    fn add_remark(&mut self, at: usize, region: &Region<'_>) {
        let kind = region.kind.as_deref().unwrap_or_default();
        let name = region.from_name.as_deref().unwrap_or(kind);
        let Some(said) = region.value.and_then(|value| value.get(if kind == "textarea" { "text" } else { kind }))
        else {
            return;
        };
        let Some(mut row) = self.gatherer.labels().rows.get(at).cloned() else { return };
        if kind == "textarea" {
            add_comment(&mut row, said);
        } else {
            self.gatherer.field(&mut row, name, said);
        }
        self.gatherer.labels().rows[at] = row;
    }

    fn row_of(&mut self, region: &Region<'_>, side: &Side<'_>) -> Result<StrongLabel, String> {
        if let Some(reason) = side.refusal {
            return Err(reason.to_owned());
        }
        let value = region.value.ok_or("a region without “value”")?;
        let (mut start, mut end, mut labels, mut others) = (None, None, None, Vec::new());
        for (key, value) in value.entries() {
            match &*key {
                "start" => start = value.number(),
                "end" => end = value.number(),
                "labels" => labels = Some(value),
                "channel" if value.number() == Some(0.0) => {}
                _ => others.push((key, value)),
            }
        }
        let (Some(onset_secs), Some(offset_secs)) = (start, end) else {
            let kind = region.kind.as_deref().unwrap_or("unknown");
            return Err(format!("a region of type {kind} without numbers as start and end"));
        };
        let span = Span { onset_secs, offset_secs };
        let filename = self.gatherer.recording(side.filename.unwrap_or_default());
        self.gatherer.describe(&filename, region.length, None);
        let mut row = StrongLabel::new(filename, span, "");
        row.is_point = is_point(span);
        self.add_labels(&mut row, labels)?;
        row.score = region.score.or(side.score);
        row.status = side.is_prediction.then_some(Status::Predicted);
        for (name, place) in
            [(&side.annotator, true), (&side.model, false)].into_iter().filter(|(name, _)| !name.is_empty())
        {
            let more = row.particulars_mut();
            *(if place { &mut more.annotator } else { &mut more.model }) = name.clone();
        }
        for (key, value) in others {
            self.gatherer.field(&mut row, &key, value);
        }
        self.add_meta(&mut row, region.meta);
        for (key, value) in &region.others {
            self.gatherer.unread(&format!("result.{key}"), *value);
        }
        Ok(row)
    }

    fn add_labels(&mut self, row: &mut StrongLabel, labels: Option<Node<'_>>) -> Result<(), String> {
        let names: Option<Vec<_>> = match labels {
            None => Some(Vec::new()),
            Some(labels) if labels.kind() == Kind::Array => labels.elements().map(Node::string).collect(),
            Some(label) => label.string().map(|label| vec![label]),
        };
        let mut names = names.ok_or("“labels” of a region is no array of texts")?.into_iter();
        row.event_label = self.gatherer.name(&names.next().unwrap_or_default());
        for name in names {
            let name = self.gatherer.name(&name);
            row.particulars_mut().more_labels.push(name);
        }
        Ok(())
    }

    fn add_meta(&mut self, row: &mut StrongLabel, meta: Option<Node<'_>>) {
        for (key, value) in meta.into_iter().flat_map(Node::entries) {
            match &*key {
                "text" => add_comment(row, value),
                "annotator" if value.string().is_some() => {
                    row.particulars_mut().annotator = self.gatherer.name(&value.string().unwrap_or_default());
                }
                "model" if value.string().is_some() => {
                    row.particulars_mut().model = self.gatherer.name(&value.string().unwrap_or_default());
                }
                "fields" if value.kind() == Kind::Object => {
                    value.entries().for_each(|(key, value)| self.gatherer.field(row, &key, value));
                }
                _ => self.gatherer.field(row, &key, value),
            }
        }
    }

    /// A task of the short export: the regions of one annotation under the name of their control.
    fn read_short(&mut self, task: Node<'_>) {
        let recording = self.addresses.recording_of(task, &mut self.gatherer);
        let mut annotator = Cow::Borrowed("");
        let mut regions = Vec::new();
        for (key, value) in task.entries() {
            match (&*key, short_region(value)) {
                (_, Some(_)) => regions.extend(value.elements()),
                ("annotator", _) => annotator = user(value),
                ("id" | "annotation_id", _) => {}
                _ if value.string().is_some_and(|text| address::is_recording(&text)) => {}
                _ => self.gatherer.unread(&key, value),
            }
        }
        let (annotator, model) = (self.gatherer.name(&annotator), self.gatherer.name(""));
        let filename = recording.as_deref();
        if let Some(name) = filename {
            self.gatherer.recording(name);
        }
        let refusal = filename.is_none().then_some("its task names no recording");
        let side = Side { filename, annotator, model, score: None, is_prediction: false, refusal };
        for node in regions {
            let region = Region { value: Some(node), ..Region::none(node) };
            match self.row_of(&region, &side) {
                Ok(row) => self.gatherer.push(row),
                Err(reason) => self.gatherer.reject(node, reason),
            }
        }
    }
}

/// The first region of an array of them.
fn short_region(value: Node<'_>) -> Option<Node<'_>> {
    value.elements().next().filter(|region| region.get("start").is_some() && region.get("end").is_some())
}

/// A user by name, address or number.
fn user(node: Node<'_>) -> Cow<'_, str> {
    let named = ["email", "username", "first_name", "id"].into_iter().find_map(|key| node.get(key)?.id());
    node.id().or(named).unwrap_or_default()
}

fn add_comment(row: &mut StrongLabel, said: Node<'_>) {
    let texts: Vec<Cow<'_, str>> = match said.string() {
        Some(text) => vec![text],
        None => said.elements().filter_map(Node::string).collect(),
    };
    let comment = &mut row.particulars_mut().comment;
    for text in texts {
        if !comment.is_empty() {
            comment.push('\n');
        }
        comment.push_str(&text);
    }
}

/// One result of an annotation.
struct Region<'a> {
    node: Node<'a>,
    id: Option<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
    from_name: Option<Cow<'a, str>>,
    value: Option<Node<'a>>,
    score: Option<f64>,
    /// The recording's length in seconds.
    length: Option<f64>,
    meta: Option<Node<'a>>,
    others: Vec<(Cow<'a, str>, Node<'a>)>,
}

impl<'a> Region<'a> {
    fn none(node: Node<'a>) -> Self {
        Self {
            node,
            id: None,
            kind: None,
            from_name: None,
            value: None,
            score: None,
            length: None,
            meta: None,
            others: Vec::new(),
        }
    }

    fn of(node: Node<'a>) -> Self {
        let mut region = Self::none(node);
        for (key, value) in node.entries() {
            match &*key {
                "id" => region.id = value.id(),
                "type" => region.kind = value.string(),
                "from_name" => region.from_name = value.string(),
                "value" => region.value = Some(value),
                "score" => region.score = value.number(),
                "original_length" => region.length = value.number(),
                "meta" => region.meta = Some(value),
                "to_name" | "origin" => {}
                _ => region.others.push((key, value)),
            }
        }
        region
    }

    /// Whether it says something about a region or a recording, and is none itself.
    fn is_remark(&self) -> bool {
        let kinds = ["textarea", "choices", "rating", "number", "taxonomy", "datetime", "pairwise", "relation"];
        self.kind.as_deref().is_some_and(|kind| kinds.contains(&kind))
    }
}
