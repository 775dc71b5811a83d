//! Bounding boxes between change points as the command line takes them.

use crate::decision::BoxRule;

/// Whether events are bounding boxes, and which.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct BoxArguments {
    /// Events are bounding boxes between changes of the score (cSEBBs), as sebbs finds them: their extent does not depend on the threshold,
    /// which their mean score must be above. All scores of the wanted classes are kept in memory at once, up to 1 GB an hour of hundreds of
    /// classes
    #[arg(long)]
    boxes: bool,
    /// Bounding boxes: a change is the mean score of half of this after a moment less that of half of it before
    #[arg(long, value_name = "SECS", requires = "boxes", default_value_t = 0.5, value_parser = filter)]
    step_filter: f64,
    /// Bounding boxes: two become one only if the score falls by less than this between them [default: 1, which is no limit for scores up to 1]
    #[arg(long, value_name = "X", requires = "boxes", value_parser = limit)]
    merge_difference: Option<f64>,
    /// Bounding boxes: two become one only if their greatest score is less than this many times the least one between them [default: 2, or
    /// no limit with --merge-difference]
    #[arg(long, value_name = "X", requires = "boxes", value_parser = limit)]
    merge_ratio: Option<f64>,
}

fn filter(text: &str) -> Result<f64, String> {
    let secs = text.parse().ok().filter(|secs: &f64| *secs > 0.0 && *secs <= 3600.0);
    secs.ok_or_else(|| "is not above 0, up to 3600".to_owned())
}

fn limit(text: &str) -> Result<f64, String> {
    let limit = text.parse().ok().filter(|limit: &f64| *limit >= 0.0 && limit.is_finite());
    limit.ok_or_else(|| "is not 0 or more".to_owned())
}

impl BoxArguments {
    /// How boxes are found; none if there are to be none.
    pub(super) fn rule(&self) -> Option<BoxRule> {
        let (filter_secs, default) = (self.step_filter, BoxRule::default());
        let (merge_difference, merge_ratio) = match (self.merge_difference, self.merge_ratio) {
            (None, None) => (default.merge_difference, default.merge_ratio),
            limits => limits,
        };
        self.boxes.then_some(BoxRule { filter_secs, merge_difference, merge_ratio })
    }
}
