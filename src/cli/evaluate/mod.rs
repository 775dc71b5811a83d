//! `earmark evaluate`: how well estimated events agree with reference events.
//!
//! Reads label files and prints a table or JSON; measures nothing itself.

mod durations;
mod json;
mod label_map;
mod paper;
mod score_paper;
mod scores;

use super::label_input::LabelReading;
use crate::annotation::{CompleteSpan, Edited, Status};
use crate::format::{Durations, StrongLabel, StrongLabels};
use crate::metric::{
    self, Boundaries, Completeness, Evaluated, EventBased, IntersectionBased, LabelledSpan, Matching, Metric, Needs,
    Quirks, Report, Settings, WhenNothingEstimated, outcomes,
};
use anyhow::{Context, bail, ensure};
use label_map::LabelMap;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compare estimated events with reference events
///
/// Event-based: an estimated event is a hit if an event of the same recording and label in the reference begins and ends at the same
/// time, within a collar; each event answers for one other, and as many pairs as possible are made. Segment-based: time is cut into segments, and
/// compared where labels are active. Intersection-based: it counts how much of an event is covered. The numbers are those of sed_eval
/// and psds_eval; "n/a" stands where there is nothing to divide by, with the reason.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  earmark detect *.flac -o events.tsv
  earmark evaluate labels.tsv events.tsv
  earmark evaluate labels.tsv events.tsv --collar 0.2 --offset-share 0.2   as the DCASE challenges count
  earmark evaluate --reference labels.tsv --estimated events.tsv --durations durations.tsv --json
  earmark evaluate labels.tsv events.tsv --metric segment_based --resolution 0.1
  earmark evaluate labels.tsv events.tsv --map classes.tsv --details
  earmark evaluate labels.csv events.csv --from generic-seq --sample-rate 44100   where the format cannot be told from the files
  earmark evaluate --reference labels.tsv --scores scores/ --durations durations.tsv   PSDS and more, over all thresholds
  earmark evaluate --reference labels.tsv --scores scores/ --boxes --step-filter 0.32 --merge-ratio 1.5   the same of cSEBBs")]
pub(super) struct Arguments {
    /// Strong labels that are right, and those to judge, where --reference and --estimated do not name them
    #[arg(value_names = ["REFERENCE", "ESTIMATED"], num_args = 0..=2)]
    files: Vec<PathBuf>,
    /// Strong labels that are right: filename, onset, offset, event_label
    #[arg(long, value_name = "FILE")]
    reference: Option<PathBuf>,
    /// Strong labels to judge
    #[arg(long, value_name = "FILE")]
    estimated: Option<PathBuf>,
    /// Table of two columns, filename and duration in seconds. Recordings in it count also where they have no event, and segments after
    /// their end do not; without it, each recording ends with its last event
    #[arg(long, value_name = "FILE")]
    durations: Option<PathBuf>,
    /// Strong labels that say where nothing is missing in the reference, with the label for which, or * for all. Estimated events elsewhere that meet no
    /// reference event are left out, and only segments there can be negative
    #[arg(long, value_name = "FILE")]
    complete: Option<PathBuf>,
    /// Only this metric; may be given several times
    #[arg(long = "metric", value_name = "METRIC", value_parser = known_metric)]
    metrics: Vec<&'static str>,
    /// Event-based: onsets may differ by this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, value_parser = not_negative)]
    collar: f64,
    /// Event-based: offsets may differ by the collar, or by this share of the reference event's duration if that is more
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = not_negative)]
    offset_share: f64,
    /// Event-based: compare onsets only
    #[arg(long, conflicts_with = "offset_only")]
    onset_only: bool,
    /// Event-based: compare offsets only
    #[arg(long)]
    offset_only: bool,
    /// Event-based: as many pairs as possible, or each reference event takes the first that fits
    #[arg(long, value_enum, default_value_t = MatchingName::Optimal)]
    matching: MatchingName,
    /// Event-based: what precision is where nothing is estimated; undefined values are left out of means
    #[arg(long, value_enum, default_value_t = NothingEstimated::Zero)]
    nothing_estimated: NothingEstimated,
    /// Segment-based: how long a segment is
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = positive)]
    resolution: f64,
    /// Intersection-based: share of an estimated event that reference events must cover
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = share)]
    dtc: f64,
    /// Intersection-based: share of a reference event that right estimated events must cover
    #[arg(long, value_name = "SHARE", default_value_t = 0.5, value_parser = share)]
    gtc: f64,
    /// Intersection-based: share of a false alarm that another label's reference events must cover to count as its cross-trigger
    #[arg(long, value_name = "SHARE", default_value_t = 0.3, value_parser = share)]
    cttc: f64,
    /// Give the very numbers of sed_eval and psds_eval, also where they divide by nothing: errors of a class without a reference event
    /// become 10¹⁵ and more, and a class of which nothing is found is left out of the mean of intersection-based F1
    #[arg(long)]
    as_reference: bool,
    /// Table of two columns, estimated label and reference label; events whose label is not in it are left out, and events that get
    /// the same label and overlap become one
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// List every miss and every false alarm of the event-based measures, and what they may have been taken for
    #[arg(long)]
    details: bool,
    /// Print everything as JSON: all measures, what became of each event, which labels were taken for which
    #[arg(long, conflicts_with = "details")]
    json: bool,
    #[command(flatten)]
    of_scores: scores::ScoreArguments,
    #[command(flatten)]
    reading: LabelReading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum MatchingName {
    Optimal,
    Greedy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum NothingEstimated {
    Zero,
    Undefined,
}

fn known_metric(key: &str) -> Result<&'static str, String> {
    let of_events = || metric::ALL.iter().filter(|metric| metric.needs == Needs::Events).map(|metric| metric.key);
    of_events()
        .find(|known| *known == key)
        .ok_or_else(|| format!("expected one of {}", of_events().collect::<Vec<_>>().join(", ")))
}

