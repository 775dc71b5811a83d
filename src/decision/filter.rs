//! Median filter over frames.

/// What is taken for the frames before the first and after the last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MedianEdges {
    /// Zeros, as `scipy.ndimage.median_filter(mode="constant")` does. An even width counts as the next odd one.
    #[default]
    Zeros,
    /// The frames themselves, mirrored at the edge with the outermost one repeated, as often as it takes:
    /// `scipy.ndimage.median_filter(mode="reflect")`. An even width reaches one frame further back than forward, and of the two values in
    /// the middle the greater one counts.
    Reflect,
}

/// Wider windows than this count as this one: three quarters of an hour of frames 40 ms apart.
const MOST_FRAMES: usize = 65_535;

/// Where a median window lies around its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MedianWindow {
    /// Frames before its own.
    pub before: usize,
    /// Frames after its own.
    pub after: usize,
}

impl MedianWindow {
    /// The window of `width` frames; a width of 0 counts as 1, and none is wider than 65,535.
    pub fn new(width: usize, edges: MedianEdges) -> Self {
        let width = width.min(MOST_FRAMES);
        let before = width / 2;
        let after = match edges {
            MedianEdges::Zeros => before,
            MedianEdges::Reflect => (width.max(1) - 1) / 2,
        };
        Self { before, after }
    }

    /// Frames of the window.
    pub fn width(self) -> usize {
        self.before + self.after + 1
    }

    /// How many frames must be greater than a value so that the median is.
    pub fn majority(self) -> usize {
        self.width() - self.width() / 2
    }
}

/// The frame that stands for frame `index` (which may lie outside) of `count` > 0 by reflection.
pub(super) fn reflected(index: isize, count: usize) -> usize {
    let period = 2 * count;
    let within = index.rem_euclid(period as isize) as usize;
    within.min(period - 1 - within)
}

/// The running median of `width` frames.
///
/// `scores` is one class over time, none below 0 if zeros are assumed around them; the result has the same length. A width of 0 or 1
/// changes nothing, and one above 65,535 counts as that.
pub fn median_filter(scores: &[f32], width: usize, edges: MedianEdges) -> Vec<f32> {
    let count = scores.len();
    let window = MedianWindow::new(width, edges);
    if window.width() == 1 || scores.is_empty() {
        return scores.to_vec();
    }
    let at = |index: isize| match edges {
        MedianEdges::Zeros => usize::try_from(index).ok().and_then(|index| scores.get(index)).copied().unwrap_or(0.0),
        MedianEdges::Reflect => scores[reflected(index, count)],
    };
    // The window is kept sorted: one removal and one insertion a frame, each by bisection.
    let (before, after) = (window.before as isize, window.after as isize);
    let mut sorted: Vec<f32> = (-before..=after).map(at).collect();
    sorted.sort_by(f32::total_cmp);
    let middle = sorted.len() / 2;
    let mut filtered = Vec::with_capacity(count);
    for centre in 0..count as isize {
        filtered.push(sorted[middle]);
        let (leaving, entering) = (at(centre - before), at(centre + after + 1));
        sorted.remove(sorted.partition_point(|value| value.total_cmp(&leaving).is_lt()).min(sorted.len() - 1));
        sorted.insert(sorted.partition_point(|value| value.total_cmp(&entering).is_lt()), entering);
    }
    filtered
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All frames around each one, sorted.
    fn naive(scores: &[f32], width: usize, edges: MedianEdges) -> Vec<f32> {
        let count = scores.len() as isize;
        let at = |index: isize| match edges {
            MedianEdges::Zeros => {
                if (0..count).contains(&index) {
                    scores[index as usize]
                } else {
                    0.0
                }
            }
            MedianEdges::Reflect => {
                let mut index = index;
                while !(0..count).contains(&index) {
                    index = if index < 0 { -1 - index } else { 2 * count - 1 - index };
                }
                scores[index as usize]
            }
        };
        let before = (width / 2) as isize;
        let after = if edges == MedianEdges::Zeros { before } else { (width.max(1) as isize - 1) / 2 };
        let median = |centre: isize| {
            let mut window: Vec<f32> = (centre - before..=centre + after).map(at).collect();
            window.sort_by(f32::total_cmp);
            window[window.len() / 2]
        };
        (0..count).map(median).collect()
    }

    proptest! {
        #[test]
        fn equals_the_naive_one(scores in prop::collection::vec(0.0_f32..1.0, 0..80), width in 0_usize..200) {
            for edges in [MedianEdges::Zeros, MedianEdges::Reflect] {
                prop_assert_eq!(median_filter(&scores, width, edges), naive(&scores, width, edges));
            }
        }
    }

    #[test]
    fn no_width_is_too_great() {
        assert_eq!(median_filter(&[0.5, 0.7, 0.9], usize::MAX, MedianEdges::Zeros), [0.0; 3]);
        assert_eq!(median_filter(&[0.5, 0.7, 0.9], usize::MAX, MedianEdges::Reflect), [0.7; 3]);
    }

    #[test]
    fn the_median_is_greater_if_the_majority_is() {
        for width in 1..12 {
            for edges in [MedianEdges::Zeros, MedianEdges::Reflect] {
                let window = MedianWindow::new(width, edges);
                assert_eq!(window.majority(), window.width() - window.width() / 2, "{width}");
            }
        }
        assert_eq!(
            (
                MedianWindow::new(9, MedianEdges::Reflect).majority(),
                MedianWindow::new(6, MedianEdges::Reflect).majority()
            ),
            (5, 3)
        );
    }
}
