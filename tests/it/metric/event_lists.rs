//! Metrics of event lists: every value that sed_eval and psds_eval give for the cases of `tests/data/eval`.

use super::{cases, close, leaves, when_nothing_estimated};
use earmark::annotation::{CompleteSpan, Edited};
use earmark::metric::{
    Boundaries, Completeness, Counts, EventBased, IntersectionBased, IntersectionScores, LabelledSpan, Matching,
    Measured, Outcome, Quirks, SegmentCounts, Undefined, WhenNothingEstimated, event_based, intersection_based, mean,
    outcomes, segment_based,
};
use earmark::time::Span;
use serde_json::Value;
use std::collections::BTreeMap;

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

fn durations(case: &Value) -> BTreeMap<&str, f64> {
    let files = case["files"].as_array().unwrap().iter();
    files.map(|file| (file["file"].as_str().unwrap(), file["duration"].as_f64().unwrap())).collect()
}

/// What our measures give under sed_eval's names, and which of it was compared.
#[derive(Default)]
struct Ours(BTreeMap<String, Measured>);

impl Ours {
    fn put(&mut self, path: &str, values: &[(&str, Measured)]) {
        for (name, value) in values {
            self.0.insert(format!("{path}/{name}"), *value);
        }
    }

    fn put_counts(&mut self, row: &str, counts: &Counts, when_nothing: WhenNothingEstimated) {
        let f_measure = [
            ("f_measure", counts.f_score(when_nothing)),
            ("precision", counts.precision(when_nothing)),
            ("recall", counts.recall()),
        ];
        self.put(&format!("{row}/f_measure"), &f_measure);
    }

    fn put_class(&mut self, label: &str, counts: &Counts, when_nothing: WhenNothingEstimated) {
        let row = format!("class_wise/{label}");
        self.put_counts(&row, counts, when_nothing);
        let errors = counts.error_rate(Quirks::AsReference);
        let rates =
            [("error_rate", errors.total), ("deletion_rate", errors.deletion), ("insertion_rate", errors.insertion)];
        self.put(&format!("{row}/error_rate"), &rates);
        let totals = [("Nref", Ok(counts.reference() as f64)), ("Nsys", Ok(counts.estimated() as f64))];
        self.put(&format!("{row}/count"), &totals);
    }

    fn put_accuracy(&mut self, row: &str, counts: &SegmentCounts) {
        let quirks = Quirks::AsReference;
        let accuracies = [
            ("accuracy", counts.accuracy(quirks)),
            ("balanced_accuracy", counts.balanced_accuracy(quirks)),
            ("sensitivity", counts.sensitivity(quirks)),
            ("specificity", counts.specificity(quirks)),
        ];
        self.put(&format!("{row}/accuracy"), &accuracies);
    }

    fn put_overall_errors(&mut self, errors: &earmark::metric::ErrorRate) {
        let rates = [
            ("error_rate", errors.total),
            ("substitution_rate", errors.substitution),
            ("deletion_rate", errors.deletion),
            ("insertion_rate", errors.insertion),
        ];
        self.put("overall/error_rate", &rates);
    }

    fn put_means(&mut self, labels: &[&str]) {
        let first = format!("class_wise/{}/", labels[0]);
        let columns: Vec<String> =
            self.0.keys().filter_map(|path| path.strip_prefix(&first).map(str::to_owned)).collect();
        for column in columns {
            let values = labels.iter().map(|label| self.0[&format!("class_wise/{label}/{column}")]);
            let value = mean(values);
            self.put("class_wise_average", &[(&column, value)]);
        }
    }

    /// Compares all that the reference program gives.
    fn compare(&self, what: &str, theirs: &Value, path: &str) {
        match theirs {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.compare(what, value, &if path.is_empty() { name.clone() } else { format!("{path}/{name}") });
                }
            }
            value => {
                let ours = self.0.get(path).unwrap_or_else(|| panic!("{what}: {path} is not computed"));
                close(&format!("{what} {path}"), *ours, value);
            }
        }
    }
}

fn rule_of(key: &str) -> EventBased {
    let mut rule = EventBased::default();
    // In this order, because 250ms has 50ms in it.
    let collars = [("250ms", 0.25), ("200ms", 0.2), ("50ms", 0.05)];
    rule.collar_secs = collars.iter().find(|(name, _)| key.contains(name)).unwrap().1;
    rule.offset_share = if key.contains("50pct") { 0.5 } else { 0.2 };
    if key.contains("onset_only") {
        rule.boundaries = Boundaries::OnsetOnly;
    } else if key.contains("offset_only") {
        rule.boundaries = Boundaries::OffsetOnly;
    }
    if key.contains("greedy") {
        rule.matching = Matching::Greedy;
    }
    rule
}

