//! Rows, recordings and warnings of a file that is no table, as they are found.
//!
//! Must not know any format.

use super::{Document, Node};
use crate::annotation::Band;
use crate::format::collector::Collector;
use crate::format::{StrongLabel, StrongLabels, Warning};
use crate::time::Span;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

/// So many keys are named that were not kept; more only count.
const MOST_KEYS: usize = 20;

/// Fills [`StrongLabels`], with what has no place in it counted by key.
pub(in crate::format) struct Gatherer<'l> {
    collector: Collector<'l>,
    columns: HashSet<Arc<str>>,
    unread: BTreeMap<String, usize>,
    other_unread: usize,
    notes: BTreeMap<&'static str, usize>,
}

impl<'l> Gatherer<'l> {
    pub(in crate::format) fn new(labels: &'l mut StrongLabels, document: &Document) -> Self {
        let note = document.note().map(|text| Warning { line: 0, text, row_rejected: false });
        labels.warnings.extend(note);
        Self {
            collector: Collector::new(labels),
            columns: HashSet::new(),
            unread: BTreeMap::new(),
            other_unread: 0,
            notes: BTreeMap::new(),
        }
    }

    /// The same text as one `Arc` each time.
    pub(in crate::format) fn name(&mut self, name: &str) -> Arc<str> {
        self.collector.text(name)
    }

    /// Lists a recording that has events or was annotated.
    pub(in crate::format) fn recording(&mut self, name: &str) -> Arc<str> {
        self.collector.file(name)
    }

    /// Says what is known of a recording: its length in seconds and its sample rate in hertz, where they are positive.
    pub(in crate::format) fn describe(&mut self, name: &str, duration_secs: Option<f64>, sample_rate: Option<f64>) {
        let Some(file) = self.collector.file_mut(name) else { return };
        let is_known = |number: &f64| *number > 0.0 && number.is_finite();
        file.duration_secs = duration_secs.filter(is_known).or(file.duration_secs);
        file.sample_rate = sample_rate.filter(is_known).or(file.sample_rate);
    }

    /// The length of a recording in seconds, as far as it was said.
    pub(in crate::format) fn duration_secs(&mut self, name: &str) -> Option<f64> {
        self.collector.file_mut(name)?.duration_secs
    }

    pub(in crate::format) fn push(&mut self, row: StrongLabel) {
        self.collector.push(row);
    }

    /// Says that the event at a place is left out, and why.
    pub(in crate::format) fn reject(&mut self, node: Node<'_>, text: impl Into<String>) {
        self.collector.reject(node.line(), text);
    }

    /// Says something about a place.
    pub(in crate::format) fn warn(&mut self, node: Node<'_>, text: impl Into<String>) {
        self.collector.warn(node.line(), text);
    }

    /// Says something about the whole file.
    pub(in crate::format) fn warn_of_file(&mut self, text: impl Into<String>) {
        self.collector.warn(0, text);
    }

    /// Says something at the end, with how often it was said.
    pub(in crate::format) fn note(&mut self, text: &'static str) {
        *self.notes.entry(text).or_default() += 1;
    }

    /// Counts a key that nothing is made of; one that says nothing is not counted.
    pub(in crate::format) fn unread(&mut self, key: &str, value: Node<'_>) {
        if value.is_null() || matches!(value.raw(), "\"\"" | "[]" | "{}") {
            return;
        }
        if let Some(count) = self.unread.get_mut(key) {
            *count += 1;
        } else if self.unread.len() < MOST_KEYS {
            self.unread.insert(key.to_owned(), 1);
        } else {
            self.other_unread += 1;
        }
    }

    /// Keeps what an event says beyond what all events have; what says nothing is not kept.
    pub(in crate::format) fn field(&mut self, row: &mut StrongLabel, name: &str, value: Node<'_>) {
        if !value.is_null() {
            self.field_text(row, name, value.as_field());
        }
    }

    /// Keeps a field whose text is known.
    pub(in crate::format) fn field_text(&mut self, row: &mut StrongLabel, name: &str, text: String) {
        let name = self.name(name);
        if self.columns.insert(name.clone()) {
            self.collector.labels.columns.push(name.clone());
        }
        row.particulars_mut().fields.push((name, text));
    }

    /// The frequencies between two ends in hertz; none if both are 0 or negative, which means all of them.
    pub(in crate::format) fn band(&mut self, low_hz: f64, high_hz: f64) -> Option<Band> {
        if !(low_hz.is_finite() && high_hz.is_finite()) {
            self.note("frequencies that are no numbers are left out");
            return None;
        }
        if low_hz <= 0.0 && high_hz <= 0.0 {
            return None;
        }
        if high_hz < low_hz {
            self.note("frequency bands with their ends in reverse order were put right");
        }
        if low_hz.min(high_hz) < 0.0 {
            self.note("frequencies below 0 are taken as 0");
        }
        Some(Band { low_hz: low_hz.min(high_hz).max(0.0), high_hz: low_hz.max(high_hz) })
    }

    /// A span whose ends are finite.
    ///
    /// # Errors
    /// In words, where a sum or a product of finite numbers is none.
    pub(in crate::format) fn span(onset_secs: f64, offset_secs: f64) -> Result<Span, String> {
        let is_finite = onset_secs.is_finite() && offset_secs.is_finite();
        if is_finite { Ok(Span { onset_secs, offset_secs }) } else { Err("an event at no time".to_owned()) }
    }

    /// The rows so far.
    pub(in crate::format) fn labels(&mut self) -> &mut StrongLabels {
        self.collector.labels
    }

    /// Says what was counted.
    pub(in crate::format) fn finish(mut self) {
        for (text, count) in std::mem::take(&mut self.notes) {
            self.warn_of_file(format!("{text}: {count}"));
        }
        if self.unread.is_empty() {
            return;
        }
        let mut text = String::from("not kept: ");
        for (index, (key, count)) in std::mem::take(&mut self.unread).into_iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            let _ = write!(text, "{comma}{key} ({count})");
        }
        if self.other_unread > 0 {
            let _ = write!(text, ", and {} values of other keys", self.other_unread);
        }
        self.warn_of_file(text);
    }
}

/// A span without length is a moment.
pub(in crate::format) fn is_point(span: Span) -> bool {
    span.onset_secs == span.offset_secs
}

/// The end of a span of which onset and length are known, without the error of the addition where both have at most nine decimals.
pub(in crate::format) fn sum_secs(onset: f64, length: f64) -> f64 {
    near_decimal(onset + length, onset.abs().max(length.abs()))
}

/// The number of nine decimals at a sum or difference, if rounding alone can have led away from it.
pub(in crate::format) fn near_decimal(secs: f64, largest: f64) -> f64 {
    let rounded = (secs * 1e9).round() / 1e9;
    if (rounded - secs).abs() <= 4.0 * f64::EPSILON * largest.abs() { rounded } else { secs }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::json::difference_secs;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn onset_and_length_give_the_offset_again(onset in 0_u64..100_000_000_000, length in 0_u64..100_000_000_000) {
            let secs = |micros: u64| micros as f64 / 1e6;
            let (onset, offset) = (secs(onset), secs(onset + length));
            prop_assert_eq!(sum_secs(onset, difference_secs(onset, offset)), offset);
        }

        #[test]
        fn what_is_no_decimal_stays_within_rounding(onset in 0.0..1e5_f64, length in 0.0..1e5_f64) {
            let offset = onset + length;
            let again = sum_secs(onset, difference_secs(onset, offset));
            prop_assert!((again - offset).abs() <= 8.0 * f64::EPSILON * offset.max(1.0));
        }
    }
}
