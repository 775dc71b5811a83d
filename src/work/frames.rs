//! Frames of samples in order for several threads: whoever is free reads the next ones itself, while the others compute. So samples stay
//! in the cache of the core that needs them, a decoder is read from front to back, and memory does not depend on the recording's
//! length. Must not know what is computed.

use crate::audio::AudioError;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Frames that one thread takes at once: enough that waiting for each other is nothing, few enough to stay in cache.
const FRAMES_AT_ONCE: u64 = 64;

/// Samples of one channel, read from front to back.
pub(super) trait SampleStream: Send {
    /// Fills `out` from place `from` on with the samples from `first` on; what lies outside the recording is silence.
    fn read(&mut self, first: i64, out: &mut Vec<f32>, from: usize) -> Result<(), AudioError>;

    /// The true length in samples, once the end was met.
    fn end(&self) -> Option<u64>;

    /// What went wrong so far without ending the decoding.
    fn take_warnings(&mut self) -> Vec<String>;
}

/// Which frames there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frames {
    /// Samples of a frame.
    pub frame_len: usize,
    /// Samples from one to the next, at most `frame_len`.
    pub hop: usize,
    /// Samples by which a frame begins before its place, `index × hop`.
    pub lead: usize,
    /// The first frame that is wanted.
    pub first: u64,
    /// The frame after the last that is wanted.
    pub end: u64,
    /// Whether a frame must lie within the recording as a whole; else its place must.
    pub whole_only: bool,
}

impl Frames {
    /// The frame after the last of a recording of `samples` samples.
    pub fn end_within(&self, samples: u64) -> u64 {
        let hop = self.hop as u64;
        match self.whole_only {
            true if samples < self.frame_len as u64 => 0,
            true => (samples - self.frame_len as u64) / hop + 1,
            false => samples.div_ceil(hop),
        }
    }
}

/// Frames that one thread has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Place among the pieces.
    pub index: u64,
    /// The first of its frames.
    pub first: u64,
    /// How many.
    pub count: u64,
}

/// Hands out frames.
pub(super) struct FrameFeeder {
    frames: Frames,
    state: Mutex<State>,
}

struct State {
    stream: Box<dyn SampleStream>,
    next: u64,
    index: u64,
    /// The samples at the end of the last piece that belong to the next one, too.
    tail: Vec<f32>,
    error: Option<AudioError>,
}

impl FrameFeeder {
    /// Will hand out `frames` of a stream.
    pub fn new(stream: Box<dyn SampleStream>, frames: Frames) -> Self {
        let state = State { stream, next: frames.first, index: 0, tail: Vec::new(), error: None };
        Self { frames, state: Mutex::new(state) }
    }

    /// Which frames these are.
    pub fn frames(&self) -> Frames {
        self.frames
    }

    /// Puts the samples of the next frames into `samples`; the frames lie `hop` apart there, from its beginning on. `None` at the end, or
    /// after an error, which [`FrameFeeder::finish`] tells.
    pub fn take(&self, samples: &mut Vec<f32>) -> Option<Piece> {
        let (frames, mut state) = (self.frames, self.lock());
        let State { stream, next, index, tail, error } = &mut *state;
        let end = stream.end().map_or(frames.end, |end| frames.end.min(frames.end_within(end)));
        if error.is_some() || *next >= end {
            return None;
        }
        let count = FRAMES_AT_ONCE.min(end - *next);
        let first_sample = (*next * frames.hop as u64) as i64 - frames.lead as i64;
        samples.resize(frames.frame_len + (count as usize - 1) * frames.hop, 0.0);
        let kept = tail.len();
        samples[..kept].copy_from_slice(tail);
        if let Err(reason) = stream.read(first_sample + kept as i64, samples, kept) {
            *error = Some(reason);
            return None;
        }
        let end = stream.end().map_or(u64::MAX, |end| frames.end_within(end));
        let piece = Piece { index: *index, first: *next, count: count.min(end.saturating_sub(*next)) };
        tail.clear();
        tail.extend_from_slice(&samples[count as usize * frames.hop..]);
        *next += count;
        *index += 1;
        (piece.count > 0).then_some(piece)
    }

