//! One pass over the whole recording, in order: by one thread, or with the help of the threads that compute tiles while they have nothing
//! else to do. Both make the same bytes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use crate::audio::AudioError;
use crate::spectrogram::{PictureKind, wave_block_samples};
use crate::work::{CancelToken, Wake};

use super::Opener;
use super::built::{Built, Mailbox, Part};
use super::peak_tap::PeakTap;
use super::queue::JobQueue;
use super::stretch::{Answer, StretchReader, Transformer, most_segments, segment_columns};

/// The pass gives way to tiles that are waited for, but for no longer than this at once, so that it always goes on.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// Least and greatest time between two reports. They become rarer as the pass goes on, until a long one keeps the window drawing for
/// little of its time and the picture is still seen to grow.
const REPORT_EVERY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(400));

/// The part of the pass so far that lies between two reports.
const REPORTS_APART: u32 = 8;

/// How often the pass looks whether it is still wanted while others work.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Segments that are read ahead beside one for each helper.
const READ_AHEAD: usize = 2;

/// Why a pass ended before the end.
pub(super) enum PassError {
    /// The recording cannot be read on.
    Audio(AudioError),
    /// A computation broke.
    Panicked,
}

impl From<AudioError> for PassError {
    fn from(error: AudioError) -> Self {
        Self::Audio(error)
    }
}

/// What a pass needs.
pub(super) struct Pass<'a> {
    pub(super) opener: &'a Opener,
    pub(super) queue: &'a JobQueue,
    pub(super) cancel: &'a CancelToken,
    pub(super) mailbox: &'a Mailbox,
    pub(super) wake: &'a Wake,
    /// Threads that may help.
    pub(super) helpers: usize,
    /// Called with what was made so far and what the source had to say, after each step: whole segments.
    pub(super) on_step: &'a dyn Fn(&Built, &[String]),
}

