//! Cutting a stream of feature frames into what the network sees at once: batches of clips, or overlapping pieces. Pure; each frame is
//! computed once and copied into every clip that needs it.

/// How a stream of frames is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Clips of so many frames, each of which gives one row.
    Clips { frame_count: usize },
    /// Pieces of so many rows, one a frame, with frames seen before and after.
    Pieces { piece_frames: usize, context_before_frames: usize, context_after_frames: usize },
}

/// Frames for one run of the network.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Batch {
    /// Row-major `[frame × band]`, of stream frames.
    pub input: Vec<f32>,
    /// Stream frames of the input.
    pub frame_count: usize,
    /// Rows of scores to drop at the start: they belong to the batch before.
    pub skip_rows: usize,
    /// Rows of scores to keep after those.
    pub keep_rows: usize,
    /// Where each clip's rows begin, in rows of the recording; only for clips that give many rows.
    pub onset_rows: Vec<usize>,
    /// How many of the last rows lie after the end of the recording.
    pub padding_rows: usize,
}

/// Collects frames and cuts batches.
pub(super) struct Planner {
    cut: Cut,
    band_count: usize,
    hop_frames: usize,
    clips_per_batch: usize,
    /// The frames from `first_frame` on.
    frames: Vec<f32>,
    first_frame: usize,
    next_row: usize,
}

impl Planner {
    /// For rows `hop_frames` apart; clips come in batches of `clips_per_batch`.
    pub fn new(cut: Cut, band_count: usize, hop_frames: usize, clips_per_batch: usize) -> Self {
        Self { cut, band_count, hop_frames, clips_per_batch, frames: Vec::new(), first_frame: 0, next_row: 0 }
    }

    /// Where new frames are to be appended.
    pub fn frames_mut(&mut self) -> &mut Vec<f32> {
        &mut self.frames
    }

    /// The next batch that is complete whatever comes later.
    pub fn ready(&mut self) -> Option<Batch> {
        let available = self.available();
        let (rows, needed) = match self.cut {
            Cut::Clips { frame_count } => {
                let rows = self.clips_per_batch;
                (rows, (self.next_row + rows - 1) * self.hop_frames + frame_count)
            }
            Cut::Pieces { piece_frames, context_after_frames, .. } => {
                (piece_frames, self.next_row + piece_frames + context_after_frames)
            }
        };
        (needed <= available).then(|| self.cut(rows, needed))
    }

    /// The next of the last batches, once all frames are there; `row_count` rows are wanted in all.
    pub fn rest(&mut self, row_count: usize) -> Option<Batch> {
        let rows = row_count.saturating_sub(self.next_row);
        match self.cut {
            _ if rows == 0 => None,
            Cut::Clips { frame_count } => {
                let rows = rows.min(self.clips_per_batch);
                let needed = (self.next_row + rows - 1) * self.hop_frames + frame_count;
                (needed <= self.available()).then(|| self.cut(rows, needed))
            }
            Cut::Pieces { .. } => {
                let rows = rows.min(self.available().saturating_sub(self.next_row));
                (rows > 0).then(|| self.cut(rows, self.available()))
            }
        }
    }

    fn available(&self) -> usize {
        self.first_frame + self.frames.len() / self.band_count.max(1)
    }

    fn cut(&mut self, rows: usize, after: usize) -> Batch {
        let batch = match self.cut {
            Cut::Clips { frame_count } => {
                let mut input = Vec::with_capacity(rows * frame_count * self.band_count);
                for row in self.next_row..self.next_row + rows {
                    let first = row * self.hop_frames;
                    input.extend_from_slice(self.between(first, first + frame_count));
                }
                Batch { input, frame_count: rows * frame_count, keep_rows: rows, ..Batch::default() }
            }
            Cut::Pieces { context_before_frames, .. } => {
                let first = self.next_row.saturating_sub(context_before_frames);
                let input = self.between(first, after).to_vec();
                let skip_rows = self.next_row - first;
                Batch { input, frame_count: after - first, skip_rows, keep_rows: rows, ..Batch::default() }
            }
        };
        self.next_row += rows;
        self.forget();
        batch
    }

    fn between(&self, first: usize, after: usize) -> &[f32] {
        &self.frames[(first - self.first_frame) * self.band_count..(after - self.first_frame) * self.band_count]
    }

    /// Drops the frames that no later row sees.
    fn forget(&mut self) {
        let needed = match self.cut {
            Cut::Clips { .. } => self.next_row * self.hop_frames,
            Cut::Pieces { context_before_frames, .. } => self.next_row.saturating_sub(context_before_frames),
        };
        let drop = needed.min(self.available()).saturating_sub(self.first_frame);
        self.frames.drain(..drop * self.band_count);
        self.first_frame += drop;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One band, whose feature is the frame's number.
    fn batches(cut: Cut, hop_frames: usize, frames: usize, rows: usize) -> Vec<Batch> {
        let mut planner = Planner::new(cut, 1, hop_frames, 3);
        let mut batches = Vec::new();
        for frame in 0..frames {
            planner.frames_mut().push(frame as f32);
            batches.extend(planner.ready());
        }
        while let Some(batch) = planner.rest(rows) {
            batches.push(batch);
        }
        batches
    }

    #[test]
    fn every_clip_sees_its_own_frames() {
        let batches = batches(Cut::Clips { frame_count: 4 }, 2, 20, 9);
        assert_eq!(batches.iter().map(|batch| batch.keep_rows).collect::<Vec<_>>(), [3, 3, 3]);
        let seen: Vec<f32> = batches.iter().flat_map(|batch| batch.input.clone()).collect();
        let expected: Vec<f32> = (0..9).flat_map(|row| (row * 2..row * 2 + 4).map(|frame| frame as f32)).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn pieces_keep_each_row_once_and_see_their_context() {
        let cut = Cut::Pieces { piece_frames: 5, context_before_frames: 3, context_after_frames: 2 };
        let batches = batches(cut, 1, 19, 19);
        let mut kept = Vec::new();
        for batch in &batches {
            assert_eq!(batch.input.len(), batch.frame_count);
            kept.extend_from_slice(&batch.input[batch.skip_rows..batch.skip_rows + batch.keep_rows]);
        }
        assert_eq!(kept, (0..19).map(|frame| frame as f32).collect::<Vec<_>>());
        assert_eq!(batches[1].input, (2..12).map(|frame| frame as f32).collect::<Vec<_>>());
        assert_eq!(batches[0].skip_rows, 0);
    }

    #[test]
    fn rows_that_are_not_wanted_are_not_computed() {
        let cut = Cut::Pieces { piece_frames: 50, context_before_frames: 3, context_after_frames: 2 };
        let batches = batches(cut, 1, 19, 15);
        assert_eq!((batches.len(), batches[0].frame_count, batches[0].keep_rows), (1, 19, 15));
    }
}
