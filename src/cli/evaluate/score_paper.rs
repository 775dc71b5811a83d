//! An evaluation of frame scores as tables for people and as JSON. Computes nothing.

use super::scores::Outcome;
use crate::cli::table::{Align, aligned};
use crate::metric::{ClassF, ClassReport, FScore, Measured, PsdRoc, Psds, ScoreReport, Undefined};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

/// So many points of a PSD-ROC are written at most.
const ROC_POINTS: usize = 256;

type OfClass = fn(&ClassReport) -> Result<&ClassF, Undefined>;

/// The kinds of F-scores: key, name, and where they stand.
const F_SCORES: [(&str, &str, OfClass); 3] = [
    ("collar", "Event-based F", |class| class.collar.as_ref().map_err(|&why| why)),
    ("intersection", "Intersection-based F", |class| class.intersection.as_ref().map_err(|&why| why)),
    ("segment", "Segment-based F", |class| class.segment.as_ref().map_err(|&why| why)),
];

type OfAreas = fn(&ClassReport) -> Measured;

const AREAS: [(&str, &str, OfAreas); 4] = [
    ("segment_auroc", "AUROC over segments", |class| class.area_under_roc),
    ("segment_partial_auroc", "Partial AUROC over segments", |class| class.partial_area_under_roc),
    ("segment_average_precision", "AP over segments", |class| class.average_precision),
    ("frame_average_precision", "AP over frames", |class| class.frame_average_precision),
];

/// Tables: all classes together, then class by class.
pub(super) fn tables(outcome: &Outcome<'_>) -> String {
    let report = &outcome.report;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} recordings, {:.1} h, {} classes with scores\n",
        outcome.set.files().len(),
        outcome.set.duration_secs() / 3600.0,
        outcome.set.classes().len()
    );
    text += &aligned(&[Align::Left, Align::Right, Align::Left], &overall_rows(outcome));
    text.push('\n');
    text += &class_table(outcome);
    let reasons: BTreeSet<Undefined> = report
        .psds
        .iter()
        .flat_map(|psds| &psds.per_class)
        .filter_map(|score| score.err())
        .filter(|reason| *reason != Undefined::NotWanted)
        .collect();
    for reason in reasons {
        let _ = writeln!(text, "  n/a: {reason}");
    }
    for note in &outcome.notes {
        let _ = writeln!(text, "  {note}");
    }
    text
}

fn overall_rows(outcome: &Outcome<'_>) -> Vec<Vec<String>> {
    let report = &outcome.report;
    let row = |name: &str, value: String, remark: &str| vec![name.to_owned(), value, remark.to_owned()];
    let mut rows = vec![row("All classes", String::new(), "")];
    let [psds1, psds2] = &report.psds;
    if is_wanted(&psds1.per_class) {
        rows.push(row("PSDS1", cell(psds1.score), "DTC 0.7, GTC 0.7, α_ST 1"));
        rows.push(row("PSDS1, mean of classes", cell(psds1.class_mean), "as papers on AudioSet Strong tell it"));
    }
    if is_wanted(&psds2.per_class) {
        rows.push(row("PSDS2", cell(psds2.score), "DTC 0.1, GTC 0.1, CTTC 0.3, α_CT 0.5, α_ST 1"));
    }
    for (place, psds) in outcome.by_thresholds.iter().flatten().enumerate() {
        rows.push(row(&format!("PSDS{} by 50 thresholds", place + 1), cell(psds.score), "as psds_eval computes it"));
    }
    let thresholds = [
        (true, "best threshold of each class".to_owned()),
        (false, format!("threshold {}", outcome.settings.threshold)),
    ];
    for (_, name, of_class) in F_SCORES {
        for (is_best, remark) in &thresholds {
            if let Some(average) = report.average_f(|class| of_class(class).ok().map(|of| chosen(of, *is_best))) {
                rows.push(row(&format!("{name}, mean of classes"), format!("{:.4}", average.mean[0]), remark));
                rows.push(row(&format!("{name}, all together"), format!("{:.4}", average.micro.f), remark));
            }
        }
    }
    for (_, name, of_class) in AREAS {
        let values: Vec<Measured> = report.classes.iter().map(of_class).collect();
        if is_wanted(&values) {
            rows.push(row(&format!("{name}, mean of classes"), cell(report.mean(of_class)), ""));
        }
    }
    rows
}

