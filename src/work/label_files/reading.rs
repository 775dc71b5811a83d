//! Reading label files: several as one, in the format that fits them all, with answers that were given before.

use super::{LabelReading, LabelsRead, RememberedAnswer};
use crate::format::{
    self, Durations, KnownRecording, LabelFormat, Likelihood, Question, ReadOptions, StrongLabels, TextSource,
};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The extensions of label files, without their dot.
pub fn label_extensions() -> Vec<&'static str> {
    let mut all: Vec<&str> = Vec::new();
    for extension in format::ALL.iter().flat_map(|format| format.extensions()) {
        // Of `selections.txt`, the last part.
        let last = extension.rsplit('.').next().unwrap_or(extension);
        if !all.iter().any(|known| known.eq_ignore_ascii_case(last)) {
            all.push(last);
        }
    }
    all
}

/// Reads files, or the label files of folders, as one.
///
/// # Errors
/// Why none can be read.
pub(super) fn read_all(
    paths: &[PathBuf],
    reading: &LabelReading,
    recordings: &[KnownRecording],
) -> Result<LabelsRead, String> {
    let mut failures = Vec::new();
    let mut sniffed = Vec::new();
    for path in listed(paths, &mut failures) {
        match candidates_of(&path) {
            Ok(candidates) => sniffed.push((path, candidates)),
            Err(reason) => failures.push(reason),
        }
    }
    let candidates = common(&sniffed);
    let chosen = reading.format.and_then(format::by_id).or_else(|| format::by_id(candidates.first()?.0));
    let Some(format) = chosen else {
        failures.truncate(8);
        let known: Vec<&str> = format::ALL.iter().map(|format| format.name()).collect();
        let list = if failures.is_empty() { "No label file was given".to_owned() } else { failures.join("\n") };
        return Err(format!("{list}\nEarmark reads: {}", known.join(", ")));
    };
    let mut all = Gathered::new(format, sniffed.len() + failures.len() > 1, reading);
    for known in recordings.iter().filter(|known| known.duration_secs > 0.0) {
        all.durations.insert(&known.path.to_string_lossy(), known.duration_secs);
    }
    for (path, of_file) in &sniffed {
        let is_readable = reading.format.is_some() || of_file.iter().any(|(id, _)| *id == format.id());
        if is_readable {
            all.read(path);
        } else {
            let as_what = of_file.first().and_then(|(id, _)| format::by_id(id)).map_or("", |other| other.name());
            failures.push(format!(
                "{}: looks like {as_what}, not like {}: import it by itself",
                path.display(),
                format.name()
            ));
        }
    }
    all.failures.extend(failures);
    if all.files.is_empty() {
        return Err(all.failures.join("\n"));
    }
    Ok(all.finish(candidates))
}

/// The files that are meant: of a folder, the label files right in it.
fn listed(paths: &[PathBuf], failures: &mut Vec<String>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                failures.push(format!("{}: the folder cannot be read: {error}", path.display()));
                continue;
            }
        };
        let extensions = label_extensions();
        let is_labels = |path: &PathBuf| {
            let extension = path.extension().map(|extension| extension.to_string_lossy().into_owned());
            extension.is_some_and(|own| extensions.iter().any(|known| known.eq_ignore_ascii_case(&own)))
                && path.is_file()
        };
        let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_labels).collect();
        inside.sort();
        if inside.is_empty() {
            failures.push(format!("{}: no label files are in this folder", path.display()));
        }
        files.extend(inside);
    }
    files
}

type Candidates = Vec<(&'static str, Likelihood)>;

fn candidates_of(path: &Path) -> Result<Candidates, String> {
    let source = TextSource::open(path).map_err(|error| format!("{}: cannot be read: {error}", path.display()))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let found: Candidates =
        format::sniff(&source, &name).into_iter().map(|(format, likelihood)| (format.id(), likelihood)).collect();
    if found.is_empty() {
        return Err(format!("{}: these are labels of no format that is known", path.display()));
    }
    Ok(found)
}

/// The formats that may read the files: those that may read all, the one in front that is the most likely one for the one it fits worst;
/// if there is none, those that may read most of them.
fn common(sniffed: &[(PathBuf, Candidates)]) -> Candidates {
    let mut found: HashMap<&'static str, (usize, Likelihood)> = HashMap::new();
    for (id, likelihood) in sniffed.iter().flat_map(|(_, candidates)| candidates) {
        let (count, least) = found.entry(id).or_insert((0, *likelihood));
        *count += 1;
        *least = (*least).min(*likelihood);
    }
    let most = found.values().map(|(count, _)| *count).max().unwrap_or_default();
    let place = |id: &str| format::ALL.iter().position(|format| format.id() == id);
    let mut common: Candidates =
        found.into_iter().filter(|(_, (count, _))| *count == most).map(|(id, (_, least))| (id, least)).collect();
    common.sort_by_key(|(id, likelihood)| (std::cmp::Reverse(*likelihood), place(id)));
    common
}

/// What several files say, one after the other.
struct Gathered<'a> {
    format: &'static dyn LabelFormat,
    are_many: bool,
    reading: &'a LabelReading,
    /// How long the project's recordings are.
    durations: Durations,
    files: Vec<PathBuf>,
    failures: Vec<String>,
    labels: StrongLabels,
    warnings: Vec<String>,
    unreadable_rows: usize,
}

