//! Columns of the spectrogram from a source, one after the other: the one way in which both the tiles and the pass over the whole
//! recording are computed, so that they agree byte for byte.

use crate::audio::AudioError;
use crate::dsp::decibel::byte_from_power;
use crate::dsp::stft::Stft;
use crate::spectrogram::PyramidLayout;

use super::mono::MonoReader;

/// Frames whose samples are read at once.
const FRAMES_PER_READ: usize = 32;

/// Computes columns from any position on.
pub(super) struct ColumnReader {
    reader: MonoReader,
    stft: Stft,
    layout: PyramidLayout,
    /// Samples from `buffer_first` on; frame and hop of the STFT slide over them.
    buffer: Vec<f32>,
    buffer_first: i64,
    /// The STFT column that comes next.
    next: u64,
    power: Vec<f32>,
}

impl ColumnReader {
    /// At the beginning of the recording.
    pub(super) fn new(reader: MonoReader, layout: PyramidLayout) -> Self {
        let capacity = layout.stft.frame_len + (FRAMES_PER_READ - 1) * layout.stft.hop;
        Self {
            reader,
            stft: Stft::new(layout.stft),
            layout,
            buffer: Vec::with_capacity(capacity),
            buffer_first: 0,
            next: 0,
            power: vec![0.0; layout.stft.rows()],
        }
    }

    /// The source behind.
    pub(super) fn reader(&mut self) -> &mut MonoReader {
        &mut self.reader
    }

    /// Goes to column `column` of `level`.
    pub(super) fn seek(&mut self, level: u8, column: u64) {
        self.next = column << level.min(40);
    }

    /// Appends the bytes of the next column of `level` to `out` and hands each sample that is read for it to `on_samples`. Returns
    /// false, without a column, if the recording ends before it.
    pub(super) fn column(
        &mut self,
        level: u8,
        out: &mut Vec<u8>,
        on_samples: &mut dyn FnMut(&[f32]),
    ) -> Result<bool, AudioError> {
        self.power.fill(0.0);
        let mut is_empty = true;
        for _ in 0..1_u64 << level.min(40) {
            match self.fill(on_samples) {
                Err(error) if is_empty => return Err(error),
                // The frames before the damage still make a column; the next call meets the error again.
                Err(_) => break,
                Ok(()) => {}
            }
            let hop = self.layout.stft.hop as u64;
            if self.reader.end().is_some_and(|end| self.next * hop >= end) {
                break;
            }
            let start = (self.layout.stft.first_sample(self.next) - self.buffer_first) as usize;
            self.stft.accumulate_max(&self.buffer[start..start + self.layout.stft.frame_len], &mut self.power);
            self.next += 1;
            is_empty = false;
        }
        if !is_empty {
            push_bytes(&self.power, self.layout.bins_per_row(level), out);
        }
        Ok(!is_empty)
    }

    /// Makes the buffer hold the next frame.
    fn fill(&mut self, on_samples: &mut dyn FnMut(&[f32])) -> Result<(), AudioError> {
        let first = self.layout.stft.first_sample(self.next);
        let buffer_end = self.buffer_first + self.buffer.len() as i64;
        if first >= self.buffer_first && first + self.layout.stft.frame_len as i64 <= buffer_end {
            return Ok(());
        }
        if (self.buffer_first..buffer_end).contains(&first) {
            self.buffer.drain(..(first - self.buffer_first) as usize);
        } else {
            self.buffer.clear();
        }
        self.buffer_first = first;
        let kept = self.buffer.len();
        self.buffer.resize(self.layout.stft.frame_len + (FRAMES_PER_READ - 1) * self.layout.stft.hop, 0.0);
        match self.reader.read(first + kept as i64, &mut self.buffer[kept..]) {
            Ok(inside) => {
                on_samples(&self.buffer[kept..][inside]);
                Ok(())
            }
            Err(error) => {
                // What was not read must not pass for silence when the next column is asked for.
                self.buffer.truncate(kept);
                Err(error)
            }
        }
    }
}

/// Appends one byte a row: the maximum of its bins.
fn push_bytes(power: &[f32], bins_per_row: usize, out: &mut Vec<u8>) {
    if bins_per_row == 1 {
        out.extend(power.iter().map(|&power| byte_from_power(power)));
    } else {
        let greatest = |bins: &[f32]| bins.iter().copied().fold(0.0, f32::max);
        out.extend(power.chunks_exact(bins_per_row).map(|bins| byte_from_power(greatest(bins))));
    }
}
