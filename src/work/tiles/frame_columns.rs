//! Columns that are made of frames of a recording's own samples, one after the other: the one way in which both the tiles and the pass over
//! the whole recording are computed, so that they agree byte for byte.

use crate::audio::AudioError;
use crate::spectrogram::{PictureKind, PyramidLayout, ValueScale};

use super::columns::{SampleTap, push_bytes};
use super::planes::PlaneReader;
use super::transform::Transform;

/// Frames whose samples are read at once.
pub(super) const FRAMES_PER_READ: usize = 32;

/// Computes columns of all planes from any position on.
pub(in crate::work) struct FrameColumns {
    pub(super) reader: PlaneReader,
    transform: Transform,
    layout: PyramidLayout,
    scale: ValueScale,
    /// Samples of each plane from `buffer_first` on; frame and hop of the STFT slide over them.
    buffers: Vec<Vec<f32>>,
    buffer_first: i64,
    /// The STFT column that comes next.
    next: u64,
    /// The frame that is to be transformed next: before `next` where something must warm up, after it where columns wait for later frames.
    next_frame: u64,
    /// For each plane the greatest numbers of the column under way.
    greatest: Vec<Vec<f32>>,
}

impl FrameColumns {
    /// At the beginning of the recording.
    pub(in crate::work) fn new(
        reader: PlaneReader,
        layout: PyramidLayout,
        kind: PictureKind,
        scale: ValueScale,
    ) -> Self {
        let (planes, frame) = (reader.plane_count(), layout.stft);
        let capacity = frame.frame_len + (FRAMES_PER_READ - 1) * frame.hop;
        Self {
            reader,
            transform: Transform::new(&layout, kind, planes),
            layout,
            scale,
            buffers: vec![Vec::with_capacity(capacity); planes],
            buffer_first: 0,
            next: 0,
            next_frame: 0,
            greatest: vec![vec![0.0; frame.rows()]; planes],
        }
    }

    /// Goes to column `column` of `level`.
    pub(in crate::work) fn seek(&mut self, level: u8, column: u64) {
        self.next = column << level.min(40);
        self.next_frame = self.transform.restart(self.next);
    }

    /// Forgets the samples that were read: they are asked for again.
    pub(super) fn forget(&mut self) {
        self.buffers.iter_mut().for_each(Vec::clear);
    }

    /// See [`super::columns::ColumnReader::column`].
    pub(in crate::work) fn column(
        &mut self,
        level: u8,
        out: &mut [Vec<u8>],
        tap: &mut SampleTap<'_>,
    ) -> Result<bool, AudioError> {
        self.greatest.iter_mut().for_each(|plane| plane.fill(0.0));
        let mut is_empty = true;
        for _ in 0..1_u64 << level.min(40) {
            if let Err(error) = self.transform_frames(tap)
                && self.next_frame <= self.next
            {
                if is_empty {
                    return Err(error);
                }
                // The frames before the damage still make a column; the next call meets the error again.
                break;
            }
            if self.is_behind_the_end(self.next) {
                break;
            }
            for (plane, greatest) in self.greatest.iter_mut().enumerate() {
                self.transform.take(plane, greatest);
            }
            self.next += 1;
            is_empty = false;
        }
        if !is_empty {
            let group = self.layout.bins_per_row(level);
            let planes = self.greatest.iter().zip(out);
            planes.for_each(|(greatest, out)| push_bytes(greatest, group, &self.scale, out));
        }
        Ok(!is_empty)
    }

    /// Transforms all frames that the next column needs.
    fn transform_frames(&mut self, tap: &mut SampleTap<'_>) -> Result<(), AudioError> {
        while self.next_frame <= self.next + self.transform.look_ahead() {
            self.fill(tap)?;
            if self.is_behind_the_end(self.next_frame) {
                break;
            }
            let start = (self.layout.stft.first_sample(self.next_frame) - self.buffer_first) as usize;
            for (plane, buffer) in self.buffers.iter().enumerate() {
                let frame = &buffer[start..start + self.layout.stft.frame_len];
                self.transform.push(plane, self.next_frame, frame, &mut self.greatest[plane]);
            }
            self.next_frame += 1;
        }
        Ok(())
    }

    fn is_behind_the_end(&self, column: u64) -> bool {
        self.reader.end().is_some_and(|end| column * self.layout.stft.hop as u64 >= end)
    }

    /// Makes the buffers hold the next frame.
    fn fill(&mut self, tap: &mut SampleTap<'_>) -> Result<(), AudioError> {
        let spec = self.layout.stft;
        let first = spec.first_sample(self.next_frame);
        let held = self.buffers.first().map_or(0, Vec::len);
        let buffer_end = self.buffer_first + held as i64;
        if first >= self.buffer_first && first + spec.frame_len as i64 <= buffer_end {
            return Ok(());
        }
        let dropped =
            if (self.buffer_first..buffer_end).contains(&first) { (first - self.buffer_first) as usize } else { held };
        let kept = held - dropped;
        for buffer in &mut self.buffers {
            buffer.drain(..dropped);
            buffer.resize(spec.frame_len + (FRAMES_PER_READ - 1) * spec.hop, 0.0);
        }
        self.buffer_first = first;
        match self.reader.read(first + kept as i64, &mut self.buffers, kept) {
            Ok(inside) => {
                self.buffers.iter().enumerate().for_each(|(plane, buffer)| tap(plane, &buffer[inside.clone()]));
                Ok(())
            }
            Err(error) => {
                // What was not read must not pass for silence when the next column is asked for.
                self.buffers.iter_mut().for_each(|buffer| buffer.truncate(kept));
                Err(error)
            }
        }
    }
}
