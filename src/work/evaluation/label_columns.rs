//! The scores of a section of a recording, one column a label, as measures over all thresholds take them: the greatest of the classes that
//! stand for the label, each after its median filter or as its bounding boxes.

use super::label_map::LabelMap;
use super::sections::Section;
use crate::decision::{ClassRules, DecisionRule, FrameScores, bounding_boxes, median_filter};
use crate::metric::{ScoreColumns, StepScores};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A class of the model that stands for a label, with its rule.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    pub class: usize,
    pub rule: DecisionRule,
}

/// Of each label, the classes that stand for it.
pub type Sources = Arc<Vec<Vec<Source>>>;

/// The classes of the model that stand for each label; without rules, their scores as they are.
pub fn sources(
    classes: &[Arc<str>],
    labels: &[Arc<str>],
    map: &LabelMap,
    rules: Option<&ClassRules>,
) -> Vec<Vec<Source>> {
    let mut sources = vec![Vec::new(); labels.len()];
    for (class, name) in classes.iter().enumerate() {
        for target in map.targets(name) {
            if let Ok(place) = labels.binary_search(&target) {
                let rule = rules.map_or_else(DecisionRule::default, |rules| rules.of(name));
                sources[place].push(Source { class, rule });
            }
        }
    }
    sources
}

/// The scores of a section.
pub struct LabelColumns<'a> {
    /// Counted from the section's start.
    borders_secs: Vec<f64>,
    /// The frames of the recording that lie in the section.
    frames: Range<usize>,
    section: &'a Section,
    duration_secs: f64,
    scores: &'a FrameScores,
    sources: Sources,
    /// Of each label whose events are bounding boxes, what is found when it is asked for first.
    steps: Vec<OnceLock<StepScores>>,
}

impl<'a> LabelColumns<'a> {
    /// Of a recording of `duration_secs`.
    pub fn new(scores: &'a FrameScores, duration_secs: f64, section: &'a Section, sources: Sources) -> Self {
        let mut borders_secs = scores.borders_secs(duration_secs);
        let mut frames = 0..borders_secs.len().saturating_sub(1);
        if !section.is_whole {
            let span = section.span;
            frames.start = borders_secs.partition_point(|&border| border <= span.onset_secs).saturating_sub(1);
            frames.end = borders_secs.partition_point(|&border| border < span.offset_secs).min(frames.end);
            let within = borders_secs.get(frames.start..=frames.end).filter(|_| !frames.is_empty());
            let cut = |border: &f64| border.clamp(span.onset_secs, span.offset_secs) - span.onset_secs;
            borders_secs = within.unwrap_or_default().iter().map(cut).collect();
        }
        let steps = vec![OnceLock::new(); sources.len()];
        Self { borders_secs, frames, section, duration_secs, scores, sources, steps }
    }

    /// The classes that stand for a label.
    pub fn sources(&self, label: usize) -> &[Source] {
        self.sources.get(label).map(Vec::as_slice).unwrap_or_default()
    }

    /// The scores of a class after its median filter; none where it is silent.
    fn filtered(&self, source: &Source) -> Option<Vec<f32>> {
        self.scores.peaks().get(source.class).filter(|peak| **peak > 0.0)?;
        let (width, frames) = (source.rule.applied_median(), &self.frames);
        if width == 1 {
            return Some(self.scores.class_scores_between(source.class, frames.start, frames.end));
        }
        // What lies beside the section counts for the frames at its ends.
        let from = frames.start.saturating_sub(width);
        let raw = self.scores.class_scores_between(source.class, from, frames.end.saturating_add(width));
        let filtered = median_filter(&raw, width, source.rule.median_edges);
        Some(filtered.get(frames.start - from..frames.end - from).unwrap_or_default().to_vec())
    }

    /// The scores of a label for which bounding boxes stand; none if none do.
    fn steps(&self, label: usize) -> Option<&StepScores> {
        let sources = self.sources(label);
        if sources.iter().all(|source| source.rule.boxes.is_none()) {
            return None;
        }
        let all = || {
            let each = sources.iter().filter_map(|source| self.steps_of(source));
            each.reduce(|all, one| all.greater(&one)).unwrap_or_default()
        };
        Some(self.steps.get(label)?.get_or_init(all))
    }

    fn steps_of(&self, source: &Source) -> Option<StepScores> {
        let Some(rule) = &source.rule.boxes else {
            let scores = self.filtered(source)?.into_iter().map(f64::from).collect();
            return Some(StepScores { borders_secs: self.borders_secs.clone(), scores });
        };
        // Boxes are those of the whole recording, as they are decided.
        let borders_secs = self.scores.borders_secs(self.duration_secs);
        let scores = self.scores.class_scores_between(source.class, 0, borders_secs.len().saturating_sub(1));
        let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
        let steps = StepScores::of_boxes(&bounding_boxes(&borders_secs, &scores, rule), self.duration_secs);
        Some(if self.section.is_whole { steps } else { steps.within(self.section.span) })
    }
}