/// Whether any of it was computed.
fn is_wanted(values: &[Measured]) -> bool {
    values.iter().any(|value| *value != Err(Undefined::NotWanted))
}

/// Class by class, with a column for what was computed.
fn class_table(outcome: &Outcome<'_>) -> String {
    let (set, report) = (&outcome.set, &outcome.report);
    let mut columns: Vec<Vec<String>> = vec![vec!["Class".to_owned()], vec!["Events".to_owned()]];
    columns[0].extend(set.classes().iter().map(|&name| name.to_owned()));
    columns[1].extend(set.totals().iter().map(|totals| totals.events.to_string()));
    let mut add = |head: &str, values: &[Measured]| {
        if is_wanted(values) {
            columns.push(std::iter::once(head.to_owned()).chain(values.iter().map(|&value| cell(value))).collect());
        }
    };
    add("PSDS1", &report.psds[0].per_class);
    add("PSDS2", &report.psds[1].per_class);
    for (head, (.., of_class)) in ["Event F", "Inters. F", "Segment F"].into_iter().zip(F_SCORES) {
        let values =
            |part: fn(&ClassF) -> f64| report.classes.iter().map(|class| of_class(class).map(part)).collect::<Vec<_>>();
        add(head, &values(|of| of.best.score.f));
        add("at", &values(|of| of.best.threshold));
    }
    for (head, (.., of_class)) in ["AUROC", "Partial", "AP", "Frame AP"].into_iter().zip(AREAS) {
        add(head, &report.classes.iter().map(of_class).collect::<Vec<_>>());
    }
    let rows: Vec<Vec<String>> =
        (0..=set.classes().len()).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect();
    let mut aligns = vec![Align::Left];
    aligns.resize(columns.len(), Align::Right);
    aligned(&aligns, &rows)
}

fn chosen(of: &ClassF, is_best: bool) -> FScore {
    if is_best { of.best.score } else { of.at_threshold }
}

fn cell(value: Measured) -> String {
    value.map_or_else(|_| "n/a".to_owned(), |value| format!("{value:.4}"))
}

/// Everything. `null` is a value that there is not; why stands in `not_available` of the class.
pub(super) fn json(outcome: &Outcome<'_>, has_curves: bool) -> Value {
    let (set, report) = (&outcome.set, &outcome.report);
    let mut overall = Map::new();
    for (place, psds) in report.psds.iter().enumerate() {
        overall.insert(format!("psds{}", place + 1), psds_value(psds, has_curves));
    }
    for (place, psds) in outcome.by_thresholds.iter().flatten().enumerate() {
        overall.insert(format!("psds{}_by_thresholds", place + 1), psds_value(psds, has_curves));
    }
    for (key, _, of_class) in F_SCORES {
        for (kind, is_best) in [("best", true), ("at_threshold", false)] {
            overall.insert(
                format!("{key}_f_{kind}"),
                average_value(report, &|class| of_class(class).ok().map(|of| chosen(of, is_best))),
            );
        }
    }
    for (key, _, of_class) in AREAS {
        overall.insert(key.to_owned(), json!(report.mean(of_class).ok()));
    }
    let classes: Map<String, Value> = (0..set.classes().len())
        .map(|place| (set.classes()[place].to_owned(), class_value(outcome, place, has_curves)))
        .collect();
    json!({
        "settings": settings_value(outcome),
        "recordings": set.files().len(),
        "duration_secs": set.duration_secs(),
        "overall": overall,
        "per_class": classes,
        "notes": outcome.notes,
    })
}