    /// How many of the frames were taken, 0 to 1.
    pub fn part(&self) -> f64 {
        let (frames, state) = (self.frames, self.lock());
        (state.next - frames.first) as f64 / (frames.end - frames.first).max(1) as f64
    }

    /// The true length in samples, if the end was met, and what went wrong.
    pub fn finish(self) -> Result<(Option<u64>, Vec<String>), AudioError> {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match state.error {
            Some(error) => Err(error),
            None => Ok((state.stream.end(), state.stream.take_warnings())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked leaves a state that is whole: what it had taken is lost, and its panic is told.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does the work on `threads` threads of this name, this one among them. The error says which panicked or could not be started.
pub(super) fn on_threads(threads: usize, name: &str, work: &(dyn Fn() + Sync)) -> Result<(), String> {
    std::thread::scope(|scope| {
        let spawn = |number: usize| {
            std::thread::Builder::new()
                .name(format!("{name}-{number}"))
                .spawn_scoped(scope, || super::thread::guarded(work))
                .map_err(|error| format!("no thread could be started: {error}"))
        };
        let others: Vec<_> = (1..threads).map(spawn).collect();
        let mut outcome = super::thread::guarded(work);
        for other in others {
            let own = other.and_then(|handle| handle.join().unwrap_or_else(|_| Err("a thread failed".to_owned())));
            outcome = outcome.and(own);
        }
        outcome
    })
}

/// Threads that are worth starting: one a processor, eight at most.
pub(super) fn thread_count() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sample n is n + 1; `len` of them, of which the last is only met when it is read past.
    struct Ramp {
        len: u64,
        end: Option<u64>,
    }

    impl SampleStream for Ramp {
        fn read(&mut self, first: i64, out: &mut Vec<f32>, from: usize) -> Result<(), AudioError> {
            for (n, out) in out[from..].iter_mut().enumerate() {
                let place = first + n as i64;
                let is_inside = place >= 0 && (place as u64) < self.len;
                *out = if is_inside { place as f32 + 1.0 } else { 0.0 };
                if place >= self.len as i64 {
                    self.end = Some(self.len);
                }
            }
            Ok(())
        }

        fn end(&self) -> Option<u64> {
            self.end
        }

        fn take_warnings(&mut self) -> Vec<String> {
            Vec::new()
        }
    }

    fn starts(frames: Frames, len: u64) -> Vec<(u64, f32)> {
        let feeder = FrameFeeder::new(Box::new(Ramp { len, end: None }), frames);
        let (mut samples, mut starts) = (Vec::new(), Vec::new());
        while let Some(piece) = feeder.take(&mut samples) {
            for n in 0..piece.count {
                starts.push((piece.first + n, samples[n as usize * frames.hop]));
            }
        }
        starts
    }

    #[test]
    fn frames_overlap_across_pieces_and_end_with_the_recording() {
        let frames = Frames { frame_len: 8, hop: 3, lead: 2, first: 0, end: 1000, whole_only: false };
        let starts = starts(frames, 500);
        assert_eq!(starts.len(), 167);
        for &(frame, start) in &starts {
            let place = frame as f32 * 3.0 - 2.0;
            assert_eq!(start, if place < 0.0 { 0.0 } else { place + 1.0 }, "frame {frame}");
        }
    }

    #[test]
    fn whole_frames_only_where_that_is_wanted() {
        let frames = Frames { frame_len: 8, hop: 3, lead: 0, first: 5, end: 1000, whole_only: true };
        let starts = starts(frames, 500);
        assert_eq!((starts.first(), starts.last()), (Some(&(5, 16.0)), Some(&(164, 493.0))));
        assert!(self::starts(frames, 7).is_empty());
    }

    #[test]
    fn a_panic_on_any_thread_is_told() {
        assert!(on_threads(3, "picture", &|| {}).is_ok());
        let failed = on_threads(2, "picture", &|| panic!("no paper"));
        assert_eq!(failed, Err("no paper".to_owned()));
    }
}