fn number(text: &str, what: &str, is_right: impl Fn(f64) -> bool) -> Result<f64, String> {
    text.parse().ok().filter(|number: &f64| number.is_finite() && is_right(*number)).ok_or(format!("expected {what}"))
}

fn not_negative(text: &str) -> Result<f64, String> {
    number(text, "a number that is 0 or more", |number| number >= 0.0)
}

fn positive(text: &str) -> Result<f64, String> {
    number(text, "a number above 0", |number| number > 0.0)
}

fn share(text: &str) -> Result<f64, String> {
    number(text, "a number from 0 to 1", |number| (0.0..=1.0).contains(&number))
}

impl Arguments {
    /// The files that are compared: the named ones, and those without a name in their places.
    fn paths(&self) -> anyhow::Result<(&Path, &Path)> {
        let mut rest = self.files.iter();
        let reference = self.reference.as_ref().or_else(|| rest.next());
        let estimated = self.estimated.as_ref().or_else(|| rest.next());
        let (Some(reference), Some(estimated)) = (reference, estimated) else {
            bail!("two label files are needed: earmark evaluate REFERENCE ESTIMATED");
        };
        ensure!(rest.next().is_none(), "there are more label files than a reference and one to judge");
        Ok((reference, estimated))
    }

    fn settings(&self) -> Settings {
        let boundaries = match (self.onset_only, self.offset_only) {
            (true, _) => Boundaries::OnsetOnly,
            (_, true) => Boundaries::OffsetOnly,
            _ => Boundaries::Both,
        };
        let matching = match self.matching {
            MatchingName::Optimal => Matching::Optimal,
            MatchingName::Greedy => Matching::Greedy,
        };
        Settings {
            event_based: EventBased { collar_secs: self.collar, offset_share: self.offset_share, boundaries, matching },
            segment_secs: self.resolution,
            intersection_based: IntersectionBased {
                detection_share: self.dtc,
                reference_share: self.gtc,
                cross_trigger_share: self.cttc,
            },
            when_nothing_estimated: match self.nothing_estimated {
                NothingEstimated::Zero => WhenNothingEstimated::Zero,
                NothingEstimated::Undefined => WhenNothingEstimated::Undefined,
            },
            quirks: if self.as_reference { Quirks::AsReference } else { Quirks::Corrected },
        }
    }
}

