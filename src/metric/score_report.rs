//! All measures over frame scores of one class, and of all classes together.
//!
//! A class is computed for itself, so that callers spread classes over threads: [`ClassReport::of`] for each, then [`ScoreReport::of`].

use super::{
    BestF, Collars, FScore, IntersectionRule, Measured, PsdRoc, Psds, PsdsSettings, ScoredSet, ThresholdCurve,
    Undefined, class_roc, collar_curve, frame_average_precision, intersection_curve, micro_average, segment_curve,
};

/// So many points of a curve are kept for drawing.
const DRAWN_POINTS: usize = 256;

/// A group of measures that are computed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScoreMeasure {
    /// PSDS, scenario 1.
    Psds1,
    /// PSDS, scenario 2.
    Psds2,
    /// Event-based F-scores.
    Collar,
    /// Intersection-based F-scores.
    Intersection,
    /// Segment-based F-scores and areas.
    Segment,
    /// Average precision over frames.
    Frame,
}

impl ScoreMeasure {
    /// All, with what files and the command line call them.
    pub const ALL: [(&'static str, Self); 6] = [
        ("psds1", Self::Psds1),
        ("psds2", Self::Psds2),
        ("collar", Self::Collar),
        ("intersection", Self::Intersection),
        ("segment", Self::Segment),
        ("frame", Self::Frame),
    ];
}

/// What is computed.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreSettings {
    /// Which measures; what is not there is [`Undefined::NotWanted`].
    pub measures: Vec<ScoreMeasure>,
    /// Each PSDS: scenarios 1 and 2.
    pub psds: [PsdsSettings; 2],
    /// Event-based F-scores.
    pub collars: Collars,
    /// Segment-based measures: how long a segment is, in seconds, > 0.
    pub segment_secs: f64,
    /// Intersection-based F-scores.
    pub intersection: IntersectionRule,
    /// The threshold for F-scores at one threshold.
    pub threshold: f64,
    /// The area under the ROC is told up to this share of false alarms too, 0 to 1.
    pub most_alarms: f64,
}

impl Default for ScoreSettings {
    /// Those of the DCASE challenges.
    fn default() -> Self {
        Self {
            measures: ScoreMeasure::ALL.map(|(_, measure)| measure).to_vec(),
            psds: [PsdsSettings::SCENARIO_1, PsdsSettings::SCENARIO_2],
            collars: Collars::default(),
            segment_secs: 1.0,
            intersection: IntersectionRule { detection_share: 0.5, reference_share: 0.5 },
            threshold: 0.5,
            most_alarms: 0.1,
        }
    }
}

/// F-scores of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassF {
    /// At the settings' threshold.
    pub at_threshold: FScore,
    /// At the threshold that is best for this class.
    pub best: BestF,
    /// Over thresholds, for drawing: each below the score that it stands with, from high to low.
    pub curve: Vec<(f64, FScore)>,
}

impl ClassF {
    fn of(curve: &ThresholdCurve, threshold: f64) -> Self {
        let count = curve.points.len();
        let steps = count.min(DRAWN_POINTS);
        let places = (0..steps).map(|step| step * count.saturating_sub(1) / steps.saturating_sub(1).max(1));
        let drawn = places.filter_map(|place| curve.points.get(place)).map(|point| (point.below, curve.f_score(point)));
        Self { at_threshold: curve.f_at(threshold), best: curve.best_f(), curve: drawn.collect() }
    }
}

/// All measures of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassReport {
    /// The PSD-ROC of each PSDS.
    pub rocs: [Result<PsdRoc, Undefined>; 2],
    /// Event-based, with collars.
    pub collar: Result<ClassF, Undefined>,
    /// Segment-based.
    pub segment: Result<ClassF, Undefined>,
    /// Intersection-based.
    pub intersection: Result<ClassF, Undefined>,
    /// The area under the segments' ROC, 0 to 1.
    pub area_under_roc: Measured,
    /// The same up to the settings' share of false alarms.
    pub partial_area_under_roc: Measured,
    /// Average precision over segments, 0 to 1.
    pub average_precision: Measured,
    /// Average precision over frames, 0 to 1.
    pub frame_average_precision: Measured,
}

