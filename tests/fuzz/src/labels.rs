//! What holds of every reader of label files, whatever the bytes: a reader answers or refuses; what it answers is finite, names its recordings,
//! is as many events and rejects as the file has rows or events, and is written by each format that writes.
//!
//! The first byte chooses the format, the rest is the file; and the whole is read as each format that it looks like, so that plain label
//! files are seeds.

#[path = "../../it/format/census/mod.rs"]
mod census;

use crate::format::{self, LabelFormat, StrongLabels, TextSource};
use std::collections::HashSet;
use std::path::Path;

/// Formats whose files are XML.
pub const XML: &[&str] = &["elan", "svl"];
/// Formats whose files are JSON.
pub const JSON: &[&str] = &["label-studio", "jams", "aoef", "aoef-run", "hear", "avianz", "batdetect2"];

/// Every other format.
pub fn texts() -> Vec<&'static dyn LabelFormat> {
    format::ALL.iter().copied().filter(|format| !XML.contains(&format.id()) && !JSON.contains(&format.id())).collect()
}

/// The formats of these ids.
pub fn of_ids(ids: &[&str]) -> Vec<&'static dyn LabelFormat> {
    ids.iter().filter_map(|id| format::by_id(id)).collect()
}

/// Reads bytes as these formats.
pub fn run(formats: &[&'static dyn LabelFormat], bytes: &[u8]) {
    let Some((&first, text)) = bytes.split_first() else { return };
    read(formats[usize::from(first) % formats.len()], text);
    let is_ours = |id: &str| formats.iter().any(|format| format.id() == id);
    for (format, _) in format::sniff(&TextSource::from_bytes(bytes), "recording.txt") {
        if is_ours(format.id()) {
            read(format, bytes);
        }
    }
}

fn read(format: &dyn LabelFormat, text: &[u8]) {
    let path = Path::new("recording.txt");
    let Ok(labels) = format::read(format, text, path) else { return };
    check(&labels);
    count(format.id(), text, &labels);
    for other in format::ALL.iter().filter(|other| other.can_write()) {
        let _ = format::losses(*other, &labels);
        let mut out = Vec::new();
        // It may refuse in words, where times of day are needed, say.
        let _ = other.write(&labels, &mut out);
    }
    // What is written is read by its own format.
    if format.can_write() {
        let mut out = Vec::new();
        if format.write(&labels, &mut out).is_ok() {
            let _ = format::read(format, &out[..], path);
        }
    }
    let mut united = labels.clone();
    let fewer = united.unite_overlaps();
    assert_eq!(united.rows.len() + fewer, labels.rows.len());
}

fn check(labels: &StrongLabels) {
    let files: HashSet<&str> = labels.file_names().collect();
    for row in &labels.rows {
        assert!(row.span.onset_secs.is_finite() && row.span.offset_secs.is_finite());
        assert!(row.band.is_none_or(|band| band.low_hz.is_finite() && band.high_hz.is_finite()));
        assert!(files.contains(&*row.filename), "a row's recording is listed");
    }
}

/// As many come out as go in, wherever that can be counted.
fn count(id: &str, text: &[u8], labels: &StrongLabels) {
    // Where an answer is needed, nothing is read.
    if labels.rows.is_empty() && labels.questions.iter().any(|question| question.taken.is_none()) {
        return;
    }
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Some(census) = census::census(id, text) else { return };
    let count = labels.rows.len() + labels.warnings.iter().filter(|warning| warning.row_rejected).count();
    assert!(census.holds(count), "{id}: {count} events and rejects, not {census:?}");
}
