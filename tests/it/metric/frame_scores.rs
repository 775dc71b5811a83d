//! Measures over frame scores against values of sed_scores_eval and psds_eval: every value of the cases in `tests/data/eval`, whose README
//! says the settings, and of the recipe there, whose scores are in `tests/data/metric_scores`.

use crate::npy;
use earmark::decision::{BoxRule, MedianEdges, bounding_boxes, median_filter};
use earmark::metric::{
    Collars, FScore, IntersectionRule, LabelledSpan, Measured, Psds, PsdsSettings, ScoreTable, ScoredFile, ScoredSet,
    ThresholdCurve, Undefined, Values, apart, collar_curve, fifty_thresholds, intersection_curve, micro_average, psds,
    psds_by_thresholds, segment_curve,
};
use earmark::time::Span;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Expected values that were compared, and the greatest deviation.
#[derive(Default)]
struct Tally {
    numbers: usize,
    refusals: usize,
    /// Where the reference program leaves the value to chance.
    chances: usize,
    worst: f64,
}

impl Tally {
    fn number(&mut self, what: &str, ours: Option<f64>, theirs: &Value) {
        self.numbers += 1;
        let Some(theirs) = theirs.as_f64() else {
            assert!(theirs.is_null(), "{what}: {theirs}");
            assert!(ours.is_none_or(|ours| !ours.is_finite()), "{what}: {ours:?} where there is no number");
            return;
        };
        let deviation = (ours.unwrap_or(f64::NAN) - theirs).abs() / theirs.abs().max(1.0);
        assert!(deviation < 1e-9, "{what}: {ours:?} ≠ {theirs}");
        self.worst = self.worst.max(deviation);
    }

    /// The reference program gives nothing at all: so does this one, for at least one class, and says why.
    fn refusal(&mut self, what: &str, reasons: &[Undefined], expected: &[Undefined]) {
        self.refusals += 1;
        assert!(reasons.iter().any(|reason| expected.contains(reason)), "{what}: {reasons:?}");
    }
}

fn spans(list: &Value) -> Vec<LabelledSpan<'_>> {
    let seconds = |row: &Value, key: &str| row[key].as_f64().unwrap();
    let event = |row: &'_ Value| Span { onset_secs: seconds(row, "onset"), offset_secs: seconds(row, "offset") };
    let rows = list.as_array().unwrap().iter();
    rows.map(|row| LabelledSpan {
        file: row["file"].as_str().unwrap(),
        span: event(row),
        label: row["event_label"].as_str().unwrap(),
    })
    .collect()
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// The variant of a case that a block of expected values is about.
struct Variant<'a> {
    classes: Vec<&'a str>,
    reference: Vec<LabelledSpan<'a>>,
    files: Vec<(&'a str, f64)>,
    tables: Vec<ScoreTable<'static>>,
}

impl<'a> Variant<'a> {
    fn of(case: &'a Value, block: &str) -> Self {
        let mut reference = spans(&case["reference"]);
        if block.contains("reference_merged") {
            reference = apart(&reference);
        }
        let with_events: BTreeSet<&str> = reference.iter().map(|event| event.file).collect();
        let labels: BTreeSet<&str> = reference.iter().map(|event| event.label).collect();
        let mut classes: Vec<&str> =
            case["labels"].as_array().unwrap().iter().map(|label| label.as_str().unwrap()).collect();
        if block.contains("labels_of_reference") {
            classes.retain(|class| labels.contains(class));
        }
        let all_files = case["files"].as_array().unwrap().iter();
        let mut files: Vec<(&str, f64)> =
            all_files.map(|file| (file["file"].as_str().unwrap(), file["duration"].as_f64().unwrap())).collect();
        if block.contains("only_files_with_events") {
            files.retain(|(file, _)| with_events.contains(file));
        }
        let table = |(file, _): &(&str, f64)| {
            let scores = &case["scores"][*file];
            let values = classes.iter().flat_map(|class| numbers(&scores["classes"][*class])).collect();
            ScoreTable::new(Cow::Owned(numbers(&scores["timestamps"])), Values::Double(Cow::Owned(values))).unwrap()
        };
        let tables = files.iter().map(table).collect();
        Self { classes, reference, files, tables }
    }

    fn set(&self) -> ScoredSet<'_> {
        let files = self.files.iter().zip(&self.tables);
        let files = files.map(|(&(name, duration_secs), table)| ScoredFile { name, duration_secs, scores: table });
        ScoredSet::new(self.classes.clone(), files.collect(), &self.reference).unwrap()
    }
}

