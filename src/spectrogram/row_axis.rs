//! Which frequency a row of a picture stands for. Must not know how rows are computed. The shader computes the same formulas.

use crate::dsp::mel_from_hz;

/// The rows of a column before any are grouped, lowest frequency first. Row `r` reaches from `r − ½` to `r + ½`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RowAxis {
    /// Bins of a transform: row `r` stands at `r × hz_per_row` hertz.
    Bins {
        /// Rows, ≥ 1.
        count: usize,
        /// Hertz from one row to the next.
        hz_per_row: f64,
    },
    /// Bands of a model's front end: the middle of row `r` lies at `first_mel + r × step_mel` on HTK's mel scale.
    Mel {
        /// Rows, ≥ 1.
        count: usize,
        /// Middle of the lowest band, in mel.
        first_mel: f64,
        /// Mel from one band to the next.
        step_mel: f64,
    },
}

impl RowAxis {
    /// `count` bands whose triangles reach from `low_hz` to `high_hz` in all.
    pub fn mel_bands(count: usize, low_hz: f64, high_hz: f64) -> Self {
        let (low, high) = (mel_from_hz(low_hz), mel_from_hz(high_hz));
        let step_mel = ((high - low) / (count + 1) as f64).max(1e-9);
        Self::Mel { count: count.max(1), first_mel: low + step_mel, step_mel }
    }

    /// Number of rows.
    pub fn count(&self) -> usize {
        match *self {
            Self::Bins { count, .. } | Self::Mel { count, .. } => count,
        }
    }

    /// The row at a frequency, with its fraction; below −½ and from `count − ½` on there is no row.
    pub fn row_from_hz(&self, hz: f64) -> f64 {
        match *self {
            Self::Bins { hz_per_row, .. } => hz / hz_per_row,
            Self::Mel { first_mel, step_mel, .. } => (mel_from_hz(hz.max(-699.0)) - first_mel) / step_mel,
        }
    }

    /// The frequency of a row, in hertz.
    pub fn hz_from_row(&self, row: f64) -> f64 {
        match *self {
            Self::Bins { hz_per_row, .. } => row * hz_per_row,
            Self::Mel { first_mel, step_mel, .. } => 700.0 * ((first_mel + row * step_mel) / 1127.0).exp_m1(),
        }
    }

    /// The rows that are drawn, with their fractions: of bins from 0 Hz to half the rate, of bands from the lower border of the lowest to
    /// the upper border of the highest.
    pub fn drawn_rows(&self) -> (f64, f64) {
        match *self {
            Self::Bins { count, .. } => (0.0, count as f64),
            Self::Mel { count, .. } => (-0.5, count as f64 - 0.5),
        }
    }

    /// The frequencies that are drawn, in hertz.
    pub fn hz_range(&self) -> (f64, f64) {
        let (low, high) = self.drawn_rows();
        (self.hz_from_row(low).max(0.0), self.hz_from_row(high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_frequencies_agree() {
        let bins = RowAxis::Bins { count: 1024, hz_per_row: 23.4375 };
        let bands = RowAxis::mel_bands(64, 125.0, 7500.0);
        for axis in [bins, bands] {
            for row in [-0.5, 0.0, 0.25, 17.0, 63.4] {
                assert!((axis.row_from_hz(axis.hz_from_row(row)) - row).abs() < 1e-9, "{axis:?} {row}");
            }
        }
        assert_eq!(bins.hz_range(), (0.0, 24_000.0));
    }

    #[test]
    fn bands_stand_where_their_triangles_have_their_middle() {
        // By the definition: 66 points that are even in 2595·log10(1 + f/700) from 125 Hz to 7500 Hz; the inner ones are the middles.
        let mel = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
        let hz = |mel: f64| 700.0 * (10_f64.powf(mel / 2595.0) - 1.0);
        let axis = RowAxis::mel_bands(64, 125.0, 7500.0);
        for band in [0, 1, 31, 63] {
            let middle = hz(mel(125.0) + (mel(7500.0) - mel(125.0)) * f64::from(band + 1) / 65.0);
            // 1127 and 2595 / ln 10 differ in the sixth digit.
            assert!((axis.hz_from_row(f64::from(band)) / middle - 1.0).abs() < 1e-5, "band {band}");
        }
    }
}
