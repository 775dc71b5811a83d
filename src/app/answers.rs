//! Which predictions a person has answered: how many events speak about each of them, kept while events come and go. Pure.

use super::marks::{PredictionKey, Target};
use crate::annotation::Event;
use crate::decision::Prediction;
use crate::time::Span;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// The predictions of a recording, with how many events speak about each. All numbers are places in the list that it was made of.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    predictions: Vec<Prediction>,
    /// The predictions by class and onset.
    order: Vec<u32>,
    /// Of each entry of `order`: the latest offset up to it within its class, in seconds.
    reach_secs: Vec<f64>,
    /// Per prediction: events that speak about it.
    speakers: Vec<u32>,
    /// Where in `order` the classes stand.
    classes: BTreeMap<usize, Range<usize>>,
    /// The classes that have a name: a model may have several.
    by_label: HashMap<Arc<str>, Vec<usize>>,
}

impl Answers {
    /// Predictions that nobody has answered yet; `labels` names the classes.
    pub fn new(predictions: &[Prediction], labels: &[Arc<str>]) -> Self {
        let mut order: Vec<u32> = (0..predictions.len() as u32).collect();
        let onset = |&place: &u32| predictions[place as usize].span.onset_secs;
        order.sort_by(|a, b| {
            let classes = predictions[*a as usize].class.cmp(&predictions[*b as usize].class);
            classes.then(onset(a).total_cmp(&onset(b)))
        });
        let mut answers = Self { predictions: predictions.to_vec(), order, ..Self::default() };
        answers.speakers = vec![0; predictions.len()];
        let mut last = None;
        for (entry, &place) in answers.order.iter().enumerate() {
            let Prediction { class, span, .. } = predictions[place as usize];
            let before = answers.reach_secs.last().copied().filter(|_| last == Some(class));
            answers.reach_secs.push(before.unwrap_or(f64::NEG_INFINITY).max(span.offset_secs));
            answers.classes.entry(class).or_insert(entry..entry).end = entry + 1;
            last = Some(class);
        }
        for &class in answers.classes.keys() {
            if let Some(label) = labels.get(class) {
                answers.by_label.entry(label.clone()).or_default().push(class);
            }
        }
        answers
    }

    /// Takes an event in; returns the predictions that nothing spoke about before.
    pub fn add(&mut self, event: &Event) -> Vec<usize> {
        let mut spoken = self.spoken_about(event);
        spoken.iter().for_each(|&place| self.speakers[place] += 1);
        spoken.retain(|&place| self.speakers[place] == 1);
        spoken
    }

    /// Takes an event out that was taken in; returns the predictions that nothing speaks about now.
    pub fn remove(&mut self, event: &Event) -> Vec<usize> {
        let mut spoken = self.spoken_about(event);
        spoken.iter().for_each(|&place| self.speakers[place] = self.speakers[place].saturating_sub(1));
        spoken.retain(|&place| self.speakers[place] == 0);
        spoken
    }

    /// The predictions that no event speaks about.
    pub fn open(&self) -> impl Iterator<Item = usize> {
        self.speakers.iter().enumerate().filter(|(_, speakers)| **speakers == 0).map(|(place, _)| place)
    }

    /// What stands for them among marks.
    pub fn open_targets(&self) -> impl Iterator<Item = Target> {
        self.open().map(|place| Target::of_prediction(&self.predictions[place]))
    }

    /// A prediction by its name.
    pub fn prediction(&self, key: PredictionKey) -> Option<&Prediction> {
        let range = self.classes.get(&key.class())?;
        let from = key.onset_secs() - 2e-6;
        let entries = self.order.get(range.clone())?;
        let first = entries.partition_point(|&place| self.predictions[place as usize].span.onset_secs < from);
        let near = entries[first..].iter().map(|&place| &self.predictions[place as usize]);
        let mut near = near.take_while(|prediction| prediction.span.onset_secs < from + 4e-6);
        near.find(|prediction| PredictionKey::of(prediction) == key)
    }

    /// The prediction of a label that shares time with a span, the first one.
    pub fn predicted(&self, label: &Arc<str>, span: Span) -> Option<&Prediction> {
        let classes = self.by_label.get(label).into_iter().flatten();
        classes.filter_map(|class| self.classes.get(class)).find_map(|range| {
            let reach = &self.reach_secs[range.clone()];
            let first = range.start + reach.partition_point(|&reach_secs| reach_secs <= span.onset_secs);
            let later = self.order[first.min(range.end)..range.end].iter();
            let mut later = later.map(|&place| &self.predictions[place as usize]);
            let mut near = later.by_ref().take_while(|prediction| prediction.span.onset_secs < span.offset_secs);
            near.find(|prediction| prediction.span.overlap_secs(span) > 0.0)
        })
    }

    /// The predictions that an event speaks about: by one of its labels where it is now, or by what a model had proposed.
    fn spoken_about(&self, event: &Event) -> Vec<usize> {
        let mut spoken = Vec::new();
        if self.predictions.is_empty() {
            return spoken;
        }
        for label in event.labels() {
            self.about(label, event.span, &mut spoken);
        }
        if let Some(proposal) = event.origin.proposal() {
            self.about(&proposal.label, proposal.span, &mut spoken);
        }
        spoken.sort_unstable();
        spoken.dedup();
        spoken
    }

    fn about(&self, label: &Arc<str>, span: Span, spoken: &mut Vec<usize>) {
        for class in self.by_label.get(label).into_iter().flatten() {
            let Some(range) = self.classes.get(class).cloned() else { continue };
            let reach = &self.reach_secs[range.clone()];
            let first = range.start + reach.partition_point(|&reach_secs| reach_secs < span.onset_secs);
            for &place in &self.order[first.min(range.end)..range.end] {
                let predicted = self.predictions[place as usize].span;
                if predicted.onset_secs > span.offset_secs {
                    break;
                }
                if is_about(span, predicted) {
                    spoken.push(place as usize);
                }
            }
        }
    }
}

/// Whether two spans are about the same sound: they share at least half of the shorter one; one without length lies in the other or at its
/// edge. The threshold moves a prediction's edges, so equality would bring decided events back as soon as a slider is touched.
fn is_about(a: Span, b: Span) -> bool {
    let shorter = a.duration_secs().min(b.duration_secs());
    let touch = a.onset_secs <= b.offset_secs && b.onset_secs <= a.offset_secs;
    touch && a.overlap_secs(b) >= 0.5 * shorter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_speaks_only_about_what_it_lies_in() {
        let predicted = Span::between(2.0, 4.0);
        assert!(is_about(Span::between(3.0, 3.0), predicted) && is_about(Span::between(4.0, 4.0), predicted));
        assert!(!is_about(Span::between(4.5, 4.5), predicted));
        assert!(!is_about(Span::between(3.5, 6.0), predicted) && is_about(Span::between(2.9, 4.5), predicted));
    }

    #[test]
    fn predictions_are_found_by_name() {
        let prediction = |class, onset| Prediction { class, span: Span::between(onset, onset + 0.3), score: 0.5 };
        let all: Vec<Prediction> =
            (0..50).map(|place| prediction(place % 3, f64::from(place as u32) * 0.123_456_7)).collect();
        let answers = Answers::new(&all, &["A".into(), "B".into(), "C".into()]);
        for prediction in &all {
            assert_eq!(answers.prediction(PredictionKey::of(prediction)), Some(prediction));
        }
        assert_eq!(answers.prediction(PredictionKey::of(&prediction(1, 77.0))), None);
    }
}
