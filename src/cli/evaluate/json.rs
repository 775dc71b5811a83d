//! An evaluation as JSON: every value of every metric, what became of each event, and which labels were taken for which.

use super::Lists;
use crate::metric::{
    Boundaries, LabelledSpan, Matching, Measure, Measured, Metric, Outcome, Outcomes, Quirks, Report, Settings,
    WhenNothingEstimated,
};
use serde_json::{Map, Value, json};

/// The whole evaluation.
pub(super) fn whole(
    lists: &Lists<'_>,
    settings: &Settings,
    reports: &[(&Metric, Report)],
    outcomes: &Outcomes,
) -> Value {
    let metrics: Map<String, Value> =
        reports.iter().map(|(metric, report)| (metric.key.to_owned(), one(metric, report))).collect();
    json!({
        "settings": settings_value(settings),
        "metrics": metrics,
        "reference": events(&lists.reference, &outcomes.reference),
        "estimated": events(&lists.estimated, &outcomes.estimated),
        "confusion": confusion(lists, outcomes),
    })
}

/// A metric: `null` is a value that there is not, whose reason stands in `not_available` of the same row.
pub(super) fn one(metric: &Metric, report: &Report) -> Value {
    let per_class: Map<String, Value> =
        report.per_class.iter().map(|(label, values)| (label.clone(), row(report.measures, values))).collect();
    json!({
        "name": metric.name,
        "reproduces": metric.reproduces,
        "overall": row(report.measures, &report.overall),
        "class_average": row(report.measures, &report.mean),
        "per_class": per_class,
        "notes": report.notes,
    })
}

fn row(measures: &[Measure], values: &[Measured]) -> Value {
    let mut row: Map<String, Value> = Map::new();
    let mut reasons: Map<String, Value> = Map::new();
    for (measure, value) in measures.iter().zip(values) {
        match value {
            Ok(value) => row.insert(measure.key.to_owned(), json!(value)),
            Err(undefined) => {
                reasons.insert(measure.key.to_owned(), undefined.to_string().into());
                row.insert(measure.key.to_owned(), Value::Null)
            }
        };
    }
    if !reasons.is_empty() {
        row.insert("not_available".to_owned(), reasons.into());
    }
    row.into()
}

fn settings_value(settings: &Settings) -> Value {
    let rule = &settings.event_based;
    json!({
        "event_based": {
            "collar_secs": rule.collar_secs,
            "offset_share": rule.offset_share,
            "boundaries": match rule.boundaries {
                Boundaries::Both => "both",
                Boundaries::OnsetOnly => "onset",
                Boundaries::OffsetOnly => "offset",
            },
            "matching": match rule.matching {
                Matching::Optimal => "optimal",
                Matching::Greedy => "greedy",
            },
            "precision_without_estimate": match settings.when_nothing_estimated {
                WhenNothingEstimated::Zero => "zero",
                WhenNothingEstimated::Undefined => "undefined",
            },
        },
        "segment_based": { "segment_secs": settings.segment_secs },
        "intersection_based": {
            "dtc": settings.intersection_based.detection_share,
            "gtc": settings.intersection_based.reference_share,
            "cttc": settings.intersection_based.cross_trigger_share,
        },
        "quirks": match settings.quirks {
            Quirks::Corrected => "corrected",
            Quirks::AsReference => "as_reference",
        },
    })
}

fn events(events: &[LabelledSpan<'_>], outcomes: &[Outcome]) -> Vec<Value> {
    let one = |(event, outcome): (&LabelledSpan<'_>, &Outcome)| {
        let mut one = json!({
            "filename": event.file,
            "onset": event.span.onset_secs,
            "offset": event.span.offset_secs,
            "event_label": event.label,
            "outcome": match outcome {
                Outcome::Hit(_) => "hit",
                Outcome::Boundary(_) => "boundary",
                Outcome::Confusion(_) => "confusion",
                Outcome::Miss => "miss",
                Outcome::FalseAlarm => "false_alarm",
                Outcome::LeftOut => "left_out",
            },
        });
        if let Some(pair) = outcome.pair() {
            one["partner"] = json!(pair.partner);
            one["onset_deviation"] = json!(pair.onset_deviation_secs);
            one["offset_deviation"] = json!(pair.offset_deviation_secs);
            one["overlap"] = json!(pair.overlap_secs);
        }
        one
    };
    events.iter().zip(outcomes).map(one).collect()
}

fn confusion(lists: &Lists<'_>, outcomes: &Outcomes) -> Vec<Value> {
    let confusion = outcomes.confusion(&lists.reference, &lists.estimated);
    let cells = confusion.iter().map(|((reference, estimated), cell)| {
        json!({ "reference": reference, "estimated": estimated, "events": cell.events, "overlap": cell.overlap_secs })
    });
    cells.collect()
}