impl Pass<'_> {
    /// Goes on from where `built` stands to the end. What the source has to say is added to `warnings`. A pass that is cancelled leaves
    /// whole segments in `built`.
    pub(super) fn run(&self, built: &mut Built, warnings: &mut Vec<String>) -> Result<(), PassError> {
        if self.helpers > 0 && self.opener.kind == PictureKind::Level && self.is_aligned() && self.most() > 0 {
            self.shared(built, warnings)
        } else {
            self.alone(built, warnings)
        }
    }

    /// Segments that are under way at once; 0 if one alone takes too much memory.
    fn most(&self) -> usize {
        most_segments(&self.opener.layout, self.opener.channels, self.helpers + READ_AHEAD).unwrap_or(0)
    }

    /// Whether columns and blocks of peaks end together, so that each segment has its own of both.
    pub(super) fn is_aligned(&self) -> bool {
        let layout = &self.opener.layout;
        let block = wave_block_samples(self.opener.sample_rate);
        self.opener.first_sample_is_first_column() && layout.column_samples(layout.base_level).is_multiple_of(block)
    }

    /// Reads and transforms on this thread.
    pub(super) fn alone(&self, built: &mut Built, warnings: &mut Vec<String>) -> Result<(), PassError> {
        let layout = self.opener.layout;
        let (level, is_aligned) = (layout.base_level, self.is_aligned());
        let column_samples = layout.column_samples(level);
        let mut reader = self.opener.open()?;
        let first_column = built.columns();
        reader.seek(level, first_column);
        let first = if is_aligned { first_column * column_samples } else { 0 };
        let read_at = layout.stft.first_sample(first_column << level).max(0) as u64;
        let mut places = vec![read_at; self.opener.planes.len()];
        let block = wave_block_samples(self.opener.sample_rate);
        let mut taps = vec![PeakTap::new(block, first, u64::MAX); places.len()];
        let mut reports = Reports::new(self);
        let mut result = Ok(true);
        while matches!(result, Ok(true)) {
            let mut columns = vec![Vec::new(); places.len()];
            let mut done = 0;
            while done < segment_columns(&layout, 1) && matches!(result, Ok(true)) {
                self.queue.wait_until_idle(LONGEST_WAIT);
                if self.cancel.is_cancelled() {
                    warnings.extend(reader.take_warnings());
                    return Ok(());
                }
                result = reader.column(level, &mut columns, &mut |plane, samples| {
                    taps[plane].add(places[plane], samples);
                    places[plane] += samples.len() as u64;
                });
                done += u64::from(matches!(result, Ok(true)));
            }
            let made_end = (built.columns() + done) * column_samples;
            let read_end = taps.first().map_or(0, PeakTap::read_to);
            let frames_read = if is_aligned { read_end.min(made_end) } else { read_end };
            let is_last = !matches!(result, Ok(true));
            let peaks = if is_last {
                std::mem::take(&mut taps).into_iter().map(|tap| tap.into_peaks_to(frames_read)).collect()
            } else {
                taps.iter_mut().map(|tap| tap.take_to(frames_read)).collect()
            };
            built.push(&Part { columns, peaks, frames_read });
            reports.when_due(built);
            warnings.extend(reader.take_warnings());
            (self.on_step)(built, warnings);
        }
        warnings.extend(reader.take_warnings());
        Ok(result.map(|_| ())?)
    }

    /// Reads on this thread; transforms on all that have nothing else to do.
    pub(super) fn shared(&self, built: &mut Built, warnings: &mut Vec<String>) -> Result<(), PassError> {
        let source = (self.opener.factory)()?;
        let mut reader = StretchReader::new(source, self.opener.layout, built.columns());
        let most = self.most().max(1);
        let (answer, answers) = bounded(most);
        let mut order = Order::new(answers);
        let mut own = None;
        let mut reports = Reports::new(self);
        while !order.is_over_after(reader.is_read_out()) {
            self.queue.wait_until_idle(LONGEST_WAIT);
            if self.cancel.is_cancelled() {
                warnings.extend(reader.take_warnings());
                return Ok(());
            }
            if !reader.is_read_out() && order.under_way() < most as u64 {
                let segment = reader.segment(answer.clone(), order.spare.pop().unwrap_or_default());
                order.given += 1;
                self.queue.offer(segment);
                order.take(Duration::ZERO);
            } else if let Some(segment) = self.queue.take_back() {
                Transformer::answer(&mut own, self.opener, segment);
                order.take(Duration::ZERO);
            } else {
                order.take(LOOK_EVERY);
            }
            if order.push_into(built)? {
                reports.when_due(built);
                warnings.extend(reader.take_warnings());
                (self.on_step)(built, warnings);
            }
        }
        warnings.extend(reader.take_warnings());
        reader.take_error().map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Brings the answers of segments into their order again.
struct Order {
    answers: Receiver<Answer>,
    waiting: BTreeMap<u64, Answer>,
    given: u64,
    pushed: u64,
    is_over: bool,
    spare: Vec<Vec<f32>>,
}

impl Order {
    fn new(answers: Receiver<Answer>) -> Self {
        Self { answers, waiting: BTreeMap::new(), given: 0, pushed: 0, is_over: false, spare: Vec::new() }
    }

    /// Whether all is pushed, if no more segments are given.
    fn is_over_after(&self, is_read_out: bool) -> bool {
        self.is_over || is_read_out && self.under_way() == 0
    }

    fn under_way(&self) -> u64 {
        self.given - self.pushed
    }

    /// Takes the answers that are there, waiting for one at most so long.
    fn take(&mut self, longest: Duration) {
        let first = self.answers.recv_timeout(longest).ok();
        for mut answer in first.into_iter().chain(self.answers.try_iter()) {
            self.spare.push(std::mem::take(&mut answer.spare));
            self.waiting.insert(answer.number, answer);
        }
    }

    /// Pushes what comes next; whether there was any.
    fn push_into(&mut self, built: &mut Built) -> Result<bool, PassError> {
        let before = self.pushed;
        while let Some(answer) = self.waiting.remove(&self.pushed).filter(|_| !self.is_over) {
            if answer.panicked {
                return Err(PassError::Panicked);
            }
            self.pushed += 1;
            self.is_over = answer.is_last;
            if answer.columns > 0 {
                built.push(&answer.part);
            }
        }
        Ok(self.pushed > before)
    }
}

/// Tells the engine from time to time.
struct Reports<'a> {
    pass: &'a Pass<'a>,
    began: Instant,
    last: Instant,
}

impl<'a> Reports<'a> {
    fn new(pass: &'a Pass<'a>) -> Self {
        let now = Instant::now();
        Self { pass, began: now, last: now }
    }

