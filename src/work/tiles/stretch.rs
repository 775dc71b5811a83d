//! Pieces of the pass over the whole that any thread can transform: samples are read in order by the thread of the pass, frames are
//! transformed by whoever has time. What comes out is byte for byte what one thread alone makes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::Sender;

use crate::audio::{AudioError, SampleSource, StreamSpec};
use crate::spectrogram::{PyramidLayout, wave_block_samples};

use super::Opener;
use super::built::Part;
use super::frame_columns::{FRAMES_PER_READ, FrameColumns};
use super::peak_tap::PeakTap;
use super::planes::PlaneReader;

/// Interleaved samples of a segment, about: 1 MB.
const SEGMENT_SAMPLES: u64 = 1 << 18;

/// Interleaved samples of a base-level column for which segments are made at all: 4 MB.
const MOST_COLUMN_SAMPLES: u64 = 1 << 20;

/// Interleaved samples of all segments that are under way: 64 MB.
const MOST_SAMPLES_UNDER_WAY: u64 = 1 << 24;

/// Interleaved samples that are read at once.
const READ_SAMPLES: usize = 1 << 16;

/// Base-level columns of a segment of a recording of so many channels. A whole number of reads, so that frames meet a broken place in the same
/// way wherever they are transformed.
pub(super) fn segment_columns(layout: &PyramidLayout, channels: usize) -> u64 {
    let column = interleaved_column(layout, channels);
    (SEGMENT_SAMPLES / column.max(1)).max(1).next_multiple_of(columns_per_read(layout))
}

/// Base-level columns whose frames are read at once.
pub(super) fn columns_per_read(layout: &PyramidLayout) -> u64 {
    (FRAMES_PER_READ as u64 >> layout.base_level.min(40)).max(1)
}

/// Interleaved samples of a base-level column.
fn interleaved_column(layout: &PyramidLayout, channels: usize) -> u64 {
    layout.column_samples(layout.base_level).saturating_mul(channels.max(1) as u64)
}

/// Segments of a recording of so many channels that may be under way at once, `wanted` at most; `None` if a single one takes too much
/// memory.
pub(super) fn most_segments(layout: &PyramidLayout, channels: usize, wanted: usize) -> Option<usize> {
    let column = interleaved_column(layout, channels);
    if column > MOST_COLUMN_SAMPLES {
        return None;
    }
    let overlap = (layout.stft.frame_len as u64).saturating_mul(channels.max(1) as u64);
    let samples = segment_columns(layout, channels).saturating_mul(column).saturating_add(overlap);
    let fitting = MOST_SAMPLES_UNDER_WAY / samples.max(1);
    (fitting > 0).then(|| wanted.min(usize::try_from(fitting).unwrap_or(usize::MAX)))
}

/// Interleaved samples of a part of the recording.
#[derive(Default)]
struct Stretch {
    first_frame: u64,
    samples: Vec<f32>,
    /// Reading beyond the samples fails; else the recording ends there.
    is_broken: bool,
}

/// Base-level columns to be made of samples that were read.
pub(super) struct Segment {
    /// Place in the order.
    pub(super) number: u64,
    first_column: u64,
    columns: u64,
    stretch: Stretch,
    spec: StreamSpec,
    answer: Sender<Answer>,
}

/// What became of a segment.
pub(super) struct Answer {
    /// Place in the order.
    pub(super) number: u64,
    /// What was made.
    pub(super) part: Part,
    /// Columns that were made; fewer than wanted at the end and before a broken place.
    pub(super) columns: u64,
    /// Whether nothing comes after it.
    pub(super) is_last: bool,
    /// Whether the transform itself broke.
    pub(super) panicked: bool,
    /// The memory of the samples, to be used again.
    pub(super) spare: Vec<f32>,
}

/// Reads the samples of segments in order, each once.
pub(super) struct StretchReader {
    source: Box<dyn SampleSource>,
    layout: PyramidLayout,
    channels: usize,
    columns_per_segment: u64,
    next_column: u64,
    next_number: u64,
    held: Vec<f32>,
    held_first: u64,
    has_ended: bool,
    error: Option<AudioError>,
}