impl ScoreColumns for LabelColumns<'_> {
    fn borders_secs(&self, label: usize) -> &[f64] {
        self.steps(label).map_or(&self.borders_secs, |steps| &steps.borders_secs)
    }

    fn column<'a>(&'a self, label: usize, scratch: &'a mut Vec<f64>) -> &'a [f64] {
        if let Some(steps) = self.steps(label) {
            return &steps.scores;
        }
        scratch.clear();
        scratch.resize(self.frames.len(), 0.0);
        for scores in self.sources(label).iter().filter_map(|source| self.filtered(source)) {
            for (greatest, score) in scratch.iter_mut().zip(scores) {
                *greatest = greatest.max(f64::from(score));
            }
        }
        scratch
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{BoxRule, FrameAxis, decide_boxes};
    use crate::time::Span;

    fn scores(frames: usize) -> FrameScores {
        let classes: Vec<Arc<str>> = vec!["Dog".into(), "Bark".into()];
        let mut scores = FrameScores::new(FrameAxis { first_onset_secs: 0.0, hop_secs: 0.5 }, classes.into());
        (0..frames).for_each(|frame| scores.push(&[frame as f32 / 10.0, 0.25]));
        scores
    }

    fn section(onset_secs: f64, offset_secs: f64, is_whole: bool) -> Section {
        Section { name: "a".into(), recording: 0, span: Span { onset_secs, offset_secs }, is_whole }
    }

    /// Borders and scores of one label for which these classes stand, under rules.
    fn of(scores: &FrameScores, section: &Section, rules: &[(usize, DecisionRule)]) -> (Vec<f64>, Vec<f64>) {
        let sources = vec![rules.iter().map(|&(class, rule)| Source { class, rule }).collect()];
        let columns = LabelColumns::new(scores, 2.5, section, Arc::new(sources));
        let mut scratch = Vec::new();
        let column = columns.column(0, &mut scratch).to_vec();
        (columns.borders_secs(0).to_vec(), column)
    }

    fn near(ours: &[f64], expected: &[f64]) -> bool {
        ours.len() == expected.len() && ours.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-4)
    }

    #[test]
    fn classes_that_stand_for_one_label_give_the_greatest_score() {
        let (labels, scores, plain): (Vec<Arc<str>>, _, _) = (vec!["Dog".into()], scores(5), DecisionRule::default());
        let (_, column) = of(&scores, &section(0.0, 2.5, true), &[(0, plain), (1, plain)]);
        assert!(near(&column, &[0.25, 0.25, 0.25, 0.3, 0.4]), "{column:?}");
        assert_eq!(sources(&scores.classes, &labels, &LabelMap::Same, None)[0].len(), 1);
    }

    #[test]
    fn a_section_is_cut_out_of_what_the_filter_gives_of_the_whole() {
        let (scores, plain) = (scores(5), DecisionRule::default());
        let (borders, column) = of(&scores, &section(0.6, 1.8, false), &[(0, plain)]);
        assert!(near(&borders, &[0.0, 0.4, 0.9, 1.2]) && near(&column, &[0.1, 0.2, 0.3]), "{borders:?} {column:?}");
        let filtered = DecisionRule { median_frames: 3, ..plain };
        let (_, whole) = of(&scores, &section(0.0, 2.5, true), &[(0, filtered)]);
        assert!(near(&whole, &[0.0, 0.1, 0.2, 0.3, 0.3]), "{whole:?}");
        let (_, column) = of(&scores, &section(1.5, 2.5, false), &[(0, filtered)]);
        assert!(near(&column, &whole[3..]), "{column:?}");
        // Beyond the scores there are none.
        assert_eq!(of(&scores, &section(3.0, 4.0, false), &[(0, plain)]), (Vec::new(), Vec::new()));
    }

    #[test]
    fn of_a_class_with_bounding_boxes_what_lies_in_none_is_below_all_thresholds() {
        let (scores, plain, whole) = (scores(5), DecisionRule::default(), section(0.0, 2.5, true));
        let boxes = BoxRule { filter_secs: 1.0, ..BoxRule::default() };
        let boxed = DecisionRule { boxes: Some(boxes), ..plain };
        let found = decide_boxes(&scores, 0, &boxes, 0.0, 2.5);
        assert_eq!(found.len(), 1);
        let (onset_secs, confidence) = (found[0].span.onset_secs, f64::from(found[0].score));
        let (borders, alone) = of(&scores, &whole, &[(0, boxed)]);
        assert!(near(&borders, &[0.0, onset_secs, found[0].span.offset_secs]), "{borders:?}");
        assert!(alone[0] == f64::NEG_INFINITY && (alone[1] - confidence).abs() < 1e-6, "{alone:?}");
        // But there may be another class.
        let (borders, both) = of(&scores, &whole, &[(0, boxed), (1, plain)]);
        assert!(borders.contains(&onset_secs) && (both[0] - 0.25).abs() < 1e-4, "{both:?}");
        assert!((both[both.len() - 1] - confidence.max(0.25)).abs() < 1e-4);
        let (borders, cut) = of(&scores, &section(onset_secs + 0.1, 2.0, false), &[(0, boxed)]);
        assert!(near(&borders, &[0.0, 1.9 - onset_secs]) && near(&cut, &[confidence]), "{borders:?} {cut:?}");
    }
}
