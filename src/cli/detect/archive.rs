//! `earmark detect` of folders: a result file for each recording, which can be stopped and taken up again. What is done is done by
//! [`crate::work::archive`].

use super::super::write_stdout;
use super::archive_log::ArchiveLog;
use super::archive_progress::ArchiveProgress;
use crate::format::Dcase;
use crate::model::{Detector, ModelError, Work};
use crate::work::CancelToken;
use crate::work::archive::{
    Archive, ArchiveEnd, ArchiveNews, ArchiveOutcome, ArchiveSpec, EmbeddingForm, EventForm, FileSystem, RunSettings,
    WhenFull,
};
use crate::work::folders;
use anyhow::{Context, bail, ensure};
use std::io::{IsTerminal, Write};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How often is looked whether a full disk has room again.
const LOOK_FOR_ROOM: Duration = Duration::from_secs(5);
/// The exit code of a program that was stopped by Ctrl+C.
const STOPPED: u8 = 130;
/// Failures that are listed at the end; a log has all of them.
const MOST_LISTED: usize = 100;

/// What only folders of recordings have.
#[derive(clap::Args)]
#[command(next_help_heading = "Folders of recordings")]
pub(super) struct FolderArguments {
    /// Write all events into one table, too: DCASE strong labels, or NAME.parquet
    #[arg(long, value_name = "FILE")]
    joint: Option<PathBuf>,
    /// Write the model's embedding of each frame of scores into this folder, a file a recording
    #[arg(long, value_name = "FOLDER")]
    embeddings: Option<PathBuf>,
    /// How embeddings are written
    #[arg(long, value_name = "FORM", value_enum, default_value_t = Embeddings::Parquet)]
    embeddings_to: Embeddings,
    /// Do again, and replace, what was done with another model, rule or format
    #[arg(long)]
    redo: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Append what happens to this file, a JSON object a line
    #[arg(long, value_name = "FILE.JSONL")]
    log: Option<PathBuf>,
    /// Say at the end how long the network ran of the time that all took
    #[arg(long)]
    timing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Embeddings {
    /// Tables for DuckDB, pandas and polars: `filename onset offset embedding`
    Parquet,
    /// Arrays of NumPy, a row a frame
    Npy,
}

impl FolderArguments {
    /// Whether the model's embeddings are wanted.
    pub fn wants_embeddings(&self) -> bool {
        self.embeddings.is_some()
    }

