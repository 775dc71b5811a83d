//! `earmark detect` of a list of recordings: the events of all of them into one file or to standard output.

use super::super::progress::Progress;
use super::super::write_stdout;
use super::{Arguments, warning_text};
use crate::audio;
use crate::decision::{DecisionRule, EventFinder};
use crate::format::{self, Dcase, LabelledFile, StrongLabel, StrongLabels};
use crate::model::{Detector, ModelError, RunSummary};
use crate::project::write_atomically;
use crate::time::Span;
use crate::work::archive::{Disk, EventForm, FileSystem, PendingFile, Proposer, ScoreForm};
use anyhow::{Context, bail, ensure};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Scores of one recording that bounding boxes are looked for in take no more memory than this.
const MOST_SCORE_BYTES: usize = 4 << 30;

/// Runs over the recordings one after the other, and writes the events of all at the end.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    for (file, output) in arguments.files.iter().flat_map(|file| arguments.output.iter().map(move |out| (file, out))) {
        super::super::ensure_not_replaced(file, output)?;
    }
    if let Some(EventForm::Labels(format)) = arguments.to {
        let holds_all = format.holds().many_files || arguments.files.len() == 1;
        ensure!(holds_all, "{} holds one recording a file: let -o be a folder, for a file each", format.id());
    }
    let mut job = Job::prepare(arguments, arguments.load()?)?;
    let progress = Progress::new(arguments.files.len());
    job.announce(&progress);
    let mut failures = Vec::new();
    for (index, file) in arguments.files.iter().enumerate() {
        if let Err(error) = job.detect(index, file, &progress) {
            progress.say(&format!("{}: failed", file.display()));
            failures.push(format!("{error:#}"));
        }
    }
    progress.finish();
    job.write(arguments)?;
    if failures.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} of {} recordings failed:", failures.len(), arguments.files.len());
    failures.iter().for_each(|failure| eprintln!("  {failure}"));
    Ok(ExitCode::FAILURE)
}

struct Job {
    detector: Detector,
    rule: DecisionRule,
    /// The classes whose events are wanted.
    classes: BTreeSet<usize>,
    /// What each recording is called in the output.
    names: Vec<String>,
    /// The score file of each recording, if scores are wanted.
    score_files: Vec<Option<PathBuf>>,
    score_form: ScoreForm,
    labels: StrongLabels,
}

impl Job {
    /// Finds all that could be wrong with the arguments before the first recording takes its time.
    fn prepare(arguments: &Arguments, detector: Detector) -> anyhow::Result<Self> {
        let classes = arguments.wanted_classes(&detector)?;
        let rule = arguments.rule(detector.rule())?;
        if let Some(folder) = arguments.output.as_deref().map(folder_of) {
            ensure!(folder.is_dir(), "{}: there is no such folder to write the events to", folder.display());
        }
        Ok(Self {
            rule,
            classes,
            names: names_of(&arguments.files),
            score_files: score_files(arguments)?,
            score_form: arguments.score_form(),
            labels: StrongLabels::default(),
            detector,
        })
    }

    fn announce(&self, progress: &Progress) {
        let manifest = &self.detector.folder().manifest;
        let report = self.detector.report();
        progress.say(&format!("{} version {} · {report} · {}", manifest.name, manifest.version, self.rule.text()));
        report.truth.iter().for_each(|truth| progress.say(&format!("{}: {}", report.device, truth.text())));
        report.notes.iter().for_each(|note| progress.say(&format!("note: {note}")));
    }

    /// Writes the events of all recordings.
    fn write(&self, arguments: &Arguments) -> anyhow::Result<()> {
        match (arguments.to.unwrap_or(EventForm::Labels(&Dcase)), &arguments.output) {
            (EventForm::Labels(format), Some(path)) => Ok(format::write_file(format, path, &self.labels)?),
            (EventForm::Labels(format), None) => write_stdout(&format.written(&self.labels)),
            (form @ EventForm::Parquet, Some(path)) => {
                let folder = self.detector.folder();
                let by = Proposer { model: &folder.id, version: &folder.manifest.version };
                let mut bytes = Vec::new();
                form.write(&self.labels, by, &mut bytes)?;
                let refused = || format!("{}: cannot be written; choose another folder or name", path.display());
                write_atomically(path, &bytes).with_context(refused)
            }
            (EventForm::Parquet, None) => bail!("a Parquet table is not printed: say into which file with -o"),
        }
    }

