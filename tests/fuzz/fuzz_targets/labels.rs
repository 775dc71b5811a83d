//! Any bytes given to every reader of label files: the first byte chooses the format, the rest is the file; and the whole is read as each
//! format that it looks like, so that plain label files are seeds. A reader answers or refuses;
//! what it answers is finite, names its recordings, and is written by each format that that writes. Of tables whose rows can be counted, because they have
//! no quotes, no more than that many events and rejects come.
#![no_main]

use earmark_fuzz::format::{self, LabelFormat, StrongLabels, TextSource};
use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;
use std::path::Path;

/// Formats of which a row is one event at most.
const COUNTABLE: [&str; 3] = ["dcase", "cvat-tsv", "simple-seq"];

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, text)) = bytes.split_first() else { return };
    read(format::ALL[usize::from(first) % format::ALL.len()], text);
    for (format, _) in format::sniff(&TextSource::from_bytes(bytes), "recording.txt") {
        read(format, bytes);
    }
});

fn read(format: &dyn LabelFormat, text: &[u8]) {
    let path = Path::new("recording.txt");
    let Ok(labels) = format::read(format, text, path) else { return };
    check(&labels);
    if COUNTABLE.contains(&format.id()) {
        count(format, text, &labels);
    }
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
        assert!(files.contains(&*row.filename), "a row's recording is listed");
    }
}

/// No more comes out than goes in, where no quote can hide a line end.
fn count(format: &dyn LabelFormat, text: &[u8], labels: &StrongLabels) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    if text.contains('"') || text.len() > 1 << 15 {
        return;
    }
    let is_row = |line: &&str| {
        let is_blank = line.chars().all(|char| char.is_whitespace() || ",;".contains(char));
        let line = line.trim();
        !is_blank && !line.starts_with('#') && !(line.len() >= 3 && line.bytes().all(|byte| byte == b'='))
    };
    let most = text.split(['\n', '\r']).filter(is_row).count();
    let rejects = labels.warnings.iter().filter(|warning| warning.row_rejected).count();
    assert!(labels.rows.len() + rejects <= most, "{}: more comes out than goes in", format.id());
}
