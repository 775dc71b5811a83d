//! Geometry of the pyramid: how long a column is at each level, which level a view needs, which tiles it covers.

use crate::dsp::stft::StftSpec;

use super::{RowAxis, TimeView};

/// Columns in a tile.
pub const TILE_COLUMNS: u64 = 256;

/// Rows of a column at the base level and above, at most.
pub const COARSE_ROWS: usize = 512;

/// Rows of a column below the base level, at most: what a texture's line can hold on any device, 2 MB a tile.
const FINE_ROWS: usize = 8_192;

/// Rows below the base level that are kept however many planes are stacked.
const LEAST_FINE_ROWS: usize = 1_024;

/// A column of the base level is at least this long, in seconds: 0.34 s at 48 kHz, 0.37 s at 44.1 kHz.
const BASE_COLUMN_SECS: f64 = 0.3;

/// Bytes of base-level columns of all planes, about, beyond which columns are made longer: 50 hours of one plane at 48 kHz.
const MOST_COARSE_BYTES: u64 = 256 << 20;

/// By how many levels they are made longer at most, whatever a header says of the length.
const MOST_LEVELS_LONGER: u8 = 6;

/// Tiles across a picture, at most: what the shader has room for, less the two that may be cut by the borders.
const TILES_ACROSS: u64 = 62;

/// What of the channels is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// The mean of all channels.
    #[default]
    Mix,
    /// One channel, counted from 0; the last one if there are not so many.
    One(usize),
}

/// Names a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileKey {
    /// Of which channel.
    pub channel: Channel,
    /// Level: a column is the maximum over 2^level STFT columns.
    pub level: u8,
    /// Position: the tile's first column is `index × TILE_COLUMNS`.
    pub index: u64,
}

/// The tiles that a view covers at one level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ViewSlots {
    /// Level of the columns.
    pub level: u8,
    /// Index of the first tile.
    pub first_index: u64,
    /// Number of tiles; 0 if the view lies outside the recording.
    pub count: u64,
    /// The left border, in columns from the first column of the first tile; negative if the view begins before the recording.
    pub left_column: f64,
    /// Columns in a pixel.
    pub columns_per_px: f64,
}

/// The pyramid of one recording. Levels below `base_level` are computed where they are looked at; the base level comes from one
/// pass over the whole recording, and the levels above from the base level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PyramidLayout {
    /// Samples a second, ≥ 1, of the samples that frames are made of: the recording's rate, or the model's where the picture shows what a
    /// model sees.
    pub sample_rate: u32,
    /// Frames at level 0.
    pub stft: StftSpec,
    /// What the rows stand for.
    pub axis: RowAxis,
    /// The sample at which the first column begins, seldom other than 0. Negative if it begins before the recording.
    pub first_sample: i64,
    /// The level that the pass over the whole recording computes.
    pub base_level: u8,
    /// Rows of a column below the base level, at most.
    pub most_rows: usize,
}

impl PyramidLayout {
    /// The pyramid for a sample rate and frames, whose bins are the rows.
    pub fn new(sample_rate: u32, stft: StftSpec) -> Self {
        let sample_rate = sample_rate.max(1);
        let hz_per_row = f64::from(sample_rate) / stft.fft_size as f64;
        Self::with_axis(sample_rate, stft, RowAxis::Bins { count: stft.rows(), hz_per_row }, 0)
    }

    /// The pyramid of frames whose rows are something else, with its first column from `first_sample` on.
    pub fn with_axis(sample_rate: u32, stft: StftSpec, axis: RowAxis, first_sample: i64) -> Self {
        let sample_rate = sample_rate.max(1);
        let hops = BASE_COLUMN_SECS * f64::from(sample_rate) / stft.hop as f64;
        let base_level = hops.log2().ceil().clamp(1.0, 20.0) as u8;
        Self { sample_rate, stft, axis, first_sample, base_level, most_rows: FINE_ROWS }
    }

