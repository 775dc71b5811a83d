//! What was decided about each class of a recording, and which classes must be decided again because their rule or their scores are
//! others now. Knows no threads: who decides where is a matter of its users.

use super::{DecisionRule, FrameScores, Prediction, decide_class};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A frame in which a bounding box is looked for costs as much as so many of which the median filter is taken.
const BOX_COST: usize = 8;

/// Classes to decide about.
#[derive(Clone, Debug)]
pub struct ToDecide {
    /// Which scores these are: others have another number.
    pub epoch: u64,
    /// Grows from one request to the next.
    pub generation: u64,
    /// The scores.
    pub scores: Arc<FrameScores>,
    /// Length of the recording, in seconds.
    pub duration_secs: f64,
    /// The classes with their rules, the most urgent first.
    pub classes: Vec<(usize, DecisionRule)>,
}

impl ToDecide {
    /// How many frames of classes there are to look at; those in which bounding boxes are looked for count as the many that they cost.
    pub fn cost(&self) -> usize {
        let of_class = |(_, rule): &(usize, DecisionRule)| if rule.boxes.is_some() { BOX_COST } else { 1 };
        self.scores.frame_count().saturating_mul(self.classes.iter().map(of_class).sum())
    }

    /// Decides about the first class that is left; none if none is.
    pub fn decide_next(&mut self) -> Option<Decided> {
        if self.classes.is_empty() {
            return None;
        }
        let (class, rule) = self.classes.remove(0);
        let predictions = decide_class(&self.scores, class, &rule, self.duration_secs).into();
        let (epoch, generation, frame_count) = (self.epoch, self.generation, self.scores.frame_count());
        Some(Decided { epoch, generation, class, rule, frame_count, duration_secs: self.duration_secs, predictions })
    }
}

/// What was decided about one class.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// As in the request.
    pub epoch: u64,
    /// As in the request.
    pub generation: u64,
    /// Which class.
    pub class: usize,
    /// By which rule.
    pub rule: DecisionRule,
    /// Of how many frames.
    pub frame_count: usize,
    /// Within a recording of this length, in seconds.
    pub duration_secs: f64,
    /// What came of it, by onset.
    pub predictions: Arc<[Prediction]>,
}

/// The decisions about one recording's scores.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// The scores that these are about, as they were when they were asked about last.
    scores: Option<Arc<FrameScores>>,
    epoch: u64,
    generation: u64,
    of_class: BTreeMap<usize, Decided>,
}

impl Decisions {
    /// Forgets everything; what is still being decided will be dropped.
    pub fn begin_anew(&mut self) {
        self.epoch += 1;
        self.scores = None;
        self.of_class.clear();
    }

    /// Which of the wanted classes, given with their rules, are to be decided again; none if all are up to date. Their order is kept.
    /// Scores of another run or recording begin anew.
    pub fn stale(
        &mut self,
        scores: &Arc<FrameScores>,
        duration_secs: f64,
        wanted: impl Iterator<Item = (usize, DecisionRule)>,
    ) -> Option<ToDecide> {
        if !self.scores.as_ref().is_some_and(|known| known.is_kin(scores)) {
            self.begin_anew();
        }
        self.scores = Some(scores.clone());
        let frame_count = scores.frame_count();
        let is_current = |&(class, rule): &(usize, DecisionRule)| {
            self.of_class.get(&class).is_some_and(|decided| {
                (decided.rule, decided.frame_count, decided.duration_secs) == (rule, frame_count, duration_secs)
            })
        };
        let classes: Vec<(usize, DecisionRule)> = wanted.filter(|wanted| !is_current(wanted)).collect();
        if classes.is_empty() {
            return None;
        }
        self.generation += 1;
        let (epoch, generation, scores) = (self.epoch, self.generation, scores.clone());
        Some(ToDecide { epoch, generation, scores, duration_secs, classes })
    }

