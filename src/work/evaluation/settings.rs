//! How is evaluated, as the user chooses it for all projects.

use crate::metric::{
    Boundaries, Collars, EventBased, Goal, IntersectionBased, IntersectionRule, Matching, Quirks, ScoreMeasure,
    ScoreSettings, Settings, WhenNothingEstimated,
};

/// Which recordings are evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhichRecordings {
    /// Those on which work is done.
    Done,
    /// Those with a label, with a span where nothing is missing, or on which work is done.
    #[default]
    Annotated,
    /// All of the project.
    All,
}

impl WhichRecordings {
    /// All choices.
    pub const ALL: [Self; 3] = [Self::Done, Self::Annotated, Self::All];

    /// In words, after "recordings".
    pub fn words(self) -> &'static str {
        match self {
            Self::Done => "marked done",
            Self::Annotated => "with labels",
            Self::All => "of the project",
        }
    }
}

/// Which F-score is meant where there is one for each way of counting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoalKind {
    /// Event-based, with collars.
    #[default]
    Collar,
    /// Segment-based.
    Segment,
    /// Intersection-based.
    Intersection,
}

impl GoalKind {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Collar, Self::Segment, Self::Intersection];

    /// What it is called.
    pub fn words(self) -> &'static str {
        match self {
            Self::Collar => "collar F1",
            Self::Segment => "segment F1",
            Self::Intersection => "intersection F1",
        }
    }

    /// The key of the metric that computes it of two lists of events.
    pub(super) fn metric(self) -> &'static str {
        match self {
            Self::Collar => "event_based",
            Self::Segment => "segment_based",
            Self::Intersection => "intersection_based",
        }
    }
}

/// How is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct EvaluationSettings {
    /// Which recordings.
    pub recordings: WhichRecordings,
    /// Classes that the reference does not have are left out of the estimate.
    pub only_reference_classes: bool,
    /// Onsets may differ by this many seconds, 0 to 60.
    pub collar_secs: f64,
    /// Offsets may differ by the collar or this share of the reference event, 0 to 1.
    pub offset_share: f64,
    /// How long a segment is, in seconds, 0.01 to 3600.
    pub segment_secs: f64,
    /// Share of an estimated event that reference events must cover, 0 to 1.
    pub detection_share: f64,
    /// Share of a reference event that right estimated events must cover, 0 to 1.
    pub reference_share: f64,
    /// The F-score over thresholds that is drawn, and made as great as possible.
    pub goal: GoalKind,
}

impl Default for EvaluationSettings {
    /// Those of the DCASE challenges.
    fn default() -> Self {
        Self {
            recordings: WhichRecordings::default(),
            only_reference_classes: true,
            collar_secs: 0.2,
            offset_share: 0.2,
            segment_secs: 1.0,
            detection_share: 0.5,
            reference_share: 0.5,
            goal: GoalKind::default(),
        }
    }
}

impl EvaluationSettings {
    /// The same with numbers that make sense.
    pub fn within_bounds(self) -> Self {
        let default = Self::default();
        let bound = |value: f64, low: f64, high: f64, default: f64| {
            if value.is_finite() { value.clamp(low, high) } else { default }
        };
        Self {
            collar_secs: bound(self.collar_secs, 0.0, 60.0, default.collar_secs),
            offset_share: bound(self.offset_share, 0.0, 1.0, default.offset_share),
            segment_secs: bound(self.segment_secs, 0.01, 3600.0, default.segment_secs),
            detection_share: bound(self.detection_share, 0.0, 1.0, default.detection_share),
            reference_share: bound(self.reference_share, 0.0, 1.0, default.reference_share),
            ..self
        }
    }

    /// For lists of events. A class that is missed altogether has the F-score 0, so that it counts in the mean.
    pub fn of_events(&self) -> Settings {
        Settings {
            event_based: EventBased {
                collar_secs: self.collar_secs,
                offset_share: self.offset_share,
                boundaries: Boundaries::Both,
                matching: Matching::Optimal,
            },
            segment_secs: self.segment_secs,
            intersection_based: IntersectionBased {
                detection_share: self.detection_share,
                reference_share: self.reference_share,
                ..IntersectionBased::default()
            },
            when_nothing_estimated: WhenNothingEstimated::Zero,
            quirks: Quirks::Corrected,
        }
    }

    /// For frame scores.
    pub(super) fn of_scores(&self) -> ScoreSettings {
        ScoreSettings {
            measures: ScoreMeasure::ALL.map(|(_, measure)| measure).to_vec(),
            collars: self.collars(),
            segment_secs: self.segment_secs,
            intersection: self.intersection(),
            ..ScoreSettings::default()
        }
    }

    /// The F-score over thresholds that is to be as great as possible.
    pub(super) fn goal(&self) -> Goal {
        match self.goal {
            GoalKind::Collar => Goal::Collar(self.collars()),
            GoalKind::Segment => Goal::Segment(self.segment_secs),
            GoalKind::Intersection => Goal::Intersection(self.intersection()),
        }
    }

    fn collars(&self) -> Collars {
        Collars { onset_secs: self.collar_secs, offset_secs: self.collar_secs, offset_share: self.offset_share }
    }

    fn intersection(&self) -> IntersectionRule {
        IntersectionRule { detection_share: self.detection_share, reference_share: self.reference_share }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_from_a_file_are_bounded_and_missing_ones_are_the_defaults() {
        let kept = r#"{"collar_secs": -3.0, "segment_secs": 0.0, "offset_share": 7.0, "unknown": 1}"#;
        let settings = serde_json::from_str::<EvaluationSettings>(kept).unwrap().within_bounds();
        let expected =
            EvaluationSettings { collar_secs: 0.0, segment_secs: 0.01, offset_share: 1.0, ..Default::default() };
        assert_eq!(settings, expected);
    }
}
