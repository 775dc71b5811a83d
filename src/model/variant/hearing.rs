//! Recordings through a model's front end to whoever wants what its network is given: as in detection, but for the network.

use super::MakeError;
use crate::audio;
use crate::model::backend::{Backend, NetworkOutput};
use crate::model::{Detector, ModelError, ModelFolder, self_check};
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// So many seconds are heard in all, shared out among the recordings; but of none fewer than the second.
const MOST_SECS: f64 = 600.0;
const LEAST_SHARE_SECS: f64 = 10.0;

/// Takes what the network is given.
pub(super) trait Listener: Send + 'static {
    /// What the network gives for `input`, row-major of `shape`: the scores.
    fn hear(&mut self, input: &[f32], shape: &[usize]) -> Result<NetworkOutput, String>;
}

/// Stands where the network would.
struct Tap<L>(Arc<Mutex<L>>);

impl<L: Listener> Backend for Tap<L> {
    fn run_all(&mut self, input: &[f32], shape: &[usize]) -> Result<Vec<NetworkOutput>, String> {
        let mut listener = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listener.hear(input, shape).map(|output| vec![output])
    }
}

/// Lets `listener` hear the recordings, or the input of the model's self-check if there are none. Gives it back with the seconds that it heard;
/// `on_part` is told how much of it is done, 0 to 1.
pub(super) fn hear<L: Listener>(
    folder: &ModelFolder,
    recordings: &[PathBuf],
    listener: L,
    is_cancelled: &dyn Fn() -> bool,
    on_part: &mut dyn FnMut(f64),
) -> Result<(L, f64), MakeError> {
    let shared = Arc::new(Mutex::new(listener));
    let secs = if recordings.is_empty() {
        let mut tap = Tap(Arc::clone(&shared));
        let failed = |reason| ModelError::Inference { model: folder.id.clone(), reason };
        self_check::scores(&folder.manifest, folder.labels.len(), &mut tap).map_err(failed)?;
        let frames = folder.manifest.self_check.frame_count;
        folder.manifest.front_end.sample_count(frames as u64) as f64
            / f64::from(folder.manifest.front_end.sample_rate())
    } else {
        hear_recordings(folder, recordings, &shared, is_cancelled, on_part)?
    };
    let listener = Arc::into_inner(shared).map(|shared| shared.into_inner().unwrap_or_else(PoisonError::into_inner));
    let lost = || ModelError::Inference { model: folder.id.clone(), reason: "a thread did not end".to_owned() };
    Ok((listener.ok_or_else(lost)?, secs))
}

fn hear_recordings<L: Listener>(
    folder: &ModelFolder,
    recordings: &[PathBuf],
    shared: &Arc<Mutex<L>>,
    is_cancelled: &dyn Fn() -> bool,
    on_part: &mut dyn FnMut(f64),
) -> Result<f64, MakeError> {
    let share_secs = (MOST_SECS / recordings.len() as f64).max(LEAST_SHARE_SECS);
    let mut heard_secs = 0.0;
    for (place, path) in recordings.iter().enumerate() {
        if heard_secs >= MOST_SECS {
            break;
        }
        let mut detector = Detector::over(folder, Box::new(Tap(Arc::clone(shared))));
        let source = audio::open(path).map_err(ModelError::from)?;
        let done_secs = Cell::new(0.0);
        let is_enough = || is_cancelled() || done_secs.get() >= share_secs;
        let outcome = detector.run(source, &is_enough, &mut |block| {
            done_secs.set(block.done_secs);
            let part = (block.done_secs / block.duration_secs.clamp(1e-3, share_secs)).min(1.0);
            on_part((place as f64 + part) / recordings.len() as f64);
        });
        match outcome {
            Err(ModelError::Cancelled) if !is_cancelled() => heard_secs += done_secs.get(),
            outcome => heard_secs += outcome?.duration_secs,
        }
    }
    Ok(heard_secs)
}
