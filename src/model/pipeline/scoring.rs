//! The threads that run the network, and those that make features of clips for it where it has a device of its own.

use super::super::ModelError;
use super::super::backend::{Backend, NetworkOutput};
use super::super::features::ClipFeatures;
use super::super::manifest::Layout;
use super::{BatchScores, Message, Plan, Travelling, panicked};
use crossbeam_channel::{Receiver, Sender};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Adds up the time within the runtime's own calls.
#[derive(Debug, Default)]
pub(super) struct RunClock {
    nanos: AtomicU64,
    runs: AtomicU64,
}

impl RunClock {
    fn add(&self, time: Duration) {
        self.nanos.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.runs.fetch_add(1, Ordering::Relaxed);
    }

    /// All calls together.
    pub fn secs(&self) -> f64 {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed)).as_secs_f64()
    }

    /// How many there were.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }
}

/// Makes the network's input of batches until there are no more.
pub(super) fn make_features(plan: &Plan, raw: &Receiver<Travelling>, made: &Sender<Travelling>) {
    let mut features = ClipFeatures::new(&plan.front_end, plan.layout);
    for mut travelling in raw {
        if !travelling.unwanted.load(Ordering::Relaxed) {
            // One that makes this panic reaches the network as it is, where the same is tried again and told.
            let input = catch_unwind(AssertUnwindSafe(|| features.of(&travelling.batch.input).to_vec()));
            if let Ok(input) = input {
                (travelling.batch.input, travelling.is_made) = (input, true);
            }
        }
        if made.send(travelling).is_err() {
            return;
        }
    }
}

/// Runs the network on batches until there are no more.
pub(super) fn work(
    plan: &Plan,
    backend: &mut dyn Backend,
    batches: &Receiver<Travelling>,
    messages: &Sender<Message>,
    clock: &RunClock,
) {
    let mut features = ClipFeatures::new(&plan.front_end, plan.layout);
    for travelling in batches {
        let (number, index) = (travelling.number, travelling.index);
        let result = if travelling.unwanted.load(Ordering::Relaxed) {
            Err(ModelError::Cancelled)
        } else {
            let scored = catch_unwind(AssertUnwindSafe(|| score(plan, backend, &mut features, travelling, clock)));
            match scored {
                Ok(result) => result.map_err(|reason| ModelError::Inference { model: plan.model.clone(), reason }),
                Err(_) => Err(panicked(plan, "inference")),
            }
        };
        if messages.send(Message::Scored { number, index, result }).is_err() {
            return;
        }
    }
}

fn score(
    plan: &Plan,
    backend: &mut dyn Backend,
    features: &mut ClipFeatures,
    travelling: Travelling,
    clock: &RunClock,
) -> Result<BatchScores, String> {
    let batch = travelling.batch;
    let shape = plan.layout.input_shape(&plan.front_end, batch.frame_count);
    let input = if travelling.is_made { &batch.input } else { features.of(&batch.input) };
    let rows = plan.layout.row_count(batch.frame_count);
    let run = |backend: &mut dyn Backend| {
        let began = Instant::now();
        let outputs = backend.run_all(input, &shape);
        clock.add(began.elapsed());
        rows_of(plan, outputs?, rows)
    };
    let mut scores = match run(backend) {
        Err(reason) if backend.give_up(&reason) => run(backend)?,
        scores => scores?,
    };
    let width = plan.row_width();
    if let Layout::FramedClips { given_rows, rows, .. } = plan.layout {
        drop_unused_rows(&mut scores, given_rows * width, rows * width);
    }
    scores.truncate((batch.skip_rows + batch.keep_rows) * width);
    scores.drain(..batch.skip_rows * width);
    Ok(BatchScores { scores, onset_rows: batch.onset_rows, padding_rows: batch.padding_rows })
}

/// The rows that the network gave: scores, and the embedding after them where one is wanted.
fn rows_of(plan: &Plan, outputs: Vec<NetworkOutput>, rows: usize) -> Result<Vec<f32>, String> {
    let mut outputs = outputs.into_iter();
    let output = outputs.next().ok_or("the network gave nothing")?;
    let scores = output.into_scores(rows, plan.class_count, plan.activation, plan.output_axes)?;
    if plan.embedding_size == 0 {
        return Ok(scores);
    }
    let embeddings = outputs.next().ok_or("the network gave no embeddings")?;
    beside(plan, &scores, &embeddings, rows)
}

/// Each row of scores with its embedding after it.
fn beside(plan: &Plan, scores: &[f32], embeddings: &NetworkOutput, rows: usize) -> Result<Vec<f32>, String> {
    let (size, found) = (plan.embedding_size, &embeddings.shape);
    if embeddings.values.len() != rows * size || found.last() != Some(&size) {
        return Err(format!("the output of embeddings has the shape {found:?}, expected {rows} × {size} numbers"));
    }
    if let Some(wrong) = embeddings.values.iter().find(|value| !value.is_finite()) {
        return Err(format!("an embedding holds {wrong}, expected numbers"));
    }
    let mut both = Vec::with_capacity(rows * plan.row_width());
    for (scores, embedding) in scores.chunks_exact(plan.class_count).zip(embeddings.values.chunks_exact(size)) {
        both.extend_from_slice(scores);
        both.extend_from_slice(embedding);
    }
    Ok(both)
}

/// Keeps the first `used` of every `given` numbers.
fn drop_unused_rows(scores: &mut Vec<f32>, given: usize, used: usize) {
    if used < given {
        let clips = scores.len() / given;
        (1..clips).for_each(|clip| scores.copy_within(clip * given..clip * given + used, clip * used));
        scores.truncate(clips * used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_reach_past_the_clip_are_dropped() {
        let mut scores = vec![0.0, 1.0, 9.0, 2.0, 3.0, 9.0];
        drop_unused_rows(&mut scores, 3, 2);
        assert_eq!(scores, [0.0, 1.0, 2.0, 3.0]);
    }
}