/// Fails if a file cannot be read, or the two have no recording in common.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(folder) = &arguments.of_scores.scores {
        return run_on_scores(arguments, folder);
    }
    ensure!(
        arguments.of_scores.boxes.rule().is_none(),
        "--boxes are looked for in frame scores: name them with --scores"
    );
    let (reference_path, estimated_path) = arguments.paths()?;
    let reference = read_labels(reference_path, &arguments.reading)?;
    let mut estimated = read_labels(estimated_path, &arguments.reading)?;
    let durations = arguments.durations.as_deref().map(durations::read).transpose()?.unwrap_or_default();
    let mut notes = notes_on_files(&reference, &estimated, &durations);
    let (ours, theirs): (BTreeSet<&str>, BTreeSet<&str>) =
        [&reference, &estimated].map(|labels| labels.file_names().collect()).into();
    ensure!(
        ours.is_empty() || !ours.is_disjoint(&theirs) || ours.union(&theirs).all(|file| durations.contains_key(*file)),
        "{} and {} have no recording in common: compare the names in their first columns",
        reference_path.display(),
        estimated_path.display()
    );
    if let Some(path) = &arguments.map {
        let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        let map = LabelMap::parse(&text).with_context(|| format!("{}: is no table of labels", path.display()))?;
        notes.push(map.apply(&mut estimated));
    }
    let marks =
        arguments.complete.as_deref().map(|path| read_marks(path, &arguments.reading)).transpose()?.unwrap_or_default();
    for note in notes {
        eprintln!("{note}");
    }
    let lists = Lists::new(&reference.rows, &estimated.rows);
    super::write_stdout(&report(&lists, &durations, &marks, arguments)?)?;
    Ok(ExitCode::SUCCESS)
}

/// Evaluates frame scores.
fn run_on_scores(arguments: &Arguments, folder: &Path) -> anyhow::Result<ExitCode> {
    let Some(path) = arguments.reference.as_ref().or_else(|| arguments.files.first()) else {
        bail!("a reference is needed: earmark evaluate --reference FILE --scores DIR");
    };
    let labels = read_labels(path, &arguments.reading)?;
    let durations = arguments.durations.as_deref().map(durations::read).transpose()?;
    let job = scores::Job {
        folder,
        events: Lists::new(&labels.rows, &[]).reference,
        recordings: labels.files.iter().map(|file| &*file.name).collect(),
        durations: durations.as_ref(),
        settings: arguments.of_scores.settings(&arguments.settings()),
        boxes: arguments.of_scores.boxes.rule(),
        is_by_thresholds: arguments.of_scores.by_thresholds,
        has_curves: arguments.of_scores.curves,
        is_json: arguments.json,
    };
    super::write_stdout(&scores::run(&job)?)?;
    Ok(ExitCode::SUCCESS)
}

/// The events of both files as measures see them.
struct Lists<'a> {
    reference: Vec<LabelledSpan<'a>>,
    estimated: Vec<LabelledSpan<'a>>,
}

impl<'a> Lists<'a> {
    fn new(reference: &'a [StrongLabel], estimated: &'a [StrongLabel]) -> Self {
        let spans = |rows: &'a [StrongLabel]| {
            let span =
                |row: &'a StrongLabel| LabelledSpan { file: &row.filename, span: row.span, label: &row.event_label };
            rows.iter().map(span).collect()
        };
        Self { reference: spans(reference), estimated: spans(estimated) }
    }
}

