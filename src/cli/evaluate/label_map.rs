//! A table that says which reference labels an estimated label stands for.

use crate::format::{StrongLabel, StrongLabels, label_pairs};
use crate::metric::united;
use crate::time::Span;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Which reference labels an estimated label stands for.
pub(super) struct LabelMap(HashMap<String, Vec<Arc<str>>>);

impl LabelMap {
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        label_pairs(text).map(Self).map_err(|line| {
            anyhow::anyhow!("line {line} has no TAB: expected an estimated label, TAB, a reference label")
        })
    }

    /// Relabels the events, unites those that overlap under one label, and says how many were left out and united.
    pub(super) fn apply(&self, labels: &mut StrongLabels) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{self, Dcase};
    use std::path::Path;

    #[test]
    fn the_map_relabels_unites_and_counts_what_it_leaves_out() {
        let map = LabelMap::parse("# remark\nBark\tDog\nBow-wow\tDog\nMeow\tCat\n").unwrap();
        let text = "a.wav\t1\t2\tBark\na.wav\t1.5\t3\tBow-wow\na.wav\t4\t5\tBark\na.wav\t1\t2\tMusic\n";
        let mut estimated = format::read(&Dcase, text.as_bytes(), Path::new("l.tsv")).unwrap();
        let note = map.apply(&mut estimated);
        assert_eq!(note, "4 estimated events: 1 left out by the map, 3 relabelled, 2 after uniting overlaps");
        let spans: Vec<_> = estimated.rows.iter().map(|row| (row.span.onset_secs, row.span.offset_secs)).collect();
        assert_eq!(spans, [(1.0, 3.0), (4.0, 5.0)]);
        assert!(LabelMap::parse("no tab").is_err());
    }
}