fn settings_of(key: &str) -> PsdsSettings {
    match key {
        "psds1_desed" => PsdsSettings::SCENARIO_1,
        "psds2_desed" => PsdsSettings::SCENARIO_2,
        "psds_05_05_03_plain" => PsdsSettings {
            rule: IntersectionRule { detection_share: 0.5, reference_share: 0.5 },
            cross: None,
            spread_weight: 0.0,
            most_per_hour: 100.0,
        },
        _ => panic!("{key}: no such settings"),
    }
}

fn compare_psds(what: &str, ours: &Psds, classes: &[&str], theirs: &Value, tally: &mut Tally) {
    tally.number(what, ours.score.ok(), &theirs["psds"]);
    let defined = classes.iter().zip(&ours.per_class).filter(|(_, score)| **score != Err(Undefined::NoReference));
    let defined: Vec<_> = defined.collect();
    assert_eq!(defined.len(), theirs["per_class"].as_object().unwrap().len(), "{what}");
    for (class, score) in defined {
        tally.number(&format!("{what} {class}"), score.ok(), &theirs["per_class"][*class]);
    }
    if let Some(mean) = theirs.get("mean_of_per_class") {
        tally.number(&format!("{what} mean"), ours.class_mean.ok(), mean);
    }
}

/// One number of an F-score.
type Part = fn(&FScore) -> f64;

/// F-scores, with their averages and counts.
fn compare_f(
    what: &str,
    set: &ScoredSet<'_>,
    curves: &[ThresholdCurve],
    scores: &[FScore],
    theirs: &Value,
    tally: &mut Tally,
) {
    let micro = micro_average(scores);
    let parts: [(&str, Part); 3] =
        [("f", |score| score.f), ("precision", |score| score.precision), ("recall", |score| score.recall)];
    for (key, part) in parts {
        let mean = scores.iter().map(part).sum::<f64>() / scores.len() as f64;
        tally.number(&format!("{what} {key} macro"), Some(mean), &theirs[key]["macro_average"]);
        tally.number(&format!("{what} {key} micro"), Some(part(&micro)), &theirs[key]["micro_average"]);
        for (class, score) in set.classes().iter().zip(scores) {
            tally.number(&format!("{what} {key} {class}"), Some(part(score)), &theirs[key][*class]);
        }
        assert_eq!(theirs[key].as_object().unwrap().len(), scores.len() + 2, "{what}");
    }
    for (place, (class, score)) in set.classes().iter().zip(scores).enumerate() {
        for (key, count) in theirs["counts"][*class].as_object().unwrap() {
            let what = format!("{what} {class} {key}");
            let counts = score.counts;
            let negatives = curves[place].negatives.unwrap_or_default();
            let ours = match key.as_str() {
                "tps" => counts.true_positives as f64,
                "fps" => counts.false_positives as f64,
                "n_ref" => counts.reference() as f64,
                "n_sys" => counts.estimated() as f64,
                "tns" => (negatives - counts.false_positives) as f64,
                // Not counted by these settings, and 0 there too.
                "cts" => 0.0,
                "t_ref" => set.totals()[place].secs,
                "n_ref_other" | "t_ref_other" => {
                    for (other, theirs) in count.as_object().unwrap() {
                        let other = set.classes().iter().position(|class| class == other).unwrap();
                        let totals = set.totals()[other];
                        let ours = if key == "n_ref_other" { totals.events as f64 } else { totals.secs };
                        tally.number(&what, Some(ours), theirs);
                    }
                    continue;
                }
                _ => panic!("{what}: not known"),
            };
            tally.number(&what, Some(ours), count);
        }
    }
}

/// Areas under segment-wise ROCs. sed_scores_eval 0.0.4 sorts points by false alarms once more, by a sort that is not stable, so that which of
/// several shares found at one rate of false alarms counts depends on the processor. `in_order` is what it gives where a stable sort is put in
/// its place; the values of the case may only lie below.
fn compare_areas(what: &str, set: &ScoredSet<'_>, values: &[Measured], theirs: &Value, tally: &mut Tally) {
    let in_order: Value = read_json("metric_scores/auroc_with_ties_in_order.json");
    let mut of_chance = theirs.clone();
    for (class, stable) in in_order[what.replace('"', "")].as_object().unwrap() {
        let kept = theirs[class].as_f64().unwrap();
        if (kept - stable.as_f64().unwrap()).abs() > 1e-9 {
            assert!(kept < stable.as_f64().unwrap(), "{what} {class}: {kept}");
            tally.chances += 1;
        }
        of_chance[class] = stable.clone();
    }
    compare_measured(what, set, values, &of_chance, tally);
}

