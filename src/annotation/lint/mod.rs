//! What is suspicious in the events of a document, by a table of rules; and edits that put right what can be put right safely.
//!
//! Pure: a [`Snapshot`] is gathered piece by piece, so that a window need not stop for it, and [`check`] looks through it, on any thread.
//! [`check_document`] does both at once. A finding names its events and is put into words when it is shown, so that a million are small.

mod completeness;
mod durations;
mod extent;
mod fixes;
mod frequencies;
mod labels;
mod model_edges;
mod overlaps;
mod snapshot;
#[cfg(test)]
mod tests;

pub use fixes::Fixes;
pub use snapshot::{Gathering, Snapshot};

use super::{Document, EventId, RecordingId};
use snapshot::{LintEvent, LintRecording};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Wrong as a strong label.
    Error,
    /// Probably wrong.
    Warning,
    /// Worth a look.
    Hint,
}

impl Severity {
    /// The word for it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// Which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the table says what they are")]
pub enum RuleKind {
    NoLength,
    PastEnd,
    Frequencies,
    Duplicate,
    Overlap,
    UnknownLabel,
    LabelSpaces,
    Undecided,
    Duration,
    ModelEdges,
}

/// One rule.
pub struct Rule {
    /// Which one.
    pub kind: RuleKind,
    /// Its name on the command line.
    pub name: &'static str,
    /// What it finds, as a heading.
    pub title: &'static str,
    /// Why that matters, and what its fix does, in a sentence or two.
    pub why: &'static str,
    /// How bad it is.
    pub severity: Severity,
    check: fn(&Scene<'_>, &mut Vec<Finding>),
}

/// All rules, in the order in which findings are listed: the worst first.
pub static RULES: &[Rule] = &[
    Rule {
        kind: RuleKind::NoLength,
        name: "no-length",
        title: "Regions without length",
        why: "Onset and offset are the same, or the wrong way round. The fix makes a point of it, or exchanges them.",
        severity: Severity::Error,
        check: extent::without_length,
    },
    Rule {
        kind: RuleKind::PastEnd,
        name: "past-end",
        title: "Past the end of the recording",
        why: "There is no sound where the event is said to be. The fix cuts it off at the end; an event that lies wholly behind it is left to you.",
        severity: Severity::Error,
        check: extent::past_the_end,
    },
    Rule {
        kind: RuleKind::Frequencies,
        name: "frequencies",
        title: "Impossible frequencies",
        why: "The lower end lies above the upper one, or there are none so high at this sample rate. The fix exchanges or cuts them.",
        severity: Severity::Error,
        check: frequencies::impossible,
    },
    Rule {
        kind: RuleKind::Duplicate,
        name: "duplicate",
        title: "Exact duplicates",
        why: "The same label stands twice at the same time and frequencies. The fix keeps one of them.",
        severity: Severity::Error,
        check: overlaps::duplicates,
    },
    Rule {
        kind: RuleKind::Overlap,
        name: "overlap",
        title: "Overlaps of one class",
        why: "Evaluation counts one sound for two. The fix makes one event of those that overlap, from the first onset to the last offset.",
        severity: Severity::Warning,
        check: overlaps::of_one_class,
    },
    Rule {
        kind: RuleKind::UnknownLabel,
        name: "unknown-label",
        title: "Unknown labels",
        why: "The label is no class of the project, or another spelling of one. The fix takes the known spelling where only upper and lower case, spaces, hyphens and underscores differ.",
        severity: Severity::Warning,
        check: labels::unknown,
    },
    Rule {
        kind: RuleKind::LabelSpaces,
        name: "label-spaces",
        title: "Stray spaces in labels",
        why: "Spaces at the ends or in a row make two labels of one. The fix takes them away.",
        severity: Severity::Error,
        check: labels::with_stray_spaces,
    },
    Rule {
        kind: RuleKind::Undecided,
        name: "undecided",
        title: "Complete, but undecided events",
        why: "What is marked complete says that nothing is missing, but somebody has still to decide about events there.",
        severity: Severity::Warning,
        check: completeness::undecided,
    },
    Rule {
        kind: RuleKind::Duration,
        name: "duration",
        title: "Suspicious durations",
        why: "Shorter than 20 ms, or much shorter or longer than is usual for the class.",
        severity: Severity::Hint,
        check: durations::suspicious,
    },
    Rule {
        kind: RuleKind::ModelEdges,
        name: "model-edges",
        title: "Model edges never moved",
        why: "Accepted just as a model proposed it: onset and offset stand where the model's frames begin, not where the sound does.",
        severity: Severity::Hint,
        check: model_edges::never_moved,
    },
];

impl RuleKind {
    /// Its line in the table.
    pub fn rule(self) -> &'static Rule {
        &RULES[self as usize]
    }
}

/// What a finding says beside its rule and its events.
#[derive(Clone, Debug, PartialEq)]
enum Detail {
    None,
    /// The recording's length, in seconds.
    Secs(f64),
    /// The event's duration and the usual one of its class, in seconds.
    Duration {
        secs: f64,
        usual_secs: Option<f64>,
    },
    /// A label, and what it should perhaps be.
    Label {
        label: Arc<str>,
        meant: Option<Arc<str>>,
    },
    /// The highest frequency there can be, in hertz, if it is known.
    Nyquist(Option<f64>),
}

/// Something suspicious.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// By which rule.
    pub rule: RuleKind,
    /// Where.
    pub recording: RecordingId,
    /// The events that it is about, by onset; at least one.
    pub events: Box<[EventId]>,
    /// When that is, in seconds of the recording.
    pub at_secs: f64,
    /// Whether it can be put right safely.
    pub is_fixable: bool,
    detail: Detail,
}

