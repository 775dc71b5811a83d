//! Stand-in for the resampling reader of `audio`: mono at the file's own rate only.

use crate::audio::{AudioError, SampleSource};

pub(super) struct Resampler {
    source: Box<dyn SampleSource>,
    next_frame: u64,
}

impl Resampler {
    pub fn mono(source: Box<dyn SampleSource>, rate: u32) -> Result<Self, AudioError> {
        if source.spec().sample_rate != rate || source.spec().channels != 1 {
            return Err(AudioError::Unsupported { path: "recording".into(), reason: format!("is not {rate} Hz mono") });
        }
        Ok(Self { source, next_frame: 0 })
    }

    pub fn read(&mut self, out: &mut [f32]) -> Result<usize, AudioError> {
        let count = self.source.read(self.next_frame, out)?;
        self.next_frame += count as u64;
        Ok(count)
    }

    pub fn take_warnings(&mut self) -> Vec<String> {
        self.source.take_warnings()
    }
}
