//! Median filter over frames.

/// The running median of `width` frames (odd; an even width counts as the next odd one), with as many zeros assumed before and after
/// the scores, as `scipy.ndimage.median_filter(mode="constant")` does.
///
/// `scores` is one class over time, none below 0; the result has the same length. A width of 0 or 1 changes nothing, one of more than
/// twice the length leaves only zeros.
pub fn median_filter(scores: &[f32], width: usize) -> Vec<f32> {
    // From here on the assumed zeros are the majority anyway: any wider window would only take memory.
    let half = (width / 2).min(scores.len());
    if half == 0 || scores.is_empty() {
        return scores.to_vec();
    }
    // The window is kept sorted: one removal and one insertion a frame, each by bisection.
    let at = |index: isize| usize::try_from(index).ok().and_then(|index| scores.get(index)).copied().unwrap_or(0.0);
    let half = half as isize;
    let mut window: Vec<f32> = (-half..=half).map(at).collect();
    window.sort_by(f32::total_cmp);
    let mut filtered = Vec::with_capacity(scores.len());
    for centre in 0..scores.len() as isize {
        filtered.push(window[half as usize]);
        let (leaving, entering) = (at(centre - half), at(centre + half + 1));
        window.remove(window.partition_point(|value| value.total_cmp(&leaving).is_lt()).min(window.len() - 1));
        window.insert(window.partition_point(|value| value.total_cmp(&entering).is_lt()), entering);
    }
    filtered
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(scores: &[f32], width: usize) -> Vec<f32> {
        let half = (width / 2) as isize;
        (0..scores.len() as isize)
            .map(|centre| {
                let mut window: Vec<f32> = (centre - half..=centre + half)
                    .map(|index| if index < 0 { 0.0 } else { scores.get(index as usize).copied().unwrap_or(0.0) })
                    .collect();
                window.sort_by(f32::total_cmp);
                window[half as usize]
            })
            .collect()
    }

    proptest! {
        #[test]
        fn equals_the_naive_one(scores in prop::collection::vec(0.0_f32..1.0, 0..80), width in 0_usize..200) {
            prop_assert_eq!(median_filter(&scores, width), naive(&scores, width));
        }
    }

    #[test]
    fn no_width_takes_more_memory_than_the_scores_do() {
        assert_eq!(median_filter(&[0.5, 0.7, 0.9], usize::MAX), [0.0; 3]);
    }
}