impl Finding {
    fn new(rule: RuleKind, recording: &LintRecording, events: &[&LintEvent]) -> Self {
        let at_secs = events.first().map_or(0.0, |event| event.span.onset_secs);
        let events = events.iter().map(|event| event.id).collect();
        Self { rule, recording: recording.id, events, at_secs, is_fixable: false, detail: Detail::None }
    }

    fn with(self, detail: Detail) -> Self {
        Self { detail, ..self }
    }

    fn fixable(self, is_fixable: bool) -> Self {
        Self { is_fixable, ..self }
    }

    /// What is the matter, in one line that names the label and the numbers. Events that have gone since are not described.
    pub fn text(&self, document: &Document) -> String {
        let event = self.events.first().and_then(|&id| document.event(self.recording, id));
        let label = event.map_or("?", |event| &*event.label);
        let count = self.events.len();
        let times = if count > 1 { format!(" ({count} events)") } else { String::new() };
        match (&self.detail, self.rule) {
            (_, RuleKind::NoLength) => format!("{label}: no length"),
            (Detail::Secs(end_secs), RuleKind::PastEnd) => match event {
                Some(event) if event.span.onset_secs >= *end_secs => format!("{label}: wholly behind the end"),
                Some(event) => format!("{label}: {:.3} s past the end", event.span.offset_secs - end_secs),
                None => label.to_owned(),
            },
            (Detail::Nyquist(nyquist_hz), _) => {
                let band = event.and_then(|event| event.band);
                let hz = band.map(|band| format!("{:.0} to {:.0} Hz", band.low_hz, band.high_hz)).unwrap_or_default();
                let most = nyquist_hz.map(|hz| format!(", at most {hz:.0} Hz are possible")).unwrap_or_default();
                format!("{label}: {hz}{most}")
            }
            (_, RuleKind::Duplicate) => format!("{label}: {count} times the same"),
            (_, RuleKind::Overlap) => format!("{label}: {count} events overlap"),
            (Detail::Label { label, meant }, RuleKind::UnknownLabel) => match meant {
                Some(meant) if self.is_fixable => format!("{label:?} is {meant:?} in another spelling{times}"),
                Some(meant) => format!("{label:?} is not known; perhaps {meant:?}{times}"),
                None => format!("{label:?} is not known{times}"),
            },
            (Detail::Label { label, .. }, _) => format!("{label:?} has stray spaces{times}"),
            (_, RuleKind::Undecided) => format!("{count} undecided, {label} first"),
            (Detail::Duration { secs, usual_secs: Some(usual) }, _) => {
                format!("{label}: {}, usual are {}", duration_text(*secs), duration_text(*usual))
            }
            (Detail::Duration { secs, .. }, _) => format!("{label}: {}", duration_text(*secs)),
            _ => format!("{label}: as the model proposed it"),
        }
    }
}

fn duration_text(secs: f64) -> String {
    if secs < 0.1 { format!("{:.0} ms", 1e3 * secs) } else { format!("{secs:.2} s") }
}

/// What the rules look at.
struct Scene<'a> {
    snapshot: &'a Snapshot,
    /// The labels that are right; empty if that is not known.
    known: &'a BTreeSet<Arc<str>>,
}

impl Scene<'_> {
    fn events(&self) -> impl Iterator<Item = (&LintRecording, &LintEvent)> {
        let recordings = self.snapshot.recordings.iter();
        recordings.flat_map(|recording| recording.events.iter().map(move |event| (recording, event)))
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Of each rule of the table: what it found, by recording and time.
    pub findings: Vec<Vec<Finding>>,
    /// Of each rule: how many of these can be put right safely.
    pub fixable: Vec<usize>,
    /// How many events were looked at.
    pub event_count: usize,
}

impl Report {
    /// How many findings there are.
    pub fn len(&self) -> usize {
        self.findings.iter().map(Vec::len).sum()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All findings, rule by rule.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().flatten()
    }

    /// How many can be put right safely.
    pub fn fixable_count(&self) -> usize {
        self.fixable.iter().sum()
    }
}

/// Looks through a snapshot. `known` are the labels that are right; with none, only spellings within the document are held against each
/// other.
pub fn check(snapshot: &Snapshot, known: &BTreeSet<Arc<str>>) -> Report {
    let scene = Scene { snapshot, known };
    let event_count = snapshot.recordings.iter().map(|recording| recording.events.len()).sum();
    let of_rule = |rule: &Rule| {
        let mut findings = Vec::new();
        (rule.check)(&scene, &mut findings);
        findings.sort_by(|a, b| a.recording.cmp(&b.recording).then(a.at_secs.total_cmp(&b.at_secs)));
        findings
    };
    let findings: Vec<Vec<Finding>> = RULES.iter().map(of_rule).collect();
    let is_fixable = |finding: &&Finding| finding.is_fixable;
    let fixable = findings.iter().map(|findings| findings.iter().filter(is_fixable).count()).collect();
    Report { findings, fixable, event_count }
}

/// Looks through a whole document at once. The labels of its classes are taken for right; `nyquist_hz` says how high frequencies can be in
/// those recordings of which that is known.
pub fn check_document(document: &Document, nyquist_hz: BTreeMap<RecordingId, f64>) -> Report {
    let mut gathering = Gathering::new(nyquist_hz);
    gathering.advance(document, usize::MAX);
    check(&gathering.finish(), &known_labels(document))
}

/// The labels that a document's classes have.
pub fn known_labels(document: &Document) -> BTreeSet<Arc<str>> {
    document.label_classes().iter().map(|class| class.name.clone()).collect()
}
