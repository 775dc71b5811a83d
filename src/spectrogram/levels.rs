//! Levels that suit a picture, found from the picture itself: which are the softest and the loudest colour, and how loud each band is
//! for the greater part. Must not draw.

use super::FrequencyView;
use super::render::LevelColumns;
use crate::dsp::decibel::FLOOR_DB;

/// Of all levels in view that are not digital silence, this share is no louder than the noise floor.
const NOISE_SHARE: f64 = 0.25;

/// Of all levels in view, this share is louder than the peaks: a few pixels, so that rare and short sounds count.
const PEAK_SHARE: f64 = 2e-5;

/// The first colour lies this far below the noise floor, the last this far above the peaks, in decibels.
const BELOW_NOISE_DB: f32 = 6.0;
const ABOVE_PEAK_DB: f32 = 1.0;

/// Least and greatest distance between the first and the last colour, in decibels.
const RANGE_DB: (f32, f32) = (40.0, 90.0);

/// Levels of the first and the last colour, in decibels relative to a full-scale sine: noise is dark but not black, and the loudest sounds
/// reach the last colour. `band_bytes` as in [`super::render::Shading`].
pub fn automatic_levels(columns: &LevelColumns, frequency: &FrequencyView, band_bytes: &[u8]) -> (f32, f32) {
    let rows = rows_in_view(columns, frequency);
    // With normalised bands a level is a difference from −255 to 255.
    let (zero, mut counts) = (255, [0_u64; 511]);
    for column in columns.bytes.chunks_exact(columns.rows.max(1)) {
        for (row, &byte) in column.iter().enumerate().take(rows.end).skip(rows.start) {
            let band = band_bytes.get(row).copied().unwrap_or(0);
            // Byte 0 is at the end of the scale or below: silence that says nothing about noise.
            if byte > 0 {
                counts[zero + usize::from(byte) - usize::from(band)] += 1;
            }
        }
    }
    let total: u64 = counts.iter().sum();
    let db_of = |place: usize| {
        let steps = place as f32 - zero as f32;
        let db = steps * -FLOOR_DB / 255.0;
        if band_bytes.is_empty() { db + FLOOR_DB } else { db }
    };
    if total == 0 {
        return (FLOOR_DB, FLOOR_DB + RANGE_DB.1);
    }
    let noise_db = db_of(quantile(&counts, total, NOISE_SHARE)) - BELOW_NOISE_DB;
    let peak_db = db_of(quantile(&counts, total, 1.0 - PEAK_SHARE)) + ABOVE_PEAK_DB;
    let (least, most) = RANGE_DB;
    // Where nothing is much louder than the noise, that stays dark.
    let floor_db = noise_db.max(peak_db - most).round();
    (floor_db, peak_db.round().max(floor_db + least))
}

/// The median over time of each row, as a byte.
pub fn band_medians(columns: &LevelColumns) -> Vec<u8> {
    let mut counts = vec![[0_u64; 256]; columns.rows];
    for column in columns.bytes.chunks_exact(columns.rows.max(1)) {
        for (counts, &byte) in counts.iter_mut().zip(column) {
            counts[usize::from(byte)] += 1;
        }
    }
    let median = |counts: &[u64; 256]| quantile(counts, counts.iter().sum(), 0.5) as u8;
    counts.iter().map(median).collect()
}

/// The first place below which and at which lies at least `share` of what was counted.
fn quantile(counts: &[u64], total: u64, share: f64) -> usize {
    let wanted = ((total as f64 * share).ceil() as u64).max(1);
    let mut sum = 0;
    let place = counts.iter().position(|&count| {
        sum += count;
        sum >= wanted
    });
    place.unwrap_or(counts.len().saturating_sub(1))
}

fn rows_in_view(columns: &LevelColumns, frequency: &FrequencyView) -> std::ops::Range<usize> {
    // (`as` turns what is negative to 0.)
    let first = (frequency.low_hz / columns.hz_per_row).floor() as usize;
    let end = (frequency.high_hz / columns.hz_per_row).ceil() as usize;
    first.min(columns.rows.saturating_sub(1))..end.clamp(1, columns.rows.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::decibel::{byte_from_power, db_from_byte as median_db};
    use crate::spectrogram::FrequencyScale;

    /// 1000 columns of two rows, at these levels, of which some columns are at `loud_db` in the upper row.
    fn columns(soft_db: f32, loud_db: f32, loud: usize) -> LevelColumns {
        let byte = |db: f32| byte_from_power(10.0_f32.powf(db / 10.0));
        let bytes = (0..1000).flat_map(|n| [byte(soft_db), byte(if n < loud { loud_db } else { soft_db })]).collect();
        LevelColumns {
            rows: 2,
            hz_per_row: 100.0,
            bytes,
            left_column: 0.0,
            columns_per_px: 1.0,
            begin_column: 0.0,
            end_column: 1000.0,
        }
    }

    const ALL: FrequencyView = FrequencyView { low_hz: 0.0, high_hz: 200.0, scale: FrequencyScale::Linear };

    #[test]
    fn noise_is_dark_and_rare_peaks_reach_the_last_colour() {
        let (floor, ceiling) = automatic_levels(&columns(-70.0, -10.0, 3), &ALL, &[]);
        assert_eq!((floor, ceiling), (-76.0, -9.0));
    }

    #[test]
    fn the_range_is_neither_tiny_nor_endless_and_silence_has_one() {
        let (floor, ceiling) = automatic_levels(&columns(-50.0, -50.0, 0), &ALL, &[]);
        assert_eq!((floor, ceiling), (-56.0, -16.0));
        let (floor, ceiling) = automatic_levels(&columns(-118.0, 0.0, 100), &ALL, &[]);
        assert_eq!(ceiling - floor, 90.0);
        let (floor, ceiling) = automatic_levels(&columns(-300.0, -300.0, 0), &ALL, &[]);
        assert!(floor < ceiling);
    }

    #[test]
    fn medians_are_those_of_each_band() {
        let medians = band_medians(&columns(-60.0, -20.0, 600));
        assert!((median_db(medians[0]) + 60.0).abs() < 0.3 && (median_db(medians[1]) + 20.0).abs() < 0.3);
        let (floor, _) = automatic_levels(&columns(-60.0, -20.0, 600), &ALL, &medians);
        assert!(floor <= -6.0 && floor > -60.0);
    }
}
