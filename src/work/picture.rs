//! The levels of a picture of given width, in one pass over what it shows: for files and prints, without the tiles of the window. A pixel that
//! covers several frames gets their maximum while they come, so that memory depends on the picture and not on the recording.

use super::CancelToken;
use super::frames::{FrameFeeder, Frames, SampleStream, on_threads, thread_count};
use super::tiles::MonoReader;
use crate::audio::{AudioError, SampleSource};
use crate::dsp::decibel::byte_from_power;
use crate::dsp::stft::{Stft, StftSpec};
use crate::spectrogram::render::LevelColumns;
use crate::spectrogram::{Channel, PictureSettings};
use std::sync::{Mutex, PoisonError};

/// A pixel of at least so many half frames is computed from half frames: every sample counts, and there are enough of them.
const HALF_FRAMES_A_PIXEL: f64 = 4.0;

/// What is to be computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PictureSpec {
    /// Frames.
    pub stft: StftSpec,
    /// What of the channels.
    pub channel: Channel,
    /// Time at the left border, in seconds; may be negative.
    pub start_secs: f64,
    /// Time at the right border, in seconds, > `start_secs`.
    pub end_secs: f64,
    /// Pixels across, 1 or more.
    pub width_px: usize,
}

impl PictureSpec {
    /// The frames that suit a picture of so many samples a pixel: those of `settings`, or half overlapping ones where no overlap was asked for
    /// and a pixel has many.
    pub fn frames_for(
        settings: &PictureSettings,
        sample_rate: u32,
        samples_per_px: f64,
        any_overlap: bool,
    ) -> StftSpec {
        let stft = settings.stft(sample_rate);
        if any_overlap && samples_per_px >= HALF_FRAMES_A_PIXEL * 0.5 * stft.frame_len as f64 {
            return PictureSettings { hops: 2, ..settings.clone() }.stft(sample_rate);
        }
        stft
    }
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The recording cannot be read.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// Something unforeseen.
    #[error("the picture cannot be computed: {0}")]
    Unforeseen(String),
    /// The user does not want it any more.
    #[error("stopped")]
    Cancelled,
}

/// What a pass gave.
#[derive(Debug)]
pub struct PictureLevels {
    /// The levels.
    pub columns: LevelColumns,
    /// The recording's true length in seconds, if its end was met.
    pub true_end_secs: Option<f64>,
    /// What went wrong without ending the decoding.
    pub warnings: Vec<String>,
}

impl SampleStream for MonoReader {
    fn read(&mut self, first: i64, out: &mut [f32]) -> Result<(), AudioError> {
        Self::read(self, first, out).map(drop)
    }

    fn end(&self) -> Option<u64> {
        Self::end(self)
    }

    fn take_warnings(&mut self) -> Vec<String> {
        Self::take_warnings(self)
    }
}

/// Computes it. `told` hears how much is done, 0 to 1, on any thread.
///
/// # Errors
/// The recording cannot be read to the picture's end, or `cancel` was set.
pub fn picture_levels(
    source: Box<dyn SampleSource>,
    spec: &PictureSpec,
    cancel: &CancelToken,
    told: &(dyn Fn(f64) + Sync),
) -> Result<PictureLevels, PictureError> {
    let rate = source.spec().sample_rate;
    let frame_count = source.spec().frame_count;
    let is_exact = source.spec().length_is_exact;
    let groups = Groups::new(spec, rate);
    let (first, end) = groups.frames();
    let last = if is_exact { spec.stft.columns(frame_count) } else { u64::MAX };
    let frames = Frames {
        frame_len: spec.stft.frame_len,
        hop: spec.stft.hop,
        lead: spec.stft.lead(),
        first: first.min(last),
        end: end.min(last),
        whole_only: false,
    };
    let feeder = FrameFeeder::new(Box::new(MonoReader::new(source, spec.channel)), frames);
    let rows = spec.stft.rows();
    let bytes = Mutex::new(vec![0_u8; groups.count * rows]);
    let worker = || compute(&feeder, spec.stft, &groups, &bytes, cancel, told);
    on_threads(thread_count(), "picture", &worker).map_err(PictureError::Unforeseen)?;
    if cancel.is_cancelled() {
        return Err(PictureError::Cancelled);
    }
    let (end, warnings) = feeder.finish()?;
    let true_samples = if is_exact { Some(end.unwrap_or(frame_count)) } else { end };
    let samples = true_samples.unwrap_or(frame_count) as f64 / spec.stft.hop as f64;
    let columns = LevelColumns {
        rows,
        hz_per_row: f64::from(rate) / spec.stft.fft_size as f64,
        bytes: bytes.into_inner().unwrap_or_else(PoisonError::into_inner),
        left_column: groups.column_of(groups.view_left),
        columns_per_px: groups.view_frames_per_px / groups.frames_each,
        begin_column: groups.column_of(0.0),
        end_column: groups.column_of(samples),
    };
    let true_end_secs = true_samples.map(|samples| samples as f64 / f64::from(rate));
    Ok(PictureLevels { columns, true_end_secs, warnings })
}

