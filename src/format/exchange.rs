//! Between the rows of a label file and the events of a document: what is exported, and which recording a row belongs to.

use super::{LabelledFile, StrongLabel, StrongLabels, Warning, segment_of};
use crate::annotation::{Document, Edit, Event, Origin, Recording, RecordingId, Status};
use crate::time::Span;
use std::collections::{HashMap, HashSet};
use std::path::{Component, Path};
use std::sync::Arc;

/// The accepted and corrected events of all recordings. Each recording is named by its file name, or with as many of its folders as
/// tell it from the others of that name.
pub fn export(document: &Document) -> StrongLabels {
    let mut labels = StrongLabels::default();
    let names = distinct_names(document);
    for ((_, recording), filename) in document.recordings().zip(names) {
        let filename: Arc<str> = filename.into();
        warn_of_controls(&mut labels.warnings, &filename, "the file name");
        for event in recording.events_by_onset().into_iter().filter(|event| event.status.is_label()) {
            for label in event.labels() {
                warn_of_controls(&mut labels.warnings, label, "the label");
                labels.rows.push(StrongLabel::new(filename.clone(), event.span, label.clone()));
            }
        }
        let duration_secs = (recording.duration_secs > 0.0).then_some(recording.duration_secs);
        labels.files.push(LabelledFile { name: filename, duration_secs, sample_rate: None });
    }
    labels
}

fn warn_of_controls(warnings: &mut Vec<Warning>, text: &str, what: &str) {
    if text.contains(char::is_control) {
        let text = format!("{what} {text:?} has TAB or line ends, which are written as spaces");
        if !warnings.iter().any(|warning| warning.text == text) {
            warnings.push(Warning { line: 0, text, row_rejected: false });
        }
    }
}

/// The parts of a path from the file name upwards, whichever separators it was written with.
fn parts_upwards(path: &Path) -> Vec<String> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    let mut parts: Vec<String> = names.collect();
    parts.reverse();
    parts
}

fn distinct_names(document: &Document) -> Vec<String> {
    let paths: Vec<Vec<String>> = document.recordings().map(|(_, recording)| parts_upwards(&recording.path)).collect();
    let mut depths = vec![1; paths.len()];
    loop {
        let name_at = |index: usize, depth: usize| -> String {
            let parts: &[String] = &paths[index];
            parts[..depth.min(parts.len())].iter().rev().map(String::as_str).collect::<Vec<_>>().join("/")
        };
        let names: Vec<String> = (0..paths.len()).map(|index| name_at(index, depths[index])).collect();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for name in &names {
            *counts.entry(name).or_default() += 1;
        }
        let mut changed = false;
        for (index, name) in names.iter().enumerate() {
            if counts[name.as_str()] > 1 && depths[index] < paths[index].len() {
                depths[index] += 1;
                changed = true;
            }
        }
        if !changed {
            return names;
        }
    }
}

/// What importing a label file would do.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// All new events as one step of undo, in the file's order.
    pub edit: Edit,
    /// How many events the edit adds.
    pub added: usize,
    /// How many rows are in the document already as accepted or corrected events of the same span and label.
    pub already_there: usize,
    /// How many recordings of the label file were found in the document.
    pub matched_files: usize,
    /// The recordings of the label file that were not found, with the reason; their rows are left out.
    pub unmatched: Vec<(String, String)>,
    /// Events that are taken as they are but look wrong.
    pub warnings: Vec<String>,
}

