//! How JAMS is written.

use super::NAMESPACE;
use crate::annotation::Status;
use crate::format::json::{difference_secs, field_json, number_text, quoted, refused};
use crate::format::{Particulars, StrongLabel, StrongLabels};
use std::collections::HashMap;
use std::io;

/// What all observations of an annotation have in common.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Group<'a> {
    namespace: &'a str,
    annotator: &'a str,
    model: &'a str,
    status: Option<Status>,
}

impl<'a> Group<'a> {
    fn of(row: &'a StrongLabel) -> Self {
        let more = row.particulars.as_deref();
        let namespace = row.fields().iter().find(|(name, _)| &**name == "namespace");
        Self {
            namespace: namespace.map_or(NAMESPACE, |(_, namespace)| namespace),
            annotator: more.map_or("", |more| &more.annotator),
            model: more.map_or("", |more| &more.model),
            status: row.status.filter(|status| *status != Status::Accepted),
        }
    }
}

pub(super) fn write(labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
    let first = labels.files.first().map(|file| &*file.name).or_else(|| labels.rows.first().map(|row| &*row.filename));
    let filename = first.unwrap_or_default();
    let is_other = |name: &str| name != filename;
    if labels.file_names().any(is_other) || labels.rows.iter().any(|row| is_other(&row.filename)) {
        return Err(refused("a JAMS file has one recording: write a file for each"));
    }
    let duration = labels.files.first().and_then(|file| file.duration_secs);
    // The schema demands a length; of a recording of unknown length it is at least what was heard.
    let heard_secs = labels.rows.iter().map(|row| row.span.offset_secs).fold(0.0, f64::max);
    write!(out, "{{\"file_metadata\": {{\"duration\": {}, ", number_text(duration.unwrap_or(heard_secs)))?;
    let title = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let title = title.rsplit_once('.').map_or(title, |(stem, _)| stem);
    let (title, filename) = (quoted(title), quoted(filename));
    write!(
        out,
        "\"title\": {title}, \"artist\": \"\", \"release\": \"\", \"identifiers\": {{\"filename\": {filename}}}"
    )?;
    out.write_all(b", \"jams_version\": \"0.3.4\"},\n\"annotations\": [")?;
    let mut groups: Vec<(Group<'_>, Vec<&StrongLabel>)> = Vec::new();
    let mut places: HashMap<Group<'_>, usize> = HashMap::new();
    for row in &labels.rows {
        let group = Group::of(row);
        let place = *places.entry(group).or_insert_with(|| {
            groups.push((group, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(row);
    }
    if groups.is_empty() {
        groups.push((Group { namespace: NAMESPACE, annotator: "", model: "", status: None }, Vec::new()));
    }
    for (index, (group, rows)) in groups.iter().enumerate() {
        out.write_all(if index > 0 { b",\n" } else { b"\n" })?;
        write_annotation(*group, rows, duration, out)?;
    }
    out.write_all(b"],\n\"sandbox\": {}}\n")
}

fn write_annotation(
    group: Group<'_>,
    rows: &[&StrongLabel],
    duration: Option<f64>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    write!(out, "{{\"namespace\": {}, \"annotation_metadata\": {{", quoted(group.namespace))?;
    let annotator =
        if group.annotator.is_empty() { String::new() } else { format!("\"name\": {}", quoted(group.annotator)) };
    write!(out, "\"annotator\": {{{annotator}}}, \"annotation_tools\": \"Earmark\"}}")?;
    let mut sandbox = Vec::new();
    if let Some(status) = group.status {
        sandbox.push(format!("\"status\": {}", quoted(status.text())));
    }
    if !group.model.is_empty() {
        sandbox.push(format!("\"model\": {}", quoted(group.model)));
    }
    let duration = duration.map_or_else(|| "null".to_owned(), number_text);
    write!(out, ", \"time\": 0, \"duration\": {duration}, \"sandbox\": {{{}}},\n \"data\": [", sandbox.join(", "))?;
    let mut comma = "";
    for row in rows {
        for label in row.labels() {
            let (time, length) = (row.span.onset_secs, difference_secs(row.span.onset_secs, row.span.offset_secs));
            let (time, length) = (number_text(time), number_text(length));
            let confidence = row.score.map_or_else(|| "null".to_owned(), number_text);
            let value = value_of(group.namespace, row, label);
            write!(out, "{comma}\n  {{\"time\": {time}, \"duration\": {length}, \"value\": {value}, ")?;
            write!(out, "\"confidence\": {confidence}}}")?;
            comma = ",";
        }
    }
    out.write_all(b"]}")
}

/// A label; of the namespaces whose values are objects, an object with it and the fields.
fn value_of(namespace: &str, row: &StrongLabel, label: &str) -> String {
    if !matches!(namespace, "scaper" | "multi_segment") {
        return quoted(label);
    }
    let mut parts = vec![format!("\"label\": {}", quoted(label))];
    if namespace == "scaper" {
        let length = difference_secs(row.span.onset_secs, row.span.offset_secs);
        parts.push(format!("\"event_time\": {}", number_text(row.span.onset_secs)));
        parts.push(format!("\"event_duration\": {}", number_text(length)));
    }
    let none = Particulars::default();
    let fields = &row.particulars.as_deref().unwrap_or(&none).fields;
    let fields =
        fields.iter().filter(|(name, _)| !matches!(&**name, "namespace" | "label" | "event_time" | "event_duration"));
    parts.extend(fields.map(|(name, field)| format!("{}: {}", quoted(name), field_json(field))));
    format!("{{{}}}", parts.join(", "))
}
