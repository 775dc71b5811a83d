//! What is known of recordings while scores of them come: how far each is covered, and what is missing at its end.

use super::ModelError;
use super::detector::{RunSummary, ScoreBlock};
use super::pipeline::{Heard, Taker};
use crate::decision::FrameAxis;
use std::collections::BTreeMap;
use std::time::Instant;

/// Takes what a run over many recordings gives, on the caller's thread. Each recording that could be opened begins once; each ends once, unless
/// the whole run is cancelled. The calls about different recordings mix.
pub trait ScoreTaker {
    /// A recording was opened; its length is an estimate where its container does not say it.
    fn begun(&mut self, number: usize, duration_secs: f64) {
        let _ = (number, duration_secs);
    }

    /// The next scores of a recording. Returns whether more of them are wanted.
    fn scores(&mut self, number: usize, block: ScoreBlock<'_>) -> bool;

    /// A recording has ended; [`ModelError::Cancelled`] if no more of its scores were wanted.
    fn ended(&mut self, number: usize, outcome: Result<RunSummary, ModelError>);
}

/// Makes blocks of the rows that come, and fills up the ends of recordings.
pub(super) struct Covering<'a> {
    pub axis: FrameAxis,
    pub class_count: usize,
    /// Numbers of the embedding after each row of scores; 0 for none.
    pub embedding_size: usize,
    pub taker: &'a mut dyn ScoreTaker,
    pub open: BTreeMap<usize, Covered>,
}

/// How far a recording is covered.
pub(super) struct Covered {
    began: Instant,
    duration_secs: f64,
    frame_count: usize,
    last_row: Vec<f32>,
}

impl Taker for Covering<'_> {
    fn begun(&mut self, number: usize, duration_secs: f64) {
        let covered = Covered { began: Instant::now(), duration_secs, frame_count: 0, last_row: Vec::new() };
        self.open.insert(number, covered);
        self.taker.begun(number, duration_secs);
    }

    fn take(&mut self, number: usize, rows: &[f32], padding_count: usize) -> bool {
        let width = self.class_count + self.embedding_size;
        let Some(covered) = self.open.get_mut(&number).filter(|_| !rows.is_empty()) else { return true };
        let frame_count = rows.len() / width;
        covered.frame_count += frame_count;
        covered.last_row.clear();
        covered.last_row.extend_from_slice(&rows[rows.len() - width..]);
        let duration_secs = covered.duration_secs;
        let reached_secs = self.axis.first_onset_secs + covered.frame_count as f64 * self.axis.hop_secs;
        self.hand_on(number, rows, padding_count, (reached_secs.min(duration_secs), duration_secs))
    }

    fn ended(&mut self, number: usize, outcome: Result<Heard, ModelError>) {
        let covered = self.open.remove(&number);
        let summary = match (outcome, covered) {
            (Ok(heard), Some(covered)) => self.summary(number, heard, covered),
            (Err(error), _) => Err(error),
            // What was never begun cannot have been heard.
            (Ok(_), None) => Err(ModelError::Cancelled),
        };
        self.taker.ended(number, summary);
    }
}

impl Covering<'_> {
    /// Hands rows on as scores, with embeddings apart from them.
    fn hand_on(
        &mut self,
        number: usize,
        rows: &[f32],
        padding_count: usize,
        (done_secs, duration_secs): (f64, f64),
    ) -> bool {
        let width = self.class_count + self.embedding_size;
        let frame_count = rows.len() / width;
        if self.embedding_size == 0 {
            let block =
                ScoreBlock { scores: rows, embeddings: &[], frame_count, padding_count, done_secs, duration_secs };
            return self.taker.scores(number, block);
        }
        let (mut scores, mut embeddings) = (Vec::new(), Vec::new());
        for row in rows.chunks_exact(width) {
            let (own, embedding) = row.split_at(self.class_count);
            scores.extend_from_slice(own);
            embeddings.extend_from_slice(embedding);
        }
        let (scores, embeddings) = (scores.as_slice(), embeddings.as_slice());
        self.taker
            .scores(number, ScoreBlock { scores, embeddings, frame_count, padding_count, done_secs, duration_secs })
    }

    fn summary(&mut self, number: usize, heard: Heard, mut covered: Covered) -> Result<RunSummary, ModelError> {
        let duration_secs = heard.duration_secs;
        let missing = missing_rows(self.axis, covered.frame_count, duration_secs);
        if missing > 0 {
            covered.frame_count += missing;
            if !self.hand_on(number, &covered.last_row.repeat(missing), 0, (duration_secs, duration_secs)) {
                return Err(ModelError::Cancelled);
            }
        }
        let elapsed_secs = covered.began.elapsed().as_secs_f64();
        Ok(RunSummary { frame_count: covered.frame_count, duration_secs, elapsed_secs, warnings: heard.warnings })
    }
}

/// How many more rows it takes until the end of the recording is less than a hop away.
fn missing_rows(axis: FrameAxis, frame_count: usize, duration_secs: f64) -> usize {
    let covered_secs = axis.first_onset_secs + frame_count as f64 * axis.hop_secs;
    // A little less than a whole hop is taken for one, so that rounding cannot leave a hop open.
    let hops = (duration_secs - covered_secs) / axis.hop_secs + 1e-6;
    if frame_count == 0 { 0 } else { hops.floor().max(0.0) as usize }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_score_reaches_the_end_of_the_recording() {
        let axis = FrameAxis { first_onset_secs: 0.4375, hop_secs: 0.1 };
        let frames = 11;
        for ticks in 0..200 {
            let duration = 1.5 + f64::from(ticks) * 0.0125;
            let all = frames + missing_rows(axis, frames, duration);
            assert_eq!(axis.span(all - 1, all, all, duration).offset_secs, duration, "{duration}");
        }
    }
}
