//! Integration tests: metric.

use earmark::metric::{Counts, EventBased, LabelledSpan, Matching, WhenNothingEstimated, event_based, mean};
use earmark::time::Span;
use serde_json::Value;

fn events(list: &Value) -> Vec<LabelledSpan<'_>> {
    let event = |row: &'_ Value| -> Span {
        Span { onset_secs: row["onset"].as_f64().unwrap(), offset_secs: row["offset"].as_f64().unwrap() }
    };
    list.as_array()
        .unwrap()
        .iter()
        .map(|row| LabelledSpan {
            file: row["file"].as_str().unwrap(),
            span: event(row),
            label: row["event_label"].as_str().unwrap(),
        })
        .collect()
}

fn rule_of(key: &str) -> (EventBased, WhenNothingEstimated) {
    let mut rule = EventBased::default();
    // In this order, because 250ms has 50ms in it.
    let collars = [("250ms", 0.25), ("200ms", 0.2), ("50ms", 0.05)];
    rule.collar_secs = collars.iter().find(|(name, _)| key.contains(name)).unwrap().1;
    rule.offset_share = if key.contains("50pct") { 0.5 } else { 0.2 };
    rule.compare_onsets = !key.contains("offset_only");
    rule.compare_offsets = !key.contains("onset_only");
    if key.contains("greedy") {
        rule.matching = Matching::Greedy;
    }
    let zero = key.contains("zero_score");
    (rule, if zero { WhenNothingEstimated::Zero } else { WhenNothingEstimated::Undefined })
}

fn close(what: &str, ours: Option<f64>, theirs: &Value) {
    match (ours, theirs.as_f64()) {
        (Some(ours), Some(theirs)) => assert!((ours - theirs).abs() < 1e-9, "{what}: {ours} ≠ {theirs}"),
        (ours, theirs) => assert_eq!(ours, theirs, "{what}"),
    }
}

fn compare(what: &str, counts: &Counts, when_nothing: WhenNothingEstimated, theirs: &Value) {
    let theirs = &theirs["f_measure"];
    close(&format!("{what} F"), counts.f_score(when_nothing), &theirs["f_measure"]);
    close(&format!("{what} P"), counts.precision(when_nothing), &theirs["precision"]);
    close(&format!("{what} R"), counts.recall(), &theirs["recall"]);
}

#[test]
fn event_based_scores_are_those_of_sed_eval() {
    let mut compared = 0;
    for name in [
        "basic_mixed",
        "degenerate_times",
        "empty_predictions",
        "empty_reference",
        "one_sided_classes",
        "overlapping_same_class",
        "random_24_files",
    ] {
        let path = format!("{}/tests/data/metric/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let case: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let (reference, estimated) = (events(&case["reference"]), events(&case["estimated"]));
        for (labels_key, results) in case["expected"].as_object().unwrap() {
            for (key, theirs) in results.as_object().unwrap() {
                let what = format!("{name} {labels_key} {key}");
                let (rule, when_nothing) = rule_of(key);
                let scores = event_based(&reference, &estimated, &rule);
                let overall = scores.overall();
                compare(&what, &overall, when_nothing, &theirs["overall"]);
                close(&what, Some(overall.true_positives as f64), &theirs["counts"]["Ntp"]);
                close(&what, Some(overall.reference() as f64), &theirs["counts"]["Nref"]);
                close(&what, Some(overall.estimated() as f64), &theirs["counts"]["Nsys"]);
                // With the labels of the reference only, the overall counts are still those of all events.
                let classes = theirs["class_wise"].as_object().unwrap();
                let of = |label: &String| scores.per_class.get(label).copied().unwrap_or_default();
                for (label, class) in classes {
                    compare(&format!("{what} {label}"), &of(label), when_nothing, class);
                }
                let average = &theirs["class_wise_average"]["f_measure"];
                let f_scores = classes.keys().map(|label| of(label).f_score(when_nothing));
                close(&what, mean(f_scores), &average["f_measure"]);
                close(&what, mean(classes.keys().map(|label| of(label).recall())), &average["recall"]);
                if labels_key.ends_with("union") {
                    close(&what, scores.macro_f_score(when_nothing), &average["f_measure"]);
                }
                compared += 1;
            }
        }
    }
    assert!(compared >= 7 * 7, "{compared}");
}

#[test]
fn partners_point_at_each_other() {
    let event =
        |onset: f64, label: &'static str| LabelledSpan { file: "a", span: Span::between(onset, onset + 1.0), label };
    let reference = [event(1.0, "Dog"), event(5.0, "Dog"), event(1.0, "Cat")];
    let estimated = [event(5.1, "Dog"), event(1.1, "Cow"), event(0.9, "Cat")];
    let scores = event_based(&reference, &estimated, &EventBased::default());
    assert_eq!(scores.partner_of_reference, [None, Some(0), Some(2)]);
    assert_eq!(scores.partner_of_estimated, [Some(1), None, Some(2)]);
    assert_eq!(scores.per_class["Cow"], Counts { false_positives: 1, ..Counts::default() });
}