fn event_based_values(key: &str, case: &Value, labels: &[&str]) -> Ours {
    let (reference, estimated) = (events(&case["reference"]), events(&case["estimated"]));
    let when_nothing = when_nothing_estimated(key);
    let scores = event_based(&reference, &estimated, &rule_of(key));
    let overall = scores.overall();
    let mut ours = Ours::default();
    ours.put_counts("overall", &overall, when_nothing);
    ours.put_overall_errors(&scores.error_rate(Quirks::AsReference));
    for &label in labels {
        ours.put_class(label, &scores.per_class.get(label).copied().unwrap_or_default(), when_nothing);
    }
    ours.put_means(labels);
    let substitutions = scores.substitutions;
    // sed_eval takes what it counts as a substitution out of misses and false alarms.
    let counts = [
        ("Nref", overall.reference()),
        ("Nsys", overall.estimated()),
        ("Nsubs", substitutions),
        ("Ntp", overall.true_positives),
        ("Nfp", overall.false_positives - substitutions),
        ("Nfn", overall.false_negatives - substitutions),
    ];
    ours.put("counts", &counts.map(|(name, count)| (name, Ok(count as f64))));
    ours
}

fn segment_based_values(key: &str, case: &Value, labels: &[&str]) -> Ours {
    let (reference, estimated) = (events(&case["reference"]), events(&case["estimated"]));
    let segment_secs = if key.contains("100ms") { 0.1 } else { 1.0 };
    let lengths = if key.contains("file_length") { durations(case) } else { BTreeMap::new() };
    let scores = segment_based(&reference, &estimated, segment_secs, &lengths, None);
    let overall = scores.overall();
    let undefined = WhenNothingEstimated::Undefined;
    let mut ours = Ours::default();
    ours.put_counts("overall", &overall.active, undefined);
    ours.put_overall_errors(&scores.error_rate(Quirks::AsReference));
    ours.put_accuracy("overall", &overall);
    for &label in labels {
        ours.put_class(label, &scores.per_class[label].active, undefined);
        ours.put_accuracy(&format!("class_wise/{label}"), &scores.per_class[label]);
    }
    ours.put_means(labels);
    let counts = [
        ("Ntp", overall.active.true_positives),
        ("Ntn", overall.true_negatives),
        ("Nfp", overall.active.false_positives),
        ("Nfn", overall.active.false_negatives),
        ("Nref", overall.active.reference()),
        ("Nsys", overall.active.estimated()),
        // sed_eval never counts into this field.
        ("ER", 0),
        ("S", scores.substitutions),
        ("D", scores.deletions),
        ("I", scores.insertions),
    ];
    ours.put("counts", &counts.map(|(name, count)| (name, Ok(count as f64))));
    ours
}

#[test]
fn every_value_of_sed_eval() {
    let (mut compared, mut refused) = (0, 0);
    for (name, case) in cases() {
        let expected = case["expected"].as_object().unwrap();
        let of_sed_eval = expected.iter().filter(|(labels_key, _)| labels_key.starts_with("sed_eval"));
        for (labels_key, results) in of_sed_eval {
            for (key, theirs) in results.as_object().unwrap() {
                let what = format!("{name} {labels_key} {key}");
                // With the labels of the reference only, segment-based evaluation stops at the first other label: ours has no such limit.
                if theirs.get("raises").is_some() {
                    assert!(labels_key.ends_with("of_reference") && key.starts_with("segment"), "{what}");
                    refused += 1;
                    continue;
                }
                let labels: Vec<&str> = theirs["class_wise"].as_object().unwrap().keys().map(String::as_str).collect();
                let ours = if key.starts_with("segment") {
                    segment_based_values(key, &case, &labels)
                } else {
                    event_based_values(key, &case, &labels)
                };
                ours.compare(&what, theirs, "");
                compared += leaves(theirs);
            }
        }
    }
    println!("{compared} values of sed_eval compared, {refused} results that it refuses to give");
    // As many as the files hold.
    assert_eq!((compared, refused), (4180, 4));
}

/// Spans that touch or overlap united, and what has no length left out, as the cases with `_reference_merged` have it.
fn merged<'a>(events: &[LabelledSpan<'a>]) -> Vec<LabelledSpan<'a>> {
    let mut groups: BTreeMap<(&str, &str), Vec<Span>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.span.duration_secs() > 0.0) {
        groups.entry((event.file, event.label)).or_default().push(event.span);
    }
    let all = groups.into_iter().flat_map(|((file, label), spans)| {
        earmark::metric::united(spans).into_iter().map(move |span| LabelledSpan { file, span, label })
    });
    all.collect()
}