/// Finds the recording of each row and makes the edit that adds the events. Only names for the new events are taken from the
/// document; it changes when the edit is applied.
///
/// A recording is found by its file name (exactly; else whatever the case; else without extension), and where several have it, by the
/// folders that stand before it in the row.
pub fn import(labels: &StrongLabels, document: &mut Document) -> Import {
    let index = RecordingIndex::new(document);
    let mut import = Import {
        edit: Edit::Many { edits: Vec::new() },
        added: 0,
        already_there: 0,
        matched_files: 0,
        unmatched: Vec::new(),
        warnings: Vec::new(),
    };
    let mut targets: HashMap<&str, RecordingId> = HashMap::new();
    for LabelledFile { name: file, .. } in &labels.files {
        match index.find(file) {
            Ok(recording) => {
                targets.insert(file, recording);
                import.matched_files += 1;
            }
            Err(reason) => import.unmatched.push((file.to_string(), reason)),
        }
    }
    let mut existing = existing_labels(document, &targets);
    let mut edits = Vec::new();
    for row in &labels.rows {
        let Some(&recording) = targets.get(&*row.filename) else { continue };
        if let Some(count @ 1..) = existing.get_mut(&label_key(recording, row.span, &row.event_label)) {
            // Each event answers for one row, so that a row that stands twice in the file is added once more.
            *count -= 1;
            import.already_there += 1;
            continue;
        }
        if row.span.onset_secs < 0.0 || row.span.offset_secs < row.span.onset_secs {
            let Span { onset_secs, offset_secs } = row.span;
            let (file, label) = (&row.filename, &row.event_label);
            let text = format!("{file}: {label} is left out: it would be from {onset_secs} s to {offset_secs} s");
            import.warnings.push(text);
            continue;
        }
        warn_of_end(&mut import.warnings, row, document.recording(recording));
        let (id, label) = (document.new_event_id(), row.event_label.clone());
        let event = Event::new(id, row.span, label, Status::Accepted, Origin::Import);
        edits.push(Edit::Insert { recording, event });
    }
    import.added = edits.len();
    import.edit = Edit::Many { edits };
    import
}

/// What makes two labels the same: the recording, onset and offset in whole microseconds, as they are written, and the label.
type LabelKey = (RecordingId, i64, i64, Arc<str>);

fn label_key(recording: RecordingId, span: Span, label: &Arc<str>) -> LabelKey {
    let micros = |secs: f64| (secs * 1e6).round() as i64;
    (recording, micros(span.onset_secs), micros(span.offset_secs), label.clone())
}

fn existing_labels(document: &Document, targets: &HashMap<&str, RecordingId>) -> HashMap<LabelKey, usize> {
    let recordings: HashSet<RecordingId> = targets.values().copied().collect();
    let mut counts = HashMap::new();
    for id in recordings {
        let events = document.recording(id).into_iter().flat_map(|recording| recording.events.values());
        for event in events.filter(|event| event.status.is_label()) {
            for label in event.labels() {
                *counts.entry(label_key(id, event.span, label)).or_default() += 1;
            }
        }
    }
    counts
}

fn warn_of_end(warnings: &mut Vec<String>, row: &StrongLabel, recording: Option<&Recording>) {
    let duration_secs = recording.map_or(0.0, |recording| recording.duration_secs);
    if duration_secs > 0.0 && row.span.offset_secs > duration_secs + 1e-3 {
        let (file, label, offset) = (&row.filename, &row.event_label, row.span.offset_secs);
        warnings.push(format!("{file}: {label} ends at {offset:.3} s, after the recording's {duration_secs:.3} s"));
    }
}

/// The recordings of a document by their names.
struct RecordingIndex {
    /// The path's parts from the file name upwards.
    paths: HashMap<RecordingId, Vec<String>>,
    by_name: [HashMap<String, Vec<RecordingId>>; 3],
    /// By the video and the start of AudioSet's segments.
    by_segment: HashMap<(String, u64), Vec<RecordingId>>,
}

/// The keys under which a recording is looked for, the most exact one first: its name, its name in any case, and that without its
/// extension.
fn keys(name: &str) -> [String; 3] {
    let lower = name.to_lowercase();
    let stem = Path::new(&lower).file_stem().map_or_else(|| lower.clone(), |stem| stem.to_string_lossy().into_owned());
    [name.to_owned(), lower, stem]
}

