//! Label files, read, planned and written on the storage thread. What becomes of events is the window's.

use crate::format::{
    self, Choice, ExportChoices, ExportedRecording, ImportChoices, ImportPlan, KnownRecording, LabelFormat, Likelihood,
    Question, ReadOptions, RecordingIndex, StrongLabels, TextSource,
};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An answer to a question of a format that was given before, for files that ask the same.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RememberedAnswer {
    /// The format's id.
    pub format: String,
    /// What was open, as [`Choice`] is named.
    pub choice: String,
    /// The answers that there were: of columns, which there are.
    pub answers: Vec<String>,
    /// The one that was given.
    pub answer: String,
}

/// How label files are to be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelReading {
    /// The format's id; none for the most likely one.
    pub format: Option<&'static str>,
    /// The recordings' sample rate in hertz, for times in samples.
    pub sample_rate: Option<f64>,
    /// How many times slower recordings play than their sound was; none for as fast.
    pub time_expansion: Option<f64>,
    /// Answers that were given now.
    pub answers: Vec<(Choice, String)>,
    /// Answers that were given to the same questions before.
    pub remembered: Vec<RememberedAnswer>,
}

/// What label files say, all of them together.
#[derive(Debug)]
pub struct LabelsRead {
    /// The id of the format they were read as.
    pub format: &'static str,
    /// The ids of the formats that may read all of them, the most likely one first.
    pub candidates: Vec<(&'static str, Likelihood)>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// The files that could not be read, with the reasons.
    pub failures: Vec<String>,
    /// All rows.
    pub labels: StrongLabels,
    /// What could not be taken as it was, with the file's name where there are several.
    pub warnings: Vec<String>,
    /// How many rows of the files are left out because they cannot be read.
    pub unreadable_rows: usize,
    /// All labels by name, with how many rows have them.
    pub label_counts: Vec<(Arc<str>, usize)>,
    /// The least and the greatest score, if rows have any.
    pub scores: Option<(f64, f64)>,
    /// Whether rows say what was decided.
    pub has_status: bool,
}

impl LabelsRead {
    /// Whether a row has this label.
    pub fn has_label(&self, label: &str) -> bool {
        self.label_counts.binary_search_by(|(known, _)| (**known).cmp(label)).is_ok()
    }

    /// Whether something is open without which no row can be read.
    pub fn is_waiting(&self) -> bool {
        self.labels.questions.iter().any(|question| question.taken.is_none())
    }
}

/// What the storage thread is to do about label files.
#[derive(Debug)]
pub enum LabelFileTask {
    /// Read files; a folder stands for the label files in it.
    Read {
        /// Names the request.
        number: u64,
        /// The files.
        paths: Vec<PathBuf>,
        /// How.
        reading: Box<LabelReading>,
    },
    /// Find out what importing does.
    Plan {
        /// Names the request.
        number: u64,
        /// What was read.
        read: Arc<LabelsRead>,
        /// The project's recordings.
        recordings: Recordings,
        /// How rows become events.
        choices: Box<ImportChoices>,
    },
    /// Find out what exporting does.
    Weigh {
        /// Names the request.
        number: u64,
        /// All events.
        recordings: Arc<Vec<ExportedRecording>>,
        /// Which of them.
        choices: Box<ExportChoices>,
        /// The format's id.
        format: &'static str,
    },
    /// Write labels.
    Write {
        /// The labels.
        labels: Arc<StrongLabels>,
        /// The format's id.
        format: &'static str,
        /// Where.
        target: ExportTarget,
    },
}

/// The recordings of a project, or what was made of them before.
#[derive(Clone, Debug)]
pub enum Recordings {
    /// All of them.
    Listed(Vec<KnownRecording>),
    /// As they were looked at before.
    Indexed(Arc<RecordingIndex>),
}

/// Where labels are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportTarget {
    /// All into this file.
    File(PathBuf),
    /// A file for each recording into this folder.
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Whether files that are there already are replaced; else they stay as they are.
        replaces: bool,
    },
}

