//! Columns of levels as pixels, by the same rules as the window's shader: where a pixel covers several columns or rows it takes the
//! greatest, where a column or row covers several pixels the value goes evenly from one to the next. The only renderer without a
//! graphics device. Must not know where columns come from, nor pages and axes.

use super::colormap::{self, COLOR_COUNT};
use super::{FrequencyView, RowAxis, ValueScale};

/// Neighbouring columns of levels, and where the picture's left border lies among them.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelColumns {
    /// Bytes in a column, lowest frequency first.
    pub rows: usize,
    /// What the rows stand for.
    pub axis: RowAxis,
    /// Rows of the axis whose maximum a row here is.
    pub group: usize,
    /// What the bytes stand for.
    pub scale: ValueScale,
    /// The columns one after the other, `rows` bytes each. Column 0 is the first one here, not the recording's.
    pub bytes: Vec<u8>,
    /// Which of the columns are known; empty if all are.
    pub known: Vec<bool>,
    /// The left border of the picture, in columns.
    pub left_column: f64,
    /// Columns in a pixel, > 0.
    pub columns_per_px: f64,
    /// Where the recording begins, in columns: at 0 or before the picture.
    pub begin_column: f64,
    /// Where the recording ends, in columns.
    pub end_column: f64,
}

impl LevelColumns {
    /// Columns present.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.rows.max(1)
    }

    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One column, lowest frequency first; `None` where nothing is known.
    fn column(&self, column: i64) -> Option<&[u8]> {
        let column =
            usize::try_from(column).ok().filter(|&column| self.known.get(column).is_none_or(|&known| known))?;
        let start = column.checked_mul(self.rows)?;
        self.bytes.get(start..start.checked_add(self.rows)?)
    }
}

/// How levels become colours.
#[derive(Clone, Debug, PartialEq)]
pub struct Shading {
    /// Value of the first colour, in the unit of the columns' [`ValueScale`]; with `band_bytes` the difference from the band's own.
    pub floor: f32,
    /// Value of the last colour, > `floor`.
    pub ceiling: f32,
    /// Exponent between the two: 1 is even, less shows soft sounds brighter.
    pub gamma: f32,
    /// For normalised bands: the byte of each row that counts as nothing. Empty for values as they are.
    pub band_bytes: Vec<u8>,
}

impl Shading {
    /// Byte of the first colour, and the part of the map that one byte makes.
    fn floor_and_slope(&self, scale: &ValueScale) -> (f32, f32) {
        let is_plain = self.band_bytes.is_empty();
        let byte = |value: f32| if is_plain { scale.byte_place(value) } else { value * scale.bytes_per_unit() };
        let (floor, ceiling) = (byte(self.floor), byte(self.ceiling));
        (floor, 1.0 / (ceiling - floor).max(0.01))
    }
}

/// A picture as places in a colour map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a line.
    pub width: usize,
    /// Lines.
    pub height: usize,
    /// Line by line from the top: the place of each pixel's colour in a map.
    pub shades: Vec<u8>,
    /// Which pixels of a line show something that is known. Only these are anything.
    pub known: Vec<bool>,
    /// The pixels of a line from the first to the last that is known; likewise `known_lines`.
    pub known_columns: std::ops::Range<usize>,
    /// The lines that lie within what the rows stand for.
    pub known_lines: std::ops::Range<usize>,
}

impl Picture {
    /// The part that shows the recording; `None` if the picture lies outside it.
    pub fn known(&self) -> Option<Self> {
        let (width, height) = (self.known_columns.len(), self.known_lines.len());
        if width == 0 || height == 0 {
            return None;
        }
        let lines = self.shades.chunks_exact(self.width).skip(self.known_lines.start).take(height);
        let shades = lines.flat_map(|line| &line[self.known_columns.clone()]).copied().collect();
        let known = self.known[self.known_columns.clone()].to_vec();
        Some(Self { width, height, shades, known, known_columns: 0..width, known_lines: 0..height })
    }
}

/// Which rows a line of pixels shows.
#[derive(Clone, Copy, Debug)]
enum Rows {
    /// The greatest of these.
    Greatest(usize, usize),
    /// Between these two, so far from the first to the second.
    Between(usize, usize, f32),
    /// None: beyond what the rows stand for.
    None,
}

