//! The thread that decodes ahead for the callback, opens and closes the device, and tells the window what happened.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::callback::Pull;
use super::job::Job;
use super::looped::SharedSource;
use super::output::{OpenOutput, Output, OutputFormat};
use super::playhead::{OutputClock, Shared};
use super::ring::Ring;
use super::{PlaybackEvent, Request, Tuning};
use crate::audio::AudioError;
use crate::work::Wake;

/// What the feeder is told.
pub(super) enum Message {
    Load(Option<PathBuf>),
    Play {
        epoch: u64,
        request: Request,
    },
    Tune(Tuning),
    Stop,
    /// The device of this opening failed.
    Lost {
        opening: u64,
        reason: String,
    },
    Quit,
}

pub(super) struct Feeder {
    shared: Arc<Shared>,
    inbox: Receiver<Message>,
    /// For the device's errors to come back by.
    messages: Sender<Message>,
    output: Box<dyn Output>,
    events: Sender<(u64, PlaybackEvent)>,
    wake: Wake,
    path: Option<PathBuf>,
    opened: Option<Opened>,
    openings: u64,
    /// Kept between plays of one recording.
    source: Option<SharedSource>,
    job: Option<Job>,
    /// Devices lost one after the other without a second of sound between.
    losses: u32,
}

/// An open output and the ring that it takes from.
struct Opened {
    _output: Box<dyn OpenOutput>,
    ring: Arc<Ring>,
    clock: Arc<OutputClock>,
    format: OutputFormat,
}

/// Sound in the ring: long enough for a slow seek, short enough that nothing is decoded for nothing.
const RING_MILLIS: u64 = 180;
/// How often the ring is filled up while playing.
const FEED_EVERY: Duration = Duration::from_millis(20);
/// Frames decoded between looks at the messages.
const BLOCK_FRAMES: usize = 1_024;
/// The device is given back when nothing was played for so long; a new default device is then found by the next play.
const CLOSE_AFTER: Duration = Duration::from_secs(10);
/// A lost device is looked for again after these times: the system takes a moment to choose another one.
const REOPEN_AFTER: [Duration; 3] = [Duration::ZERO, Duration::from_millis(150), Duration::from_millis(400)];
/// More losses in a row are told.
const MOST_LOSSES: u32 = 3;
/// The longest wait for the last samples to be heard.
const MOST_LATENCY: Duration = Duration::from_secs(2);

impl Feeder {
    pub(super) fn new(
        shared: Arc<Shared>,
        inbox: Receiver<Message>,
        messages: Sender<Message>,
        output: Box<dyn Output>,
        events: Sender<(u64, PlaybackEvent)>,
        wake: Wake,
    ) -> Self {
        let (path, opened, source, job) = (None, None, None, None);
        Self { shared, inbox, messages, output, events, wake, path, opened, openings: 0, source, job, losses: 0 }
    }