    /// The same for each of `planes` pictures that are stacked: the more there are, the lower each is drawn, and the fewer rows of very long
    /// transforms are kept.
    pub fn for_planes(self, planes: usize) -> Self {
        let most_rows = (FINE_ROWS / planes.max(1).next_power_of_two()).max(LEAST_FINE_ROWS);
        Self { most_rows, ..self }
    }

    /// The same for `planes` pictures of `frame_count` samples, whose base level then stays within some 256 MB: where it would not, its
    /// columns are longer, and more is computed where it is looked at.
    pub fn for_length(self, frame_count: u64, planes: usize) -> Self {
        let bytes = |level: u8| {
            let bytes_a_column = (self.rows(self.base_level) * planes.max(1)) as u64;
            self.columns(level, frame_count).saturating_mul(bytes_a_column)
        };
        let longest = self.base_level + MOST_LEVELS_LONGER;
        let fits = |level: &u8| bytes(*level) <= MOST_COARSE_BYTES;
        Self { base_level: (self.base_level..longest).find(fits).unwrap_or(longest), ..self }
    }

    /// Samples in a column.
    pub fn column_samples(&self, level: u8) -> u64 {
        (self.stft.hop as u64) << level.min(40)
    }

    /// Seconds in a column.
    pub fn column_secs(&self, level: u8) -> f64 {
        self.column_samples(level) as f64 / f64::from(self.sample_rate)
    }

    /// Rows of the axis whose maximum a row of a column is: a power of two.
    pub fn bins_per_row(&self, level: u8) -> usize {
        let most = if level < self.base_level { self.most_rows } else { COARSE_ROWS.min(self.most_rows) };
        self.axis.count().div_ceil(most.max(1)).next_power_of_two()
    }

    /// Rows of a column.
    pub fn rows(&self, level: u8) -> usize {
        self.axis.count().div_ceil(self.bins_per_row(level))
    }

    /// Row of the axis at a frequency, with its fraction.
    pub fn row_from_hz(&self, hz: f64) -> f64 {
        self.axis.row_from_hz(hz)
    }

    /// Frequency of a row of the axis, in hertz.
    pub fn hz_from_row(&self, row: f64) -> f64 {
        self.axis.hz_from_row(row)
    }

    /// Seconds at which the first column begins.
    pub fn first_secs(&self) -> f64 {
        self.first_sample as f64 / f64::from(self.sample_rate)
    }

    /// The column of a level that shows a moment; `None` before the first one.
    pub fn column_at(&self, level: u8, secs: f64) -> Option<u64> {
        let column = ((secs - self.first_secs()) / self.column_secs(level)).floor();
        (column >= 0.0).then_some(column as u64)
    }

    /// Columns of a recording of `frame_count` samples (at the layout's rate).
    pub fn columns(&self, level: u8, frame_count: u64) -> u64 {
        frame_count.saturating_add_signed(-self.first_sample).div_ceil(self.column_samples(level))
    }

    /// The finest level with at most two columns a pixel (more than one, except at level 0).
    pub fn level_for(&self, view: &TimeView) -> u8 {
        let hops_per_px = view.secs_per_px() / self.column_secs(0);
        let mut level = (hops_per_px / 2.0).log2().ceil().clamp(0.0, 40.0) as u8;
        while view.duration_secs() / self.column_secs(level) > (TILES_ACROSS * TILE_COLUMNS) as f64 && level < 40 {
            level += 1;
        }
        level
    }