fn criteria(key: &str) -> IntersectionBased {
    let (detection_share, reference_share) = match key {
        _ if key.starts_with("psds1_desed") => (0.7, 0.7),
        _ if key.starts_with("psds2_desed") => (0.1, 0.1),
        _ if key.starts_with("psds_05_05_03_plain") => (0.5, 0.5),
        _ => panic!("{key}"),
    };
    IntersectionBased { detection_share, reference_share, cross_trigger_share: 0.3 }
}

#[test]
fn every_f_score_of_an_event_list_of_psds_eval() {
    let (mut compared, mut refused) = (0, 0);
    for (name, case) in cases() {
        let (reference, estimated) = (events(&case["reference"]), events(&case["estimated"]));
        let expected = case["expected"].as_object().unwrap();
        for (kind, results) in expected.iter().filter(|(kind, _)| kind.starts_with("psds_eval")) {
            let is_merged = kind.ends_with("merged");
            let lists = if is_merged {
                [merged(&reference), merged(&estimated)]
            } else {
                [reference.clone(), estimated.clone()]
            };
            let lists_of_f = results.as_object().unwrap().iter().filter(|(key, _)| key.ends_with("f1_of_event_list"));
            for (key, theirs) in lists_of_f {
                let what = format!("{name} {kind} {key}");
                let scores = intersection_based(&lists[0], &lists[1], &criteria(key), &durations(&case));
                if theirs.get("raises").is_some() {
                    assert!(scores.united > 0, "{what}");
                    refused += 1;
                    continue;
                }
                assert_eq!(scores.united, 0, "{what}");
                let quirks = Quirks::AsReference;
                close(&what, scores.macro_f_score(quirks), &theirs["macro_f1"]);
                let classes = theirs["per_class_f1"].as_object().unwrap();
                for (label, theirs) in classes {
                    let ours = IntersectionScores::f_score(&scores.per_class[label], quirks);
                    close(&format!("{what} {label}"), ours, theirs);
                }
                compared += leaves(theirs);
            }
        }
    }
    println!("{compared} values of psds_eval compared, {refused} results that it refuses to give");
    // As many as the files hold.
    assert_eq!((compared, refused), (81, 3));
}

fn event(file: &'static str, onset: f64, offset: f64, label: &'static str) -> LabelledSpan<'static> {
    LabelledSpan { file, span: Span::between(onset, offset), label }
}

fn wide() -> EventBased {
    EventBased { collar_secs: 0.2, offset_share: 0.2, ..EventBased::default() }
}

/// What became of each event, in letters, with the partner's place.
fn letters(outcomes: &[Outcome]) -> String {
    let letter = |outcome: &Outcome| {
        let name = match outcome {
            Outcome::Hit(_) => "hit",
            Outcome::Boundary(_) => "boundary",
            Outcome::Confusion(_) => "confusion",
            Outcome::Miss => "miss",
            Outcome::FalseAlarm => "false alarm",
            Outcome::LeftOut => "left out",
        };
        outcome.pair().map_or_else(|| name.to_owned(), |pair| format!("{name} {}", pair.partner))
    };
    outcomes.iter().map(letter).collect::<Vec<_>>().join(", ")
}

#[test]
fn each_event_is_told_apart_by_what_it_meets() {
    let reference = [
        event("a", 1.0, 2.0, "dog"),
        event("a", 4.0, 6.0, "dog"),
        event("a", 8.0, 9.0, "dog"),
        event("a", 0.0, 60.0, "music"),
        event("a", 20.0, 21.0, "cat"),
        event("b", 1.0, 2.0, "dog"),
    ];
    let estimated = [
        event("a", 1.1, 2.1, "dog"),
        // One long event for two: both are boundary errors of it, and it is one of the second, which it overlaps more.
        event("a", 5.0, 9.5, "dog"),
        event("a", 0.0, 59.0, "music"),
        event("a", 19.0, 20.7, "dog"),
        // Music sounds there, but was found itself, so it was not taken for a cow.
        event("a", 30.0, 31.0, "cow"),
        event("a", 20.8, 21.5, "cat"),
    ];
    let outcomes = outcomes(&reference, &estimated, &wide(), None);
    assert_eq!(letters(&outcomes.reference), "hit 0, boundary 1, boundary 1, hit 2, boundary 5, miss");
    assert_eq!(letters(&outcomes.estimated), "hit 0, boundary 1, hit 3, false alarm, false alarm, boundary 4");
    let pair = outcomes.reference[0].pair().unwrap();
    assert!((pair.onset_deviation_secs - 0.1).abs() < 1e-9 && (pair.overlap_secs - 0.9).abs() < 1e-9);
    let pair = outcomes.estimated[1].pair().unwrap();
    assert_eq!((pair.onset_deviation_secs, pair.offset_deviation_secs), (1.0, 3.5));

    let confusion = outcomes.confusion(&reference, &estimated);
    let cell = |reference: Option<&str>, estimated: Option<&str>| {
        confusion.get(&(reference.map(str::to_owned), estimated.map(str::to_owned))).map_or(0, |cell| cell.events)
    };
    assert_eq!(cell(Some("dog"), Some("dog")), 3);
    assert_eq!(cell(Some("dog"), None), 1);
    assert_eq!(cell(None, Some("dog")), 1);
    assert_eq!(cell(None, Some("cow")), 1);
    assert_eq!(confusion.values().map(|cell| cell.events).sum::<usize>(), reference.len() + 2);
}

