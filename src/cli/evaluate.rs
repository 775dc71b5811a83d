//! `earmark evaluate`: how well estimated events agree with reference events.
//!
//! Reads two label files and prints a table; measures nothing itself.

use crate::format::{self, Dcase, StrongLabel, StrongLabels};
use crate::metric::{Counts, EventBased, EventBasedScores, LabelledSpan, WhenNothingEstimated, event_based};
use crate::time::Span;
use anyhow::{Context, ensure};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Compare estimated events with reference events, event by event
///
/// An estimated event is a hit if an event of the same recording and label in the reference begins and ends at the same time, within
/// a collar. Each event answers for one other; as many pairs as possible are made. The numbers are those of sed_eval's event-based
/// measures; where a class has no estimated event, its precision counts as 0.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  earmark detect *.flac -o events.tsv
  earmark evaluate labels.tsv events.tsv
  earmark evaluate labels.tsv events.tsv --collar 0.2 --offset-share 0.2   as the DCASE challenges count
  earmark evaluate labels.tsv events.tsv --map classes.tsv --details")]
pub(super) struct Arguments {
    /// Strong labels that are right: filename, onset, offset, event_label
    reference: PathBuf,
    /// Strong labels to judge
    estimated: PathBuf,
    /// Onsets may differ by this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5)]
    collar: f64,
    /// Offsets may differ by the collar, or by this share of the reference event's duration if that is more
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    offset_share: f64,
    /// Table of two columns, estimated label and reference label; events whose label is not in it are left out, and events that get
    /// the same label and overlap become one
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// List every miss and every false alarm
    #[arg(long)]
    details: bool,
}

/// Fails if a file cannot be read, or the two have no recording in common.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    ensure!(arguments.collar >= 0.0 && arguments.offset_share >= 0.0, "--collar and --offset-share must be 0 or more");
    let reference = read_labels(&arguments.reference)?;
    let mut estimated = read_labels(&arguments.estimated)?;
    let mut notes = notes_on_files(&reference, &estimated);
    ensure!(
        reference.files.iter().any(|file| estimated.files.contains(file)) || reference.files.is_empty(),
        "{} and {} have no recording in common: compare the names in their first columns",
        arguments.reference.display(),
        arguments.estimated.display()
    );
    if let Some(path) = &arguments.map {
        let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
        let map = LabelMap::parse(&text).with_context(|| format!("{}: is no table of labels", path.display()))?;
        notes.push(map.apply(&mut estimated));
    }
    for note in notes {
        eprintln!("{note}");
    }
    let rule =
        EventBased { collar_secs: arguments.collar, offset_share: arguments.offset_share, ..EventBased::default() };
    super::write_stdout(&report(&reference.rows, &estimated.rows, &rule, arguments.details))?;
    Ok(ExitCode::SUCCESS)
}

fn read_labels(path: &Path) -> anyhow::Result<StrongLabels> {
    let labels = format::read_file(&Dcase, path)?;
    for warning in &labels.warnings {
        eprintln!("{}: {warning}", path.display());
    }
    Ok(labels)
}

fn notes_on_files(reference: &StrongLabels, estimated: &StrongLabels) -> Vec<String> {
    let (ours, theirs): (BTreeSet<&str>, BTreeSet<&str>) =
        [reference, estimated].map(|labels| labels.file_names().collect()).into();
    let list = |files: Vec<&&str>| files.into_iter().copied().collect::<Vec<_>>().join(", ");
    let mut notes = Vec::new();
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

/// Which reference labels an estimated label stands for.
struct LabelMap(HashMap<String, Vec<Arc<str>>>);

impl LabelMap {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut map: HashMap<String, Vec<Arc<str>>> = HashMap::new();
        let rows = text.lines().map(|line| line.trim_start_matches('\u{feff}').trim_end());
        for (index, row) in rows.enumerate().filter(|(_, row)| !row.is_empty() && !row.starts_with('#')) {
            let mut cells = row.split('\t');
            let (Some(from), Some(to)) = (cells.next(), cells.next()) else {
                anyhow::bail!("line {} has no TAB: expected an estimated label, TAB, a reference label", index + 1);
            };
            map.entry(from.to_owned()).or_default().push(to.into());
        }
        Ok(Self(map))
    }

    /// Relabels the events, unites those that overlap under one label, and says how many were left out and united.
    fn apply(&self, labels: &mut StrongLabels) -> String {
        let before = labels.rows.len();
        let (mut left_out, mut relabelled) = (0, 0);
        let mut spans: BTreeMap<(Arc<str>, Arc<str>), Vec<Span>> = BTreeMap::new();
        for row in labels.rows.drain(..) {
            let targets = self.0.get(&*row.event_label).map(Vec::as_slice).unwrap_or_default();
            left_out += usize::from(targets.is_empty());
            for target in targets {
                relabelled += 1;
                spans.entry((row.filename.clone(), target.clone())).or_default().push(row.span);
            }
        }
        for ((filename, event_label), spans) in spans {
            let united = united(spans).into_iter();
            labels.rows.extend(united.map(|span| StrongLabel::new(filename.clone(), span, event_label.clone())));
        }
        let after = labels.rows.len();
        format!(
            "{before} estimated events: {left_out} left out by the map, {relabelled} relabelled, {after} after uniting overlaps"
        )
    }
}

/// Spans that overlap or touch become one.
fn united(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by(|a, b| a.onset_secs.total_cmp(&b.onset_secs));
    let mut all: Vec<Span> = Vec::new();
    for span in spans {
        match all.last_mut() {
            Some(last) if span.onset_secs <= last.offset_secs => {
                last.offset_secs = last.offset_secs.max(span.offset_secs);
            }
            _ => all.push(span),
        }
    }
    all
}