    fn embedding_form(&self) -> EmbeddingForm {
        match self.embeddings_to {
            Embeddings::Parquet => EmbeddingForm::Parquet,
            Embeddings::Npy => EmbeddingForm::Npy,
        }
    }
}

/// Whether the arguments are about folders: recordings or results.
pub(super) fn is_meant(arguments: &super::Arguments) -> bool {
    let is_folder = |path: &PathBuf| path.is_dir() || path.to_string_lossy().ends_with(['/', MAIN_SEPARATOR]);
    arguments.recursive || arguments.files.iter().any(|file| file.is_dir()) || arguments.output.iter().any(is_folder)
}

/// Refuses what makes sense for folders only.
pub(super) fn check(arguments: &super::Arguments) -> anyhow::Result<()> {
    let own = &arguments.archive;
    let only = [
        ("--joint", own.joint.is_some()),
        ("--embeddings", own.embeddings.is_some()),
        ("--redo", own.redo),
        ("--dry-run", own.dry_run),
        ("--log", own.log.is_some()),
        ("--timing", own.timing),
        ("--jobs", arguments.jobs.is_some()),
    ];
    match only.iter().find(|(_, is_given)| *is_given && !is_meant(arguments)) {
        Some((name, _)) => bail!("{name} is for folders: add --recursive, or let -o be a folder"),
        None => Ok(()),
    }
}

/// Runs over folders.
pub(super) fn run(arguments: &super::Arguments) -> anyhow::Result<ExitCode> {
    let folder = results_folder(arguments)?;
    ensure_no_recording_is_replaced(arguments)?;
    let mut detector = arguments.load()?;
    let spec = spec(arguments, &detector, folder)?;
    tell("looking for recordings…");
    let archive = Archive::plan(spec.clone(), &detector, arguments.options().short)?;
    archive.notes().iter().for_each(|note| tell(&format!("note: {note}")));
    archive.failures().iter().for_each(|failure| tell(&format!("note: {failure}")));
    tell(&counts_text(&archive));
    let cancel = stopped_by_keys();
    if arguments.archive.dry_run {
        return tell_headers(&archive, &detector, &cancel);
    }
    let log = Arc::new(ArchiveLog::open(arguments.archive.log.as_deref())?);
    if archive.counts().to_do() > 0 {
        announce(arguments, &mut detector, &archive, &spec, &cancel)?;
    }
    let progress = Arc::new(ArchiveProgress::new(archive.counts()));
    let noted = detector.report().notes.len();
    let outcome = archive.run(&mut detector, &settings(arguments, &cancel, &progress, &log))?;
    progress.finish();
    // What became of the device in the meantime.
    detector.report().notes.iter().skip(noted).for_each(|note| tell(&format!("note: {note}")));
    let code = tell_outcome(arguments, &archive, &outcome);
    // Told after the rest, so that what was done is known also where these fail.
    log.ended(&outcome)?;
    if outcome.end == ArchiveEnd::Completed {
        archive.write_joint(&outcome, &FileSystem)?;
    }
    Ok(code)
}

/// Says a line on standard error. Nobody need read it: a run goes on when the window that showed it is closed.
pub(super) fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The table of all events and the log are files of their own.
fn ensure_no_recording_is_replaced(arguments: &super::Arguments) -> anyhow::Result<()> {
    for (name, path) in [("--joint", &arguments.archive.joint), ("--log", &arguments.archive.log)] {
        if let Some(path) = path.as_ref().filter(|path| folders::is_recording(path)) {
            bail!("{}: is named like a recording: give {name} another name", path.display());
        }
    }
    Ok(())
}

/// The folder of results, which no recording lies in the way of.
fn results_folder(arguments: &super::Arguments) -> anyhow::Result<PathBuf> {
    let Some(folder) = &arguments.output else {
        bail!("results go into a file for each recording: say into which folder with -o FOLDER");
    };
    ensure!(!folder.is_file(), "{}: is a file: results go into a folder, a file for each recording", folder.display());
    let ending = folder.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let is_like_a_file =
        ending.is_some_and(|ending| ["tsv", "csv", "txt", "parquet", "json"].contains(&ending.as_str()));
    ensure!(
        folder.is_dir() || !is_like_a_file,
        "{}: is named like a file, but results go into a folder, a file for each recording: give a folder, and --joint {} for one table of all events",
        folder.display(),
        folder.display()
    );
    Ok(folder.clone())
}

fn spec(arguments: &super::Arguments, detector: &Detector, folder: PathBuf) -> anyhow::Result<ArchiveSpec> {
    Ok(ArchiveSpec {
        inputs: arguments.files.clone(),
        is_recursive: arguments.recursive,
        folder,
        events: arguments.to.unwrap_or(EventForm::Labels(&Dcase)),
        scores: arguments.scores.clone().map(|folder| (folder, arguments.score_form())),
        embeddings: arguments.archive.embeddings.clone().map(|folder| (folder, arguments.archive.embedding_form())),
        joint: arguments.archive.joint.clone(),
        rule: arguments.rule(detector.rule())?,
        classes: arguments.wanted_classes(detector)?,
        may_replace: arguments.archive.redo,
    })
}

/// `1,200 recordings: 1,000 done before, 150 new, 50 changed since`.
fn counts_text(archive: &Archive) -> String {
    let counts = archive.counts();
    let parts = [
        (counts.done, "done before"),
        (counts.new, "new"),
        (counts.changed, "changed since they were done"),
        (counts.lost, "without their results"),
        (counts.edited, "with results that were changed by hand and are left as they are"),
        (counts.replaced, "done otherwise before"),
    ];
    let told = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let plural = if counts.recordings == 1 { "" } else { "s" };
    format!("{} recording{plural}: {}", counts.recordings, told.collect::<Vec<_>>().join(", "))
}

fn tell_headers(archive: &Archive, detector: &Detector, cancel: &CancelToken) -> anyhow::Result<ExitCode> {
    write_stdout(&archive.to_do().map(|name| format!("{name}\n")).collect::<String>())?;
    let headers = archive.headers(detector.report().threads.max(4), &|| cancel.is_cancelled());
    if cancel.is_cancelled() {
        return Ok(ExitCode::from(STOPPED));
    }
    let gigabytes = archive.counts().bytes as f64 / 1e9;
    let hours = headers.sound_secs / 3600.0;
    tell(&format!("to do: {} recordings, {gigabytes:.2} GB, {hours:.2} h of sound", archive.counts().to_do()));
    list_failures("cannot be opened", archive.counts().to_do(), &headers.failures);
    let is_whole = headers.failures.is_empty() && archive.failures().is_empty();
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what runs, and chooses the size of batches.
fn announce(
    arguments: &super::Arguments,
    detector: &mut Detector,
    archive: &Archive,
    spec: &ArchiveSpec,
    cancel: &CancelToken,
) -> anyhow::Result<()> {
    let manifest = &detector.folder().manifest;
    let report = detector.report();
    tell(&format!("{} version {} · {report} · {}", manifest.name, manifest.version, spec.rule.text()));
    report.truth.iter().for_each(|truth| tell(&format!("{}: {}", report.device, truth.text())));
    report.notes.iter().for_each(|note| tell(&format!("note: {note}")));
    if arguments.batch.is_some() {
        return Ok(());
    }
    let work = Work { recordings: archive.counts().to_do(), mean_secs: archive.mean_secs() };
    let choice = match detector.measure_batch(work, &|| cancel.is_cancelled()) {
        // The run, which ends at once, tells it.
        Err(ModelError::Cancelled) => None,
        choice => choice?,
    };
    if let Some(choice) = choice {
        let best = choice.measured.iter().find(|(clips, _)| *clips == choice.clips).map_or(0.0, |(_, speed)| *speed);
        tell(&format!("batches of {} clips: {best:.0} clips a second", choice.clips));
    }
    Ok(())
}

fn settings(
    arguments: &super::Arguments,
    cancel: &CancelToken,
    progress: &Arc<ArchiveProgress>,
    log: &Arc<ArchiveLog>,
) -> RunSettings {
    let threads = arguments.options().threads;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let (progress, log) = (Arc::clone(progress), Arc::clone(log));
    RunSettings {
        readers: arguments.jobs.map_or_else(|| threads.unwrap_or(processors).clamp(2, 16), usize::from),
        when_full: if std::io::stderr().is_terminal() { WhenFull::Wait(LOOK_FOR_ROOM) } else { WhenFull::Stop },
        disk: Arc::new(FileSystem),
        cancel: cancel.clone(),
        tell: Arc::new(move |news: &ArchiveNews| {
            progress.take(news);
            log.take(news);
        }),
    }
}

/// A token that Ctrl+C cancels; the second time, the process ends at once.
fn stopped_by_keys() -> CancelToken {
    let cancel = CancelToken::default();
    let cancelled = cancel.clone();
    let handler = move || {
        if cancelled.is_cancelled() {
            std::process::exit(i32::from(STOPPED));
        }
        cancelled.cancel();
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        // Then Ctrl+C ends the process as ever; what is done is kept all the same.
        log::warn!("Ctrl+C cannot be caught: {error}");
    }
    cancel
}

fn tell_outcome(arguments: &super::Arguments, archive: &Archive, outcome: &ArchiveOutcome) -> ExitCode {
    let hours = outcome.sound_secs / 3600.0;
    let speed = outcome.sound_secs / outcome.wall_secs.max(1e-9);
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    tell(&format!(
        "{} recording{} done, {} event{} in {hours:.2} h of sound, in {:.1} s ({speed:.0} × real time)",
        outcome.done,
        plural(outcome.done),
        outcome.events,
        plural(outcome.events),
        outcome.wall_secs
    ));
    if arguments.archive.timing {
        tell(&format!(
            "timing: {:.1} s within the network's runtime on {} threads in {} runs, {:.1} % of {:.1} s",
            outcome.network.run_secs,
            outcome.network.threads,
            outcome.network.runs,
            100.0 * outcome.network_share(),
            outcome.wall_secs
        ));
    }
    list_failures("failed", archive.counts().to_do(), &outcome.failures);
    match &outcome.end {
        ArchiveEnd::Completed if outcome.failures.is_empty() && archive.failures().is_empty() => ExitCode::SUCCESS,
        ArchiveEnd::Completed => ExitCode::FAILURE,
        ArchiveEnd::Cancelled => {
            tell(&format!("stopped: {} are left; the same command goes on with them", outcome.left));
            ExitCode::from(STOPPED)
        }
        ArchiveEnd::DiskFull { path } => {
            let (path, left) = (path.display(), outcome.left);
            tell(&format!(
                "error: {path}: the disk is full. {left} recordings are left: make room, and run the same command again"
            ));
            ExitCode::FAILURE
        }
    }
}

fn list_failures(what: &str, count: usize, failures: &[String]) {
    if failures.is_empty() {
        return;
    }
    tell(&format!("{} of {count} recordings {what}:", failures.len()));
    failures.iter().take(MOST_LISTED).for_each(|failure| tell(&format!("  {failure}")));
    if failures.len() > MOST_LISTED {
        tell(&format!("  … and {} more", failures.len() - MOST_LISTED));
    }
}

/// The name of a path in messages where it cannot be opened.
pub(super) fn opened<T>(path: &Path, outcome: std::io::Result<T>) -> anyhow::Result<T> {
    outcome.with_context(|| format!("{}: cannot be written; choose another folder or name", path.display()))
}
