//! Reports of metrics as tables for people, and the list of what went wrong.

use super::super::table::{Align, aligned};
use super::Lists;
use crate::metric::{Boundaries, Matching, MeasureKind, Measured, Metric, Outcome, Outcomes, Pair, Report, Settings};
use crate::time::Span;
use std::fmt::Write;

/// The marks that lead from a cell without a value to its reason.
const MARKS: [&str; 9] = ["¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"];

/// The main measures of a metric, class by class, and the others for all classes together.
pub(super) fn table(metric: &Metric, report: &Report, settings: &Settings) -> String {
    let main: Vec<usize> = (0..report.measures.len()).filter(|&column| report.measures[column].is_main).collect();
    let mut reasons: Vec<String> = Vec::new();
    let head = std::iter::once(String::new()).chain(main.iter().map(|&column| report.measures[column].name.to_owned()));
    let mut rows = vec![head.collect::<Vec<_>>()];
    let classes = report.per_class.iter().map(|(label, row)| (label.as_str(), row));
    for (name, row) in classes.chain([("All events", &report.overall), ("Mean of the classes", &report.mean)]) {
        let cells = main.iter().map(|&column| {
            let kind = report.measures[column].kind;
            // A mean of counts would say nothing, so that no reason needs to be told.
            let is_blank = kind == MeasureKind::Count && row[column].is_err();
            if is_blank { String::new() } else { cell(row[column], kind, &mut reasons) }
        });
        rows.push(std::iter::once(name.to_owned()).chain(cells).collect());
    }
    let mut columns = vec![Align::Left];
    columns.extend(main.iter().map(|_| Align::Right));
    let mut text = format!("{}: {}\n\n{}", metric.name, setting(metric.key, settings), aligned(&columns, &rows));

    let others = report.measures.iter().zip(&report.overall).filter(|(measure, _)| !measure.is_main);
    let others: Vec<String> = others
        .map(|(measure, value)| format!("{} {}", measure.name, cell(*value, measure.kind, &mut reasons)))
        .collect();
    let _ = writeln!(text, "\n  All events: {}", others.join(", "));
    for (mark, reason) in MARKS.iter().zip(&reasons) {
        let _ = writeln!(text, "  {mark} {reason}");
    }
    for note in &report.notes {
        let _ = writeln!(text, "  {note}");
    }
    text
}

fn cell(value: Measured, kind: MeasureKind, reasons: &mut Vec<String>) -> String {
    match value {
        Ok(value) if kind == MeasureKind::Count => format!("{value}"),
        // An error rate over machine epsilon.
        Ok(value) if value >= 1e6 => format!("{value:.1e}"),
        Ok(value) => format!("{value:.3}"),
        Err(undefined) => {
            let reason = undefined.to_string();
            let place = reasons.iter().position(|one| *one == reason).unwrap_or_else(|| {
                reasons.push(reason);
                reasons.len() - 1
            });
            format!("n/a{}", MARKS.get(place).unwrap_or(&""))
        }
    }
}

/// What of the settings a metric goes by.
fn setting(key: &str, settings: &Settings) -> String {
    let rule = &settings.event_based;
    let percent = |share: f64| format!("{} %", (share * 1e5).round() / 1e3);
    let onsets = format!("onset collar {} s", rule.collar_secs);
    let offsets = format!("offset collar {} s or {} of the duration", rule.collar_secs, percent(rule.offset_share));
    match key {
        "event_based" => {
            let compared = match rule.boundaries {
                Boundaries::Both => format!("{onsets}, {offsets}"),
                Boundaries::OnsetOnly => format!("{onsets}, offsets not compared"),
                Boundaries::OffsetOnly => format!("{offsets}, onsets not compared"),
            };
            compared + if rule.matching == Matching::Greedy { ", greedy matching" } else { "" }
        }
        "segment_based" => format!("segments of {} s", settings.segment_secs),
        "intersection_based" => {
            let rule = &settings.intersection_based;
            format!("DTC {}, GTC {}, CTTC {}", rule.detection_share, rule.reference_share, rule.cross_trigger_share)
        }
        _ => String::new(),
    }
}

/// What was missed and what was invented, each with what it may have been taken for.
pub(super) fn errors(lists: &Lists<'_>, outcomes: &Outcomes) -> String {
    let mut text = String::new();
    let mut list = |title: &str, own: &[crate::metric::LabelledSpan<'_>], of_own: &[Outcome], other: &[_]| {
        let mut places: Vec<usize> = (0..own.len()).filter(|&place| of_own[place].is_error()).collect();
        places.sort_by(|&a, &b| {
            let (a, b) = (own[a], own[b]);
            a.file.cmp(b.file).then(a.span.onset_secs.total_cmp(&b.span.onset_secs)).then(a.label.cmp(b.label))
        });
        let _ = writeln!(text, "\n{title}: {}", places.len());
        for place in places {
            let event = own[place];
            let line = format!("  {}  {}  {}", event.file, span_text(event.span), event.label);
            let _ = writeln!(text, "{line}{}", remark(&of_own[place], other));
        }
    };
    list("Misses", &lists.reference, &outcomes.reference, &lists.estimated);
    list("False alarms", &lists.estimated, &outcomes.estimated, &lists.reference);
    text
}

fn span_text(span: Span) -> String {
    format!("{:8.3} – {:8.3}", span.onset_secs, span.offset_secs)
}

fn remark(outcome: &Outcome, other: &[crate::metric::LabelledSpan<'_>]) -> String {
    let partner = |pair: &Pair| other.get(pair.partner);
    match outcome {
        Outcome::Boundary(pair) => format!(
            "  (boundary error: onset {:+.3} s, offset {:+.3} s)",
            pair.onset_deviation_secs, pair.offset_deviation_secs
        ),
        Outcome::Confusion(pair) => {
            partner(pair).map_or_else(String::new, |event| format!("  (confused with {})", event.label))
        }
        Outcome::Hit(_) | Outcome::Miss | Outcome::FalseAlarm | Outcome::LeftOut => String::new(),
    }
}
