//! How many clips a run of the network takes: found by running it on a few sizes, where there is enough to do that this pays. Knows no
//! recordings, but how many there are and how long.

use super::ModelError;
use super::backend::Backend;
use super::detector::Detector;
use super::manifest::Layout;
use std::time::{Duration, Instant};

/// Sizes that are tried.
const SIZES_CPU: &[usize] = &[1, 2, 4, 8, 16];
const SIZES_ACCELERATOR: &[usize] = &[8, 16, 32, 64, 128, 256];
/// A network holds this many times its input while it runs, at most, as far as is known of the networks of this field.
const HELD_PER_INPUT: usize = 32;
/// What all networks together may hold: on the CPU, where large batches gain little and what was taken once is kept, and on an accelerator.
const MOST_HELD_BYTES: [usize; 2] = [1 << 28, 1 << 30];
/// A turn takes about so long, and all turns together are given up after the second.
const TURN: Duration = Duration::from_millis(40);
const MOST_TIME: Duration = Duration::from_secs(4);
const ROUNDS: usize = 3;
/// Measuring takes a second or two. With less to do than this it is not worth it: on the CPU, where it gains a few percent, and on an
/// accelerator, where it may gain several times the speed.
const WORTH_FROM_SECS: [f64; 2] = [60.0, 4.0];
/// Another size must be so much faster than the usual one to be taken.
const WORTH_IT: f64 = 1.03;

/// What is to be done, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// How many recordings there are.
    pub recordings: usize,
    /// How long they are on average, in seconds.
    pub mean_secs: f64,
}

/// What the measurement came to.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchChoice {
    /// The clips of a run that are used from now on.
    pub clips: usize,
    /// Clips a second of each size that was measured, all threads together, the best of all turns.
    pub measured: Vec<(usize, f64)>,
}

