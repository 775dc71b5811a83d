//! Labels of one class that overlap, united to one: some evaluation programs stop at such overlaps. Only where a person asks for it.

use super::{StrongLabel, StrongLabels};
use crate::annotation::Band;
use std::collections::HashMap;
use std::sync::Arc;

/// The rows with each label of an event in a row of its own, where labels of one class and recording that overlap are one; and how many
/// rows that are fewer. A united row reaches over all of them in time and frequency, has the greatest score and all comments, and the fields
/// of the earliest. Points, and rows that are no labels, stay as they are.
pub fn united_overlaps(labels: &StrongLabels) -> (StrongLabels, usize) {
    let mut rows: Vec<StrongLabel> = labels.rows.iter().flat_map(single_labels).collect();
    let key = |row: &StrongLabel| (row.filename.clone(), row.event_label.clone());
    // By place, so that the order of the rows stays that of the file.
    let mut order: Vec<usize> = (0..rows.len()).filter(|&place| can_unite(&rows[place])).collect();
    order.sort_by(|&a, &b| rows[a].span.onset_secs.total_cmp(&rows[b].span.onset_secs).then(a.cmp(&b)));
    let mut last: HashMap<(Arc<str>, Arc<str>), usize> = HashMap::new();
    let mut is_gone = vec![false; rows.len()];
    for place in order {
        let before = last.insert(key(&rows[place]), place);
        let Some(before) = before.filter(|&before| rows[place].span.onset_secs < rows[before].span.offset_secs) else {
            continue;
        };
        let later = rows[place].clone();
        take_in(&mut rows[before], &later);
        is_gone[place] = true;
        last.insert(key(&later), before);
    }
    let gone = is_gone.iter().filter(|gone| **gone).count();
    let mut places = 0..;
    rows.retain(|_| places.next().is_none_or(|place: usize| !is_gone[place]));
    (StrongLabels { rows, ..labels_without_rows(labels) }, gone)
}

fn labels_without_rows(labels: &StrongLabels) -> StrongLabels {
    StrongLabels {
        rows: Vec::new(),
        files: labels.files.clone(),
        warnings: labels.warnings.clone(),
        questions: labels.questions.clone(),
        columns: labels.columns.clone(),
        line_end: labels.line_end,
    }
}

fn can_unite(row: &StrongLabel) -> bool {
    row.is_label() && !row.is_point
}

fn single_labels(row: &StrongLabel) -> Vec<StrongLabel> {
    let of = |label: &Arc<str>| {
        let mut single = row.clone();
        single.event_label = label.clone();
        single.particulars.iter_mut().for_each(|more| more.more_labels.clear());
        single
    };
    row.labels().map(of).collect()
}

fn take_in(row: &mut StrongLabel, later: &StrongLabel) {
    row.span.offset_secs = row.span.offset_secs.max(later.span.offset_secs);
    // Without frequencies it is at all of them.
    row.band = row
        .band
        .zip(later.band)
        .map(|(a, b)| Band { low_hz: a.low_hz.min(b.low_hz), high_hz: a.high_hz.max(b.high_hz) });
    row.score = match (row.score, later.score) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    };
    let comment = later.particulars.as_deref().map_or("", |more| more.comment.as_str());
    if !comment.is_empty() {
        let own = &mut row.particulars_mut().comment;
        if !own.is_empty() {
            own.push_str("; ");
        }
        own.push_str(comment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::annotation::Status;
    use crate::time::Span;
    use proptest::prelude::*;

    fn row(file: &str, onset_secs: f64, offset_secs: f64, label: &str) -> StrongLabel {
        StrongLabel::new(file, Span { onset_secs, offset_secs }, label)
    }

    #[test]
    fn labels_of_one_class_that_overlap_become_one() {
        let mut first = row("a", 1.0, 3.0, "Dog");
        first.particulars_mut().comment = "near".to_owned();
        first.band = Some(Band { low_hz: 100.0, high_hz: 200.0 });
        let mut second = row("a", 2.0, 5.0, "Dog");
        second.particulars_mut().comment = "far".to_owned();
        second.particulars_mut().more_labels = vec!["Bark".into()];
        second.band = Some(Band { low_hz: 150.0, high_hz: 900.0 });
        second.score = Some(0.5);
        let mut rejected = row("a", 1.0, 9.0, "Dog");
        rejected.status = Some(Status::Rejected);
        let rows = vec![
            second,
            first,
            row("a", 4.0, 4.5, "Dog"),
            row("a", 5.0, 6.0, "Dog"),
            row("b", 2.0, 3.0, "Dog"),
            row("a", 2.0, 3.0, "Cat"),
            rejected,
        ];
        let (united, gone) = united_overlaps(&StrongLabels { rows, ..StrongLabels::default() });
        let drawn: Vec<_> = united
            .rows
            .iter()
            .map(|row| (&*row.filename, row.span.onset_secs, row.span.offset_secs, &*row.event_label))
            .collect();
        let expected = [
            ("a", 2.0, 5.0, "Bark"),
            ("a", 1.0, 5.0, "Dog"),
            ("a", 5.0, 6.0, "Dog"),
            ("b", 2.0, 3.0, "Dog"),
            ("a", 2.0, 3.0, "Cat"),
            ("a", 1.0, 9.0, "Dog"),
        ];
        assert_eq!((drawn.as_slice(), gone), (&expected[..], 2));
        let dog = &united.rows[1];
        assert_eq!((dog.band, dog.score), (None, Some(0.5)), "one without frequencies is at all of them");
        assert_eq!(dog.particulars.as_deref().unwrap().comment, "near; far");
    }

    proptest! {
        #[test]
        fn nothing_overlaps_afterwards_and_the_same_time_is_covered(
            spans in prop::collection::vec((0_u32..50, 1_u32..10), 0..30)
        ) {
            let rows: Vec<StrongLabel> =
                spans.iter().map(|&(onset, length)| row("a", f64::from(onset), f64::from(onset + length), "A")).collect();
            let covered = |rows: &[StrongLabel], at: u32| {
                rows.iter().filter(|row| row.span.contains(f64::from(at) + 0.5)).count()
            };
            let (united, gone) = united_overlaps(&StrongLabels { rows: rows.clone(), ..StrongLabels::default() });
            prop_assert_eq!(united.rows.len() + gone, rows.len());
            for at in 0..60 {
                prop_assert_eq!(covered(&united.rows, at), covered(&rows, at).min(1));
            }
        }
    }
}
