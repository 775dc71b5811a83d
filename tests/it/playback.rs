//! Integration tests: playback. The test is the sound device: it pulls the callback with made-up times.

pub(crate) mod allocations;
mod device;
mod listening;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use earmark::audio::SoundFile;
use earmark::playback::{
    ConnectOutput, ListeningMode, LostOutput, OpenOutput, Output, OutputFormat, PlaybackEvent, Player, Pull, Tuning,
};
use earmark::time::Span;

const RATE: u32 = 8_000;
/// The latency that the made-up device tells.
const LATENCY: Duration = Duration::from_millis(60);

/// An output that hands its end to the test.
struct Bench {
    format: OutputFormat,
    opened: Sender<(Pull, LostOutput)>,
    closed: Arc<AtomicUsize>,
    /// How many of the next openings fail.
    refusals: Arc<AtomicUsize>,
}

struct Open(Arc<AtomicUsize>);

impl OpenOutput for Open {}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Output for Bench {
    fn open(&mut self, connect: ConnectOutput<'_>, lost: LostOutput) -> Result<Box<dyn OpenOutput>, String> {
        let is_refused = |left: usize| left.checked_sub(1);
        if self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, is_refused).is_ok() {
            return Err("it is not there".into());
        }
        self.opened.send((connect(self.format), lost)).unwrap();
        Ok(Box::new(Open(Arc::clone(&self.closed))))
    }
}

/// A player, the device that the test is, and its clock.
struct Desk {
    player: Player,
    opened: Receiver<(Pull, LostOutput)>,
    pull: Option<Pull>,
    lost: Option<LostOutput>,
    channels: usize,
    rate: u32,
    start: Instant,
    /// Frames pulled since the start, silent ones too: the device's clock.
    pulled: u64,
    closed: Arc<AtomicUsize>,
    refusals: Arc<AtomicUsize>,
    _folder: tempfile::TempDir,
}

/// The sample at a frame of the recording that the tests play: every frame has its own value.
fn value(frame: u64) -> f32 {
    (frame % 30_000) as f32 / 32_768.0
}

/// A mono recording of 16 bits.
fn wave(rate: u32, samples: impl Iterator<Item = i16>) -> Vec<u8> {
    let data: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * 2).to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

impl Desk {
    fn new(frames: u64, rate: u32, channels: u16) -> Self {
        Self::playing(&wave(RATE, (0..frames).map(|frame| (frame % 30_000) as i16)), rate, channels)
    }

    /// A desk with this recording, and a device of `rate` and `channels`.
    fn playing(recording: &[u8], rate: u32, channels: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording.wav");
        std::fs::write(&path, recording).unwrap();
        let (sender, opened) = channel();
        let (closed, refusals) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let format = OutputFormat { sample_rate: rate, channels };
        let bench = Bench { format, opened: sender, closed: Arc::clone(&closed), refusals: Arc::clone(&refusals) };
        let mut player = Player::with_output(Arc::new(|| ()), Box::new(bench));
        player.load(Some(SoundFile::new(path)));
        let start = Instant::now();
        let channels = usize::from(channels);
        let (pull, lost, pulled) = (None, None, 0);
        Self { player, opened, pull, lost, channels, rate, start, pulled, closed, refusals, _folder: folder }
    }

    fn pull(&mut self) -> &mut Pull {
        let (pull, lost) = match self.pull.take() {
            Some(pull) => (pull, self.lost.take()),
            None => {
                let (pull, lost) = self.opened.recv_timeout(Duration::from_secs(20)).unwrap();
                (pull, Some(lost))
            }
        };
        self.lost = lost;
        self.pull.insert(pull)
    }

    /// When the next pulled frame is asked for.
    fn now(&self) -> Instant {
        self.start + Duration::from_secs_f64(self.pulled as f64 / f64::from(self.rate))
    }

    /// One callback of up to `frames` frames: its first channel, and how many of its frames were not silence for want.
    fn callback(&mut self, frames: usize) -> (Vec<f32>, usize) {
        let (now, channels) = (self.now(), self.channels);
        let mut out = vec![9.0_f32; frames * channels];
        let sounding = self.pull().fill(&mut out, now, LATENCY, |sample| sample);
        self.pulled += frames as u64;
        (out.iter().step_by(channels).copied().collect(), sounding)
    }