fn settings_value(outcome: &Outcome<'_>) -> Value {
    let settings = &outcome.settings;
    json!({
        "psds": settings.psds.map(|psds| json!({
            "dtc": psds.rule.detection_share,
            "gtc": psds.rule.reference_share,
            "cttc": psds.cross.map(|cross| cross.share),
            "alpha_ct": psds.cross.map_or(0.0, |cross| cross.weight),
            "alpha_st": psds.spread_weight,
            "max_efpr_per_hour": psds.most_per_hour,
        })),
        "onset_collar_secs": settings.collars.onset_secs,
        "offset_collar_secs": settings.collars.offset_secs,
        "offset_collar_share": settings.collars.offset_share,
        "segment_secs": settings.segment_secs,
        "intersection_dtc": settings.intersection.detection_share,
        "intersection_gtc": settings.intersection.reference_share,
        "threshold": settings.threshold,
        "boxes": outcome.boxes,
        "partial_auroc_max_fpr": settings.most_alarms,
    })
}

fn psds_value(psds: &Psds, has_curves: bool) -> Value {
    let mut value = json!({ "score": psds.score.ok(), "class_mean": psds.class_mean.ok() });
    if has_curves {
        value["roc"] = roc_value(&psds.effective);
    }
    value
}

fn roc_value(roc: &PsdRoc) -> Value {
    let last = roc.points.last().map_or(0.0, |point| point.per_hour);
    let points = roc.thinned(ROC_POINTS, last);
    json!(
        points
            .iter()
            .map(|point| json!([point.per_hour, point.found, point.below.filter(|below| below.is_finite())]))
            .collect::<Vec<_>>()
    )
}

fn average_value(report: &ScoreReport, of_class: &dyn Fn(&ClassReport) -> Option<FScore>) -> Value {
    report.average_f(of_class).map_or(Value::Null, |average| {
        let [f, precision, recall] = average.mean;
        json!({
            "class_mean": { "f": f, "precision": precision, "recall": recall },
            "micro": f_value(&average.micro),
        })
    })
}

fn f_value(score: &FScore) -> Value {
    json!({
        "f": score.f,
        "precision": score.precision,
        "recall": score.recall,
        "true_positives": score.counts.true_positives,
        "false_positives": score.counts.false_positives,
        "reference": score.counts.reference(),
    })
}

fn class_value(outcome: &Outcome<'_>, place: usize, has_curves: bool) -> Value {
    let (class, totals) = (&outcome.report.classes[place], outcome.set.totals()[place]);
    let mut row = Map::new();
    let mut reasons: Map<String, Value> = Map::new();
    let mut put = |key: String, value: Result<Value, Undefined>| {
        if let Err(reason) = &value {
            reasons.insert(key.clone(), reason.to_string().into());
        }
        row.insert(key, value.unwrap_or(Value::Null));
    };
    put("reference_events".to_owned(), Ok(totals.events.into()));
    put("reference_secs".to_owned(), Ok(totals.secs.into()));
    for (number, (psds, roc)) in outcome.report.psds.iter().zip(&class.rocs).enumerate() {
        put(format!("psds{}", number + 1), psds.per_class[place].map(|score| json!(score)));
        if let (true, Ok(roc)) = (has_curves, roc) {
            put(format!("psds{}_roc", number + 1), Ok(roc_value(roc)));
        }
    }
    for (number, psds) in outcome.by_thresholds.iter().flatten().enumerate() {
        put(format!("psds{}_by_thresholds", number + 1), psds.per_class[place].map(|score| json!(score)));
    }
    for (key, _, of_class) in F_SCORES {
        let of = of_class(class);
        put(format!("{key}_f_at_threshold"), of.map(|of| f_value(&of.at_threshold)));
        let best = |of: &ClassF| {
            let mut value = f_value(&of.best.score);
            value["threshold"] = json!(Some(of.best.threshold).filter(|threshold| threshold.is_finite()));
            value
        };
        put(format!("{key}_f_best"), of.map(best));
        if let (true, Ok(of)) = (has_curves, of) {
            let points = of.curve.iter().filter(|(below, _)| below.is_finite());
            let curve: Vec<Value> =
                points.map(|(below, score)| json!([below, score.f, score.precision, score.recall])).collect();
            put(format!("{key}_f_curve"), Ok(curve.into()));
        }
    }
    for (key, _, of_class) in AREAS {
        put(key.to_owned(), of_class(class).map(|value| json!(value)));
    }
    if !reasons.is_empty() {
        row.insert("not_available".to_owned(), reasons.into());
    }
    row.into()
}
