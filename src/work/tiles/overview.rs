//! The thread `overview`: one pass over the whole recording, in order, for the coarse levels and the waveform peaks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::audio::AudioError;
use crate::dsp::peaks::{PackedPeak, PeakSum};
use crate::spectrogram::wave_block_samples;
use crate::work::{CancelToken, Wake};

use super::Opener;
use super::outcome::{NewCoarse, Outcome};
use super::queue::JobQueue;

/// The pass gives way to tiles that are waited for, but for no longer than this a column, so that it always goes on.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// Time between two reports: often enough to watch the picture grow, seldom enough not to keep the window drawing.
const REPORT_EVERY: Duration = Duration::from_millis(50);

/// The thread's belongings.
pub(super) struct Overview {
    pub(super) opener: Arc<Opener>,
    pub(super) queue: Arc<JobQueue>,
    pub(super) outcomes: Sender<Outcome>,
    pub(super) wake: Wake,
    pub(super) cancel: CancelToken,
}

impl Overview {
    /// Makes the pass.
    pub(super) fn run(self) {
        let tap = PeakTap::new(wave_block_samples(self.opener.sample_rate));
        let mut planes =
            Planes { columns: vec![Vec::new(); self.opener.planes.len()], peaks: vec![tap; self.opener.planes.len()] };
        match catch_unwind(AssertUnwindSafe(|| self.pass(&mut planes))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.send(Outcome::Notice(error.to_string())),
            Err(_) => self.send(Outcome::Notice(self.opener.panic_text("the picture of the whole"))),
        }
        if !self.cancel.is_cancelled() {
            self.send(Outcome::OverviewEnded { frame_count: planes.frames_read() });
            (self.wake)();
        }
    }

    fn pass(&self, planes: &mut Planes) -> Result<(), AudioError> {
        let base_level = self.opener.layout.base_level;
        let mut columns = self.opener.open()?;
        let mut last_report = Instant::now();
        let mut result = Ok(true);
        while matches!(result, Ok(true)) && !self.cancel.is_cancelled() {
            self.queue.wait_until_idle(LONGEST_WAIT);
            let Planes { columns: bytes, peaks } = &mut *planes;
            result = columns.column(base_level, bytes, &mut |plane, samples| peaks[plane].add(samples));
            if last_report.elapsed() >= REPORT_EVERY {
                self.report(planes);
                last_report = Instant::now();
            }
        }
        planes.peaks.iter_mut().for_each(PeakTap::close);
        self.report(planes);
        for warning in columns.take_warnings() {
            self.send(Outcome::Notice(warning));
        }
        result.map(|_| ())
    }

    fn report(&self, planes: &mut Planes) {
        let frames_read = planes.frames_read();
        self.send(Outcome::Overview { planes: planes.take(), frames_read });
        (self.wake)();
    }

    fn send(&self, outcome: Outcome) {
        // Nobody listens any more once the engine is dropped, and then nothing is lost.
        let _ = self.outcomes.send(outcome);
    }
}

/// What the pass has made of each plane since its last report.
struct Planes {
    columns: Vec<Vec<u8>>,
    peaks: Vec<PeakTap>,
}

impl Planes {
    fn frames_read(&self) -> u64 {
        self.peaks.first().map_or(0, |tap| tap.frames_read)
    }

    fn take(&mut self) -> Vec<NewCoarse> {
        let planes = self.columns.iter_mut().zip(&mut self.peaks);
        planes
            .map(|(columns, tap)| NewCoarse { columns: std::mem::take(columns), peaks: std::mem::take(&mut tap.peaks) })
            .collect()
    }
}

/// Makes blocks of peaks from samples that come in pieces of any length.
#[derive(Clone)]
struct PeakTap {
    block: u64,
    sum: PeakSum,
    peaks: Vec<PackedPeak>,
    frames_read: u64,
}

impl PeakTap {
    fn new(block: u64) -> Self {
        Self { block, sum: PeakSum::default(), peaks: Vec::new(), frames_read: 0 }
    }

    fn add(&mut self, mut samples: &[f32]) {
        self.frames_read += samples.len() as u64;
        while !samples.is_empty() {
            let room = (self.block - self.sum.weight()) as usize;
            let (now, later) = samples.split_at(room.min(samples.len()));
            self.sum.add_samples(now);
            samples = later;
            if self.sum.weight() == self.block {
                self.close();
            }
        }
    }

    /// Ends the block begun.
    fn close(&mut self) {
        self.peaks.extend(std::mem::take(&mut self.sum).peak().map(PackedPeak::from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::peaks::block_peaks;

    #[test]
    fn pieces_of_any_length_make_the_same_blocks() {
        let samples: Vec<f32> = (0..1000).map(|n| ((n * 31 % 97) as f32 - 48.0) / 50.0).collect();
        let mut tap = PeakTap::new(64);
        samples.chunks(37).for_each(|piece| tap.add(piece));
        tap.close();
        let expected = block_peaks(&samples, 64);
        assert_eq!(tap.peaks.len(), expected.len());
        for (packed, peak) in tap.peaks.into_iter().zip(expected) {
            let back = crate::dsp::peaks::Peak::from(packed);
            assert!((back.max - peak.max).abs() < 4e-5 && (back.rms - peak.rms).abs() < 4e-5);
        }
        assert_eq!(tap.frames_read, 1000);
    }
}