    fn detect(&mut self, index: usize, file: &Path, progress: &Progress) -> anyhow::Result<()> {
        let name = self.names[index].clone();
        progress.set(index, &name, 0.0);
        let source = audio::open(file)?;
        let (axis, classes) = (self.detector.axis(), self.detector.classes());
        let mut events = EventFinder::of_classes(&self.rule, axis, classes.len(), &self.classes);
        let (mut blocks, mut is_too_much) = (0_usize, false);
        let score_path = self.score_files[index].as_deref();
        let mut score_file = match score_path {
            Some(path) => {
                let form = self.score_form;
                let begun = FileSystem.begin(path).and_then(|file| form.begin(file, &name, axis, &classes));
                Some(begun.with_context(|| path.display().to_string())?)
            }
            None => None,
        };
        // A full disk must not go unnoticed until the end.
        let mut written = Ok(());
        let stop = std::cell::Cell::new(false);
        let summary = self.detector.run(source, &|| stop.get(), &mut |block| {
            events.push(block.scores);
            let inside = (block.frame_count - block.padding_count) * classes.len();
            written = score_file.as_mut().map_or(Ok(()), |file| file.push(&block.scores[..inside]));
            // Counting takes longer than a block is worth.
            blocks += 1;
            is_too_much = blocks.is_multiple_of(64) && events.kept_bytes() > MOST_SCORE_BYTES;
            stop.set(written.is_err() || is_too_much);
            progress.set(index, &name, block.done_secs / block.duration_secs.max(f64::MIN_POSITIVE));
        });
        written.with_context(|| score_path.unwrap_or(file).display().to_string())?;
        ensure!(
            !is_too_much,
            "{}: bounding boxes need all scores, and those take more than {} GiB: ask for fewer --classes, or leave --boxes out",
            file.display(),
            MOST_SCORE_BYTES >> 30
        );
        let summary = summary.map_err(|error| self.with_file(error, file))?;
        if let (Some(score_file), Some(path)) = (score_file, score_path) {
            let put = score_file.finish(summary.duration_secs).and_then(PendingFile::commit);
            put.with_context(|| path.display().to_string())?;
        }
        let count = self.list(&name, events.finish(summary.duration_secs), &classes);
        report(progress, file, count, &summary);
        Ok(())
    }

    /// An error of the model does not know the recording.
    fn with_file(&self, error: ModelError, file: &Path) -> anyhow::Error {
        match error {
            ModelError::Audio(error) => error.into(),
            error => anyhow::Error::new(error).context(file.display().to_string()),
        }
    }

    /// Lists the events of a recording that are wanted, and says how many there are.
    fn list(&mut self, name: &str, events: Vec<(usize, Span)>, classes: &[Arc<str>]) -> usize {
        let before = self.labels.rows.len();
        let wanted = events.into_iter().filter(|(class, _)| self.classes.contains(class));
        self.labels.rows.extend(wanted.map(|(class, span)| StrongLabel::new(name, span, classes[class].clone())));
        self.labels.files.push(LabelledFile::named(name));
        self.labels.rows.len() - before
    }
}

fn report(progress: &Progress, file: &Path, count: usize, summary: &RunSummary) {
    let plural = if count == 1 { "" } else { "s" };
    let speed = summary.duration_secs / summary.elapsed_secs.max(1e-9);
    let (duration, elapsed) = (summary.duration_secs, summary.elapsed_secs);
    progress.say(&format!(
        "{}: {count} event{plural} in {duration:.1} s of sound, computed in {elapsed:.1} s ({speed:.0} × real time)",
        file.display()
    ));
    summary.warnings.iter().for_each(|warning| progress.say(&warning_text(file, warning)));
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What the recordings are called: their file names, or their paths as given where two file names are the same.
fn names_of(files: &[PathBuf]) -> Vec<String> {
    let name = |file: &PathBuf| file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    let mut counts: HashMap<String, usize> = HashMap::new();
    files.iter().for_each(|file| *counts.entry(name(file)).or_default() += 1);
    let is_unique = |file: &PathBuf| counts.get(&name(file)).is_none_or(|&count| count == 1);
    files.iter().map(|file| if is_unique(file) { name(file) } else { file.to_string_lossy().into_owned() }).collect()
}

/// Where the scores of each recording go: its file name with `.tsv` in the place of its extension, as evaluation programs expect.
fn score_files(arguments: &Arguments) -> anyhow::Result<Vec<Option<PathBuf>>> {
    let Some(folder) = &arguments.scores else { return Ok(vec![None; arguments.files.len()]) };
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let mut taken: HashMap<PathBuf, &Path> = HashMap::new();
    let mut paths = Vec::new();
    for file in &arguments.files {
        let stem = file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy();
        let path = folder.join(format!("{stem}.{}", arguments.score_form().id()));
        if let Some(other) = taken.insert(path.clone(), file) {
            let (a, b) = (other.display(), file.display());
            bail!("{a} and {b} would both write {}: run them one by one", path.display());
        }
        paths.push(Some(path));
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_of_one_name_are_told_apart_by_their_folders() {
        let files: Vec<PathBuf> = ["a/1.wav", "b/1.wav", "b/2.wav"].map(Into::into).to_vec();
        assert_eq!(names_of(&files), ["a/1.wav", "b/1.wav", "2.wav"]);
    }
}