    /// Pulls until `frames` frames of sound came, leaving out the silence while the feeder is not there yet.
    fn sound(&mut self, frames: usize) -> Vec<f32> {
        let mut heard = Vec::new();
        let patience = Instant::now();
        while heard.len() < frames {
            assert!(patience.elapsed() < Duration::from_secs(20), "only {} of {frames} frames came", heard.len());
            // Single frames: sound that begins in the middle of a callback would be hard to tell from silence.
            let (samples, sounding) = self.callback(1);
            match sounding {
                0 => std::thread::sleep(Duration::from_micros(200)),
                _ => heard.extend(samples),
            }
        }
        heard
    }

    /// The same, but fewer frames if playing ends before.
    fn sound_or_end(&mut self, frames: usize) -> Vec<f32> {
        let mut heard = Vec::new();
        let patience = Instant::now();
        while heard.len() < frames {
            assert!(patience.elapsed() < Duration::from_secs(20), "only {} of {frames} frames came", heard.len());
            let (samples, sounding) = self.callback(1);
            if sounding > 0 {
                heard.extend(samples);
                continue;
            }
            if !self.player.take_events().is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        heard
    }

    /// The events that come while the device goes on pulling.
    fn events(&mut self) -> Vec<PlaybackEvent> {
        let patience = Instant::now();
        loop {
            let events = self.player.take_events();
            if !events.is_empty() {
                return events;
            }
            assert!(patience.elapsed() < Duration::from_secs(20), "no event came");
            if self.pull.is_some() {
                self.callback(64);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn heard_now(&self) -> f64 {
        self.player.position_secs_at(self.now())
    }
}

fn ramp(frames: std::ops::Range<u64>) -> Vec<f32> {
    frames.map(value).collect()
}

#[test]
fn play_gives_every_sample_from_the_right_place() {
    let mut desk = Desk::new(20_000, RATE, 2);
    assert!(!desk.player.is_playing());
    desk.player.play(0.5);
    assert!(desk.player.is_playing());
    assert_eq!(desk.sound(6_000), ramp(4_000..10_000));
}

#[test]
fn a_seek_drops_what_was_there_before() {
    let mut desk = Desk::new(40_000, RATE, 1);
    desk.player.play(0.0);
    assert_eq!(desk.sound(100), ramp(0..100));
    desk.player.seek(3.0);
    // The very next samples are either silence or from the new place: nothing of the old one.
    assert_eq!(desk.sound(500), ramp(24_000..24_500));
    desk.player.seek(1.0);
    desk.player.seek(2.0);
    assert_eq!(desk.sound(2_000), ramp(16_000..18_000));
}

#[test]
fn a_loop_has_no_gap() {
    let mut desk = Desk::new(40_000, RATE, 1);
    desk.player.play_span(Span::between(1.0, 1.1), true);
    let one = ramp(8_000..8_800);
    let wanted: Vec<f32> = one.iter().copied().cycle().take(5_000).collect();
    assert_eq!(desk.sound(5_000), wanted);
    assert!(desk.player.is_playing());
    // 5,000 frames are 6.25 rounds; the latency lies before them.
    let wanted_secs = 1.0 + (5_000.0 / 8_000.0 - LATENCY.as_secs_f64()) % 0.1;
    assert!((desk.heard_now() - wanted_secs).abs() < 0.02, "{} {wanted_secs}", desk.heard_now());
}

#[test]
fn a_loop_beyond_the_end_goes_back_at_the_end() {
    let mut desk = Desk::new(8_400, RATE, 1);
    desk.player.play_span(Span::between(1.0, 5.0), true);
    let wanted: Vec<f32> = ramp(8_000..8_400).into_iter().cycle().take(1_000).collect();
    assert_eq!(desk.sound(1_000), wanted);
    assert!((1.0..1.05).contains(&desk.heard_now()), "{}", desk.heard_now());
}

#[test]
fn a_span_played_once_ends_at_its_offset() {
    let mut desk = Desk::new(40_000, RATE, 1);
    desk.player.play_span(Span::between(2.0, 2.25), false);
    assert_eq!(desk.sound(2_000), ramp(16_000..18_000));
    assert_eq!(desk.events(), [PlaybackEvent::Ended]);
    assert!(!desk.player.is_playing());
    assert_eq!(desk.callback(100).1, 0);
}

#[test]
fn the_end_of_the_recording_ends_playing() {
    let mut desk = Desk::new(4_000, RATE, 1);
    desk.player.play(0.4);
    assert_eq!(desk.sound(800), ramp(3_200..4_000));
    assert_eq!(desk.events(), [PlaybackEvent::Ended]);
    desk.player.play(7.0);
    assert_eq!(desk.events(), [PlaybackEvent::Ended]);
    assert!(!desk.player.is_playing());
}

#[test]
fn the_playhead_is_what_is_heard() {
    for (rate, channels) in [(RATE, 1), (44_100, 2)] {
        let mut desk = Desk::new(80_000, rate, channels);
        desk.player.play(1.0);
        assert_eq!(desk.player.position_secs(), 1.0);
        desk.sound(1);
        let (mut played, mut unbroken, mut checks) = (1, 1, 0);
        while checks < 40 {
            // As a real device does it; a busy machine may let it want for samples, which must not move the playhead.
            std::thread::sleep(Duration::from_millis(8));
            let frames = rate as usize / 100;
            let (_, sounding) = desk.callback(frames);
            played += sounding;
            unbroken = if sounding == frames { unbroken + frames } else { 0 };
            if unbroken as f64 > LATENCY.as_secs_f64() * f64::from(rate) {
                let wanted = 1.0 + played as f64 / f64::from(rate) - LATENCY.as_secs_f64();
                let heard = desk.heard_now();
                assert!((heard - wanted).abs() < 0.001, "heard {heard}, wanted {wanted}");
                checks += 1;
            }
        }
        let before = desk.heard_now();
        desk.player.pause();
        assert!(!desk.player.is_playing());
        assert_eq!(desk.callback(500), (vec![0.0; 500], 0));
        // Paused where it was heard on the real clock, which here runs apart from the made-up one.
        assert!(desk.player.position_secs() <= before + 10.0);
    }
}

#[test]
fn silence_for_want_of_samples_does_not_move_the_playhead() {
    let mut desk = Desk::new(80_000, RATE, 1);
    desk.player.play(0.0);
    desk.sound(1);
    // Far more than the ring holds, at once: the rest is silence.
    let (samples, sounding) = desk.callback(60_000);
    assert!(sounding < 60_000);
    // As many as the feeder had got ready, in order, before the first silence.
    let ready = samples.iter().position(|&sample| sample == 0.0).unwrap_or(samples.len());
    assert!(ready > 0);
    assert_eq!(samples[..ready], ramp(1..ready as u64 + 1));
    let heard = desk.player.position_secs_at(desk.now() + Duration::from_secs(30));
    assert!(heard < 5.0, "{heard}");
    // And it goes on with the sample after the last one given.
    let next = desk.sound(1)[0];
    let frame = (next * 32_768.0) as u64;
    assert!(frame > ready as u64 && desk.sound(200) == ramp(frame + 1..frame + 201));
}

#[test]
fn another_rate_and_more_channels_keep_the_time() {
    // A ramp of 8,000 Hz at 16,000 Hz: every second frame is a frame of the recording.
    let mut desk = Desk::new(20_000, 16_000, 2);
    desk.player.play(1.0);
    let heard = desk.sound(2_000);
    for (n, sample) in heard.iter().enumerate() {
        let wanted = value(8_000) + n as f32 * 0.5 / 32_768.0;
        assert!((sample - wanted).abs() < 1e-4, "{n}: {sample} {wanted}");
    }
}

#[test]
fn loudness_is_followed_and_one_is_exact() {
    let mut desk = Desk::new(20_000, RATE, 1);
    desk.player.set_gain(0.5);
    desk.player.play(1.0);
    let heard = desk.sound(1_200);
    assert_eq!(heard[1_199], value(9_199) * 0.5);
    desk.player.set_gain(1.0);
    let heard = desk.sound(1_200);
    assert_eq!(heard[1_199], value(10_399));
}

#[test]
fn the_callback_never_allocates() {
    let mut desk = Desk::new(80_000, RATE, 2);
    desk.player.play(0.0);
    desk.sound(10);
    let now = desk.now();
    let mut out = vec![0.0_f32; 2 * 256];
    let mut pull = desk.pull.take().unwrap();
    for round in 0..300_usize {
        // Through plays, seeks, stops and want of samples.
        match round % 20 {
            5 => desk.player.seek(round as f64 / 100.0),
            10 => desk.player.pause(),
            12 => desk.player.play_span(Span::between(1.0, 1.01), true),
            15 => std::thread::sleep(Duration::from_millis(2)),
            3 | 7 | 13 | 17 => desk.player.set_tuning(Tuning {
                speed: [0.1, 1.0, 2.5][round % 3],
                mode: ListeningMode::ALL[round % 7 % 3],
                heterodyne_hz: 2_000.0,
                band_hz: (round % 5 == 0).then_some((500.0, 1_500.0)),
            }),
            _ => {}
        }
        let counted = allocations::during(|| {
            pull.fill(&mut out, now, LATENCY, |sample| sample);
        });
        assert_eq!(counted, 0, "round {round}");
    }
    desk.player.set_tuning(Tuning::default());
    desk.player.play(2.0);
    desk.pull = Some(pull);
    assert_eq!(desk.sound(300), ramp(16_000..16_300));
}

/// A player on `output` that was asked to play from 1.5 s, and what came of it.
fn played_on(output: Box<dyn Output>) -> (Player, Vec<PlaybackEvent>) {
    let woken = Arc::new(AtomicUsize::new(0));
    let wakes = Arc::clone(&woken);
    let wake = Arc::new(move || {
        wakes.fetch_add(1, Ordering::SeqCst);
    });
    let mut player = Player::with_output(wake, output);
    player.load(Some(SoundFile::new("nowhere.wav")));
    player.play(1.5);
    let patience = Instant::now();
    while woken.load(Ordering::SeqCst) == 0 && patience.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let events = player.take_events();
    (player, events)
}

#[test]
fn a_sound_thread_that_fails_says_so_and_playing_stops() {
    struct Broken;
    impl Output for Broken {
        fn open(&mut self, _: ConnectOutput<'_>, _: LostOutput) -> Result<Box<dyn OpenOutput>, String> {
            panic!("a driver's bug")
        }
    }
    let (mut player, events) = played_on(Box::new(Broken));
    let [PlaybackEvent::Unavailable(told)] = events.as_slice() else { panic!("{events:?}") };
    assert!(told.contains("the sound thread failed"), "{told}");
    assert!(!player.is_playing());
    player.play(2.0);
    assert!(!player.is_playing(), "there is nobody left to play");
}

#[test]
fn no_device_is_an_event_and_playing_stops() {
    struct None;
    impl Output for None {
        fn open(&mut self, _: ConnectOutput<'_>, _: LostOutput) -> Result<Box<dyn OpenOutput>, String> {
            Err("there is no sound device".into())
        }
    }
    let (player, events) = played_on(Box::new(None));
    let [PlaybackEvent::Unavailable(told)] = events.as_slice() else { panic!("{events:?}") };
    assert!(told.contains("there is no sound device") && told.contains("settings"), "{told}");
    assert!(!player.is_playing());
    assert_eq!(player.position_secs(), 1.5);
}

#[test]
fn a_recording_that_cannot_be_read_is_an_event_that_names_it() {
    let mut desk = Desk::new(10, RATE, 1);
    desk.player.load(Some(SoundFile::new("gone.wav")));
    desk.player.play(0.0);
    let events = desk.events();
    let [PlaybackEvent::Unreadable(told)] = events.as_slice() else { panic!("{events:?}") };
    assert!(told.contains("gone.wav"), "{told}");
    assert!(!desk.player.is_playing());
}