    fn when_due(&mut self, built: &mut Built) {
        let (least, most) = REPORT_EVERY;
        if self.last.elapsed() >= (self.began.elapsed() / REPORTS_APART).clamp(least, most) {
            self.pass.mailbox.put(built.take_news());
            (self.pass.wake)();
            self.last = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{SampleSource, StreamSpec};
    use crate::picture_cache::PictureParts;
    use crate::spectrogram::{Channel, PictureSettings, PyramidLayout, ValueScale};
    use std::sync::Arc;

    /// Noise that ends at a frame, or breaks at one.
    #[derive(Clone)]
    struct Noise {
        spec: StreamSpec,
        end: u64,
        broken_from: Option<u64>,
        /// Reading from here on gives the pass up.
        stop: Option<(u64, CancelToken)>,
    }

    impl SampleSource for Noise {
        fn spec(&self) -> &StreamSpec {
            &self.spec
        }

        fn read(&mut self, first_frame: u64, out: &mut [f32]) -> Result<usize, AudioError> {
            let channels = self.spec.channels as u64;
            if let Some((_, cancel)) = self.stop.as_ref().filter(|(place, _)| first_frame >= *place) {
                cancel.cancel();
            }
            let count = self.end.saturating_sub(first_frame).min(out.len() as u64 / channels);
            if self.broken_from.is_some_and(|place| first_frame + count > place) {
                return Err(AudioError::Broken { path: "noise".into(), reason: "is broken".to_owned() });
            }
            for (n, sample) in out[..(count * channels) as usize].iter_mut().enumerate() {
                let mut x = (first_frame * channels + n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                x ^= x >> 29;
                x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
                *sample = (x >> 40) as f32 / 33_554_432.0 - 0.25;
            }
            Ok(count as usize)
        }
    }

    struct Bench {
        opener: Arc<Opener>,
        queue: Arc<JobQueue>,
        mailbox: Mailbox,
        wake: Wake,
    }

    impl Bench {
        fn new(noise: Noise, picture: &PictureSettings, planes: Vec<Channel>) -> Self {
            let spec = noise.spec.clone();
            let layout = PyramidLayout::new(spec.sample_rate, picture.stft(spec.sample_rate)).for_planes(planes.len());
            let opener = Opener {
                factory: Arc::new(move || Ok(Box::new(noise.clone()))),
                layout,
                kind: picture.kind,
                scale: ValueScale::DECIBELS,
                planes,
                model: None,
                sample_rate: spec.sample_rate,
                channels: spec.channels,
                length_is_exact: true,
                format: spec.format,
            };
            let wake: Wake = Arc::new(|| {});
            Self { opener: Arc::new(opener), queue: Arc::default(), mailbox: Mailbox::default(), wake }
        }

        fn built(&self) -> Built {
            Built::new(self.opener.layout, &self.opener.planes)
        }

        fn pass<'a>(&'a self, helpers: usize, cancel: &'a CancelToken) -> Pass<'a> {
            let Self { opener, queue, mailbox, wake } = self;
            Pass { opener, queue, cancel, mailbox, wake, helpers, on_step: &|_, _| {} }
        }

        /// What the pass makes with so many helpers, none: on one thread; and whether it met a broken place.
        fn made(&self, helpers: usize) -> (PictureParts, bool) {
            let (mut built, cancel, mut warnings) = (self.built(), CancelToken::default(), Vec::new());
            let pass = self.pass(helpers, &cancel);
            if helpers == 0 {
                let result = pass.alone(&mut built, &mut warnings);
                built.finish();
                return (built.parts(Vec::new()), result.is_err());
            }
            let result = std::thread::scope(|scope| {
                // One helper of several comes late, so that answers come in another order.
                let work = |n: usize| {
                    let mut own = None;
                    while let Some(super::super::queue::Task::Segment(segment)) = self.queue.take() {
                        std::thread::sleep(Duration::from_micros(300 * (n as u64 % 3)));
                        Transformer::answer(&mut own, &self.opener, segment);
                    }
                };
                let threads: Vec<_> = (0..helpers).map(|n| scope.spawn(move || work(n))).collect();
                let result = pass.shared(&mut built, &mut warnings);
                self.queue.close();
                threads.into_iter().for_each(|thread| thread.join().unwrap());
                result
            });
            built.finish();
            (built.parts(Vec::new()), result.is_err())
        }
    }

    fn assert_same(one: &PictureParts, other: &PictureParts, what: &str) {
        assert_eq!(one.shape, other.shape, "{what}");
        for (one, other) in one.planes.iter().zip(&other.planes) {
            assert!(one.tiles == other.tiles, "{what}: columns");
            assert!(one.peaks == other.peaks, "{what}: peaks");
        }
    }

    fn noise(sample_rate: u32, channels: usize, end: u64, broken_from: Option<u64>) -> Noise {
        let format = "noise".to_owned();
        let spec = StreamSpec { sample_rate, channels, frame_count: end, length_is_exact: true, format };
        Noise { spec, end, broken_from, stop: None }
    }

    #[test]
    fn all_threads_together_make_what_one_makes() {
        let stereo = vec![Channel::One(0), Channel::One(1), Channel::Mix];
        let long_frames = PictureSettings { frame_len: Some(16_384), hops: 2, ..Default::default() };
        let exact = 8_000 * 512;
        for (rate, channels, planes, end, broken_from, picture) in [
            (8_000, 1, vec![Channel::Mix], 1_300_001, None, PictureSettings::default()),
            (8_000, 2, stereo.clone(), 700_000, None, PictureSettings::default()),
            (8_000, 1, vec![Channel::Mix], exact, Some(1_000_003), PictureSettings::default()),
            (8_000, 2, stereo, exact, Some(262_144), PictureSettings::default()),
            (48_000, 1, vec![Channel::Mix], 1_000_000, Some(900_000), long_frames),
            // Ends with a segment, in the part of the next one that is read with it, and in its first column.
            (8_000, 1, vec![Channel::Mix], 2 * 262_144, None, PictureSettings::default()),
            (8_000, 1, vec![Channel::Mix], 2 * 262_144 + 3, None, PictureSettings::default()),
            (8_000, 1, vec![Channel::Mix], 2 * 262_144 - 3, None, PictureSettings::default()),
            (8_000, 1, vec![Channel::Mix], 5, None, PictureSettings::default()),
            (8_000, 1, vec![Channel::Mix], 0, None, PictureSettings::default()),
        ] {
            let source = noise(rate, channels, end, broken_from);
            let bench = || Bench::new(source.clone(), &picture, planes.clone());
            let (alone, is_broken) = bench().made(0);
            assert_eq!(is_broken, broken_from.is_some());
            for helpers in [1, 2, 5] {
                let (shared, shared_is_broken) = bench().made(helpers);
                let what = format!("{helpers} helpers, {channels} channels, {end} frames, broken {broken_from:?}");
                assert_eq!(shared_is_broken, is_broken, "{what}");
                assert_same(&shared, &alone, &what);
            }
        }
    }

    #[test]
    fn a_pass_that_was_given_up_goes_on_to_the_same_end() {
        for helpers in [0, 2] {
            let source = noise(8_000, 1, 3_000_000, None);
            let settings = PictureSettings::default();
            let (whole, _) = Bench::new(source.clone(), &settings, vec![Channel::Mix]).made(0);
            let cancel = CancelToken::default();
            let stopping = Noise { stop: Some((1_500_000, cancel.clone())), ..source };
            let bench = Bench::new(stopping, &settings, vec![Channel::Mix]);
            let mut begun = bench.built();
            let result = match helpers {
                0 => bench.pass(0, &cancel).alone(&mut begun, &mut Vec::new()),
                _ => bench.pass(helpers, &cancel).shared(&mut begun, &mut Vec::new()),
            };
            assert!(result.is_ok() && cancel.is_cancelled());
            let begun = begun.parts(Vec::new());
            assert!(!begun.shape.is_finished && (1..whole.shape.columns).contains(&begun.shape.columns));
            let layout = bench.opener.layout;
            let mut resumed = Built::restored(layout, &bench.opener.planes, begun).expect("fits");
            let cancel = CancelToken::default();
            match helpers {
                0 => assert!(bench.pass(0, &cancel).alone(&mut resumed, &mut Vec::new()).is_ok()),
                _ => assert!(bench.pass(helpers, &cancel).shared(&mut resumed, &mut Vec::new()).is_ok()),
            }
            resumed.finish();
            assert_same(&resumed.parts(Vec::new()), &whole, "resumed");
        }
    }
}
