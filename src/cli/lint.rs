//! `earmark lint`: what is suspicious in label files, by the rules that the window has too. Reads files and words findings; judges nothing
//! itself.

use super::label_input::LabelInput;
use crate::annotation::lint::{Gathering, RuleKind, Severity, check};
use crate::annotation::{Document, Edit, Event, Origin, RecordingId, Status};
use crate::format::StrongLabels;
use anyhow::Context;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Look for suspicious labels
///
/// Finds what is wrong as a strong label (events without length, past the end, twice the same …), probably wrong (overlaps of one class,
/// unknown labels …) or worth a look. The end of recordings is known from the file itself or from --durations.
///
/// Exit code 0: nothing wrong was found, hints apart; 1: problems were found, or a file cannot be read.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  earmark lint labels.tsv
  earmark lint *.txt --durations durations.tsv --labels classes.txt
  earmark lint labels.tsv --json | jq '.files[].problems[] | select(.severity == \"error\")'")]
pub(super) struct Arguments {
    /// Label files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The labels that are right, one a line; others are told
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    input: LabelInput,
}

/// A file with what was found.
#[derive(serde::Serialize)]
struct FileReport {
    path: String,
    format: &'static str,
    events: usize,
    recordings: usize,
    problems: Vec<Problem>,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize)]
struct Problem {
    rule: &'static str,
    severity: &'static str,
    recording: String,
    /// Onset of the first event it is about, in seconds.
    onset: Option<f64>,
    /// The line of the file, where it is about a row that was left out.
    line: Option<usize>,
    text: String,
}

#[derive(serde::Serialize)]
struct Report {
    files: Vec<FileReport>,
}

/// Fails if a file cannot be read or leaves something open.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let durations = arguments.input.durations()?;
    let known = known_labels(arguments.labels.as_deref())?;
    let mut files = Vec::new();
    for path in &arguments.files {
        let (format, labels) = arguments.input.read(path, &durations)?;
        files.push(FileReport {
            path: path.display().to_string(),
            format: format.id(),
            events: labels.rows.len(),
            recordings: labels.files.len(),
            problems: problems(&labels, &known),
        });
    }
    let is_wrong = |problem: &Problem| problem.severity != Severity::Hint.text();
    let is_clean = !files.iter().flat_map(|file| &file.problems).any(is_wrong);
    let text = if arguments.json {
        serde_json::to_string_pretty(&Report { files })? + "\n"
    } else {
        files.iter().map(worded).collect()
    };
    super::write_stdout(&text)?;
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn known_labels(path: Option<&Path>) -> anyhow::Result<BTreeSet<Arc<str>>> {
    let Some(path) = path else { return Ok(BTreeSet::new()) };
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim().is_empty());
    Ok(lines.map(Arc::from).collect())
}

/// Rows that were left out, events before the start, and what the rules find, the worst first.
fn problems(labels: &StrongLabels, known: &BTreeSet<Arc<str>>) -> Vec<Problem> {
    let rejected = labels.warnings.iter().filter(|warning| warning.row_rejected).map(|warning| Problem {
        rule: "row",
        severity: Severity::Error.text(),
        recording: String::new(),
        onset: None,
        line: Some(warning.line),
        text: warning.text.clone(),
    });
    // No rule of a document, because none of its events can be.
    let early = labels.rows.iter().filter(|row| row.span.onset_secs < 0.0).map(|row| Problem {
        rule: "before-start",
        severity: Severity::Error.text(),
        recording: row.filename.to_string(),
        onset: Some(row.span.onset_secs),
        line: None,
        text: format!("{}: begins before the recording", row.event_label),
    });
    let mut found: Vec<Problem> = rejected.chain(early).collect();
    let (document, nyquist_hz) = document(labels);
    let mut gathering = Gathering::new(nyquist_hz);
    gathering.advance(&document, usize::MAX);
    for finding in check(&gathering.finish(), known).iter() {
        // Nobody has moved what was imported.
        if finding.rule == RuleKind::ModelEdges {
            continue;
        }
        let recording = document.recording(finding.recording);
        found.push(Problem {
            rule: finding.rule.rule().name,
            severity: finding.rule.rule().severity.text(),
            recording: recording.map(|recording| recording.path.to_string_lossy().into_owned()).unwrap_or_default(),
            onset: Some(finding.at_secs),
            line: None,
            text: finding.text(&document),
        });
    }
    found
}

/// The labels as a document, each event as it is stated.
fn document(labels: &StrongLabels) -> (Document, BTreeMap<RecordingId, f64>) {
    let (mut document, mut nyquist_hz) = (Document::default(), BTreeMap::new());
    let mut recordings: HashMap<&str, RecordingId> = HashMap::new();
    for file in &labels.files {
        let duration_secs = file.duration_secs.filter(|secs| secs.is_finite() && *secs >= 0.0).unwrap_or(0.0);
        let id = document.add_recording(Path::new(&*file.name), duration_secs);
        recordings.insert(&file.name, id);
        if let Some(rate) = file.sample_rate {
            nyquist_hz.insert(id, rate / 2.0);
        }
    }
    for row in &labels.rows {
        let recording = match recordings.get(&*row.filename) {
            Some(&recording) => recording,
            None => document.add_recording(Path::new(&*row.filename), 0.0),
        };
        let status = row.status.unwrap_or(Status::Accepted);
        let (id, label) = (document.new_event_id(), row.event_label.clone());
        let mut event = Event::new(id, row.span, label, status, Origin::Import);
        event.band = row.band;
        event.is_point = row.is_point;
        row.labels().skip(1).for_each(|label| event.add_label(label.clone()));
        // Into a recording that is there, under a name that is new.
        let _ = document.apply(Edit::Insert { recording, event });
    }
    (document, nyquist_hz)
}

fn worded(file: &FileReport) -> String {
    let count = |severity: Severity| file.problems.iter().filter(|problem| problem.severity == severity.text()).count();
    let mut text = format!(
        "{}: {}, {} events, {} recordings: {} errors, {} warnings, {} hints\n",
        file.path,
        file.format,
        file.events,
        file.recordings,
        count(Severity::Error),
        count(Severity::Warning),
        count(Severity::Hint)
    );
    for problem in &file.problems {
        let place = match (problem.line, problem.onset) {
            (Some(line), _) => format!("line {line}"),
            (None, Some(onset)) => format!("{} {onset:.3} s", problem.recording),
            (None, None) => problem.recording.clone(),
        };
        let _ = writeln!(text, "  {:7}  {:13}  {place}  {}", problem.severity, problem.rule, problem.text);
    }
    text
}