fn read_json(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(data(path)).unwrap()).unwrap()
}

fn compare_measured(what: &str, set: &ScoredSet<'_>, values: &[Measured], theirs: &Value, tally: &mut Tally) {
    for (class, value) in set.classes().iter().zip(values) {
        tally.number(&format!("{what} {class}"), value.ok(), &theirs[*class]);
    }
    let mean = values.iter().map(|value| value.unwrap()).sum::<f64>() / values.len() as f64;
    tally.number(&format!("{what} mean"), Some(mean), &theirs["mean"]);
    assert_eq!(theirs.as_object().unwrap().len(), values.len() + 1, "{what}");
}

/// The curves of all classes, or why some have none.
fn curves_of(
    set: &ScoredSet<'_>,
    curve: impl Fn(usize) -> Result<ThresholdCurve, Undefined>,
) -> Result<Vec<ThresholdCurve>, Vec<Undefined>> {
    let (mut curves, mut reasons) = (Vec::new(), Vec::new());
    for class in 0..set.classes().len() {
        match curve(class) {
            Ok(curve) => curves.push(curve),
            Err(reason) => reasons.push(reason),
        }
    }
    if reasons.is_empty() { Ok(curves) } else { Err(reasons) }
}

const REFUSED: &[Undefined] = &[Undefined::NoReference, Undefined::Connected];

fn compare_scores_eval(what: &str, set: &ScoredSet<'_>, key: &str, theirs: &Value, tally: &mut Tally) {
    if key.starts_with("psds") {
        if key == "psds_05_05_03_plain" {
            // A tolerance for cross-triggers that count nothing is refused there, and cannot be said here.
            assert_eq!(theirs["raises"], "ValueError");
            tally.refusals += 1;
            return;
        }
        let ours = psds(set, &settings_of(key));
        if theirs.get("raises").is_some() {
            let reasons: Vec<Undefined> = ours.per_class.iter().filter_map(|score| score.err()).collect();
            return tally.refusal(what, &reasons, REFUSED);
        }
        return compare_psds(what, &ours, set.classes(), theirs, tally);
    }
    let half = IntersectionRule { detection_share: 0.5, reference_share: 0.5 };
    let curves = curves_of(set, |class| match key {
        _ if key.starts_with("collar") => collar_curve(set, class, &Collars::default()),
        _ if key.starts_with("segment_1s") => segment_curve(set, class, 1.0),
        "intersection_f_at_0.5_dtc0.5_gtc0.5" => intersection_curve(set, class, &half, None),
        _ => panic!("{what}: no such measure"),
    });
    let curves = match curves {
        Ok(curves) => curves,
        Err(reasons) => {
            assert!(theirs.get("raises").is_some(), "{what}: {reasons:?}");
            return tally.refusal(what, &reasons, REFUSED);
        }
    };
    if key.contains("_at_0.5") {
        let scores: Vec<FScore> = curves.iter().map(|curve| curve.f_at(0.5)).collect();
        compare_f(what, set, &curves, &scores, theirs, tally);
    } else if key.contains("best_f") {
        let best: Vec<_> = curves.iter().map(ThresholdCurve::best_f).collect();
        let scores: Vec<FScore> = best.iter().map(|best| best.score).collect();
        compare_f(what, set, &curves, &scores, theirs, tally);
        for (class, best) in set.classes().iter().zip(&best) {
            tally.number(&format!("{what} threshold {class}"), Some(best.threshold), &theirs["threshold"][*class]);
        }
    } else {
        let values: Vec<Measured> = curves
            .iter()
            .map(|curve| match key {
                "segment_1s_auroc" => curve.area_under_roc(1.0),
                "segment_1s_auroc_max_fpr_0.1" => curve.area_under_roc(0.1),
                "segment_1s_average_precision" => curve.average_precision(),
                _ => panic!("{what}: no such measure"),
            })
            .collect();
        let compare = if key.contains("auroc") { compare_areas } else { compare_measured };
        compare(what, set, &values, theirs, tally);
    }
}

fn compare_psds_eval(what: &str, set: &ScoredSet<'_>, key: &str, theirs: &Value, tally: &mut Tally) {
    let settings = settings_of(key);
    let mut ours = psds_by_thresholds(set, &settings, &fifty_thresholds());
    if theirs.get("raises").is_some() {
        let reasons: Vec<Undefined> = ours.per_class.iter().filter_map(|score| score.err()).collect();
        return tally.refusal(what, &reasons, &[Undefined::Overlapping, Undefined::NoReference]);
    }
    // The classes' own areas are kept without the cost of cross-triggers there.
    let without_cross = PsdsSettings { cross: None, ..settings };
    ours.per_class = psds_by_thresholds(set, &without_cross, &fifty_thresholds()).per_class;
    compare_psds(what, &ours, set.classes(), theirs, tally);
}