    pub(super) fn run(mut self) {
        loop {
            let message = match self.patience() {
                Some(patience) => self.inbox.recv_timeout(patience),
                None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(Message::Quit) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(message) => self.obey(message),
                Err(RecvTimeoutError::Timeout) if self.job.is_none() => self.opened = None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.feed();
            self.look_for_the_end();
        }
    }

    /// How long a message may be waited for; `None` for ever.
    fn patience(&self) -> Option<Duration> {
        match (&self.job, &self.opened) {
            (Some(_), _) => Some(FEED_EVERY),
            (None, Some(_)) => Some(CLOSE_AFTER),
            (None, None) => None,
        }
    }

    fn obey(&mut self, message: Message) {
        match message {
            Message::Load(path) => {
                self.job = None;
                self.source = None;
                self.path = path;
            }
            Message::Play { epoch, request } => {
                self.job = None;
                // Of several plays in a row only the last is wanted.
                if self.shared.wanted.load(Ordering::Acquire) == epoch {
                    self.losses = 0;
                    self.begin(epoch, request);
                }
            }
            Message::Tune(tuning) => {
                if let Some(job) = &mut self.job {
                    job.retune(tuning);
                }
            }
            Message::Stop => self.job = None,
            Message::Lost { opening, reason } => self.lose_device(opening, &reason),
            Message::Quit => {}
        }
    }

    fn begin(&mut self, epoch: u64, request: Request) {
        if let Err(reason) = self.open_output() {
            let told = format!(
                "Sound cannot be played: {}. Connect or choose a sound device in the system's settings, then play again; everything \
                 else works without sound",
                reason.trim_end_matches('.')
            );
            self.tell(epoch, PlaybackEvent::Unavailable(told));
            return;
        }
        let source = match self.open_source() {
            Some(Ok(source)) => source,
            Some(Err(error)) => return self.tell(epoch, unreadable(&error)),
            None => return self.tell(epoch, PlaybackEvent::Ended),
        };
        let Some(opened) = &self.opened else { return };
        let (format, clock) = (opened.format, Arc::clone(&opened.clock));
        let job = match Job::new(epoch, request, source, format, clock, &self.shared) {
            Ok(job) => job,
            Err(error) => return self.tell(epoch, unreadable(&error)),
        };
        opened.clock.fed_from.store(opened.ring.written(), Ordering::Relaxed);
        opened.clock.fed.store(epoch, Ordering::Release);
        self.job = Some(job);
    }

    /// Makes `opened` stand, or says why not.
    fn open_output(&mut self) -> Result<(), String> {
        if self.opened.is_some() {
            return Ok(());
        }
        self.openings += 1;
        let (shared, opening, messages) = (Arc::clone(&self.shared), self.openings, self.messages.clone());
        let mut connected = None;
        let mut connect = |format: OutputFormat| {
            let frames = (u64::from(format.sample_rate) * RING_MILLIS / 1_000).max(BLOCK_FRAMES as u64);
            let ring = Arc::new(Ring::new(frames as usize * usize::from(format.channels)));
            let clock = Arc::new(OutputClock::new(format.sample_rate, Instant::now()));
            connected = Some((Arc::clone(&ring), Arc::clone(&clock), format));
            Pull::new(ring, Arc::clone(&shared), clock, format)
        };
        // Sending never waits: the channel has no bound.
        let lost = Arc::new(move |reason| drop(messages.send(Message::Lost { opening, reason })));
        let output = self.output.open(&mut connect, lost)?;
        let (ring, clock, format) = connected.ok_or("it was opened without a format")?;
        self.opened = Some(Opened { _output: output, ring, clock, format });
        Ok(())
    }

    /// The recording, opened; `None` if there is none.
    fn open_source(&mut self) -> Option<Result<SharedSource, AudioError>> {
        if self.source.is_none() {
            let opened = crate::audio::open(self.path.as_deref()?);
            match opened {
                Ok(source) => self.source = Some(Arc::new(Mutex::new(source))),
                Err(error) => return Some(Err(error)),
            }
        }
        self.source.clone().map(Ok)
    }

    /// Goes on from the same place on the device that the system offers now; tells only if there is none.
    fn lose_device(&mut self, opening: u64, reason: &str) {
        let Some(opened) = self.opened.take_if(|_| opening == self.openings) else { return };
        let Some(job) = self.job.take() else { return };
        let is_played = opened.clock.played.load(Ordering::Relaxed) > u64::from(opened.format.sample_rate);
        self.losses = if is_played { 1 } else { self.losses + 1 };
        let heard = self.shared.secs_at(job.epoch, Instant::now());
        // The old device is let go before another is asked for: it may be the same one.
        drop(opened);
        if self.losses <= MOST_LOSSES && self.reopen() {
            let start_secs = heard.unwrap_or(job.request.start_secs);
            self.begin(job.epoch, Request { start_secs, ..job.request });
            return;
        }
        let told = format!(
            "The sound device stopped: {}. Connect it again or choose another in the system's settings, then play again",
            reason.trim_end_matches('.')
        );
        self.tell(job.epoch, PlaybackEvent::DeviceLost(told));
    }

    fn reopen(&mut self) -> bool {
        REOPEN_AFTER.into_iter().any(|pause| {
            std::thread::sleep(pause);
            self.open_output().is_ok()
        })
    }

    fn tell(&self, epoch: u64, event: PlaybackEvent) {
        // A player that is gone needs no news.
        if self.events.send((epoch, event)).is_ok() {
            (self.wake)();
        }
    }

    /// Fills the ring up, unless a message comes in between.
    fn feed(&mut self) {
        let (Some(job), Some(opened)) = (&mut self.job, &self.opened) else { return };
        while !job.is_fed && self.inbox.is_empty() {
            let frames = (opened.ring.free() / usize::from(opened.format.channels)).min(BLOCK_FRAMES);
            if frames == 0 {
                return;
            }
            match job.read_block(frames, &self.shared.timeline) {
                Ok(block) => opened.ring.write(block),
                Err(error) => {
                    let epoch = job.epoch;
                    self.job = None;
                    self.tell(epoch, unreadable(&error));
                    return;
                }
            }
        }
    }

    /// Tells of the end once the last frame was not only taken but heard.
    fn look_for_the_end(&mut self) {
        let (Some(job), Some(opened)) = (&mut self.job, &self.opened) else { return };
        let clock = &opened.clock;
        let (played, epoch) = (clock.played.load(Ordering::Relaxed), clock.played_epoch.load(Ordering::Acquire));
        let is_taken = job.is_fed && (job.fed == 0 || (epoch == job.epoch && played >= job.fed));
        if !is_taken {
            return;
        }
        let latency = Duration::from_nanos(clock.latency_ns.load(Ordering::Relaxed)).min(MOST_LATENCY);
        let now = Instant::now();
        if now >= *job.heard_at.get_or_insert(now + latency) {
            let epoch = job.epoch;
            self.job = None;
            self.tell(epoch, PlaybackEvent::Ended);
        }
    }
}

fn unreadable(error: &AudioError) -> PlaybackEvent {
    PlaybackEvent::Unreadable(error.to_string())
}
