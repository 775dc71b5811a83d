//! How Label Studio's JSON is written.

use crate::annotation::Status;
use crate::format::json::{field_json, number_text, quoted};
use crate::format::{LabelledFile, Particulars, StrongLabel, StrongLabels};
use std::collections::HashMap;
use std::io;

/// Keys of `meta` that mean something; fields of these names stand in an object of their own.
const OWN_KEYS: &[&str] = &["text", "annotator", "model", "fields"];

pub(super) fn write(labels: &StrongLabels, out: &mut dyn io::Write) -> io::Result<()> {
    let mut rows: HashMap<&str, Vec<&StrongLabel>> = HashMap::new();
    let unlisted = labels.rows.iter().map(|row| &row.filename);
    let mut files: Vec<LabelledFile> = labels.files.clone();
    let mut seen: std::collections::HashSet<&str> = labels.file_names().collect();
    files.extend(unlisted.filter(|name| seen.insert(name)).map(|name| LabelledFile::named(name.clone())));
    for row in &labels.rows {
        rows.entry(&row.filename).or_default().push(row);
    }
    out.write_all(b"[")?;
    for (index, file) in files.iter().enumerate() {
        let rows = rows.get(&*file.name).map_or(&[][..], Vec::as_slice);
        write!(out, "{}\n{{\"id\": {}, \"data\": {{\"audio\": ", if index > 0 { "," } else { "" }, index + 1)?;
        write!(out, "{}}},\n \"annotations\": [", quoted(&file.name))?;
        write_task(file, rows, out)?;
        out.write_all(b"]}")?;
    }
    out.write_all(b"]\n")
}

fn write_task(file: &LabelledFile, rows: &[&StrongLabel], out: &mut dyn io::Write) -> io::Result<()> {
    let is_label = |row: &&StrongLabel| row.status.is_none_or(Status::is_label);
    let is_prediction = |row: &&StrongLabel| row.status == Some(Status::Predicted);
    let mut region = 0;
    // A recording of which only a model has said something was not annotated.
    if rows.is_empty() || rows.iter().any(is_label) {
        out.write_all(b"{\"result\": [")?;
        write_regions(file, rows.iter().copied().filter(is_label), &mut region, out)?;
        out.write_all(b"]}")?;
    }
    out.write_all(b"],\n \"predictions\": [")?;
    // One for each model, and apart what has no score, since the prediction's score is said of all in it.
    let mut groups: Vec<((&str, bool), Vec<&StrongLabel>)> = Vec::new();
    for row in rows.iter().copied().filter(is_prediction) {
        let model = row.particulars.as_deref().map_or("", |more| &more.model);
        let key = (model, row.score.is_some());
        match groups.iter_mut().find(|(found, _)| *found == key) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    for (index, ((model, has_score), rows)) in groups.iter().enumerate() {
        out.write_all(if index > 0 { b", {" } else { b"{" })?;
        if !model.is_empty() {
            write!(out, "\"model_version\": {}, ", quoted(model))?;
        }
        if *has_score {
            let mean = rows.iter().filter_map(|row| row.score).sum::<f64>() / rows.len() as f64;
            write!(out, "\"score\": {}, ", number_text(mean))?;
        }
        out.write_all(b"\"result\": [")?;
        write_regions(file, rows.iter().copied(), &mut region, out)?;
        out.write_all(b"]}")?;
    }
    Ok(())
}

fn write_regions<'a>(
    file: &LabelledFile,
    rows: impl Iterator<Item = &'a StrongLabel>,
    region: &mut usize,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    for (index, row) in rows.enumerate() {
        *region += 1;
        write!(out, "{}\n  {{", if index > 0 { "," } else { "" })?;
        if let Some(secs) = file.duration_secs {
            write!(out, "\"original_length\": {}, ", number_text(secs))?;
        }
        write!(
            out,
            "\"id\": \"region{region}\", \"from_name\": \"label\", \"to_name\": \"audio\", \"type\": \"labels\""
        )?;
        if let Some(score) = row.score {
            write!(out, ", \"score\": {}", number_text(score))?;
        }
        let is_prediction = row.status == Some(Status::Predicted);
        let (value, other) = fields_of(row);
        let labels: Vec<String> = row.labels().filter(|label| !label.is_empty()).map(|label| quoted(label)).collect();
        let (start, end) = (number_text(row.span.onset_secs), number_text(row.span.offset_secs));
        write!(out, ", \"value\": {{\"start\": {start}, \"end\": {end}, {value}\"labels\": [{}]}}", labels.join(", "))?;
        write_meta(row, is_prediction, &other, out)?;
        out.write_all(b"}")?;
    }
    Ok(())
}

/// The channel, which is a part of the value, and all other fields.
fn fields_of(row: &StrongLabel) -> (String, Vec<String>) {
    let is_channel = |name: &str, field: &str| name == "channel" && field.parse::<u32>().is_ok();
    let channel = row.fields().iter().find(|(name, field)| is_channel(name, field));
    let channel = channel.map_or("0", |(_, field)| field);
    let others = row.fields().iter().filter(|(name, field)| !is_channel(name, field));
    let others = others.map(|(name, field)| format!("{}: {}", quoted(name), field_json(field))).collect();
    (format!("\"channel\": {channel}, "), others)
}

fn write_meta(row: &StrongLabel, is_prediction: bool, fields: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    let none = Particulars::default();
    let more = row.particulars.as_deref().unwrap_or(&none);
    let mut parts = Vec::new();
    if !more.comment.is_empty() {
        parts.push(format!("\"text\": [{}]", quoted(&more.comment)));
    }
    if !more.annotator.is_empty() {
        parts.push(format!("\"annotator\": {}", quoted(&more.annotator)));
    }
    if !is_prediction && !more.model.is_empty() {
        parts.push(format!("\"model\": {}", quoted(&more.model)));
    }
    let is_own = |field: &&String| OWN_KEYS.iter().any(|key| field.starts_with(&format!("\"{key}\":")));
    let (apart, plain): (Vec<&String>, Vec<&String>) = fields.iter().partition(is_own);
    parts.extend(plain.into_iter().cloned());
    if !apart.is_empty() {
        let apart: Vec<&str> = apart.into_iter().map(String::as_str).collect();
        parts.push(format!("\"fields\": {{{}}}", apart.join(", ")));
    }
    if parts.is_empty() { Ok(()) } else { write!(out, ", \"meta\": {{{}}}", parts.join(", ")) }
}