impl Detector {
    /// Measures the network with a few sizes of batches, all its threads at once as in a run, and takes the one that is fastest if it is more
    /// than 3 % faster than the usual one. `None` for a network that takes no clips, or only ones of a given number; for recordings so short
    /// that a batch, which holds clips of one only, is never larger than usual; and where all `work` takes so little that measuring is not worth it.
    ///
    /// # Errors
    /// The network fails, or `is_cancelled` says so.
    pub fn measure_batch(
        &mut self,
        work: Work,
        is_cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<BatchChoice>, ModelError> {
        let usual = self.clips_per_batch();
        let clips_each = self.clips_of(work.mean_secs);
        let sizes = self.sizes(clips_each.ceil() as usize);
        if is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        if sizes.len() < 2 {
            return Ok(None);
        }
        let began = Instant::now();
        if work.recordings as f64 * clips_each / self.clips_per_sec(usual)?
            < WORTH_FROM_SECS[usize::from(!self.is_cpu())]
        {
            return Ok(None);
        }
        let mut measured: Vec<(usize, f64)> = sizes.iter().map(|&clips| (clips, 0.0)).collect();
        for round in 0..ROUNDS {
            for (clips, best) in &mut measured {
                if is_cancelled() {
                    return Err(ModelError::Cancelled);
                }
                if round > 0 && began.elapsed() > MOST_TIME {
                    continue;
                }
                *best = best.max(self.clips_per_sec(*clips)?);
            }
        }
        let clips = fastest(&measured, usual);
        self.set_batch(clips);
        Ok(Some(BatchChoice { clips, measured }))
    }

    /// About how many clips a recording of this length has; none where the network takes no clips.
    fn clips_of(&self, secs: f64) -> f64 {
        let hop_secs = match self.folder().manifest.layout {
            Layout::Frames { .. } => return 0.0,
            Layout::Clips { .. } => self.axis().hop_secs,
            Layout::FramedClips { hop_rows, .. } => self.axis().hop_secs * hop_rows as f64,
        };
        (secs / hop_secs).max(1.0)
    }

    /// The sizes that this network, its device and recordings of so many clips leave a choice of, the usual one among them.
    fn sizes(&self, clips_each: usize) -> Vec<usize> {
        if matches!(self.folder().manifest.layout, Layout::Frames { .. }) {
            return Vec::new();
        }
        let manifest = &self.folder().manifest;
        let clip = manifest.layout.frames_at_once();
        let (frames, bands) = manifest.front_end.clip_features(clip);
        let held = (frames * bands * size_of::<f32>()).saturating_mul(HELD_PER_INPUT).saturating_mul(self.copies());
        let most = (MOST_HELD_BYTES[usize::from(!self.is_cpu())] / held.max(1))
            .min(manifest.clips_at_once.unwrap_or(usize::MAX))
            .max(1);
        let tried = if self.is_cpu() { SIZES_CPU } else { SIZES_ACCELERATOR };
        // Whatever is larger than a recording is the recording: the smallest such size stands for all.
        let largest = tried.iter().copied().find(|&size| size >= clips_each).unwrap_or(usize::MAX);
        let mut sizes: Vec<usize> = tried.iter().copied().filter(|&size| size <= most.min(largest)).collect();
        if sizes.iter().all(|&size| size >= clips_each) {
            return vec![self.clips_per_batch()];
        }
        sizes.push(self.clips_per_batch());
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// Clips a second with batches of `clips`, all copies of the network at once.
    fn clips_per_sec(&mut self, clips: usize) -> Result<f64, ModelError> {
        let manifest = &self.folder().manifest;
        let (model, check) = (manifest.name.clone(), &manifest.self_check);
        let frame_count = clips * manifest.layout.frames_at_once();
        let shape = manifest.layout.input_shape(&manifest.front_end, frame_count);
        let values: usize = shape.iter().product();
        let (mean, spread) = (check.mean, check.spread);
        let input: Vec<f32> = (0..values).map(|place| (mean + spread * (0.7 * place as f64).sin()) as f32).collect();
        let failed = |reason| ModelError::Inference { model: model.clone(), reason };
        let backends = self.backends_mut();
        // The first run of a size may have to make room.
        at_once(backends, |backend| backend.run(&input, &shape).map(|_| 1)).map_err(failed)?;
        let began = Instant::now();
        let runs = at_once(backends, |backend| runs_of_a_turn(backend, &input, &shape)).map_err(failed)?;
        // Threads that share one device wait for each other, so that only what all of them came to says how fast it is.
        Ok(f64::from(runs) * clips as f64 / began.elapsed().as_secs_f64().max(1e-9))
    }
}

/// Does `work` with each copy of the network, each on a thread; gives the sum.
fn at_once(
    backends: &mut [Box<dyn Backend>],
    work: impl Fn(&mut dyn Backend) -> Result<u32, String> + Sync,
) -> Result<u32, String> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = backends.iter_mut().map(|backend| scope.spawn(move || work(backend.as_mut()))).collect();
        // All are waited for before any failure is looked at.
        let ends: Vec<_> = threads.into_iter().map(|thread| thread.join()).collect();
        ends.into_iter().map(|end| end.unwrap_or_else(|_| Err("the network panicked".to_owned()))).sum()
    })
}

/// Runs the network as often as fills a turn.
fn runs_of_a_turn(backend: &mut dyn Backend, input: &[f32], shape: &[usize]) -> Result<u32, String> {
    let began = Instant::now();
    let mut runs = 0;
    while runs == 0 || began.elapsed() < TURN {
        backend.run(input, shape)?;
        runs += 1;
    }
    Ok(runs)
}

/// The fastest size, if it is worth leaving the usual one for.
fn fastest(measured: &[(usize, f64)], usual: usize) -> usize {
    let usual_speed = measured.iter().find(|(clips, _)| *clips == usual).map_or(0.0, |(_, speed)| *speed);
    let best =
        measured.iter().copied().fold((usual, usual_speed), |best, next| if next.1 > best.1 { next } else { best });
    if best.1 > WORTH_IT * usual_speed { best.0 } else { usual }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_size_is_taken_only_if_it_is_faster_by_more_than_noise() {
        assert_eq!(fastest(&[(1, 90.0), (8, 100.0), (16, 102.0)], 8), 8);
        assert_eq!(fastest(&[(1, 104.0), (8, 100.0), (16, 103.5)], 8), 1);
        assert_eq!(fastest(&[(1, f64::NAN), (8, 100.0)], 8), 8);
        assert_eq!(fastest(&[], 8), 8);
    }
}
