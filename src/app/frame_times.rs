//! How long the frames of this run took: counted, so that memory does not grow, and told in the log at the end. Must not look at a clock.

use std::time::Duration;

/// Width of a step of the counts.
const STEP: Duration = Duration::from_micros(500);

/// Steps that are told apart; longer frames count as the last.
const STEPS: usize = 1_000;

/// Counts of frames by how long our own work took, drawing by the graphics device not included.
#[derive(Clone, Debug)]
pub struct FrameTimes {
    counts: Vec<u64>,
    longest: Duration,
}

impl Default for FrameTimes {
    fn default() -> Self {
        Self { counts: vec![0; STEPS], longest: Duration::ZERO }
    }
}

impl FrameTimes {
    /// Counts a frame.
    pub fn add(&mut self, work: Duration) {
        let step = (work.as_micros() / STEP.as_micros()).min(STEPS as u128 - 1) as usize;
        self.counts[step] += 1;
        self.longest = self.longest.max(work);
    }

    /// Frames counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The time that this share (0 to 1) of all frames did not exceed, rounded up to half a millisecond.
    pub fn quantile(&self, share: f64) -> Duration {
        let wanted = (share * self.count() as f64).ceil() as u64;
        let mut below = 0;
        let is_reached = |&count: &u64| {
            below += count;
            below >= wanted
        };
        let step = self.counts.iter().position(is_reached).unwrap_or(0) as u32;
        (STEP * (step + 1)).min(self.longest)
    }
}

impl std::fmt::Display for FrameTimes {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let millis = |time: Duration| 1e3 * time.as_secs_f64();
        write!(
            text,
            "{} frames, our own work in each: median {:.1} ms, 95 % within {:.1} ms, longest {:.1} ms",
            self.count(),
            millis(self.quantile(0.5)),
            millis(self.quantile(0.95)),
            millis(self.longest)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_a_sorted_list() {
        let mut times = FrameTimes::default();
        assert_eq!(times.quantile(0.95), Duration::ZERO);
        (1..=100).for_each(|n| times.add(Duration::from_micros(1_000 * n - 100)));
        assert_eq!(times.count(), 100);
        assert_eq!(times.quantile(0.5), Duration::from_millis(50));
        assert_eq!(times.quantile(0.95), Duration::from_millis(95));
        assert_eq!(times.quantile(1.0), Duration::from_micros(99_900));
        times.add(Duration::from_secs(9));
        assert_eq!(times.quantile(1.0), STEP * STEPS as u32);
    }
}