/// Draws `width` × `height` pixels.
pub fn render(
    columns: &LevelColumns,
    frequency: &FrequencyView,
    shading: &Shading,
    width: usize,
    height: usize,
) -> Picture {
    let lines: Vec<Rows> = (0..height).map(|y| rows_of_line(y, height, frequency, columns)).collect();
    let (floor, slope) = shading.floor_and_slope(&columns.scale);
    let mut shades = vec![0; width * height];
    let mut known = vec![false; width];
    let mut scratch = Scratch { greatest: vec![0; columns.rows], values: vec![0.0; height] };
    for (x, known) in known.iter_mut().enumerate() {
        let left = columns.left_column + x as f64 * columns.columns_per_px;
        *known = column_values(columns, left, &lines, shading, &mut scratch);
        if !*known {
            continue;
        }
        for (shade, value) in shades.iter_mut().skip(x).step_by(width).zip(&scratch.values) {
            let share = ((value - floor) * slope).clamp(0.0, 1.0);
            let share = if shading.gamma == 1.0 { share } else { share.powf(shading.gamma) };
            *shade = (share * (COLOR_COUNT - 1) as f32 + 0.5) as u8;
        }
    }
    let is_known = |line: &Rows| !matches!(line, Rows::None);
    let first = lines.iter().position(is_known).unwrap_or(0);
    let end = lines.iter().rposition(is_known).map_or(0, |last| last + 1);
    let first_column = known.iter().position(|&known| known).unwrap_or(0);
    let end_column = known.iter().rposition(|&known| known).map_or(0, |last| last + 1);
    Picture {
        width,
        height,
        shades,
        known,
        known_columns: first_column..end_column,
        known_lines: first..end.max(first),
    }
}

/// The rows of line `y` from the top.
fn rows_of_line(y: usize, height: usize, frequency: &FrequencyView, columns: &LevelColumns) -> Rows {
    let row_at = |line: usize| columns.axis.row_from_hz(frequency.hz_from_y(1.0 - line as f64 / height as f64));
    let (high, low) = (row_at(y), row_at(y + 1));
    let last_row = columns.rows.saturating_sub(1);
    let (first_drawn, end_drawn) = columns.axis.drawn_rows();
    if low >= end_drawn || high <= first_drawn {
        return Rows::None;
    }
    let grouped = |row: f64| (row + 0.5) / columns.group.max(1) as f64 - 0.5;
    let (high, low) = (grouped(high), grouped(low));
    // Row r reaches from r − ½ to r + ½.
    let (first, end) = (low.ceil(), high.ceil());
    if first < end {
        let first = (first.max(0.0) as usize).min(last_row);
        return Rows::Greatest(first, (end as usize).saturating_sub(1).clamp(first, last_row));
    }
    let position = (0.5 * (low + high)).max(0.0);
    let below = position.floor();
    let row = |row: f64| (row as usize).min(last_row);
    Rows::Between(row(below), row(below + 1.0), (position - below) as f32)
}

/// Memory for one column of pixels.
struct Scratch {
    /// The greatest byte of each row.
    greatest: Vec<u8>,
    /// The value of each line.
    values: Vec<f32>,
}

/// The value of each line for the pixel whose left border lies at `left`, in columns. False, and nothing done, where nothing is known.
fn column_values(columns: &LevelColumns, left: f64, lines: &[Rows], shading: &Shading, scratch: &mut Scratch) -> bool {
    let right = left + columns.columns_per_px;
    let middle = 0.5 * (left + right);
    if middle < columns.begin_column || middle >= columns.end_column {
        return false;
    }
    let bands = shading.band_bytes.as_slice();
    let (first, end) = ((left - 0.5).ceil() as i64, (right - 0.5).ceil() as i64);
    if first < end {
        let mut covered = (first..end).filter_map(|column| columns.column(column));
        let Some(column) = covered.next() else { return false };
        scratch.greatest.copy_from_slice(column);
        for column in covered {
            scratch.greatest.iter_mut().zip(column).for_each(|(greatest, &byte)| *greatest = byte.max(*greatest));
        }
        for (value, &rows) in scratch.values.iter_mut().zip(lines) {
            *value = value_of_rows(&scratch.greatest, rows, bands);
        }
        return true;
    }
    let position = middle - 0.5;
    let before = position.floor();
    let share = (position - before) as f32;
    let (earlier, later) = (columns.column(before as i64), columns.column(before as i64 + 1));
    let (earlier, later) = match (earlier, later) {
        (Some(earlier), Some(later)) => (earlier, later),
        (Some(only), None) | (None, Some(only)) => (only, only),
        (None, None) => return false,
    };
    for (value, &rows) in scratch.values.iter_mut().zip(lines) {
        let (from, to) = (value_of_rows(earlier, rows, bands), value_of_rows(later, rows, bands));
        *value = from + share * (to - from);
    }
    true
}

