//! Sound output: the player that the window owns, its feeder thread, the device and the playhead.
//!
//! ```text
//! Player (window) ──messages──▶ feeder: decode, tune, resample ──ring──▶ callback: rodio mixer ──▶ device (cpal)
//!        ◀── events, timeline ─────┘                                      │
//!        ◀──────────── which frame is heard when (atomics) ───────────────┘
//! ```
//!
//! **Which part of rodio.** rodio mixes and pulls: the ring is a [`rodio::Source`] in a [`rodio::mixer`], so that more sources (a
//! marker's click, say) can sound beside the recording. rodio's own device sink is not used, because it hides the time stamps from
//! which the playhead is made; a stream of our own pulls the mixer and keeps them. rodio's decoders and its rate converter are not
//! used either: the feeder gives the device's rate and channels, sample for sample.
//!
//! **Epochs.** Each play, seek or stop is a new epoch. The callback drops whatever the ring holds of an older one at once, and
//! silence is heard until the feeder has reached the new place. Silence of that kind, and of a feeder that is too slow, does not
//! move the playhead.
//!
//! **Tunings.** What is done to the sound (speed, pitch, band, heterodyne) is done by a [`Chain`](chain::Chain) on the feeder's thread. Another
//! tuning is heard once the ring has run through what was there before, without a gap and without a new epoch; a timeline says which
//! moment of the recording each frame is.
//!
//! The window is never blocked: opening the device, reading files and decoding happen on the thread `feeder`. The callback
//! neither locks nor allocates nor logs.

mod callback;
mod chain;
mod channels;
mod device;
mod expanded;
mod feeder;
mod front;
mod job;
mod looped;
mod output;
mod playhead;
mod reel;
mod ring;
mod steady;
mod timeline;
mod tuning;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, unbounded};

pub use callback::Pull;
pub use output::{ConnectOutput, LostOutput, OpenOutput, Output, OutputFormat};
pub use tuning::{ListeningMode, Tuning};

use crate::audio::SoundFile;
use crate::time::Span;
use crate::work::Wake;
use feeder::{Feeder, Message};
use playhead::Shared;

/// What the window should tell its user.
#[derive(Clone, Debug, PartialEq)]
pub enum PlaybackEvent {
    /// There is no sound device, it refuses, or the thread for sound has failed; with what to do.
    Unavailable(String),
    /// The device went away while playing, and no other could be opened in its place; with what to do.
    DeviceLost(String),
    /// The recording cannot be read (any further); names the file.
    Unreadable(String),
    /// Everything asked for was heard.
    Ended,
}

/// Plays one recording. Owned by the window; no method waits for anything.
pub struct Player {
    shared: Arc<Shared>,
    messages: Sender<Message>,
    events: Receiver<(u64, PlaybackEvent)>,
    epoch: u64,
    /// What is played, if anything is.
    playing: Option<Request>,
    /// Where the playhead rests while nothing is played, in seconds.
    resting_secs: f64,
    tuning: Tuning,
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) start_secs: f64,
    /// The part to play instead of all up to the end.
    pub(crate) span: Option<Span>,
    pub(crate) is_looped: bool,
    pub(crate) tuning: Tuning,
}

impl Player {
    /// A player on the system's default device, which is opened by the first play. `wake` is called (on another thread) whenever
    /// [`Player::take_events`] has something new.
    pub fn new(wake: Wake) -> Self {
        Self::with_output(wake, Box::new(device::DefaultDevice))
    }

