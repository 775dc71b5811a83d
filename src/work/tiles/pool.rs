//! The threads `tiles-0…n`: each takes the most urgent job and computes it with its own source and FFT plan.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::Sender;

use crate::audio::AudioError;
use crate::dsp::peaks::{Peak, block_peaks};
use crate::spectrogram::{Channel, FineWave, TILE_COLUMNS, Tile, TileKey};
use crate::work::{CancelToken, Wake};

use super::Opener;
use super::columns::ColumnReader;
use super::outcome::Outcome;
use super::planes::PlaneReader;
use super::queue::{Job, JobQueue, Task};
use super::stretch::Transformer;

/// Samples that are read at once for peaks in detail.
const SAMPLES_PER_READ: usize = 1 << 16;

/// What a thread reads the recording with; opened when it is first needed.
#[derive(Default)]
struct Readers {
    columns: Option<ColumnReader>,
    /// For peaks in detail, where the columns are not made of the recording's own samples.
    planes: Option<PlaneReader>,
}

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
        let mut readers = Readers::default();
        let mut transformer = None;
        while let Some(task) = self.queue.take() {
            let (number, job, cancel) = match task {
                Task::Job(number, job, cancel) => (number, job, cancel),
                Task::Segment(segment) => {
                    Transformer::answer(&mut transformer, &self.opener, segment);
                    continue;
                }
            };
            // A decoder that panics on a hostile file costs this job, not the thread.
            let worked = catch_unwind(AssertUnwindSafe(|| self.work(job, &cancel, &mut readers)));
            let outcome = match worked {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(error)) => self.fail(job, error.to_string(), &mut readers),
                Err(_) => self.fail(job, self.opener.panic_text("the picture of a part"), &mut readers),
            };
            if let Some(outcome) = outcome {
                self.send(outcome);
            }
            self.queue.done(number);
        }
    }

    fn fail(&self, job: Job, text: String, readers: &mut Readers) -> Option<Outcome> {
        *readers = Readers::default();
        self.send(Outcome::Notice(text));
        match job {
            Job::Tiles { level, index } => Some(Outcome::TilesFailed(level, index)),
            // An empty stretch, so that it is not asked for again in vain.
            Job::Wave { first_sample, block, .. } => {
                let empty = FineWave { first_sample, block, peaks: Vec::new() };
                Some(Outcome::Wave(job, vec![empty; self.opener.planes.len()]))
            }
        }
    }

    fn work(&self, job: Job, cancel: &CancelToken, readers: &mut Readers) -> Result<Option<Outcome>, AudioError> {
        match job {
            Job::Tiles { level, index } => {
                let columns = match &mut readers.columns {
                    Some(columns) => columns,
                    none => none.insert(self.opener.open()?),
                };
                let outcome = self.tiles(level, index, cancel, columns)?;
                self.pass_on(columns.take_warnings());
                Ok(outcome)
            }
            Job::Wave { first_sample, block, blocks } => {
                let reader = self.plane_reader(readers)?;
                let peaks = fine_peaks(reader, first_sample, block, blocks, cancel)?;
                self.pass_on(reader.take_warnings());
                let Some(peaks) = peaks else { return Ok(None) };
                let waves = peaks.into_iter().map(|peaks| FineWave { first_sample, block, peaks }).collect();
                Ok(Some(Outcome::Wave(job, waves)))
            }
        }
    }

    fn plane_reader<'a>(&self, readers: &'a mut Readers) -> Result<&'a mut PlaneReader, AudioError> {
        let Readers { columns, planes } = readers;
        if columns.is_none() && planes.is_none() && !self.opener.is_model() {
            *columns = Some(self.opener.open()?);
        }
        if let Some(ColumnReader::Frames(columns)) = columns {
            return Ok(&mut columns.reader);
        }
        match planes {
            Some(planes) => Ok(planes),
            none => Ok(none.insert(self.opener.open_planes()?)),
        }
    }

    fn tiles(
        &self,
        level: u8,
        index: u64,
        cancel: &CancelToken,
        columns: &mut ColumnReader,
    ) -> Result<Option<Outcome>, AudioError> {
        let layout = self.opener.layout;
        let rows = layout.rows(level);
        let empty = Vec::with_capacity(TILE_COLUMNS as usize * rows);
        let mut bytes = vec![empty; self.opener.planes.len()];
        columns.seek(level, index * TILE_COLUMNS);
        for done in 0..TILE_COLUMNS {
            if cancel.is_cancelled() {
                return Ok(None);
            }
            match columns.column(level, &mut bytes, &mut |_, _| {}) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) if done == 0 => return Err(error),
                Err(error) => {
                    self.send(Outcome::Notice(error.to_string()));
                    break;
                }
            }
        }
        let tile = |(&channel, bytes): (&Channel, Vec<u8>)| {
            Arc::new(Tile::new(TileKey { channel, level, index }, rows, layout.bins_per_row(level), bytes))
        };
        Ok(Some(Outcome::Tiles(self.opener.planes.iter().zip(bytes).map(tile).collect())))
    }

    fn pass_on(&self, warnings: Vec<String>) {
        warnings.into_iter().for_each(|warning| self.send(Outcome::Notice(warning)));
    }

    fn send(&self, outcome: Outcome) {
        // Nobody listens any more once the engine is dropped, and then nothing is lost.
        let _ = self.outcomes.send(outcome);
        (self.wake)();
    }
}

/// Peaks of each plane, of up to `blocks` blocks of `block` samples (at most [`SAMPLES_PER_READ`]) from `first_sample` on; `None` if they
/// are no longer wanted.
fn fine_peaks(
    reader: &mut PlaneReader,
    first_sample: u64,
    block: u64,
    blocks: usize,
    cancel: &CancelToken,
) -> Result<Option<Vec<Vec<Peak>>>, AudioError> {
    let block = (block as usize).clamp(1, SAMPLES_PER_READ);
    let mut peaks = vec![Vec::new(); reader.plane_count()];
    let mut samples = vec![Vec::new(); reader.plane_count()];
    let mut done = 0;
    while done < blocks {
        if cancel.is_cancelled() {
            return Ok(None);
        }
        let first = first_sample + (done * block) as u64;
        let wanted = (SAMPLES_PER_READ / block).min(blocks - done);
        samples.iter_mut().for_each(|plane| plane.resize(wanted * block, 0.0));
        let inside = reader.read(first as i64, &mut samples, 0)?;
        for (peaks, samples) in peaks.iter_mut().zip(&samples) {
            peaks.extend(block_peaks(&samples[inside.clone()], block));
        }
        if inside.len() < wanted * block {
            break;
        }
        done += wanted;
    }
    Ok(Some(peaks))
}