impl ClassReport {
    /// Computes all of it.
    pub fn of(set: &ScoredSet<'_>, class: usize, settings: &ScoreSettings) -> Self {
        let wanted = |measure| match settings.measures.contains(&measure) {
            true => Ok(()),
            false => Err(Undefined::NotWanted),
        };
        let in_short =
            |curve: Result<ThresholdCurve, Undefined>| curve.map(|curve| ClassF::of(&curve, settings.threshold));
        let roc = |measure, place: usize| wanted(measure).and_then(|()| class_roc(set, class, &settings.psds[place]));
        let segments = wanted(ScoreMeasure::Segment).and_then(|()| segment_curve(set, class, settings.segment_secs));
        let of_segments =
            |measure: &dyn Fn(&ThresholdCurve) -> Measured| segments.as_ref().map_err(|&why| why).and_then(measure);
        let collar = wanted(ScoreMeasure::Collar).and_then(|()| collar_curve(set, class, &settings.collars));
        let intersection = wanted(ScoreMeasure::Intersection)
            .and_then(|()| intersection_curve(set, class, &settings.intersection, None));
        Self {
            rocs: [roc(ScoreMeasure::Psds1, 0), roc(ScoreMeasure::Psds2, 1)],
            collar: in_short(collar),
            intersection: in_short(intersection),
            area_under_roc: of_segments(&|curve| curve.area_under_roc(1.0)),
            partial_area_under_roc: of_segments(&|curve| curve.area_under_roc(settings.most_alarms)),
            average_precision: of_segments(&ThresholdCurve::average_precision),
            frame_average_precision: wanted(ScoreMeasure::Frame).and_then(|()| frame_average_precision(set, class)),
            segment: in_short(segments),
        }
    }
}

/// F-scores of all classes together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AverageF {
    /// The mean over the classes of F-score, precision and recall.
    pub mean: [f64; 3],
    /// Of the summed counts.
    pub micro: FScore,
}

/// All measures of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreReport {
    /// Class by class, in the set's order.
    pub classes: Vec<ClassReport>,
    /// Scenarios 1 and 2.
    pub psds: [Psds; 2],
}

impl ScoreReport {
    /// From those of all classes.
    pub fn of(classes: Vec<ClassReport>, settings: &ScoreSettings) -> Self {
        let rocs = |place: usize| classes.iter().map(|class| class.rocs[place].clone()).collect::<Vec<_>>();
        let psds = [Psds::of(&rocs(0), &settings.psds[0]), Psds::of(&rocs(1), &settings.psds[1])];
        Self { classes, psds }
    }

    /// F-scores of all classes that have one; none without such a class.
    pub fn average_f(&self, of_class: impl Fn(&ClassReport) -> Option<FScore>) -> Option<AverageF> {
        let scores: Vec<FScore> = self.classes.iter().filter_map(of_class).collect();
        let count = scores.len() as f64;
        let mean = |part: fn(&FScore) -> f64| scores.iter().map(part).sum::<f64>() / count;
        (!scores.is_empty()).then(|| AverageF {
            mean: [mean(|score| score.f), mean(|score| score.precision), mean(|score| score.recall)],
            micro: micro_average(&scores),
        })
    }

    /// The mean of a measure over the classes that have it.
    ///
    /// # Errors
    /// [`Undefined::NoClass`].
    pub fn mean(&self, of_class: impl Fn(&ClassReport) -> Measured) -> Measured {
        let values: Vec<f64> = self.classes.iter().filter_map(|class| of_class(class).ok()).collect();
        if values.is_empty() { Err(Undefined::NoClass) } else { Ok(values.iter().sum::<f64>() / values.len() as f64) }
    }
}