fn value_of_rows(column: &[u8], rows: Rows, bands: &[u8]) -> f32 {
    let value = |row: usize| {
        let byte = column.get(row).copied().unwrap_or(0);
        f32::from(byte) - f32::from(bands.get(row).copied().unwrap_or(0))
    };
    match rows {
        Rows::Greatest(first, last) if bands.is_empty() => {
            f32::from(column.get(first..=last).and_then(|bytes| bytes.iter().copied().max()).unwrap_or(0))
        }
        Rows::Greatest(first, last) => (first..=last).map(value).fold(f32::NEG_INFINITY, f32::max),
        Rows::Between(below, above, share) => value(below) + share * (value(above) - value(below)),
        Rows::None => 0.0,
    }
}

/// The colours of a map as a table that a picture's shades are places in.
pub fn palette(map: usize) -> &'static [[u8; 3]; COLOR_COUNT] {
    &colormap::ALL[map.min(colormap::ALL.len() - 1)].colors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrogram::FrequencyScale;

    /// Column c, row r holds `10 c + r`.
    fn columns(count: usize, rows: usize, columns_per_px: f64) -> LevelColumns {
        let bytes = (0..count).flat_map(|c| (0..rows).map(move |r| (10 * c + r) as u8)).collect();
        let end_column = count as f64;
        let axis = RowAxis::Bins { count: rows, hz_per_row: 1.0 };
        LevelColumns {
            rows,
            axis,
            group: 1,
            scale: ValueScale::DECIBELS,
            bytes,
            known: Vec::new(),
            left_column: 0.0,
            columns_per_px,
            begin_column: 0.0,
            end_column,
        }
    }

    /// Shades are the bytes themselves.
    fn as_they_are() -> Shading {
        Shading { floor: -120.0, ceiling: 0.0, gamma: 1.0, band_bytes: Vec::new() }
    }

    fn view(low_hz: f64, high_hz: f64) -> FrequencyView {
        FrequencyView { low_hz, high_hz, scale: FrequencyScale::Linear }
    }

    #[test]
    fn a_pixel_takes_the_greatest_of_what_it_covers() {
        let picture = render(&columns(9, 8, 3.0), &view(-0.5, 7.5), &as_they_are(), 3, 4);
        // Half a row below 0 Hz is cut off, so that the lines are 1.875 rows high.
        assert_eq!(picture.shades[..3], [27, 57, 87]);
        let one = render(&columns(9, 8, 9.0), &view(0.0, 8.0), &as_they_are(), 1, 1);
        assert_eq!(one.shades, [87]);
    }

    #[test]
    fn where_a_column_covers_several_pixels_it_goes_evenly_to_the_next() {
        let picture = render(&columns(4, 4, 0.25), &view(0.0, 4.0), &as_they_are(), 16, 4);
        let line = &picture.shades[3 * 16..];
        // Pixels 2 and 6 begin at the middles of columns 0 and 1 and show them as they are; between them the middle of a pixel counts.
        assert_eq!(line[2..7], [0, 4, 6, 9, 10]);
        assert!(line.windows(2).all(|pair| pair[0] <= pair[1]), "{line:?}");
        assert_eq!((picture.known_columns, picture.known_lines), (0..16, 0..4));
    }

    #[test]
    fn outside_the_recording_nothing_is_known() {
        let mut early = columns(4, 4, 1.0);
        early.left_column = -2.0;
        let picture = render(&early, &view(0.0, 8.0), &as_they_are(), 8, 8);
        assert_eq!((picture.known_columns.clone(), picture.known_lines.clone()), (2..6, 4..8));
        let known = picture.known().unwrap();
        assert_eq!((known.width, known.height, known.shades.len()), (4, 4, 16));
        early.left_column = 100.0;
        let nothing = render(&early, &view(0.0, 8.0), &as_they_are(), 8, 8);
        assert_eq!(nothing.known(), None);
    }

    #[test]
    fn holes_are_told_and_leave_their_neighbours_alone() {
        let holed = LevelColumns { known: vec![true, true, false, false, true], ..columns(5, 4, 1.0) };
        let picture = render(&holed, &view(0.0, 4.0), &as_they_are(), 5, 4);
        assert_eq!(picture.known, [true, true, false, false, true]);
        assert_eq!(picture.known_columns, 0..5);
        assert_eq!(picture.shades[15..], [0, 10, 0, 0, 40]);
    }

    #[test]
    fn levels_stretch_over_the_colours_and_bands_can_be_normalised() {
        let flat = LevelColumns { bytes: vec![100, 150], ..columns(1, 2, 1.0) };
        let mut shading = Shading { floor: -120.0, ceiling: -60.0, ..as_they_are() };
        let picture = render(&flat, &view(0.0, 2.0), &shading, 1, 2);
        assert_eq!(picture.shades, [255, 200]);
        shading = Shading { floor: 0.0, ceiling: 120.0, band_bytes: vec![90, 100], ..shading };
        let picture = render(&flat, &view(0.0, 2.0), &shading, 1, 2);
        assert_eq!(picture.shades, [50, 10]);
    }
}