/// How many values there are within.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(parts) => parts.values().map(leaves).sum(),
        Value::Array(rows) => rows.iter().map(leaves).sum(),
        _ => 1,
    }
}

fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)
}

#[test]
fn every_value_of_the_cases_is_that_of_the_reference_programs() {
    let (mut tally, mut there, mut merged) = (Tally::default(), 0, 0);
    let mut cases: Vec<PathBuf> = std::fs::read_dir(data("eval")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    cases.sort();
    assert_eq!(cases.len(), 7);
    for path in cases {
        let case: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for (block, results) in case["expected"].as_object().unwrap() {
            if block == "reference_merged" {
                let mut theirs = spans(results);
                theirs.sort_by(|a, b| {
                    (a.file, a.label).cmp(&(b.file, b.label)).then(a.span.onset_secs.total_cmp(&b.span.onset_secs))
                });
                assert_eq!(apart(&spans(&case["reference"])), theirs, "{}", case["name"]);
                merged += leaves(results);
                continue;
            }
            if !block.starts_with("psds_eval") && !block.starts_with("sed_scores_eval") {
                continue;
            }
            let variant = Variant::of(&case, block);
            let set = variant.set();
            for (key, theirs) in results.as_object().unwrap() {
                let what = format!("{} {block} {key}", case["name"]);
                // F-scores of event lists are another measure's.
                if key.ends_with("f1_of_event_list") {
                    continue;
                }
                there += leaves(theirs);
                if block.starts_with("psds_eval") {
                    compare_psds_eval(&what, &set, key, theirs, &mut tally);
                } else {
                    compare_scores_eval(&what, &set, key, theirs, &mut tally);
                }
            }
        }
    }
    assert_eq!((tally.numbers + tally.refusals, merged), (there, 32));
    // The classes' own areas with that cost, by psds_eval 0.5.3 itself.
    let case: Value =
        serde_json::from_str(&std::fs::read_to_string(data("eval/random_24_files.json")).unwrap()).unwrap();
    let variant = Variant::of(&case, "psds_eval");
    let with_cross = psds_by_thresholds(&variant.set(), &PsdsSettings::SCENARIO_2, &fifty_thresholds());
    let theirs = [0.7770589914535719, 0.6362283207966527, 0.6464219456751532, 0.6550215194688029, 0.3204612213253075];
    for (ours, theirs) in with_cross.per_class.iter().zip(theirs) {
        tally.number("with cross-triggers", ours.ok(), &theirs.into());
    }
    println!(
        "{} numbers, {} refusals, {} by chance, worst {:e}",
        tally.numbers, tally.refusals, tally.chances, tally.worst
    );
    assert_eq!((tally.numbers, tally.refusals, tally.chances), (1417, 58, 12));
}

/// Classes, the lengths of recordings, their scores, and the reference: recording, span, label.
type Recipe = (Vec<String>, Vec<(String, f64)>, Vec<ScoreTable<'static>>, Vec<(String, Span, String)>);

/// The synthetic recordings of the recipe: scores after a median of 9 frames, of the files with events.
fn recipe() -> Recipe {
    let rows = |path: &str| -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(data(path)).unwrap();
        text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
    };
    let events: Vec<(String, Span, String)> = rows("eval/recipe/ground_truth.csv")
        .into_iter()
        .map(|row| {
            let span = Span { onset_secs: row[1].parse().unwrap(), offset_secs: row[2].parse().unwrap() };
            (row[0].clone(), span, row[3].clone())
        })
        .collect();
    let arrays = npy::archive(&data("metric_scores/scores.npz"));
    let (logits, shape) = &arrays["logits"];
    let borders = &arrays["timestamps"].0;
    assert_eq!(shape, &[40, 10, 250]);
    let (mut files, mut tables) = (Vec::new(), Vec::new());
    for (row, logits) in rows("eval/recipe/durations.csv").into_iter().zip(logits.chunks(10 * 250)) {
        if events.iter().any(|(file, ..)| *file == row[0]) {
            let filtered = logits.chunks(250).flat_map(|column| {
                let column: Vec<f32> = column.iter().map(|&logit| logit as f32).collect();
                median_filter(&column, 9, MedianEdges::Reflect)
            });
            let values = Values::Single(Cow::Owned(filtered.collect()));
            tables.push(ScoreTable::new(Cow::Owned(borders.clone()), values).unwrap());
            files.push((row[0].clone(), row[1].parse().unwrap()));
        }
    }
    let classes = (0..10).map(|class| format!("class_{class:02}")).collect();
    (classes, files, tables, events)
}

#[test]
fn every_value_of_the_recipe_is_that_of_its_own_metrics() {
    let (classes, files, tables, events) = recipe();
    let reference: Vec<LabelledSpan> =
        events.iter().map(|(file, span, label)| LabelledSpan { file, span: *span, label }).collect();
    let files = files.iter().zip(&tables);
    let files = files.map(|((name, secs), table)| ScoredFile { name, duration_secs: *secs, scores: table }).collect();
    let set = ScoredSet::new(classes.iter().map(String::as_str).collect(), files, &reference).unwrap();
    let theirs = read_json("eval/recipe/metrics.json");
    let mut tally = Tally::default();
    for (number, settings) in [("psds1", PsdsSettings::SCENARIO_1), ("psds2", PsdsSettings::SCENARIO_2)] {
        let ours = psds(&set, &settings);
        tally.number(number, ours.score.ok(), &theirs[number]);
        for (class, score) in set.classes().iter().zip(&ours.per_class) {
            tally.number(&format!("{number} {class}"), score.ok(), &theirs[format!("{number}_class_wise")][*class]);
        }
        if number == "psds1" {
            tally.number("psds1 macro", ours.class_mean.ok(), &theirs["psds1_macro_averaged"]);
        }
    }
    let half = IntersectionRule { detection_share: 0.5, reference_share: 0.5 };
    let measures: [(&str, &dyn Fn(usize) -> ThresholdCurve); 3] = [
        ("collar_f1_at_logit_0", &|class| collar_curve(&set, class, &Collars::default()).unwrap()),
        ("intersection_f1_at_logit_0", &|class| intersection_curve(&set, class, &half, None).unwrap()),
        ("segment_f1_at_logit_0", &|class| segment_curve(&set, class, 1.0).unwrap()),
    ];
    for (name, curve) in measures {
        let scores: Vec<FScore> = (0..10).map(|class| curve(class).f_at(0.0)).collect();
        let mut renamed = theirs[name].clone();
        for (long, short) in [("precision", "p"), ("recall", "r")] {
            renamed[long] = theirs[name][short].clone();
        }
        renamed["counts"] = classes.iter().map(|class| (class.clone(), serde_json::json!({}))).collect();
        compare_f(name, &set, &[], &scores, &renamed, &mut tally);
    }
    let areas: Vec<Measured> =
        (0..10).map(|class| segment_curve(&set, class, 1.0).unwrap().area_under_roc(0.1)).collect();
    let key = "segment_auroc_max_fpr_0.1";
    compare_areas(&format!("recipe {key}"), &set, &areas, &theirs[key], &mut tally);
    println!("{} numbers, {} by chance, worst {:e}", tally.numbers, tally.chances, tally.worst);
    assert_eq!((tally.numbers, tally.chances), (142, 11));
}

#[test]
fn bounding_boxes_are_those_of_sebbs() {
    // Random scores: noise, noise in tenths (plateaus), and smooth curves.
    let cases = read_json("metric_scores/boxes.json");
    let mut compared = 0;
    for (place, case) in cases.as_array().unwrap().iter().enumerate() {
        let rule = BoxRule {
            filter_secs: case["filter_secs"].as_f64().unwrap(),
            merge_difference: case["merge_difference"].as_f64(),
            merge_ratio: case["merge_ratio"].as_f64(),
        };
        let ours = bounding_boxes(&numbers(&case["borders"]), &numbers(&case["scores"]), &rule);
        let ours: Vec<[f64; 3]> =
            ours.iter().map(|one| [one.span.onset_secs, one.span.offset_secs, one.confidence]).collect();
        let theirs: Vec<Vec<f64>> = case["boxes"].as_array().unwrap().iter().map(numbers).collect();
        assert_eq!(ours.len(), theirs.len(), "case {place}: {ours:?} {theirs:?}");
        for (number, theirs) in ours.iter().flatten().zip(theirs.iter().flatten()) {
            assert!((number - theirs).abs() < 1e-9, "case {place}: {ours:?} {theirs}");
            compared += 1;
        }
    }
    assert!(compared >= 400, "{compared}");
}