    /// The tiles at `level` of a recording of `frame_count` samples that a view covers.
    pub fn slots(&self, view: &TimeView, level: u8, frame_count: u64) -> ViewSlots {
        let column_secs = self.column_secs(level);
        let column = |secs: f64| (secs - self.first_secs()) / column_secs;
        let (start, end) = (column(view.start_secs), column(view.end_secs));
        let columns = self.columns(level, frame_count);
        let tiles = columns.div_ceil(TILE_COLUMNS);
        // One column more at each side, for the interpolation between columns. (`as` turns negative numbers to 0.)
        let first_index = ((start - 1.0).floor() as u64 / TILE_COLUMNS).min(tiles);
        let end_column = ((end + 1.0).ceil() as u64).min(columns);
        let count = end_column.div_ceil(TILE_COLUMNS).saturating_sub(first_index).min(TILES_ACROSS + 2);
        ViewSlots {
            level,
            first_index,
            count,
            left_column: start - (first_index * TILE_COLUMNS) as f64,
            columns_per_px: view.secs_per_px() / column_secs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(sample_rate: u32) -> PyramidLayout {
        PyramidLayout::new(sample_rate, StftSpec::for_sample_rate(sample_rate))
    }

    #[test]
    fn base_columns_last_a_third_to_two_thirds_of_a_second() {
        for rate in [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000, 384_000] {
            let layout = layout(rate);
            let secs = layout.column_secs(layout.base_level);
            assert!((0.3..0.6).contains(&secs), "{rate} Hz: {secs} s");
            assert!(layout.rows(layout.base_level) <= COARSE_ROWS);
        }
        assert_eq!(layout(48_000).column_samples(layout(48_000).base_level), 16_384);
    }

    #[test]
    fn the_base_level_stays_within_memory_however_many_hours_and_planes() {
        let hour = 48_000 * 3_600;
        let level = |hours: u64, planes: usize| layout(48_000).for_length(hours * hour, planes).base_level;
        let usual = layout(48_000).base_level;
        assert_eq!([level(1, 1), level(24, 1), level(2, 16), level(60, 1)], [usual, usual, usual, usual + 1]);
        for (hours, planes) in [(24, 8), (24, 16), (240, 2)] {
            let layout = layout(48_000).for_length(hours * hour, planes);
            let bytes = layout.columns(layout.base_level, hours * hour) * 512 * planes as u64;
            assert!((MOST_COARSE_BYTES / 2..=MOST_COARSE_BYTES).contains(&bytes), "{hours} h, {planes}: {bytes} bytes");
        }
        assert_eq!(layout(48_000).for_length(u64::MAX, 16).base_level, usual + MOST_LEVELS_LONGER);
    }

    #[test]
    fn a_pixel_has_one_to_two_columns_at_every_zoom() {
        let layout = layout(48_000);
        for step in 0..400 {
            let secs = 1.0 * 1.05_f64.powi(step);
            let view = TimeView { start_secs: 0.0, end_secs: secs, width_px: 1200 };
            let level = layout.level_for(&view);
            let columns = view.secs_per_px() / layout.column_secs(level);
            assert!(columns <= 2.0 && (level == 0 || columns > 1.0), "{secs} s: {columns} columns");
        }
    }

    #[test]
    fn slots_cover_the_view_and_nothing_beyond_the_recording() {
        let layout = layout(48_000);
        let frames = 48_000 * 60;
        let view = TimeView { start_secs: -5.0, end_secs: 5.0, width_px: 1000 };
        let slots = layout.slots(&view, 0, frames);
        assert_eq!((slots.first_index, slots.count), (0, 2));
        assert!((slots.left_column + 468.75).abs() < 1e-9);
        let end = layout.slots(&TimeView { start_secs: 58.0, end_secs: 90.0, width_px: 1000 }, 0, frames);
        assert_eq!((end.first_index, end.count), (21, 1));
        let outside = layout.slots(&TimeView { start_secs: 100.0, end_secs: 110.0, width_px: 1000 }, 0, frames);
        assert_eq!(outside.count, 0);
        let before = layout.slots(&TimeView { start_secs: -20.0, end_secs: -10.0, width_px: 1000 }, 0, frames);
        assert_eq!(before.count, 0);
    }

    #[test]
    fn the_widest_screen_fits_the_shader() {
        let layout = layout(48_000);
        let view = TimeView { start_secs: 1.0, end_secs: 4_000.0, width_px: 20_000 };
        let level = layout.level_for(&view);
        assert!(layout.slots(&view, level, u64::MAX / 2).count <= 64);
    }
}