/// The table, and the list of what was missed and invented if `details` are wanted.
fn report(reference: &[StrongLabel], estimated: &[StrongLabel], rule: &EventBased, details: bool) -> String {
    let (ours, theirs) = (spans(reference), spans(estimated));
    let scores = event_based(&ours, &theirs, rule);
    let mut text = format!(
        "Event-based, onset collar {} s, offset collar {} s or {} % of the duration\n\n",
        rule.collar_secs,
        rule.collar_secs,
        rule.offset_share * 100.0
    );
    write_table(&mut text, &scores);
    if details {
        write_list(&mut text, "Misses", &unpaired(reference, &scores.partner_of_reference));
        write_list(&mut text, "False alarms", &unpaired(estimated, &scores.partner_of_estimated));
    }
    text
}

fn spans(rows: &[StrongLabel]) -> Vec<LabelledSpan<'_>> {
    rows.iter().map(|row| LabelledSpan { file: &row.filename, span: row.span, label: &row.event_label }).collect()
}

fn write_table(text: &mut String, scores: &EventBasedScores) {
    const OVERALL: &str = "All events";
    const MEAN: &str = "Mean of the classes";
    let names = scores.per_class.keys().map(String::as_str).chain([OVERALL, MEAN]);
    let width = names.map(|name| name.chars().count()).max().unwrap_or(0);
    let mut row = |name: &str, cells: [String; 6]| {
        let [hits, false_alarms, misses, precision, recall, f_score] = cells;
        let _ = writeln!(
            text,
            "{name:width$}  {hits:>5}  {false_alarms:>5}  {misses:>5}  {precision:>9}  {recall:>6}  {f_score:>6}"
        );
    };
    let counted = |counts: &Counts| {
        let Counts { true_positives, false_positives, false_negatives } = counts;
        let zero = WhenNothingEstimated::Zero;
        [
            true_positives.to_string(),
            false_positives.to_string(),
            false_negatives.to_string(),
            ratio_text(counts.precision(zero)),
            ratio_text(counts.recall()),
            ratio_text(counts.f_score(zero)),
        ]
    };
    row("", ["TP", "FP", "FN", "precision", "recall", "F"].map(str::to_owned));
    for (label, counts) in &scores.per_class {
        row(label, counted(counts));
    }
    row(OVERALL, counted(&scores.overall()));
    let mut cells: [String; 6] = Default::default();
    cells[5] = ratio_text(scores.macro_f_score(WhenNothingEstimated::Zero));
    row(MEAN, cells);
}

fn ratio_text(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}"))
}

fn unpaired<'a>(rows: &'a [StrongLabel], partners: &[Option<usize>]) -> Vec<&'a StrongLabel> {
    let mut rows: Vec<&StrongLabel> =
        rows.iter().zip(partners).filter(|(_, partner)| partner.is_none()).map(|(row, _)| row).collect();
    rows.sort_by(|a, b| {
        a.filename
            .cmp(&b.filename)
            .then(a.span.onset_secs.total_cmp(&b.span.onset_secs))
            .then(a.event_label.cmp(&b.event_label))
    });
    rows
}

fn write_list(text: &mut String, title: &str, rows: &[&StrongLabel]) {
    let _ = writeln!(text, "\n{title}: {}", rows.len());
    for StrongLabel { filename, span, event_label, .. } in rows {
        let _ = writeln!(text, "  {filename}  {:8.3} – {:8.3}  {event_label}", span.onset_secs, span.offset_secs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> StrongLabels {
        format::read(&Dcase, text.as_bytes(), Path::new("l.tsv")).unwrap()
    }

    #[test]
    fn the_report_counts_and_lists() {
        let reference = labels("a.wav\t1\t2\tDog\na.wav\t5\t6\tDog\na.wav\t3\t4\tCat\n");
        let estimated = labels("a.wav\t1.2\t2.1\tDog\na.wav\t8\t9\tDog\na.wav\t8\t9\tOwl\n");
        let rule = EventBased { collar_secs: 0.5, ..EventBased::default() };
        let expected = "\
Event-based, onset collar 0.5 s, offset collar 0.5 s or 50 % of the duration

                        TP     FP     FN  precision  recall       F
Cat                      0      0      1      0.000   0.000   0.000
Dog                      1      1      1      0.500   0.500   0.500
Owl                      0      1      0      0.000       –       –
All events               1      2      2      0.333   0.333   0.333
Mean of the classes                                           0.250

Misses: 2
  a.wav     3.000 –    4.000  Cat
  a.wav     5.000 –    6.000  Dog

False alarms: 2
  a.wav     8.000 –    9.000  Dog
  a.wav     8.000 –    9.000  Owl
";
        assert_eq!(report(&reference.rows, &estimated.rows, &rule, true), expected);
    }

    #[test]
    fn the_map_relabels_unites_and_counts_what_it_leaves_out() {
        let map = LabelMap::parse("# remark\nBark\tDog\nBow-wow\tDog\nMeow\tCat\n").unwrap();
        let mut estimated =
            labels("a.wav\t1\t2\tBark\na.wav\t1.5\t3\tBow-wow\na.wav\t4\t5\tBark\na.wav\t1\t2\tMusic\n");
        let note = map.apply(&mut estimated);
        assert_eq!(note, "4 estimated events: 1 left out by the map, 3 relabelled, 2 after uniting overlaps");
        let spans: Vec<_> = estimated.rows.iter().map(|row| (row.span.onset_secs, row.span.offset_secs)).collect();
        assert_eq!(spans, [(1.0, 3.0), (4.0, 5.0)]);
        assert!(LabelMap::parse("no tab").is_err());
    }
}
