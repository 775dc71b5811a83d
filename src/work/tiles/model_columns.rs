//! Columns of what a model sees: its front end at its own rate, of the mean of all channels.

use std::sync::{Arc, Mutex, PoisonError};

use crate::audio::{AudioError, Resampler, SampleSource, StreamSpec};
use crate::model::{ModelFrames, ModelInput};
use crate::spectrogram::{Channel, PyramidLayout, ValueScale};

use super::columns::{SampleTap, push_bytes};
use super::planes::pick;

/// Computes columns from any position on.
pub(in crate::work) struct ModelColumns {
    samples: Resampler,
    frames: ModelFrames,
    layout: PyramidLayout,
    scale: ValueScale,
    heard: Heard,
    /// The frame that comes next.
    next: u64,
    greatest: Vec<f32>,
}

impl ModelColumns {
    /// At the beginning of the recording.
    pub(super) fn new(
        source: Box<dyn SampleSource>,
        model: &ModelInput,
        layout: PyramidLayout,
        scale: ValueScale,
    ) -> Result<Self, AudioError> {
        let heard = Heard::default();
        let source = Overheard { source, heard: Arc::clone(&heard), next: 0 };
        Ok(Self {
            samples: Resampler::mono(Box::new(source), model.sample_rate())?,
            frames: model.frames(),
            layout,
            scale,
            heard,
            next: 0,
            greatest: vec![0.0; layout.axis.count()],
        })
    }

    /// Goes to column `column` of `level`.
    pub(super) fn seek(&mut self, level: u8, column: u64) {
        self.next = column << level.min(40);
    }

    /// See [`super::columns::ColumnReader::column`].
    pub(super) fn column(
        &mut self,
        level: u8,
        out: &mut [Vec<u8>],
        tap: &mut SampleTap<'_>,
    ) -> Result<bool, AudioError> {
        self.greatest.fill(f32::NEG_INFINITY);
        let mut is_empty = true;
        self.frames.seek(self.next);
        for _ in 0..1_u64 << level.min(40) {
            match self.frames.next_frame(&mut self.samples) {
                Err(error) if is_empty => return Err(error),
                // What came before the damage still makes a column; the next call meets the error again.
                Err(_) | Ok(None) => break,
                Ok(Some(levels)) => {
                    for (greatest, &level) in self.greatest.iter_mut().zip(levels) {
                        *greatest = greatest.max(level);
                    }
                }
            }
            self.next += 1;
            is_empty = false;
        }
        let heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        tap(0, &heard);
        if !is_empty {
            let group = self.layout.bins_per_row(level);
            out.iter_mut().for_each(|out| push_bytes(&self.greatest, group, &self.scale, out));
        }
        Ok(!is_empty)
    }

    /// What the source has to say, each once.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        self.samples.take_warnings()
    }
}

/// Samples of the recording that were read since they were last taken, mixed down. As many as make a column or a clip.
type Heard = Arc<Mutex<Vec<f32>>>;

/// A source that keeps what is read of it, each sample once, for the waveform: the model's own samples are at another rate.
struct Overheard {
    source: Box<dyn SampleSource>,
    heard: Heard,
    /// Where reading goes on. Blocks that are read again are not heard again.
    next: u64,
}

impl SampleSource for Overheard {
    fn spec(&self) -> &StreamSpec {
        self.source.spec()
    }

    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let channels = self.source.spec().channels.max(1);
        let count = self.source.read(first_frame, out)?;
        let end = first_frame + count as u64;
        if end > self.next {
            let known = self.next.saturating_sub(first_frame) as usize;
            let new = &out[known * channels..count * channels];
            let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            let place = heard.len();
            heard.resize(place + new.len() / channels, 0.0);
            pick(new, channels, Channel::Mix, &mut heard[place..]);
            self.next = end;
        }
        Ok(count)
    }

    fn take_warnings(&mut self) -> Vec<String> {
        self.source.take_warnings()
    }
}
