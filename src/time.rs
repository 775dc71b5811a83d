//! Time on a recording: seconds at the edges of the program, integer samples and frames inside it.
//!
//! Owns [`Span`] and the conversions, and dates and times of day as values. Must not know about screens, files or this machine's clock.

mod civil;

pub use civil::{CivilDate, CivilTime};

/// A half-open stretch of time `[onset, offset)` on a recording, in seconds from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Span {
    /// First moment inside the span, in seconds, ≥ 0.
    pub onset_secs: f64,
    /// First moment after the span, in seconds, ≥ `onset_secs`.
    pub offset_secs: f64,
}

impl Span {
    /// The span between two moments given in either order; negative and non-finite moments become 0.
    pub fn between(a_secs: f64, b_secs: f64) -> Self {
        let clean = |secs: f64| if secs.is_finite() { secs.max(0.0) } else { 0.0 };
        let (a, b) = (clean(a_secs), clean(b_secs));
        Self { onset_secs: a.min(b), offset_secs: a.max(b) }
    }

    /// Length in seconds, ≥ 0.
    pub fn duration_secs(self) -> f64 {
        self.offset_secs - self.onset_secs
    }

    /// The moment half-way, in seconds.
    pub fn centre_secs(self) -> f64 {
        0.5 * (self.onset_secs + self.offset_secs)
    }

    /// Whether the moment lies in `[onset, offset)`.
    pub fn contains(self, secs: f64) -> bool {
        (self.onset_secs..self.offset_secs).contains(&secs)
    }

    /// Seconds that both spans cover, 0 if they only touch.
    pub fn overlap_secs(self, other: Self) -> f64 {
        (self.offset_secs.min(other.offset_secs) - self.onset_secs.max(other.onset_secs)).max(0.0)
    }

    /// The same span moved by `by_secs`, kept within `[0, limit_secs]` with its duration unchanged.
    pub fn moved(self, by_secs: f64, limit_secs: f64) -> Self {
        let duration = self.duration_secs();
        let onset = (self.onset_secs + by_secs).min(limit_secs - duration).max(0.0);
        Self { onset_secs: onset, offset_secs: onset + duration }
    }

    /// The part of the span inside `[0, limit_secs]`.
    pub fn clipped(self, limit_secs: f64) -> Self {
        Self::between(self.onset_secs.min(limit_secs), self.offset_secs.min(limit_secs))
    }
}

/// Seconds at which sample `sample` begins, at `sample_rate` in hertz.
pub fn secs_from_samples(sample: u64, sample_rate: u32) -> f64 {
    sample as f64 / f64::from(sample_rate.max(1))
}

/// No recording has more samples: 23 years at 384 kHz. Sums of a few such numbers, and their product with a channel count or a small
/// ratio of rates, cannot overflow.
pub const MAX_SAMPLES: u64 = 1 << 48;

/// The sample nearest to `secs`, at `sample_rate` in hertz; 0 for negative times, at most [`MAX_SAMPLES`].
pub fn samples_from_secs(secs: f64, sample_rate: u32) -> u64 {
    // `as` turns what is negative or no number into 0.
    ((secs * f64::from(sample_rate)).round() as u64).min(MAX_SAMPLES)
}

/// `h:mm:ss` with `decimals` digits of a second, the hours left out below one hour: `3:07.250`, `1:00:00.000`.
pub fn clock_text(secs: f64, decimals: usize) -> String {
    let scale = 10_f64.powi(decimals as i32);
    let ticks = (secs.max(0.0) * scale).round();
    let whole = (ticks / scale).floor();
    let fraction = ticks - whole * scale;
    let (hours, minutes, seconds) = ((whole / 3600.0).floor(), (whole / 60.0).floor() % 60.0, whole % 60.0);
    let dot = if decimals == 0 { String::new() } else { format!(".{fraction:0decimals$.0}") };
    if hours > 0.0 {
        format!("{hours:.0}:{minutes:02.0}:{seconds:02.0}{dot}")
    } else {
        format!("{minutes:.0}:{seconds:02.0}{dot}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_text_rounds_and_carries() {
        assert_eq!(clock_text(187.25, 3), "3:07.250");
        assert_eq!(clock_text(59.9996, 3), "1:00.000");
        assert_eq!(clock_text(3600.0, 0), "1:00:00");
        assert_eq!(clock_text(-1.0, 1), "0:00.0");
    }

    #[test]
    fn a_moved_span_keeps_its_duration_at_both_ends() {
        let span = Span::between(2.0, 3.5);
        assert_eq!(span.moved(-9.0, 10.0), Span::between(0.0, 1.5));
        assert_eq!(span.moved(9.0, 10.0), Span::between(8.5, 10.0));
    }

    #[test]
    fn samples_and_seconds_agree() {
        for rate in [8_000, 44_100, 384_000] {
            for sample in [0, 1, 12_345, u64::from(rate) * 86_400] {
                assert_eq!(samples_from_secs(secs_from_samples(sample, rate), rate), sample);
            }
        }
        assert_eq!(
            [f64::NAN, -1.0, 1e300, f64::INFINITY].map(|secs| samples_from_secs(secs, 8_000)),
            [0, 0, MAX_SAMPLES, MAX_SAMPLES]
        );
    }
}
