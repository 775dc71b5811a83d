//! Log-mel levels of a whole recording as arrays for training: rows in order, memory that does not depend on the length. Must not know where
//! rows go.

use super::frames::{FrameFeeder, Frames, SampleStream, on_threads, thread_count};
use crate::audio::{AudioError, Resampler, SampleSource};
use crate::dsp::stft::{Stft, StftSpec};
use crate::dsp::{FrameWindow, MelBank, MelSpec, decibel};
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What is added to a band's power before its logarithm is taken, so that silence has one.
pub const LOG_OFFSET: f32 = 1e-10;

/// Samples read at once to come to where the end must be.
const READ_SAMPLES: usize = 1 << 15;

/// Which levels: `ln(power + 1e-10)` of triangles of height 1 (linear in hertz, edges even in HTK's mel) over `|FFT|²` of Hann frames
/// (symmetric) without padding, frame `t` from sample `t × hop` on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureSpec {
    /// Hertz to resample to, or the recording's own rate.
    pub sample_rate: u32,
    /// Samples of a frame, a power of two.
    pub frame_len: usize,
    /// Samples from one frame to the next, 1 to `frame_len`.
    pub hop: usize,
    /// Bands.
    pub bands: usize,
    /// Lower edge of the lowest band, in hertz.
    pub low_hz: f64,
    /// Upper edge of the highest band, in hertz.
    pub high_hz: f64,
}

impl FeatureSpec {
    /// The bands that get no bin, lowest first: they are `ln(1e-10)` throughout.
    pub fn empty_bands(&self) -> Vec<usize> {
        let bank = MelBank::linear_in_hz(&self.mel(), 1.0);
        let (mut bands, ones) = (vec![0.0; self.bands], vec![1.0; self.frame_len / 2 + 1]);
        bank.apply(&ones, &mut bands);
        bands.iter().enumerate().filter(|(_, sum)| **sum == 0.0).map(|(band, _)| band).collect()
    }

    fn mel(&self) -> MelSpec {
        MelSpec {
            sample_rate: self.sample_rate,
            fft_size: self.frame_len,
            band_count: self.bands,
            low_hz: self.low_hz,
            high_hz: self.high_hz,
        }
    }
}

/// Why there are no features.
#[derive(Debug, thiserror::Error)]
pub enum FeatureError {
    /// The recording cannot be read.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The rows cannot be put where they belong.
    #[error("the rows cannot be written: {0}")]
    Write(#[from] std::io::Error),
    /// Something unforeseen.
    #[error("the features cannot be computed: {0}")]
    Unforeseen(String),
}

/// Computes all rows and hands them to `take` in order, some at a time, `bands` values each. `told` hears how much is done, 0 to 1. Returns what
/// went wrong without ending the decoding.
///
/// # Errors
/// The recording cannot be read to its end, or `take` fails.
pub fn log_mel_rows(
    source: Box<dyn SampleSource>,
    spec: &FeatureSpec,
    take: &mut (dyn FnMut(&[f32]) -> std::io::Result<()> + Send),
    told: &(dyn Fn(f64) + Sync),
) -> Result<Vec<String>, FeatureError> {
    let stream = Resampled { samples: Resampler::mono(source, spec.sample_rate)?, end: None };
    let frames = Frames {
        frame_len: spec.frame_len,
        hop: spec.hop,
        lead: 0,
        first: 0,
        end: u64::MAX / spec.hop as u64 / 2,
        whole_only: true,
    };
    let expected = frames.end_within(stream.samples.frame_count()).max(1);
    let feeder = FrameFeeder::new(Box::new(stream), frames);
    let queue = InOrder::new(take, 2 * thread_count() as u64);
    let worker = || {
        let mut front_end = FrontEnd::new(spec);
        let mut samples = Vec::new();
        while let Some(piece) = feeder.take(&mut samples) {
            told((piece.first as f64 / expected as f64).min(1.0));
            let mut rows = vec![0.0; piece.count as usize * spec.bands];
            for (index, row) in rows.chunks_exact_mut(spec.bands).enumerate() {
                let start = index * spec.hop;
                front_end.levels(&samples[start..start + spec.frame_len], row);
            }
            if !queue.put(piece.index, rows) {
                break;
            }
        }
    };
    // A worker that panics must not leave the others waiting for its rows.
    let guarded = || {
        let _closer = CloseOnPanic(&queue);
        worker();
    };
    on_threads(thread_count(), "features", &guarded).map_err(FeatureError::Unforeseen)?;
    queue.finish()?;
    Ok(feeder.finish()?.1)
}

/// Turns frames into rows.
struct FrontEnd {
    stft: Stft,
    bank: MelBank,
    power: Vec<f32>,
}

impl FrontEnd {
    fn new(spec: &FeatureSpec) -> Self {
        let stft = StftSpec {
            frame_len: spec.frame_len,
            fft_size: spec.frame_len,
            hop: spec.hop,
            window: FrameWindow::HannSymmetric,
        };
        // Powers come relative to a full-scale sine; the triangles' height takes that back.
        let sum: f64 = stft.window.weights(spec.frame_len).iter().sum();
        let bank = MelBank::linear_in_hz(&spec.mel(), (0.5 * sum).powi(2));
        Self { stft: Stft::new(stft), bank, power: vec![0.0; stft.rows()] }
    }