    /// Takes a decision over; `false` for one about other scores, or that a later one has overtaken.
    pub fn take(&mut self, decided: Decided) -> bool {
        let known = self.of_class.get(&decided.class).map_or(0, |known| known.generation);
        if decided.epoch != self.epoch || decided.generation < known {
            return false;
        }
        self.of_class.insert(decided.class, decided);
        true
    }

    /// The predictions of a class as they were decided last, by onset.
    pub fn of(&self, class: usize) -> &[Prediction] {
        self.of_class.get(&class).map(|decided| &*decided.predictions).unwrap_or_default()
    }

    /// The predictions of some classes, by class and onset.
    pub fn of_all(&self, classes: &BTreeSet<usize>) -> Vec<Prediction> {
        classes.iter().flat_map(|&class| self.of(class)).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::FrameAxis;
    use super::*;

    fn scores() -> Arc<FrameScores> {
        let classes: Vec<Arc<str>> = vec!["Dog".into(), "Cat".into()];
        let mut scores = FrameScores::new(FrameAxis { first_onset_secs: 0.0, hop_secs: 1.0 }, classes.into());
        scores.push(&[0.0, 0.9, 0.5, 0.9, 0.0, 0.9]);
        Arc::new(scores)
    }

    fn rule(threshold: f32) -> DecisionRule {
        DecisionRule { threshold, ..DecisionRule::default() }
    }

    fn wanted(decisions: &mut Decisions, scores: &Arc<FrameScores>, thresholds: [f32; 2]) -> Option<ToDecide> {
        decisions.stale(scores, 3.0, thresholds.map(rule).into_iter().enumerate())
    }

    #[test]
    fn only_what_changed_is_decided_again() {
        let (mut decisions, mut scores) = (Decisions::default(), scores());
        let mut all = wanted(&mut decisions, &scores, [0.2, 0.2]).unwrap();
        while let Some(decided) = all.decide_next() {
            assert!(decisions.take(decided));
        }
        assert_eq!((decisions.of(0).len(), decisions.of(1).len()), (1, 1));
        assert!(wanted(&mut decisions, &scores, [0.2, 0.2]).is_none());
        let changed = wanted(&mut decisions, &scores, [0.2, 0.3]).unwrap();
        assert_eq!(changed.classes, [(1, rule(0.3))]);
        Arc::make_mut(&mut scores).push(&[0.0, 0.0]);
        assert_eq!(wanted(&mut decisions, &scores, [0.2, 0.2]).unwrap().classes.len(), 2);
    }

    #[test]
    fn stale_results_are_dropped() {
        let (mut decisions, scores) = (Decisions::default(), scores());
        let mut earlier = wanted(&mut decisions, &scores, [0.2, 0.2]).unwrap();
        let mut later = wanted(&mut decisions, &scores, [0.7, 0.2]).unwrap();
        let (earlier, later) = (earlier.decide_next().unwrap(), later.decide_next().unwrap());
        assert!(decisions.take(later.clone()));
        assert!(!decisions.take(earlier), "a later decision has overtaken it");
        assert_eq!(decisions.of(0), []);
        let others = self::scores();
        assert_eq!(wanted(&mut decisions, &others, [0.7, 0.2]).unwrap().classes.len(), 2);
        assert!(!decisions.take(later), "it speaks about other scores");
    }

    #[test]
    fn results_that_come_in_the_meantime_are_shown_and_asked_for_again() {
        let (mut decisions, scores) = (Decisions::default(), scores());
        let mut first = wanted(&mut decisions, &scores, [0.2, 0.2]).unwrap();
        let _second = wanted(&mut decisions, &scores, [0.7, 0.2]).unwrap();
        assert!(decisions.take(first.decide_next().unwrap()));
        assert_eq!(decisions.of(0).len(), 1);
        assert!(wanted(&mut decisions, &scores, [0.7, 0.2]).unwrap().classes.contains(&(0, rule(0.7))));
    }
}
