//! Creating by ear: a key is held while the test, which is the sound device, pulls the sound.

use super::{Window, events, selected};
use crate::window::stage::{press, settings, soundscape, wait, window};
use earmark::app::{Request, ShapingSettings};
use earmark::playback::{ConnectOutput, LostOutput, OpenOutput, Output, OutputFormat, Player, Pull};
use eframe::egui::{self, Key};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

const RATE: u32 = 8_000;

struct Device(Sender<Pull>);
struct Open;
impl OpenOutput for Open {}

impl Output for Device {
    fn open(&mut self, connect: ConnectOutput<'_>, _: LostOutput) -> Result<Box<dyn OpenOutput>, String> {
        let pull = connect(OutputFormat { sample_rate: RATE, channels: 1 });
        self.0.send(pull).map(|()| -> Box<dyn OpenOutput> { Box::new(Open) }).map_err(|error| error.to_string())
    }
}

/// A window whose sound goes to the test.
struct Ear {
    window: Window,
    opened: Receiver<Pull>,
    pull: Option<Pull>,
    /// The device's clock stands in the past, so that the playhead is where what was pulled ends.
    clock: Instant,
}

impl Ear {
    fn new() -> Self {
        let mut window = window(settings(), Vec::new());
        let (sender, opened) = channel();
        window.state_mut().bench.player = Player::with_output(Arc::new(|| ()), Box::new(Device(sender)));
        window.state_mut().bench.dispatch(Request::Open(vec![soundscape(0)]));
        wait(&mut window, "the recording", |bench| bench.open.is_some());
        let clock = Instant::now().checked_sub(Duration::from_secs(600)).expect("the machine is up for ten minutes");
        Self { window, opened, pull: None, clock }
    }

    /// Pulls until the playhead is there.
    fn listen_to(&mut self, secs: f64) {
        let patience = Instant::now();
        let pull = self.pull.get_or_insert_with(|| self.opened.recv_timeout(Duration::from_secs(20)).unwrap());
        while self.window.state().bench.playhead_secs() < secs {
            assert!(
                patience.elapsed() < Duration::from_secs(20),
                "heard to {}",
                self.window.state().bench.playhead_secs()
            );
            let mut out = [0.0_f32; 80];
            if pull.fill(&mut out, self.clock, Duration::ZERO, |sample| sample) == 0 {
                std::thread::sleep(Duration::from_micros(300));
            }
            self.clock += Duration::from_millis(10);
        }
        self.window.run_steps(2);
    }

    fn with_delay(&mut self, reaction_delay_ms: f64) {
        let shaping = ShapingSettings { reaction_delay_ms, ..ShapingSettings::default() };
        self.window.state_mut().bench.dispatch(Request::SetShaping(shaping));
    }
}

#[test]
fn a_key_that_is_held_is_an_event_less_the_reaction_delay() {
    let mut ear = Ear::new();
    ear.with_delay(200.0);
    press(&mut ear.window, Key::Space);
    ear.listen_to(1.0);
    ear.window.key_down(Key::N);
    ear.window.run_steps(2);
    ear.listen_to(1.5);
    let (_, draft) = ear.window.state().bench.held_event().expect("a draft while the key is down");
    assert!((draft.onset_secs - 0.8).abs() < 0.05 && (draft.offset_secs - 1.3).abs() < 0.05, "{draft:?}");
    assert!(events(&ear.window).is_empty());
    // Keys repeat while they are down.
    let repeated = egui::Event::Key {
        key: Key::N,
        physical_key: None,
        pressed: true,
        repeat: true,
        modifiers: Default::default(),
    };
    ear.window.event(repeated);
    ear.window.run_steps(2);
    ear.listen_to(2.0);
    ear.window.key_up(Key::N);
    ear.window.run_steps(3);
    let made = selected(&ear.window);
    assert!((made.span.onset_secs - 0.8).abs() < 0.05 && (made.span.offset_secs - 1.8).abs() < 0.05, "{:?}", made.span);
    assert_eq!(events(&ear.window).len(), 1);
    assert!(ear.window.state().bench.held_event().is_none());
}

#[test]
fn losing_the_focus_lets_the_key_go_and_escape_gives_it_up() {
    let mut ear = Ear::new();
    ear.with_delay(0.0);
    press(&mut ear.window, Key::Space);
    ear.listen_to(0.5);
    ear.window.key_down(Key::N);
    ear.window.run_steps(2);
    ear.listen_to(1.0);
    ear.window.event(egui::Event::WindowFocused(false));
    ear.window.run_steps(3);
    assert!((selected(&ear.window).span.offset_secs - 1.0).abs() < 0.05);

    ear.window.event(egui::Event::WindowFocused(true));
    ear.window.run_steps(2);
    ear.window.key_down(Key::N);
    ear.window.run_steps(2);
    ear.listen_to(1.5);
    press(&mut ear.window, Key::Escape);
    ear.window.key_up(Key::N);
    ear.window.run_steps(3);
    assert_eq!(events(&ear.window).len(), 1, "given up");

    // Pausing ends it too.
    ear.window.key_down(Key::N);
    ear.window.run_steps(2);
    ear.listen_to(2.0);
    press(&mut ear.window, Key::Space);
    assert_eq!(events(&ear.window).len(), 2);
    ear.window.key_up(Key::N);
    ear.window.run_steps(3);
    assert_eq!(events(&ear.window).len(), 2);
}

#[test]
fn where_nothing_plays_nothing_is_made_and_that_is_said() {
    let mut ear = Ear::new();
    press(&mut ear.window, Key::N);
    assert!(events(&ear.window).is_empty() && ear.window.state().bench.held_event().is_none());
    assert!(ear.window.state().bench.notices.list()[0].text.contains("Nothing plays"));
}