#[test]
fn a_label_is_taken_for_another_where_neither_has_anything_better() {
    let reference = [event("a", 1.0, 2.0, "dog"), event("a", 1.0, 2.0, "cat")];
    let estimated = [event("a", 1.5, 2.5, "cow"), event("a", 1.0, 2.0, "cat"), event("b", 1.0, 2.0, "cow")];
    let outcomes = outcomes(&reference, &estimated, &wide(), None);
    assert_eq!(letters(&outcomes.reference), "confusion 0, hit 1");
    assert_eq!(letters(&outcomes.estimated), "confusion 0, hit 1, false alarm");
    let confusion = outcomes.confusion(&reference, &estimated);
    let taken = confusion[&(Some("dog".to_owned()), Some("cow".to_owned()))];
    assert_eq!((taken.events, taken.overlap_secs), (1, 0.5));
}

#[test]
fn what_nobody_has_marked_complete_is_no_false_alarm_in_any_measure() {
    let mark = CompleteSpan { span: Span::between(0.0, 10.0), labels: Vec::new(), edited: Edited::default() };
    let marks = [mark];
    let complete = Completeness::new([("a", marks.as_slice())]).unwrap();
    let reference = [event("a", 1.0, 2.0, "dog"), event("a", 40.0, 41.0, "dog")];
    let estimated = [
        event("a", 1.0, 2.0, "dog"),
        event("a", 5.0, 6.0, "dog"),
        event("a", 20.0, 21.0, "dog"),
        event("a", 40.0, 41.0, "dog"),
    ];
    let found = outcomes(&reference, &estimated, &wide(), Some(&complete));
    assert_eq!(letters(&found.estimated), "hit 0, false alarm, left out, hit 1");
    assert_eq!(found.scores.partner_of_reference, [Some(0), Some(3)]);
    let counts = Counts { true_positives: 2, false_positives: 1, false_negatives: 0 };
    assert_eq!(found.scores.overall(), counts);

    let lengths = BTreeMap::from([("a", 60.0), ("b", 60.0)]);
    let segments = segment_based(&reference, &estimated, 1.0, &lengths, Some(&complete)).overall();
    assert_eq!(segments.active, counts);
    // Ten segments are marked: in one is a reference event, in one a false alarm.
    assert_eq!(segments.true_negatives, 8);
}

#[test]
fn a_value_that_there_is_not_has_its_reason() {
    let reference = [event("a", 1.0, 2.0, "dog")];
    let estimated = [event("a", 1.0, 2.0, "cow")];
    let scores = event_based(&reference, &estimated, &wide());
    let undefined = WhenNothingEstimated::Undefined;
    assert_eq!(scores.per_class["dog"].precision(undefined), Err(Undefined::NoEstimate));
    assert_eq!(scores.per_class["dog"].precision(WhenNothingEstimated::Zero), Ok(0.0));
    assert_eq!(scores.per_class["cow"].recall(), Err(Undefined::NoReference));
    assert_eq!(scores.per_class["cow"].error_rate(Quirks::Corrected).total, Err(Undefined::NoReference));
    assert_eq!(scores.macro_f_score(undefined), Err(Undefined::NoClass));
    assert_eq!(Undefined::NoReference.to_string(), "no reference event");
    assert_eq!((scores.substitutions, scores.error_rate(Quirks::Corrected).total), (1, Ok(1.0)));
}

#[test]
fn partners_point_at_each_other() {
    let reference = [event("a", 1.0, 2.0, "Dog"), event("a", 5.0, 6.0, "Dog"), event("a", 1.0, 2.0, "Cat")];
    let estimated = [event("a", 5.1, 6.1, "Dog"), event("a", 1.1, 2.1, "Cow"), event("a", 0.9, 1.9, "Cat")];
    let scores = event_based(&reference, &estimated, &EventBased::default());
    assert_eq!(scores.partner_of_reference, [None, Some(0), Some(2)]);
    assert_eq!(scores.partner_of_estimated, [Some(1), None, Some(2)]);
    assert_eq!(scores.per_class["Cow"], Counts { false_positives: 1, ..Counts::default() });
}