/// Everything that is printed.
fn report(
    lists: &Lists<'_>,
    durations: &BTreeMap<String, f64>,
    marks: &BTreeMap<String, Vec<CompleteSpan>>,
    arguments: &Arguments,
) -> anyhow::Result<String> {
    let settings = arguments.settings();
    let durations_secs = durations.iter().map(|(file, &secs)| (file.as_str(), secs)).collect();
    let complete = Completeness::new(marks.iter().map(|(file, spans)| (file.as_str(), spans.as_slice())));
    let evaluated = Evaluated {
        reference: &lists.reference,
        estimated: &lists.estimated,
        durations_secs: &durations_secs,
        complete: complete.as_ref(),
    };
    let is_wanted = |metric: &&Metric| {
        metric.needs == Needs::Events && (arguments.metrics.is_empty() || arguments.metrics.contains(&metric.key))
    };
    let reports: Vec<(&Metric, Report)> =
        metric::ALL.iter().filter(is_wanted).map(|metric| (metric, (metric.report)(&evaluated, &settings))).collect();
    if arguments.json {
        let outcomes = outcomes(&lists.reference, &lists.estimated, &settings.event_based, complete.as_ref());
        let whole = json::whole(lists, &settings, &reports, &outcomes);
        return Ok(serde_json::to_string_pretty(&whole)? + "\n");
    }
    let tables: Vec<String> = reports.iter().map(|(metric, report)| paper::table(metric, report, &settings)).collect();
    let mut text = tables.join("\n");
    if arguments.details {
        let outcomes = outcomes(&lists.reference, &lists.estimated, &settings.event_based, complete.as_ref());
        text += &paper::errors(lists, &outcomes);
    }
    Ok(text)
}

/// Reads a label file of whichever format it looks like, or is said to have. Rows that cannot be compared are told and left out.
fn read_labels(path: &Path, reading: &LabelReading) -> anyhow::Result<StrongLabels> {
    let (_, mut labels) = reading.read(path, &Durations::default())?;
    let all = labels.rows.len();
    // What a model proposed, nobody has to have accepted before it is judged.
    labels.rows.retain(|row| row.is_label() || row.status == Some(Status::Predicted));
    let before = labels.rows.len();
    if before < all {
        eprintln!("{}: {} events that were rejected or are undecided are left out", path.display(), all - before);
    }
    labels.rows.retain(|row| row.span.onset_secs <= row.span.offset_secs && !row.event_label.is_empty());
    if labels.rows.len() < before {
        let count = before - labels.rows.len();
        eprintln!("{}: {count} events without a label, or that end before they begin, are left out", path.display());
    }
    Ok(labels)
}

/// Where nothing is missing, by recording: the labels of a label file, `*` for all.
fn read_marks(path: &Path, reading: &LabelReading) -> anyhow::Result<BTreeMap<String, Vec<CompleteSpan>>> {
    let mut marks: BTreeMap<String, Vec<CompleteSpan>> = BTreeMap::new();
    for StrongLabel { filename, span, event_label, .. } in read_labels(path, reading)?.rows {
        let labels = if &*event_label == "*" { Vec::new() } else { vec![event_label] };
        marks.entry(filename.to_string()).or_default().push(CompleteSpan { span, labels, edited: Edited::default() });
    }
    ensure!(!marks.is_empty(), "{}: marks nothing as complete, so that nothing could be judged", path.display());
    Ok(marks)
}

