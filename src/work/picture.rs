//! The levels of a picture of given width, in one pass over what it shows: for files and prints, without the tiles of the window. A pixel that
//! covers several frames gets their maximum while they come, so that memory depends on the picture and not on the recording.

use super::CancelToken;
use super::frames::{FrameFeeder, Frames, SampleStream, on_threads, thread_count};
use super::tiles::{ColumnReader, PlaneReader, plane_columns};
use crate::audio::{AudioError, SampleSource};
use crate::dsp::decibel::byte_from_power;
use crate::dsp::stft::{Stft, StftSpec};
use crate::model::ModelInput;
use crate::spectrogram::render::LevelColumns;
use crate::spectrogram::{Channel, PictureKind, PictureSettings, PyramidLayout, ValueScale};
use std::sync::{Arc, Mutex, PoisonError};

/// A pixel of at least so many half frames is computed from half frames: every sample counts, and there are enough of them.
const HALF_FRAMES_A_PIXEL: f64 = 4.0;

/// What is to be computed.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureSpec {
    /// Frames, and what a byte stands for.
    pub settings: PictureSettings,
    /// Whether another overlap may be chosen where a pixel has many frames.
    pub any_overlap: bool,
    /// The front end of a model, for [`PictureKind::ModelInput`].
    pub model: Option<Arc<ModelInput>>,
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
    /// The frames for a recording of this rate: those of the settings, or half overlapping ones where no overlap was asked for and a pixel
    /// has many.
    pub fn frames(&self, sample_rate: u32) -> StftSpec {
        let stft = self.settings.stft(sample_rate);
        let samples_per_px = (self.end_secs - self.start_secs) * f64::from(sample_rate) / self.width_px.max(1) as f64;
        let is_long = samples_per_px >= HALF_FRAMES_A_PIXEL * 0.5 * stft.frame_len as f64;
        if is_long && self.any_overlap && self.settings.kind == PictureKind::Level {
            return PictureSettings { hops: 2, ..self.settings.clone() }.stft(sample_rate);
        }
        stft
    }

    /// Bytes of the levels of a recording of this rate, which are all in memory at once.
    pub fn level_bytes(&self, sample_rate: u32) -> usize {
        let (layout, _) = self.layout(sample_rate);
        Groups::new(self, &layout).count.saturating_mul(layout.rows(0))
    }

    fn layout(&self, sample_rate: u32) -> (PyramidLayout, ValueScale) {
        match (&self.model, self.settings.kind.value_scale()) {
            (Some(model), None) => (model.layout(), model.value_scale()),
            (_, scale) => {
                (PyramidLayout::new(sample_rate, self.frames(sample_rate)), scale.unwrap_or(ValueScale::DECIBELS))
            }
        }
    }
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The recording cannot be read.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// It would need more memory than it may have.
    #[error("the picture is too large: {0}")]
    TooLarge(String),
    /// Something unforeseen.
    #[error("the picture cannot be made: {0}")]
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

/// One plane as a stream of samples.
struct PlaneStream(PlaneReader);

impl SampleStream for PlaneStream {
    fn read(&mut self, first: i64, out: &mut Vec<f32>, from: usize) -> Result<(), AudioError> {
        self.0.read(first, std::slice::from_mut(out), from).map(drop)
    }

    fn end(&self) -> Option<u64> {
        self.0.end()
    }