impl RecordingIndex {
    fn new(document: &Document) -> Self {
        let mut index = Self { paths: HashMap::new(), by_name: Default::default(), by_segment: HashMap::new() };
        for (id, recording) in document.recordings() {
            let parts = parts_upwards(&recording.path);
            let Some(name) = parts.first() else { continue };
            for (map, key) in index.by_name.iter_mut().zip(keys(name)) {
                map.entry(key).or_default().push(id);
            }
            if let Some(segment) = segment_of(name) {
                index.by_segment.entry((segment.video.to_owned(), segment.start_ms)).or_default().push(id);
            }
            index.paths.insert(id, parts);
        }
        index
    }

    fn find(&self, file: &str) -> Result<RecordingId, String> {
        let parts: Vec<&str> = file.trim().split(['/', '\\']).rev().filter(|part| !part.is_empty()).collect();
        let [exact, lower, stem] = keys(parts.first().copied().unwrap_or_default());
        let [by_name, by_lower, by_stem] = &self.by_name;
        // A name without extension may have a dot of its own, so it is tried whole first.
        let candidates = (by_name.get(&exact).or_else(|| by_lower.get(&lower)))
            .or_else(|| by_stem.get(&lower))
            .or_else(|| by_stem.get(&stem))
            .or_else(|| self.by_segment.get(&segment_of(file).map(|at| (at.video.to_owned(), at.start_ms))?))
            .ok_or("no recording of this name in the project")?;
        let shared = |id: &RecordingId| {
            let folders = self.paths.get(id).map(|parts| &parts[1..]).unwrap_or_default();
            let count = parts[1..].iter().zip(folders).take_while(|(a, b)| *a == *b).count();
            (count, parts.len() == folders.len() + 1)
        };
        let most = candidates.iter().map(shared).max().unwrap_or_default();
        let mut best = candidates.iter().filter(|id| shared(id) == most);
        match (best.next(), best.next()) {
            (Some(&id), None) => Ok(id),
            _ => Err(format!("{} recordings have this name: write their folders before it", candidates.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn document(paths: &[&str]) -> Document {
        let mut document = Document::default();
        for path in paths {
            document.add_recording(&PathBuf::from(path), 10.0);
        }
        document
    }

    fn found(document: &Document, file: &str) -> Option<u64> {
        RecordingIndex::new(document).find(file).ok().map(|id| id.0)
    }

    #[test]
    fn recordings_are_found_by_name_then_case_then_stem_then_folder() {
        let document = document(&["/x/one/a.wav", "/x/two/a.wav", "/x/b.v2.flac", "/x/C.WAV"]);
        assert_eq!(found(&document, "a.wav"), None);
        assert_eq!(found(&document, "one/a.wav"), Some(0));
        assert_eq!(found(&document, "D:\\sets\\two\\a.wav"), Some(1));
        assert_eq!(found(&document, "b.v2"), Some(2));
        assert_eq!(found(&document, "elsewhere/b.v2.mp3"), Some(2));
        assert_eq!(found(&document, "c.wav"), Some(3));
        assert_eq!(found(&document, "c"), Some(3));
        assert_eq!(found(&document, "d.wav"), None);
    }

    #[test]
    fn segments_of_audioset_are_found_under_either_of_their_names() {
        let document = document(&["/x/Yb0RFKhbpFJA_30.000_40.000.wav", "/x/b0RFKhbpFJA_31000.flac"]);
        assert_eq!(found(&document, "b0RFKhbpFJA_30000"), Some(0));
        assert_eq!(found(&document, "b0RFKhbpFJA_31.000_41.000.wav"), Some(1));
        assert_eq!(found(&document, "b0RFKhbpFJA_32000"), None);
    }

    #[test]
    fn recordings_of_one_name_are_exported_with_their_folders() {
        let document = document(&["/x/one/a.wav", "/y/one/a.wav", "/x/b.wav", "a.wav"]);
        let labels = export(&document);
        assert_eq!(labels.file_names().collect::<Vec<_>>(), ["x/one/a.wav", "y/one/a.wav", "b.wav", "a.wav"]);
        for (id, file) in labels.file_names().enumerate() {
            assert_eq!(found(&document, file), Some(id as u64), "{file}");
        }
    }
}