fn notes_on_files(
    reference: &StrongLabels,
    estimated: &StrongLabels,
    durations: &BTreeMap<String, f64>,
) -> Vec<String> {
    let (ours, theirs): (BTreeSet<&str>, BTreeSet<&str>) =
        [reference, estimated].map(|labels| labels.file_names().collect()).into();
    let list = |files: Vec<&&str>| files.into_iter().copied().collect::<Vec<_>>().join(", ");
    let mut notes = Vec::new();
    let without_length: Vec<_> =
        ours.union(&theirs).filter(|file| !durations.is_empty() && !durations.contains_key(**file)).collect();
    if !without_length.is_empty() {
        notes.push(format!("Without a duration, so taken to end with their last event: {}", list(without_length)));
    }
    let missing: Vec<_> = ours.difference(&theirs).collect();
    if !missing.is_empty() {
        notes.push(format!("Only in the reference, so all their events are misses: {}", list(missing)));
    }
    let extra: Vec<_> = theirs.difference(&ours).collect();
    if !extra.is_empty() {
        notes.push(format!("Not in the reference, so all their events are false alarms: {}", list(extra)));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{self, Dcase};
    use clap::Parser;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn labels(text: &str) -> StrongLabels {
        format::read(&Dcase, text.as_bytes(), Path::new("l.tsv")).unwrap()
    }

    fn printed(reference: &str, estimated: &str, options: &[&str]) -> String {
        let line = Line::try_parse_from([&["evaluate", "r.tsv", "e.tsv"], options].concat()).unwrap();
        let (reference, estimated) = (labels(reference), labels(estimated));
        let lists = Lists::new(&reference.rows, &estimated.rows);
        report(&lists, &BTreeMap::new(), &BTreeMap::new(), &line.arguments).unwrap()
    }

    const REFERENCE: &str = "a.wav\t1\t2\tDog\na.wav\t5\t6\tDog\na.wav\t3\t4\tCat\n";
    const ESTIMATED: &str = "a.wav\t1.2\t2.1\tDog\na.wav\t5.7\t9\tDog\na.wav\t3.5\t9\tOwl\n";

    #[test]
    fn the_report_counts_and_lists() {
        let expected = "\
Event-based: onset collar 0.5 s, offset collar 0.5 s or 50 % of the duration

                          F1  Precision  Recall     ER  TP  FP  FN
  Cat                  0.000      0.000   0.000  1.000   0   0   1
  Dog                  0.500      0.500   0.500  1.000   1   1   1
  Owl                   n/a¹      0.000    n/a¹   n/a¹   0   1   0
  All events           0.333      0.333   0.333  1.333   1   2   2
  Mean of the classes  0.250      0.167   0.250  1.000

  All events: Sub 0.000, Del 0.667, Ins 0.667, Ref 3, Est 3, S 0
  ¹ no reference event

Misses: 2
  a.wav     3.000 –    4.000  Cat  (confused with Owl)
  a.wav     5.000 –    6.000  Dog  (boundary error: onset +0.700 s, offset +3.000 s)

False alarms: 2
  a.wav     3.500 –    9.000  Owl  (confused with Cat)
  a.wav     5.700 –    9.000  Dog  (boundary error: onset +0.700 s, offset +3.000 s)
";
        assert_eq!(printed(REFERENCE, ESTIMATED, &["--metric", "event_based", "--details"]), expected);
    }

    #[test]
    fn files_are_named_or_stand_in_their_places() {
        let paths = |words: &[&str]| {
            let line = Line::try_parse_from([&["evaluate"], words].concat()).unwrap();
            line.arguments.paths().map(|(a, b)| format!("{} {}", a.display(), b.display())).ok()
        };
        assert_eq!(paths(&["r", "e"]).unwrap(), "r e");
        assert_eq!(paths(&["--reference", "r", "--estimated", "e"]).unwrap(), "r e");
        assert_eq!(paths(&["r", "--estimated", "e"]).unwrap(), "r e");
        assert_eq!(paths(&["e", "--reference", "r"]).unwrap(), "r e");
        assert_eq!(paths(&["r"]), None);
        assert_eq!(paths(&["x", "y", "--reference", "r"]), None);
        for wrong in [["--collar", "-1"], ["--resolution", "0"], ["--dtc", "2"], ["--metric", "x"]] {
            assert!(Line::try_parse_from([&["evaluate", "r", "e"], &wrong[..]].concat()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn json_has_every_measure_and_a_reason_for_each_that_is_null() {
        let text = printed(REFERENCE, ESTIMATED, &["--json"]);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        for metric in metric::ALL.iter().filter(|metric| metric.needs == Needs::Events) {
            let classes = value["metrics"][metric.key]["per_class"].as_object().unwrap();
            assert_eq!(classes.len(), 3, "{}", metric.key);
            for row in classes.values() {
                let nulls = row.as_object().unwrap().iter().filter(|(_, value)| value.is_null());
                for (key, _) in nulls {
                    assert!(row["not_available"][key].is_string(), "{} {key}", metric.key);
                }
            }
        }
        let owl = &value["metrics"]["event_based"]["per_class"]["Owl"];
        assert_eq!(owl["not_available"]["recall"], "no reference event");
        let outcomes: Vec<&str> =
            value["estimated"].as_array().unwrap().iter().map(|event| event["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, ["hit", "boundary", "confusion"]);
        assert_eq!(value["reference"][1]["partner"], 1);
        assert_eq!(value["confusion"].as_array().unwrap().len(), 2);
    }
}