    /// A player on another output: tests pull the samples themselves.
    pub fn with_output(wake: Wake, output: Box<dyn Output>) -> Self {
        let shared = Arc::new(Shared::default());
        // tidy: the window must never wait for the feeder; a person's requests are few.
        let (messages, inbox) = unbounded();
        // tidy: at most one event for each request.
        let (outbox, events) = unbounded();
        let (feeder_shared, back) = (Arc::clone(&shared), messages.clone());
        let (told, asked) = (outbox.clone(), Arc::clone(&shared));
        // Without the thread no message is ever answered, so that its end is told with the epoch that waits for it.
        let tell = move |what: &str| {
            let text = format!("Sound cannot be played: {what}. Start Earmark again to hear sound");
            // A player that is gone needs no news.
            let _ = told.send((asked.wanted.load(Ordering::Acquire), PlaybackEvent::Unavailable(text)));
        };
        let tell_of_panic = tell.clone();
        let run = move || {
            let woken = Arc::clone(&wake);
            // Made on its thread, where the open device stays.
            let feed = || Feeder::new(feeder_shared, inbox, back, output, outbox, wake).run();
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(feed)).is_err() {
                tell_of_panic("the sound thread failed");
                woken();
            }
        };
        if let Err(error) = std::thread::Builder::new().name("feeder".into()).spawn(run) {
            tell(&format!("the sound thread cannot be started ({error})"));
        }
        Self { shared, messages, events, epoch: 0, playing: None, resting_secs: 0.0, tuning: Tuning::default() }
    }

    /// Stops, and takes another recording (or none) with the playhead at its beginning.
    pub fn load(&mut self, file: Option<SoundFile>) {
        self.stop();
        self.resting_secs = 0.0;
        self.send(Message::Load(file));
    }

    /// Plays from `from_secs` to the end.
    pub fn play(&mut self, from_secs: f64) {
        self.start(Request { start_secs: from_secs.max(0.0), span: None, is_looped: false, tuning: self.tuning });
    }

    /// Plays a span once, or over and over without a gap.
    pub fn play_span(&mut self, span: Span, is_looped: bool) {
        self.start(Request { start_secs: span.onset_secs, span: Some(span), is_looped, tuning: self.tuning });
    }

    /// Stops with the playhead where it is heard.
    pub fn pause(&mut self) {
        if self.playing.is_some() {
            self.resting_secs = self.position_secs();
            self.stop();
        }
    }

    /// Moves the playhead; goes on playing from there (to the end of the recording) if it was playing.
    pub fn seek(&mut self, secs: f64) {
        if self.playing.is_some() {
            self.play(secs);
        } else {
            self.resting_secs = secs.max(0.0);
        }
    }

    /// What is done to the sound from now on. What plays goes on from where it is, without a gap; the change is heard within a fifth of
    /// a second.
    pub fn set_tuning(&mut self, tuning: Tuning) {
        if tuning == self.tuning {
            return;
        }
        self.tuning = tuning;
        if let Some(request) = &mut self.playing {
            request.tuning = tuning;
            self.send(Message::Tune(tuning));
        }
    }

    /// What is done to the sound.
    pub fn tuning(&self) -> Tuning {
        self.tuning
    }

    /// Loudness as a factor, 0 to 4; 1 leaves the samples as they are.
    pub fn set_gain(&mut self, gain: f32) {
        let gain = if gain.is_finite() { gain.clamp(0.0, 4.0) } else { 1.0 };
        self.shared.gain.store(gain.to_bits(), Ordering::Relaxed);
    }

    /// Whether something is being played (or about to be), as far as [`Player::take_events`] has told.
    pub fn is_playing(&self) -> bool {
        self.playing.is_some()
    }

    /// Whether something is being played over and over.
    pub fn is_looping(&self) -> bool {
        self.playing.is_some_and(|request| request.is_looped)
    }

    /// The second of the recording that is heard now, within 20 ms.
    pub fn position_secs(&self) -> f64 {
        self.position_secs_at(Instant::now())
    }

    /// The second of the recording that is heard at `now`.
    pub fn position_secs_at(&self, now: Instant) -> f64 {
        let Some(request) = self.playing else { return self.resting_secs };
        self.shared.secs_at(self.epoch, now).unwrap_or(request.start_secs)
    }

    /// What happened since the last call.
    pub fn take_events(&mut self) -> Vec<PlaybackEvent> {
        let mut taken = Vec::new();
        while let Ok((epoch, event)) = self.events.try_recv() {
            let is_current = epoch == self.epoch;
            if is_current && self.playing.is_some() {
                self.resting_secs = self.position_secs();
                self.stop();
            }
            // An end that was overtaken by another play is no news.
            if is_current || event != PlaybackEvent::Ended {
                taken.push(event);
            }
        }
        taken
    }

    fn start(&mut self, request: Request) {
        self.next_epoch();
        self.resting_secs = request.start_secs;
        let is_sent = self.send(Message::Play { epoch: self.epoch, request });
        self.playing = is_sent.then_some(request);
    }

    fn stop(&mut self) {
        self.next_epoch();
        self.playing = None;
        self.send(Message::Stop);
    }

    /// From now on the callback drops all that was asked for before.
    fn next_epoch(&mut self) {
        self.epoch += 1;
        self.shared.wanted.store(self.epoch, Ordering::Release);
    }

    /// `false` if the feeder is gone, which was told when it went.
    fn send(&self, message: Message) -> bool {
        self.messages.send(message).is_ok()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.next_epoch();
        self.send(Message::Quit);
    }
}