/// What exporting does.
#[derive(Debug)]
pub struct ExportWeighed {
    /// What would be written.
    pub labels: Arc<StrongLabels>,
    /// What the format cannot hold of it.
    pub losses: Vec<String>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportWritten {
    /// How many events.
    pub events: usize,
    /// Of how many recordings.
    pub recordings: usize,
    /// How many files.
    pub files: usize,
    /// The files that were there already and stay as they were.
    pub kept: Vec<PathBuf>,
}

/// What came of it.
#[derive(Debug)]
pub enum LabelFileNews {
    /// Files were read, or why none.
    Read {
        /// Which request.
        number: u64,
        /// What they say.
        result: Result<Arc<LabelsRead>, String>,
    },
    /// What importing does.
    Planned {
        /// Which request.
        number: u64,
        /// What.
        plan: Box<ImportPlan>,
        /// The recordings by name, for the next time.
        index: Arc<RecordingIndex>,
    },
    /// What exporting does.
    Weighed {
        /// Which request.
        number: u64,
        /// What.
        weighed: Box<ExportWeighed>,
    },
    /// Labels were written, or why not.
    Written {
        /// Where.
        path: PathBuf,
        /// What.
        result: Result<ExportWritten, String>,
    },
}

/// Does a task.
pub fn carry_out(task: LabelFileTask) -> LabelFileNews {
    match task {
        LabelFileTask::Read { number, paths, reading } => {
            LabelFileNews::Read { number, result: read_all(&paths, &reading).map(Arc::new) }
        }
        LabelFileTask::Plan { number, read, recordings, choices } => {
            let index = match recordings {
                Recordings::Indexed(index) => index,
                Recordings::Listed(all) => {
                    let all = all.iter().map(|known| (known.id, known.path.as_path(), known.duration_secs));
                    Arc::new(RecordingIndex::new(all))
                }
            };
            let plan = Box::new(ImportPlan::new(&read.labels, &index, &choices));
            LabelFileNews::Planned { number, plan, index }
        }
        LabelFileTask::Weigh { number, recordings, choices, format } => {
            let labels = format::exported(&recordings, &choices);
            let losses = format::by_id(format).map(|format| format::losses(format, &labels)).unwrap_or_default();
            LabelFileNews::Weighed { number, weighed: Box::new(ExportWeighed { labels: Arc::new(labels), losses }) }
        }
        LabelFileTask::Write { labels, format, target } => {
            let (path, result) = match target {
                ExportTarget::File(path) => {
                    let result = write_one(format, &path, &labels);
                    (path, result)
                }
                ExportTarget::Folder { folder, replaces } => {
                    let result = write_each(format, &folder, &labels, replaces);
                    (folder, result)
                }
            };
            LabelFileNews::Written { path, result }
        }
    }
}

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

fn read_all(paths: &[PathBuf], reading: &LabelReading) -> Result<LabelsRead, String> {
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
        Self { format, are_many, reading, files, failures, labels, warnings, unreadable_rows: 0 }
    }