/// Takes frames until there are none, and raises the bytes of the columns that they belong to.
fn compute(
    feeder: &FrameFeeder,
    stft: StftSpec,
    groups: &Groups,
    bytes: &Mutex<Vec<u8>>,
    cancel: &CancelToken,
    told: &(dyn Fn(f64) + Sync),
) {
    let (mut stft, rows, frames) = (Stft::new(stft), stft.rows(), feeder.frames());
    let (mut samples, mut power) = (Vec::new(), vec![0.0_f32; rows]);
    while !cancel.is_cancelled() {
        let Some(piece) = feeder.take(&mut samples) else { break };
        told(feeder.part());
        let mut frame = piece.first;
        let end = piece.first + piece.count;
        while frame < end {
            let column = groups.of_frame(frame);
            let group_end = groups.first_frame(column + 1).clamp(frame + 1, end);
            power.fill(0.0);
            for number in frame..group_end {
                let start = (number - piece.first) as usize * frames.hop;
                stft.accumulate_max(&samples[start..start + frames.frame_len], &mut power);
            }
            frame = group_end;
            let mut bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(own) = bytes.get_mut(column * rows..(column + 1) * rows) else { continue };
            own.iter_mut().zip(&power).for_each(|(byte, &power)| *byte = (*byte).max(byte_from_power(power)));
        }
    }
}

/// Which frames make a column: those whose middles lie in a pixel, or each its own where a pixel is shorter than a hop.
struct Groups {
    /// The left border of the picture, in frames.
    view_left: f64,
    /// Frames in a pixel.
    view_frames_per_px: f64,
    /// The left border of column 0, in frames.
    left: f64,
    /// Frames in a column.
    frames_each: f64,
    /// Columns.
    count: usize,
}

impl Groups {
    fn new(spec: &PictureSpec, sample_rate: u32) -> Self {
        let frames = |secs: f64| secs * f64::from(sample_rate) / spec.stft.hop as f64;
        let width = spec.width_px.max(1);
        let view_left = frames(spec.start_secs);
        let view_frames_per_px = (frames(spec.end_secs) - view_left).max(1e-9) / width as f64;
        let (left, frames_each, count) = if view_frames_per_px >= 1.0 {
            (view_left, view_frames_per_px, width)
        } else {
            // One more at each side, to go over to.
            let first = (view_left - 1.0).floor();
            let end = (view_left + view_frames_per_px * width as f64 + 1.0).ceil();
            (first, 1.0, (end - first) as usize)
        };
        Self { view_left, view_frames_per_px, left, frames_each, count }
    }

    /// The first frame whose middle lies in a column; never before the recording.
    fn first_frame(&self, column: usize) -> u64 {
        (self.left + column as f64 * self.frames_each - 0.5).ceil() as u64
    }

    /// The first frame, and the one after the last.
    fn frames(&self) -> (u64, u64) {
        (self.first_frame(0), self.first_frame(self.count))
    }

    /// The column that a frame belongs to.
    fn of_frame(&self, frame: u64) -> usize {
        let near = ((frame as f64 + 0.5 - self.left) / self.frames_each) as usize;
        // Rounding may be off by one at a border.
        let mut column = near.saturating_sub(1);
        while column + 1 < self.count && self.first_frame(column + 1) <= frame {
            column += 1;
        }
        column
    }

    /// Where a place in frames lies, in columns.
    fn column_of(&self, frames: f64) -> f64 {
        (frames - self.left) / self.frames_each
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_belongs_to_one_column() {
        for (start_secs, end_secs, width_px) in
            [(0.0, 60.0, 7), (-3.0, 5.7, 40), (1.234, 1.3, 100), (0.0, 3600.0, 1600)]
        {
            let stft = StftSpec::for_sample_rate(48_000);
            let spec = PictureSpec { stft, channel: Channel::Mix, start_secs, end_secs, width_px };
            let groups = Groups::new(&spec, 48_000);
            let (first, end) = groups.frames();
            let mut last = groups.of_frame(first);
            for frame in first..end.min(first + 100_000) {
                let column = groups.of_frame(frame);
                assert!(column >= last && column <= last + 1 && column < groups.count, "frame {frame}: {column}");
                assert!(groups.first_frame(column) <= frame && frame < groups.first_frame(column + 1));
                last = column;
            }
        }
    }

    #[test]
    fn long_pictures_use_half_overlapping_frames_unless_told_otherwise() {
        let settings = PictureSettings::default();
        let hop = |samples: f64, any| PictureSpec::frames_for(&settings, 48_000, samples, any).hop;
        assert_eq!([hop(108_000.0, true), hop(108_000.0, false), hop(1_000.0, true)], [1024, 512, 512]);
    }
}