impl<'a> Gathered<'a> {
    fn new(format: &'static dyn LabelFormat, are_many: bool, reading: &'a LabelReading) -> Self {
        let (files, failures, warnings) = (Vec::new(), Vec::new(), Vec::new());
        let labels = StrongLabels::default();
        let durations = Durations::default();
        Self { format, are_many, reading, durations, files, failures, labels, warnings, unreadable_rows: 0 }
    }

    fn read(&mut self, path: &Path) {
        let mut options = ReadOptions::of(path);
        options.sample_rate = self.reading.sample_rate;
        options.time_expansion = self.reading.time_expansion;
        options.answers.clone_from(&self.reading.answers);
        // Lent, as copies for each of many files would cost more than reading them.
        options.durations = std::mem::take(&mut self.durations);
        let mut read = format::read_with(self.format, path, &options);
        if let Ok(labels) = &read
            && self.answer_as_before(labels, &mut options)
        {
            read = format::read_with(self.format, path, &options);
        }
        self.durations = options.durations;
        match read {
            Ok(labels) => self.take(path, labels),
            Err(error) => self.failures.push(error.to_string()),
        }
    }

    /// Answers what is asked as it was answered before; whether that makes a difference.
    fn answer_as_before(&self, labels: &StrongLabels, options: &mut ReadOptions) -> bool {
        let mut is_other = false;
        for question in &labels.questions {
            let Some(answer) = self.remembered(question) else { continue };
            let taken = question.taken.and_then(|taken| question.answers.get(taken));
            if options.answer(question.choice).is_none() && taken != Some(&answer) {
                options.set_answer(question.choice, answer);
                is_other = true;
            }
        }
        is_other
    }

    fn remembered(&self, question: &Question) -> Option<String> {
        let choice = format!("{:?}", question.choice);
        let is_same = |before: &&RememberedAnswer| {
            before.format == self.format.id() && before.choice == choice && before.answers == question.answers
        };
        self.reading.remembered.iter().find(is_same).map(|before| before.answer.clone())
    }

    fn take(&mut self, path: &Path, labels: StrongLabels) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.unreadable_rows += labels.warnings.iter().filter(|warning| warning.row_rejected).count();
        let prefix = if self.are_many { format!("{name}: ") } else { String::new() };
        self.warnings.extend(labels.warnings.iter().map(|warning| format!("{prefix}{warning}")));
        for question in labels.questions {
            match self.labels.questions.iter_mut().find(|known| known.choice == question.choice) {
                // What is open for one of them is open for all.
                Some(known) => {
                    known.taken = known.taken.filter(|_| question.taken.is_some());
                    let new = question.answers.into_iter().filter(|answer| !known.answers.contains(answer));
                    known.answers.extend(new.collect::<Vec<_>>());
                }
                None => self.labels.questions.push(question),
            }
        }
        self.labels.rows.extend(labels.rows);
        self.labels.files.extend(labels.files);
        self.labels.columns.extend(labels.columns);
        self.labels.line_end = labels.line_end;
        self.files.push(path.to_path_buf());
    }

    fn finish(self, candidates: Candidates) -> LabelsRead {
        let mut label_counts: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        let mut scores: Option<(f64, f64)> = None;
        for row in &self.labels.rows {
            for label in row.labels() {
                match label_counts.get_mut(label) {
                    Some(count) => *count += 1,
                    None => drop(label_counts.insert(label.clone(), 1)),
                }
            }
            if let Some(score) = row.score {
                let (least, most) = scores.unwrap_or((score, score));
                scores = Some((least.min(score), most.max(score)));
            }
        }
        LabelsRead {
            format: self.format.id(),
            candidates,
            files: self.files,
            failures: self.failures,
            has_status: self.labels.rows.iter().any(|row| row.status.is_some()),
            labels: self.labels,
            warnings: self.warnings,
            unreadable_rows: self.unreadable_rows,
            label_counts: label_counts.into_iter().collect(),
            scores,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(paths: &[PathBuf]) -> Result<LabelsRead, String> {
        read_all(paths, &LabelReading::default(), &[])
    }

    #[test]
    fn files_and_folders_are_read_together_and_what_cannot_be_is_listed() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        file("a.tsv", "filename\tonset\toffset\tevent_label\tconfidence\na.wav\t1\t2\tDog\t0.5\na.wav\tx\t2\tDog\t\n");
        file("b.tsv", "filename\tonset\toffset\tevent_label\nb.wav\t1\t2\tDog\nb.wav\t3\t4\tCat\nc.wav\t\t\t\n");
        let text = file("notes.txt", "Nothing but words.\n");
        let all = read(&[folder.path().to_path_buf(), folder.path().join("gone.tsv")]).unwrap();
        assert_eq!((all.format, all.files.len(), all.labels.rows.len(), all.labels.files.len()), ("dcase", 2, 3, 3));
        assert_eq!(all.label_counts, [("Cat".into(), 1), ("Dog".into(), 2)]);
        assert_eq!((all.scores, all.has_status, all.unreadable_rows), (Some((0.5, 0.5)), false, 1));
        assert!(all.warnings[0].starts_with("a.tsv: line 3: "), "{:?}", all.warnings);
        assert!(all.failures.iter().any(|reason| reason.contains("gone.tsv: cannot be read")), "{:?}", all.failures);
        let refused = read(&[text]).unwrap_err();
        assert!(refused.contains("notes.txt") && refused.contains("DCASE strong labels"), "{refused}");
        let empty = folder.path().join("empty");
        std::fs::create_dir(&empty).unwrap();
        assert!(read(&[empty]).unwrap_err().contains("no label files are in this folder"));
    }
}
