//! BatDetect2's JSON: detections of a recording (`a.wav.json`), annotations in the same form, and arrays of them. Read only.
//!
//! Times and frequencies are those of the sound; a recording that was expanded in time (`time_exp` 10) plays them ten times longer and
//! lower, and that is what is made of them. The score is the class's, `class_prob`; `det_prob` is kept as a field.

use super::json::{Document, Gatherer, Kind, Node, is_point};
use super::{
    Head, Holds, LabelFormat, Likelihood, ReadError, ReadOptions, StrongLabel, StrongLabels, TextSource, time_scale,
};
use crate::annotation::Status;
use std::sync::Arc;

/// The format, as it stands in [`super::ALL`].
#[derive(Clone, Copy, Debug)]
pub struct BatDetect2;

impl LabelFormat for BatDetect2 {
    fn id(&self) -> &'static str {
        "batdetect2"
    }

    fn name(&self) -> &'static str {
        "BatDetect2 JSON"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn holds(&self) -> Holds {
        Holds::default()
    }

    fn likelihood(&self, head: &Head<'_>) -> Likelihood {
        let has = |key: &str| head.text.contains(key);
        match head.text.trim_start().starts_with(['{', '[']) {
            true if has("\"annotation\"") && (has("\"time_exp\"") || has("\"annotated\"")) => Likelihood::Certain,
            true if has("\"det_prob\"") && has("\"start_time\"") => Likelihood::Likely,
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
        let is_recording = |node: Node<'_>| node.get("annotation").is_some_and(|array| array.kind() == Kind::Array);
        let mut gatherer = Gatherer::new(labels, &document);
        match root.kind() {
            Kind::Object if is_recording(root) => read_recording(&mut gatherer, root, options),
            Kind::Array if root.elements().any(is_recording) => {
                for recording in root.elements() {
                    if is_recording(recording) {
                        read_recording(&mut gatherer, recording, options);
                    } else {
                        gatherer.warn(recording, "not read: something without an array “annotation”");
                    }
                }
            }
            _ => {
                let text =
                    "no BatDetect2 JSON: expected an object with an array “annotation”, or an array of such objects";
                return Err(ReadError::NotLabels(text.to_owned()));
            }
        }
        gatherer.finish();
        Ok(())
    }

    fn can_write(&self) -> bool {
        false
    }
}

fn read_recording(gatherer: &mut Gatherer<'_>, recording: Node<'_>, options: &ReadOptions) {
    let (mut name, mut duration, mut expansion, mut annotated, mut events) = (None, None, 1.0, None, None);
    for (key, value) in recording.entries() {
        match &*key {
            "id" => name = value.id(),
            "duration" => duration = value.number(),
            "time_exp" => expansion = value.number().filter(|factor| *factor > 0.0).unwrap_or(1.0),
            "annotated" => annotated = value.bool(),
            "annotation" => events = Some(value),
            "issues" => {
                if value.bool() == Some(true) {
                    gatherer.note("recordings are marked as having issues");
                }
            }
            _ => gatherer.unread(&key, value),
        }
    }
    let name = name.filter(|name| !name.is_empty()).map_or_else(|| options.file_stem.clone(), |name| name.into_owned());
    let factor = time_scale::factor(gatherer.labels(), options, expansion);
    let filename = gatherer.recording(&name);
    gatherer.describe(&name, duration.map(|secs| secs * factor), None);
    for event in events.into_iter().flat_map(Node::elements) {
        match row_of(gatherer, &filename, event, factor) {
            Ok(mut row) => {
                row.status = (annotated == Some(false)).then_some(Status::Predicted);
                gatherer.push(row);
            }
            Err(reason) => gatherer.reject(event, reason),
        }
    }
}

fn row_of(
    gatherer: &mut Gatherer<'_>,
    filename: &Arc<str>,
    event: Node<'_>,
    factor: f64,
) -> Result<StrongLabel, String> {
    let (mut start, mut end, mut low, mut high, mut score, mut label) = (None, None, None, None, None, None);
    let (mut detection, mut others) = (None, Vec::new());
    for (key, value) in event.entries() {
        match &*key {
            "start_time" => start = value.number(),
            "end_time" => end = value.number(),
            "low_freq" => low = value.number(),
            "high_freq" => high = value.number(),
            "class_prob" => score = value.number(),
            "det_prob" => detection = Some(value),
            "class" => label = value.id(),
            _ => others.push((key, value)),
        }
    }
    let (Some(onset), Some(offset)) = (start, end) else {
        return Err(format!("an annotation of {filename} has no numbers as start_time and end_time"));
    };
    let span = Gatherer::span(onset * factor, offset * factor)?;
    let mut row = StrongLabel::new(filename.clone(), span, gatherer.name(&label.unwrap_or_default()));
    row.is_point = is_point(span);
    row.band = low.zip(high).and_then(|(low, high)| gatherer.band(low / factor, high / factor));
    row.score = score.or_else(|| detection.and_then(Node::number));
    if let (Some(_), Some(detection)) = (score, detection) {
        gatherer.field(&mut row, "det_prob", detection);
    }
    for (key, value) in others {
        match value.string() {
            Some(text) => gatherer.field_text(&mut row, &key, text.into_owned()),
            None => gatherer.field(&mut row, &key, value),
        }
    }
    Ok(row)
}
