//! Levels that suit a picture, found from the picture itself: which are the softest and the loudest colour. Must not draw.

use super::render::LevelColumns;
use super::{FrequencyView, PictureKind};

/// Of all levels in view that are not digital silence, this share is no louder than the noise floor.
const NOISE_SHARE: f64 = 0.25;

/// Of all levels in view, this share is louder than the peaks: a few pixels, so that rare and short sounds count.
const PEAK_SHARE: f64 = 2e-5;

/// The first colour lies this far below the noise floor, the last this far above the peaks, in decibels.
const BELOW_NOISE_DB: f32 = 6.0;
const ABOVE_PEAK_DB: f32 = 1.0;

/// Least and greatest distance between the first and the last colour, in decibels.
const RANGE_DB: (f32, f32) = (40.0, 90.0);

/// Values of the first and the last colour. Where they are decibels, noise is dark but not black, and the loudest sounds reach the last
/// colour; other kinds have a range of their own. `band_bytes` as in [`super::render::Shading`].
pub fn automatic_levels(
    columns: &LevelColumns,
    kind: PictureKind,
    frequency: &FrequencyView,
    band_bytes: &[u8],
) -> (f32, f32) {
    let scale = &columns.scale;
    if !scale.is_decibels() {
        return scale.default_colors(kind, !band_bytes.is_empty());
    }
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
        let db = (place as f32 - zero as f32) / scale.bytes_per_unit();
        if band_bytes.is_empty() { db + scale.low } else { db }
    };
    if total == 0 {
        return (scale.low, scale.low + RANGE_DB.1);
    }
    let noise_db = db_of(quantile(&counts, total, NOISE_SHARE)) - BELOW_NOISE_DB;
    let peak_db = db_of(quantile(&counts, total, 1.0 - PEAK_SHARE)) + ABOVE_PEAK_DB;
    let (least, most) = RANGE_DB;
    // Where nothing is much louder than the noise, that stays dark.
    let floor_db = noise_db.max(peak_db - most).round();
    (floor_db, peak_db.round().max(floor_db + least))
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
    let row = |hz: f64| columns.axis.row_from_hz(hz) / columns.group.max(1) as f64;
    // (`as` turns what is negative to 0.)
    let (first, end) = (row(frequency.low_hz).floor() as usize, row(frequency.high_hz).ceil() as usize);
    first.min(columns.rows.saturating_sub(1))..end.clamp(1, columns.rows.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::decibel::byte_from_power;
    use crate::spectrogram::{FrequencyScale, RowAxis, RowMedians, ValueScale};

    /// 1000 columns of two rows, at these levels, of which some columns are at `loud_db` in the upper row.
    fn columns(soft_db: f32, loud_db: f32, loud: usize) -> LevelColumns {
        let byte = |db: f32| byte_from_power(10.0_f32.powf(db / 10.0));
        let bytes = (0..1000).flat_map(|n| [byte(soft_db), byte(if n < loud { loud_db } else { soft_db })]).collect();
        LevelColumns {
            rows: 2,
            axis: RowAxis::Bins { count: 2, hz_per_row: 100.0 },
            group: 1,
            scale: ValueScale::DECIBELS,
            bytes,
            known: Vec::new(),
            left_column: 0.0,
            columns_per_px: 1.0,
            begin_column: 0.0,
            end_column: 1000.0,
        }
    }

    fn level(columns: &LevelColumns, bands: &[u8]) -> (f32, f32) {
        automatic_levels(columns, PictureKind::Level, &ALL, bands)
    }

    const ALL: FrequencyView = FrequencyView { low_hz: 0.0, high_hz: 200.0, scale: FrequencyScale::Linear };

    #[test]
    fn noise_is_dark_and_rare_peaks_reach_the_last_colour() {
        let (floor, ceiling) = level(&columns(-70.0, -10.0, 3), &[]);
        assert_eq!((floor, ceiling), (-76.0, -9.0));
    }

    #[test]
    fn the_range_is_neither_tiny_nor_endless_and_silence_has_one() {
        let (floor, ceiling) = level(&columns(-50.0, -50.0, 0), &[]);
        assert_eq!((floor, ceiling), (-56.0, -16.0));
        let (floor, ceiling) = level(&columns(-118.0, 0.0, 100), &[]);
        assert_eq!(ceiling - floor, 90.0);
        let (floor, ceiling) = level(&columns(-300.0, -300.0, 0), &[]);
        assert!(floor < ceiling);
    }

    #[test]
    fn normalised_bands_are_measured_from_their_own_middle() {
        let loud = columns(-60.0, -20.0, 600);
        let mut medians = RowMedians::new(2);
        medians.push(&loud.bytes);
        let (floor, ceiling) = level(&loud, &medians.medians());
        assert!(floor < -5.0 && ceiling >= floor + 40.0, "{floor} {ceiling}");
    }

    #[test]
    fn values_that_are_no_decibels_have_a_range_of_their_own() {
        let pcen = LevelColumns { scale: ValueScale::PCEN, ..columns(-60.0, -20.0, 600) };
        assert_eq!(automatic_levels(&pcen, PictureKind::Pcen, &ALL, &[]), (0.0, 3.0));
    }
}