    fn levels(&mut self, frame: &[f32], row: &mut [f32]) {
        self.power.fill(0.0);
        self.stft.accumulate_max(frame, &mut self.power);
        self.bank.apply(&self.power, row);
        row.iter_mut().for_each(|level| *level = std::f32::consts::LN_2 * decibel::fast_log2(*level + LOG_OFFSET));
    }
}

/// A recording mixed down, at any rate.
struct Resampled {
    samples: Resampler,
    end: Option<u64>,
}

impl SampleStream for Resampled {
    fn read(&mut self, first: i64, out: &mut Vec<f32>, from: usize) -> Result<(), AudioError> {
        let out = &mut out[from..];
        let first = first.max(0) as u64;
        if self.samples.position() != first {
            self.samples.seek(first);
        }
        let mut done = 0;
        while done < out.len() && self.end.is_none() {
            let wanted = (out.len() - done).min(READ_SAMPLES);
            let came = self.samples.read(&mut out[done..done + wanted])?;
            done += came;
            if came < wanted {
                self.end = Some(first + done as u64);
            }
        }
        out[done..].fill(0.0);
        Ok(())
    }

    fn end(&self) -> Option<u64> {
        self.end
    }

    fn take_warnings(&mut self) -> Vec<String> {
        self.samples.take_warnings()
    }
}

/// Puts what several threads make in any order into the order it belongs in. Who is too far ahead waits, so that little is kept.
struct InOrder<'a> {
    state: Mutex<OrderState<'a>>,
    moved: Condvar,
    ahead: u64,
}

struct OrderState<'a> {
    next: u64,
    waiting: BTreeMap<u64, Vec<f32>>,
    take: &'a mut (dyn FnMut(&[f32]) -> std::io::Result<()> + Send),
    error: Option<std::io::Error>,
    is_closed: bool,
}

impl<'a> InOrder<'a> {
    fn new(take: &'a mut (dyn FnMut(&[f32]) -> std::io::Result<()> + Send), ahead: u64) -> Self {
        let state = OrderState { next: 0, waiting: BTreeMap::new(), take, error: None, is_closed: false };
        Self { state: Mutex::new(state), moved: Condvar::new(), ahead }
    }

    fn lock(&self) -> MutexGuard<'_, OrderState<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over piece `index`; false if no more are wanted.
    fn put(&self, index: u64, rows: Vec<f32>) -> bool {
        let mut state = self.lock();
        while index >= state.next + self.ahead && !state.is_closed {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.insert(index, rows);
        while !state.is_closed {
            let next = state.next;
            let Some(rows) = state.waiting.remove(&next) else { break };
            state.next += 1;
            if let Err(error) = (state.take)(&rows) {
                state.error = Some(error);
                state.is_closed = true;
            }
        }
        self.moved.notify_all();
        !state.is_closed
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.moved.notify_all();
    }

    fn finish(self) -> std::io::Result<()> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.error.map_or(Ok(()), Err)
    }
}

/// Closes the queue if it is dropped while its thread panics.
struct CloseOnPanic<'a, 'b>(&'a InOrder<'b>);

impl Drop for CloseOnPanic<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_out_in_order_whoever_is_first() {
        let mut got = Vec::new();
        let mut take = |rows: &[f32]| {
            got.extend_from_slice(rows);
            Ok(())
        };
        let queue = InOrder::new(&mut take, 4);
        std::thread::scope(|scope| {
            for thread in 0..3_u64 {
                let queue = &queue;
                scope.spawn(move || {
                    (0..40).for_each(|n| drop(queue.put(3 * n + thread, vec![(3 * n + thread) as f32])))
                });
            }
        });
        queue.finish().unwrap();
        assert_eq!(got, (0..120).map(|n| n as f32).collect::<Vec<_>>());
    }

    #[test]
    fn a_full_disk_ends_it() {
        let mut take = |_: &[f32]| Err(std::io::Error::other("disk full"));
        let queue = InOrder::new(&mut take, 4);
        assert!(!queue.put(0, vec![0.0]));
        assert!(!queue.put(99, vec![0.0]));
        assert_eq!(queue.finish().unwrap_err().to_string(), "disk full");
    }

    #[test]
    fn bands_narrower_than_a_bin_are_named() {
        let spec =
            FeatureSpec { sample_rate: 48_000, frame_len: 256, hop: 128, bands: 128, low_hz: 0.0, high_hz: 24e3 };
        assert!(!spec.empty_bands().is_empty());
        assert!(FeatureSpec { frame_len: 16_384, ..spec }.empty_bands().is_empty());
    }
}