    fn take_warnings(&mut self) -> Vec<String> {
        self.0.take_warnings()
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
    let (layout, scale) = spec.layout(source.spec().sample_rate);
    let rows = layout.rows(0);
    let groups = Groups::new(spec, &layout);
    let duration_secs = source.spec().duration_secs();
    let known_secs = source.spec().length_is_exact.then_some(duration_secs);
    let columns = LevelColumns {
        known: Vec::new(),
        rows,
        axis: layout.axis,
        group: layout.bins_per_row(0),
        scale,
        bytes: vec![0; groups.count * rows],
        left_column: groups.column_of(groups.view_left),
        columns_per_px: groups.view_frames_per_px / groups.frames_each,
        begin_column: groups.column_of(groups.frame_at(0.0)),
        end_column: groups.column_of(groups.frame_at(duration_secs)),
    };
    // What is not level is computed in order, as each column depends on those before it.
    let (mut levels, met_end_secs) = match spec.settings.kind {
        PictureKind::Level => by_frames(source, spec.channel, &layout, &groups, columns, (cancel, told))?,
        kind => {
            let reader = plane_columns(source, layout, (kind, scale), spec.channel, spec.model.as_deref())?;
            in_order(reader, &groups, columns, (cancel, told))?
        }
    };
    if cancel.is_cancelled() {
        return Err(PictureError::Cancelled);
    }
    levels.true_end_secs = known_secs.or(met_end_secs);
    let end_secs = met_end_secs.or(known_secs).unwrap_or(duration_secs);
    levels.columns.end_column = groups.column_of(groups.frame_at(end_secs));
    Ok(levels)
}

/// What a pass gave, and the recording's end in seconds if it was met.
type Passed = (PictureLevels, Option<f64>);

/// Whether it is still wanted, and who hears how much is done.
type Watch<'a> = (&'a CancelToken, &'a (dyn Fn(f64) + Sync));

/// Frames in any order on all cores, each group's greatest powers.
fn by_frames(
    source: Box<dyn SampleSource>,
    channel: Channel,
    layout: &PyramidLayout,
    groups: &Groups,
    mut columns: LevelColumns,
    watch: Watch<'_>,
) -> Result<Passed, PictureError> {
    let stft = layout.stft;
    let (first, end) = groups.frames();
    let last = if source.spec().length_is_exact { stft.columns(source.spec().frame_count) } else { u64::MAX };
    let frames = Frames {
        frame_len: stft.frame_len,
        hop: stft.hop,
        lead: stft.lead(),
        first: first.min(last),
        end: end.min(last),
        whole_only: false,
    };
    let feeder = FrameFeeder::new(Box::new(PlaneStream(PlaneReader::new(source, &[channel]))), frames);
    let bytes = Mutex::new(std::mem::take(&mut columns.bytes));
    let worker = || compute(&feeder, stft, (columns.rows, columns.group), groups, &bytes, watch);
    on_threads(thread_count(), "picture", &worker).map_err(PictureError::Unforeseen)?;
    columns.bytes = bytes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (end, warnings) = feeder.finish()?;
    let met_end_secs = end.map(|samples| samples as f64 / f64::from(layout.sample_rate));
    Ok((PictureLevels { columns, true_end_secs: None, warnings }, met_end_secs))
}

/// Columns one after the other.
fn in_order(
    mut reader: ColumnReader,
    groups: &Groups,
    mut columns: LevelColumns,
    (cancel, told): Watch<'_>,
) -> Result<Passed, PictureError> {
    let (first, end) = groups.frames();
    reader.seek(0, first);
    let mut met_end_secs = None;
    let mut column = [Vec::new()];
    for frame in first..end {
        if cancel.is_cancelled() {
            break;
        }
        column[0].clear();
        if !reader.column(0, &mut column, &mut |_, _| {})? {
            met_end_secs = Some(groups.secs_of(frame as f64));
            break;
        }
        if frame % 256 == 0 {
            told((frame - first) as f64 / (end - first) as f64);
        }
        let start = groups.of_frame(frame) * columns.rows;
        let Some(own) = columns.bytes.get_mut(start..start + columns.rows) else { continue };
        own.iter_mut().zip(&column[0]).for_each(|(byte, &new)| *byte = (*byte).max(new));
    }
    let warnings = reader.take_warnings();
    Ok((PictureLevels { columns, true_end_secs: None, warnings }, met_end_secs))
}

/// Takes frames until there are none, and raises the bytes of the columns that they belong to.
fn compute(
    feeder: &FrameFeeder,
    stft: StftSpec,
    (rows, group): (usize, usize),
    groups: &Groups,
    bytes: &Mutex<Vec<u8>>,
    (cancel, told): Watch<'_>,
) {
    let (mut stft, bins, frames) = (Stft::new(stft), stft.rows(), feeder.frames());
    let (mut samples, mut power) = (Vec::new(), vec![0.0_f32; bins]);
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
            if group == 1 {
                own.iter_mut().zip(&power).for_each(|(byte, &power)| *byte = (*byte).max(byte_from_power(power)));
            } else {
                let greatest = power.chunks(group).map(|bins| bins.iter().copied().fold(0.0, f32::max));
                own.iter_mut().zip(greatest).for_each(|(byte, power)| *byte = (*byte).max(byte_from_power(power)));
            }
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
    /// Where the first frame begins, and from one to the next, in seconds.
    first_secs: f64,
    hop_secs: f64,
}

impl Groups {
    fn new(spec: &PictureSpec, layout: &PyramidLayout) -> Self {
        let (first_secs, hop_secs) = (layout.first_secs(), layout.column_secs(0));
        let frames = |secs: f64| (secs - first_secs) / hop_secs;
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
        Self { view_left, view_frames_per_px, left, frames_each, count, first_secs, hop_secs }
    }

    /// A time in frames.
    fn frame_at(&self, secs: f64) -> f64 {
        (secs - self.first_secs) / self.hop_secs
    }

    /// A place in frames as a time.
    fn secs_of(&self, frames: f64) -> f64 {
        self.first_secs + frames * self.hop_secs
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

    fn spec(start_secs: f64, end_secs: f64, width_px: usize) -> PictureSpec {
        PictureSpec {
            settings: PictureSettings::default(),
            any_overlap: true,
            model: None,
            channel: Channel::Mix,
            start_secs,
            end_secs,
            width_px,
        }
    }

    #[test]
    fn every_frame_belongs_to_one_column() {
        for (start, end, width) in [(0.0, 60.0, 7), (-3.0, 5.7, 40), (1.234, 1.3, 100), (0.0, 3600.0, 1600)] {
            let spec = spec(start, end, width);
            let groups = Groups::new(&spec, &spec.layout(48_000).0);
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
        let hour = spec(0.0, 3600.0, 1600);
        let hop = |spec: &PictureSpec| spec.frames(48_000).hop;
        let asked = PictureSpec { any_overlap: false, ..hour.clone() };
        assert_eq!([hop(&hour), hop(&asked), hop(&spec(0.0, 30.0, 1600))], [1024, 512, 512]);
    }
}
