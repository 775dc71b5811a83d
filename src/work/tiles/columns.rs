//! Columns of a picture, whatever it shows: of frames of the recording, or of what a model sees.

use crate::audio::AudioError;
use crate::spectrogram::ValueScale;

use super::frame_columns::FrameColumns;
use super::model_columns::ModelColumns;

/// Takes the samples of a plane as they are read, each once and in order while columns are read in order.
pub(in crate::work) type SampleTap<'a> = dyn FnMut(usize, &[f32]) + 'a;

/// Computes columns of all planes from any position on; starts at the beginning of the recording.
pub(in crate::work) enum ColumnReader {
    /// Of the recording's own samples.
    Frames(Box<FrameColumns>),
    /// Of what a model's front end makes of them.
    Model(Box<ModelColumns>),
}

impl ColumnReader {
    /// Goes to column `column` of `level`.
    pub(in crate::work) fn seek(&mut self, level: u8, column: u64) {
        match self {
            Self::Frames(columns) => columns.seek(level, column),
            Self::Model(columns) => columns.seek(level, column),
        }
    }

    /// Appends the bytes of the next column of `level` to each of `out` (one for each plane) and hands each sample that is read for it to
    /// `tap`. Returns false, without a column, if the recording ends before it.
    pub(in crate::work) fn column(
        &mut self,
        level: u8,
        out: &mut [Vec<u8>],
        tap: &mut SampleTap<'_>,
    ) -> Result<bool, AudioError> {
        match self {
            Self::Frames(columns) => columns.column(level, out, tap),
            Self::Model(columns) => columns.column(level, out, tap),
        }
    }

    /// What the source has to say, each once.
    pub(in crate::work) fn take_warnings(&mut self) -> Vec<String> {
        match self {
            Self::Frames(columns) => columns.reader.take_warnings(),
            Self::Model(columns) => columns.take_warnings(),
        }
    }
}

/// Appends one byte a row: that of the greatest number of its group of `group` numbers.
pub(super) fn push_bytes(numbers: &[f32], group: usize, scale: &ValueScale, out: &mut Vec<u8>) {
    if group == 1 {
        push_each(numbers.iter().copied(), scale, out);
    } else {
        let greatest = |bins: &[f32]| bins.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        push_each(numbers.chunks(group).map(greatest), scale, out);
    }
}

/// The scale is looked at once, so that each loop is one straight computation.
fn push_each(numbers: impl Iterator<Item = f32>, scale: &ValueScale, out: &mut Vec<u8>) {
    if scale.is_decibels() {
        out.extend(numbers.map(crate::dsp::decibel::byte_from_power));
    } else {
        out.extend(numbers.map(|number| scale.byte_from_value(number)));
    }
}