impl StretchReader {
    /// From base-level column `first_column` on.
    pub(super) fn new(source: Box<dyn SampleSource>, layout: PyramidLayout, first_column: u64) -> Self {
        let channels = source.spec().channels.max(1);
        let mut reader = Self {
            source,
            layout,
            channels,
            columns_per_segment: segment_columns(&layout, channels),
            next_column: first_column,
            next_number: 0,
            held: Vec::new(),
            held_first: 0,
            has_ended: false,
            error: None,
        };
        reader.held_first = reader.first_sample(first_column << layout.base_level);
        reader
    }

    /// Whether no segment comes any more: the last one holds the end, or what is before a broken place.
    pub(super) fn is_read_out(&self) -> bool {
        let next = self.next_column * self.layout.column_samples(self.layout.base_level);
        let held_end = self.held_first + (self.held.len() / self.channels) as u64;
        self.has_ended && (self.error.is_some() || next >= held_end)
    }

    /// Why reading ended, if not with the recording.
    pub(super) fn take_error(&mut self) -> Option<AudioError> {
        self.error.take()
    }

    /// What the source has to say, each once.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        self.source.take_warnings()
    }

    /// Reads the next segment into `spare`.
    pub(super) fn segment(&mut self, answer: Sender<Answer>, mut spare: Vec<f32>) -> Segment {
        let (first_column, columns) = (self.next_column, self.columns_per_segment);
        let first_frame = first_column << self.layout.base_level;
        let end_frame = (first_column + columns) << self.layout.base_level;
        let mut frame = first_frame;
        while frame < end_frame && !self.has_ended {
            frame += FRAMES_PER_READ as u64;
            let read_end = self.layout.stft.first_sample(frame - 1) + self.layout.stft.frame_len as i64;
            self.read_to(read_end.max(0) as u64);
        }
        // What the next segment needs again stays.
        let kept_from =
            ((self.first_sample(end_frame) - self.held_first) as usize * self.channels).min(self.held.len());
        spare.clear();
        spare.extend_from_slice(&self.held[kept_from..]);
        let samples = std::mem::replace(&mut self.held, spare);
        let stretch = Stretch { first_frame: self.held_first, samples, is_broken: self.error.is_some() };
        self.held_first += (kept_from / self.channels) as u64;
        self.next_column += columns;
        self.next_number += 1;
        let spec = self.source.spec().clone();
        Segment { number: self.next_number - 1, first_column, columns, stretch, spec, answer }
    }

    fn first_sample(&self, frame: u64) -> u64 {
        self.layout.stft.first_sample(frame).max(0) as u64
    }

    /// Reads on to sample `end`; all of it or, where it breaks, nothing.
    fn read_to(&mut self, end: u64) {
        let before = self.held.len();
        loop {
            let next = self.held_first + (self.held.len() / self.channels) as u64;
            let frames = end.saturating_sub(next).min((READ_SAMPLES / self.channels).max(1) as u64) as usize;
            if frames == 0 {
                return;
            }
            let place = self.held.len();
            self.held.resize(place + frames * self.channels, 0.0);
            match self.source.read(next, &mut self.held[place..]) {
                Ok(count) => {
                    self.held.truncate(place + count.min(frames) * self.channels);
                    if count < frames {
                        self.has_ended = true;
                        return;
                    }
                }
                Err(error) => {
                    self.held.truncate(before);
                    self.has_ended = true;
                    self.error = Some(error);
                    return;
                }
            }
        }
    }
}

/// The samples that a transformer reads, and where the last read ended.
#[derive(Default)]
struct Handed {
    stretch: Stretch,
    read_to: u64,
}

/// A source of samples that were read already.
struct HandedSource {
    spec: StreamSpec,
    handed: Arc<Mutex<Handed>>,
}

fn locked(handed: &Mutex<Handed>) -> MutexGuard<'_, Handed> {
    handed.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SampleSource for HandedSource {
    fn spec(&self) -> &StreamSpec {
        &self.spec
    }

    fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
        let channels = self.spec.channels.max(1);
        let mut handed = locked(&self.handed);
        let stretch = &handed.stretch;
        let wanted = out.len() / channels;
        let place = (first_frame.saturating_sub(stretch.first_frame) as usize).saturating_mul(channels);
        let known = stretch.samples.get(place..).unwrap_or_default();
        let frames = wanted.min(known.len() / channels);
        if frames < wanted && stretch.is_broken {
            // The thread of the pass knows the reason.
            return Err(AudioError::Broken { path: PathBuf::new(), reason: String::new() });
        }
        out[..frames * channels].copy_from_slice(&known[..frames * channels]);
        handed.read_to = first_frame + frames as u64;
        Ok(frames)
    }
}