    fn read(&mut self, path: &Path) {
        let mut options = ReadOptions::of(path);
        options.sample_rate = self.reading.sample_rate;
        options.time_expansion = self.reading.time_expansion;
        options.answers.clone_from(&self.reading.answers);
        let mut read = format::read_with(self.format, path, &options);
        if let Ok(labels) = &read
            && self.answer_as_before(labels, &mut options)
        {
            read = format::read_with(self.format, path, &options);
        }
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

fn format_of(id: &str) -> Result<&'static dyn LabelFormat, String> {
    format::by_id(id).ok_or_else(|| format!("no format is called “{id}”"))
}

fn write_one(format: &str, path: &Path, labels: &StrongLabels) -> Result<ExportWritten, String> {
    format::write_file(format_of(format)?, path, labels).map_err(|error| error.to_string())?;
    Ok(ExportWritten { events: labels.rows.len(), recordings: labels.files.len(), files: 1, kept: Vec::new() })
}

/// A file for each recording, called as it is.
fn write_each(format: &str, folder: &Path, labels: &StrongLabels, replaces: bool) -> Result<ExportWritten, String> {
    let format = format_of(format)?;
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("{}: the folder cannot be made: {error}", folder.display()))?;
    let extension = format.extensions().first().copied().unwrap_or("txt");
    let mut rows: HashMap<&str, Vec<&format::StrongLabel>> = HashMap::new();
    for row in &labels.rows {
        rows.entry(&row.filename).or_default().push(row);
    }
    let mut written = ExportWritten { events: 0, recordings: 0, files: 0, kept: Vec::new() };
    for (file, name) in labels.files.iter().zip(file_names(labels, extension)) {
        let path = folder.join(name);
        if !replaces && path.exists() {
            written.kept.push(path);
            continue;
        }
        let of_file: Vec<_> = rows.get(&*file.name).into_iter().flatten().map(|row| (*row).clone()).collect();
        let one = StrongLabels {
            rows: of_file,
            files: vec![file.clone()],
            columns: labels.columns.clone(),
            line_end: labels.line_end,
            ..StrongLabels::default()
        };
        let so_far = written.files;
        format::write_file(format, &path, &one)
            .map_err(|error| format!("{error} ({so_far} files were written before)"))?;
        written.files += 1;
        written.recordings += 1;
        written.events += one.rows.len();
    }
    Ok(written)
}

/// The names of the files, without the recordings' extensions where that tells them apart, and never the same for two.
fn file_names(labels: &StrongLabels, extension: &str) -> Vec<String> {
    let flat = |name: &str| name.replace(['/', '\\', ':'], "_");
    let stem = |name: &str| Path::new(name).with_extension("").to_string_lossy().into_owned();
    let mut stems: HashMap<String, usize> = HashMap::new();
    for name in labels.file_names() {
        *stems.entry(flat(&stem(name)).to_lowercase()).or_default() += 1;
    }
    let mut taken: HashMap<String, usize> = HashMap::new();
    let names = labels.file_names().map(|name| {
        let short = flat(&stem(name));
        let is_alone = stems.get(&short.to_lowercase()) == Some(&1);
        let base = if is_alone { short } else { flat(name) };
        let count = taken.entry(base.to_lowercase()).or_default();
        *count += 1;
        if *count > 1 { format!("{base} ({count}).{extension}") } else { format!("{base}.{extension}") }
    });
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{LabelledFile, StrongLabel};
    use crate::time::Span;

    fn read(paths: &[PathBuf]) -> Result<LabelsRead, String> {
        read_all(paths, &LabelReading::default())
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

    #[test]
    fn a_folder_gets_a_file_for_each_recording_and_keeps_those_that_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let row = |file: &str| StrongLabel::new(file, Span::between(1.0, 2.0), "Dog");
        let labels = StrongLabels {
            rows: vec![row("x/a.wav"), row("b.wav"), row("b.wav")],
            files: ["x/a.wav", "b.wav", "b.flac", "c.wav"].map(LabelledFile::named).to_vec(),
            ..StrongLabels::default()
        };
        std::fs::write(folder.path().join("c.tsv"), "mine").unwrap();
        let written = write_each("dcase", folder.path(), &labels, false).unwrap();
        let kept = vec![folder.path().join("c.tsv")];
        assert_eq!(written, ExportWritten { events: 3, recordings: 3, files: 3, kept });
        let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(text("c.tsv"), "mine");
        assert_eq!(text("x_a.tsv"), "filename\tonset\toffset\tevent_label\nx/a.wav\t1.000\t2.000\tDog\n");
        assert_eq!(text("b.wav.tsv").lines().count(), 3);
        assert_eq!(text("b.flac.tsv"), "filename\tonset\toffset\tevent_label\nb.flac\t\t\t\n");
        assert_eq!(write_each("dcase", folder.path(), &labels, true).unwrap().files, 4);
        assert_ne!(text("c.tsv"), "mine");
    }
}
