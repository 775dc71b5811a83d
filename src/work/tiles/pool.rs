//! The threads `tiles-0…n`: each takes the most urgent job and computes it with its own source and FFT plan.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::Sender;

use crate::audio::AudioError;
use crate::dsp::peaks::{Peak, block_peaks};
use crate::spectrogram::{FineWave, TILE_COLUMNS, Tile, TileKey};
use crate::work::{CancelToken, Wake};

use super::Opener;
use super::columns::ColumnReader;
use super::mono::MonoReader;
use super::outcome::Outcome;
use super::queue::{Job, JobQueue};

/// Samples that are read at once for peaks in detail.
const SAMPLES_PER_READ: usize = 1 << 16;

/// One thread's belongings.
pub(super) struct Worker {
    pub(super) opener: Arc<Opener>,
    pub(super) queue: Arc<JobQueue>,
    pub(super) outcomes: Sender<Outcome>,
    pub(super) wake: Wake,
}

impl Worker {
    /// Works until the queue is closed. The source is opened with the first job, and again after a failure.
    pub(super) fn run(self) {
        let mut columns = None;
        while let Some((job, cancel)) = self.queue.take() {
            // A decoder that panics on a hostile file costs this job, not the thread.
            let worked = catch_unwind(AssertUnwindSafe(|| self.work(job, &cancel, &mut columns)));
            let outcome = match worked {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(error)) => self.fail(job, error.to_string(), &mut columns),
                Err(_) => self.fail(job, self.opener.panic_text("the picture of a part"), &mut columns),
            };
            if let Some(outcome) = outcome {
                self.send(outcome);
            }
            self.queue.done(job);
        }
    }

    fn fail(&self, job: Job, text: String, columns: &mut Option<ColumnReader>) -> Option<Outcome> {
        *columns = None;
        self.send(Outcome::Notice(text));
        match job {
            Job::Tile(key) => Some(Outcome::TileFailed(key)),
            // An empty stretch, so that it is not asked for again in vain.
            Job::Wave { first_sample, block, .. } => {
                Some(Outcome::Wave(job, FineWave { first_sample, block, peaks: Vec::new() }))
            }
        }
    }

    fn work(
        &self,
        job: Job,
        cancel: &CancelToken,
        columns: &mut Option<ColumnReader>,
    ) -> Result<Option<Outcome>, AudioError> {
        let columns = match columns {
            Some(columns) => columns,
            None => columns.insert(self.opener.open()?),
        };
        let outcome = match job {
            Job::Tile(key) => self.tile(key, cancel, columns)?,
            Job::Wave { first_sample, block, blocks } => {
                let peaks = fine_peaks(columns.reader(), first_sample, block, blocks)?;
                Some(Outcome::Wave(job, FineWave { first_sample, block, peaks }))
            }
        };
        for warning in columns.reader().take_warnings() {
            self.send(Outcome::Notice(warning));
        }
        Ok(outcome)
    }

    fn tile(
        &self,
        key: TileKey,
        cancel: &CancelToken,
        columns: &mut ColumnReader,
    ) -> Result<Option<Outcome>, AudioError> {
        let layout = self.opener.layout;
        let rows = layout.rows(key.level);
        let mut bytes = Vec::with_capacity(TILE_COLUMNS as usize * rows);
        columns.seek(key.level, key.index * TILE_COLUMNS);
        for _ in 0..TILE_COLUMNS {
            if cancel.is_cancelled() {
                return Ok(None);
            }
            match columns.column(key.level, &mut bytes, &mut |_| {}) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) if bytes.is_empty() => return Err(error),
                Err(error) => {
                    self.send(Outcome::Notice(error.to_string()));
                    break;
                }
            }
        }
        Ok(Some(Outcome::Tile(Arc::new(Tile::new(key, rows, layout.bins_per_row(key.level), bytes)))))
    }

    fn send(&self, outcome: Outcome) {
        // Nobody listens any more once the engine is dropped, and then nothing is lost.
        let _ = self.outcomes.send(outcome);
        (self.wake)();
    }
}

/// Peaks of up to `blocks` blocks of `block` samples (at most [`SAMPLES_PER_READ`]) from `first_sample` on.
fn fine_peaks(reader: &mut MonoReader, first_sample: u64, block: u64, blocks: usize) -> Result<Vec<Peak>, AudioError> {
    let block = (block as usize).clamp(1, SAMPLES_PER_READ);
    let mut peaks = Vec::new();
    let mut samples = vec![0.0; SAMPLES_PER_READ / block * block];
    while peaks.len() < blocks {
        let first = first_sample + (peaks.len() * block) as u64;
        let wanted = samples.len().min((blocks - peaks.len()) * block);
        let inside = reader.read(first as i64, &mut samples[..wanted])?;
        peaks.extend(block_peaks(&samples[inside.clone()], block));
        if inside.len() < wanted {
            break;
        }
    }
    Ok(peaks)
}