/// Makes columns of segments.
pub(super) struct Transformer {
    columns: FrameColumns,
    handed: Arc<Mutex<Handed>>,
    layout: PyramidLayout,
    planes: usize,
    wave_block: u64,
}

impl Transformer {
    /// For segments of a recording like `spec`.
    fn new(opener: &Opener, spec: &StreamSpec) -> Self {
        let handed = Arc::<Mutex<Handed>>::default();
        let source = HandedSource { spec: spec.clone(), handed: Arc::clone(&handed) };
        let reader = PlaneReader::new(Box::new(source), &opener.planes);
        Self {
            columns: FrameColumns::new(reader, opener.layout, opener.kind, opener.scale),
            handed,
            layout: opener.layout,
            planes: opener.planes.len(),
            wave_block: wave_block_samples(opener.sample_rate),
        }
    }

    /// Answers a segment, whatever happens: with the thread's own transformer, which is made if there is none and given up if it breaks.
    pub(super) fn answer(own: &mut Option<Self>, opener: &Opener, segment: Segment) {
        let Segment { number, first_column, columns, stretch, spec, answer } = segment;
        let made = catch_unwind(AssertUnwindSafe(|| {
            let own = own.get_or_insert_with(|| Self::new(opener, &spec));
            *locked(&own.handed) = Handed { stretch, read_to: 0 };
            let made = own.transform(first_column, columns);
            (made, std::mem::take(&mut locked(&own.handed).stretch.samples))
        }));
        let panicked = made.is_err();
        if panicked {
            *own = None;
        }
        let ((part, columns, is_last), spare) = made.unwrap_or_else(|_| ((Part::default(), 0, true), Vec::new()));
        // Nobody listens any more once the pass has ended.
        let _ = answer.send(Answer { number, part, columns, is_last, panicked, spare });
    }

    fn transform(&mut self, first_column: u64, wanted: u64) -> (Part, u64, bool) {
        let level = self.layout.base_level;
        let column_samples = self.layout.column_samples(level);
        let (first, end) = (first_column * column_samples, (first_column + wanted) * column_samples);
        let mut columns = vec![Vec::with_capacity(wanted as usize * self.layout.rows(level)); self.planes];
        let mut taps = vec![PeakTap::new(self.wave_block, first, end); self.planes];
        self.columns.forget();
        self.columns.seek(level, first_column);
        let (mut done, mut is_last) = (0, false);
        while done < wanted && !is_last {
            let handed = &self.handed;
            let made = self.columns.column(level, &mut columns, &mut |plane, samples| {
                let at = locked(handed).read_to.saturating_sub(samples.len() as u64);
                taps[plane].add(at, samples);
            });
            match made {
                Ok(true) => done += 1,
                Ok(false) | Err(_) => is_last = true,
            }
        }
        let read_end = taps.first().map_or(first, PeakTap::read_to).clamp(first, end);
        let made_end = (first_column + done) * column_samples;
        let frames_read = read_end.min(made_end);
        let peaks = taps.into_iter().map(|tap| tap.into_peaks_to(frames_read)).collect();
        (Part { columns, peaks, frames_read }, done, is_last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::stft::StftSpec;

    #[test]
    fn segments_under_way_take_no_more_than_64_mb() {
        for rate in [8_000, 48_000, 192_000, 384_000, 6_144_000] {
            for channels in [1, 2, 8, 64, 256, 65_536] {
                for frames in [1, rate * 3_600, rate * 3_600 * 24 * 400] {
                    for frame_len in [64, 1_024, 16_384] {
                        let layout = PyramidLayout::new(rate as u32, StftSpec::of_size(frame_len));
                        let layout = layout.for_length(frames, 1);
                        let Some(most) = most_segments(&layout, channels, 10) else { continue };
                        assert!((1..=10).contains(&most));
                        let samples = segment_columns(&layout, channels)
                            * layout.column_samples(layout.base_level)
                            * channels as u64;
                        assert!(most as u64 * samples * 4 <= 64 << 20, "{rate} Hz, {channels} channels: {most}");
                    }
                }
            }
        }
        let plain = PyramidLayout::new(48_000, StftSpec::of_size(1_024));
        assert_eq!(most_segments(&plain, 2, 10), Some(10));
    }
}
