//! The thread that decodes ahead for the callback, opens and closes the device, and tells the window what happened.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::callback::Pull;
use super::output::{OpenOutput, Output, OutputFormat};
use super::playhead::Shared;
use super::ring::Ring;
use super::route::Route;
use super::{PlaybackEvent, Request};
use crate::audio::{AudioError, Resampler, SoundFile};
use crate::work::Wake;

/// What the feeder is told.
pub(super) enum Message {
    Load(Option<SoundFile>),
    Play {
        epoch: u64,
        request: Request,
    },
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
    file: Option<SoundFile>,
    opened: Option<Opened>,
    openings: u64,
    /// Kept between plays of one recording.
    reader: Option<Resampler>,
    job: Option<Job>,
}

/// An open output and the ring that it takes from.
struct Opened {
    _output: Box<dyn OpenOutput>,
    ring: Arc<Ring>,
    format: OutputFormat,
}

/// What is being played.
struct Job {
    epoch: u64,
    route: Route,
    /// Frames written.
    fed: u64,
    /// Set once all is written: it ends when the output has taken it all.
    is_fed: bool,
    /// Set once the output has taken it all: when the last of it is heard.
    heard_at: Option<Instant>,
}

/// Sound in the ring: long enough for a slow seek, short enough that nothing is decoded for nothing.
const RING_MILLIS: u64 = 180;
/// How often the ring is filled up while playing.
const FEED_EVERY: Duration = Duration::from_millis(20);
/// Frames decoded between looks at the messages.
const BLOCK_FRAMES: usize = 1_024;
/// The device is given back when nothing was played for so long; a new default device is then found by the next play.
const CLOSE_AFTER: Duration = Duration::from_secs(10);
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
        let (file, opened, reader, job) = (None, None, None, None);
        Self { shared, inbox, messages, output, events, wake, file, opened, openings: 0, reader, job }
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
            Message::Load(file) => {
                self.job = None;
                self.reader = None;
                self.file = file;
            }
            Message::Play { epoch, request } => {
                self.job = None;
                // Of several plays in a row only the last is wanted.
                if self.shared.wanted.load(Ordering::Acquire) == epoch {
                    self.begin(epoch, &request);
                }
            }
            Message::Stop => self.job = None,
            Message::Lost { opening, reason } => self.lose_device(opening, &reason),
            Message::Quit => {}
        }
    }

    fn begin(&mut self, epoch: u64, request: &Request) {
        let Some(format) = self.open_output(epoch) else { return };
        let Some(frame_count) = self.open_reader(epoch, format.sample_rate) else { return };
        let Some(opened) = &self.opened else { return };
        let mut route = Route::new(request, format.sample_rate);
        if route.is_looped {
            // A loop that reaches beyond the recording goes back at its end.
            let end = route.end.unwrap_or(frame_count).min(frame_count.max(route.first + 1));
            route.end = Some(end);
            self.shared.loop_end.store(end, Ordering::Relaxed);
        }
        if let Some(reader) = &mut self.reader {
            reader.seek(route.first);
        }
        self.shared.fed_from.store(opened.ring.written(), Ordering::Relaxed);
        self.shared.fed.store(epoch, Ordering::Release);
        self.job = Some(Job { epoch, route, fed: 0, is_fed: false, heard_at: None });
    }

    fn open_output(&mut self, epoch: u64) -> Option<OutputFormat> {
        if let Some(opened) = &self.opened {
            return Some(opened.format);
        }
        self.openings += 1;
        let (shared, opening, messages) = (Arc::clone(&self.shared), self.openings, self.messages.clone());
        let mut connected = None;
        let mut connect = |format: OutputFormat| {
            let frames = (u64::from(format.sample_rate) * RING_MILLIS / 1_000).max(BLOCK_FRAMES as u64);
            let ring = Arc::new(Ring::new(frames as usize * usize::from(format.channels)));
            connected = Some((Arc::clone(&ring), format));
            shared.rate.store(format.sample_rate, Ordering::Relaxed);
            Pull::new(ring, Arc::clone(&shared), format)
        };
        // Sending never waits: the channel has no bound.
        let lost = Arc::new(move |reason| drop(messages.send(Message::Lost { opening, reason })));
        match (self.output.open(&mut connect, lost), connected) {
            (Ok(output), Some((ring, format))) => {
                self.opened = Some(Opened { _output: output, ring, format });
                Some(format)
            }
            (Ok(_), None) => self.refuse(epoch, "it was opened without a format"),
            (Err(reason), _) => self.refuse(epoch, &reason),
        }
    }

    fn refuse(&self, epoch: u64, reason: &str) -> Option<OutputFormat> {
        let told = format!(
            "Sound cannot be played: {}. Connect or choose a sound device in the system's settings, then play again; everything \
             else works without sound",
            reason.trim_end_matches('.')
        );
        self.tell(epoch, PlaybackEvent::Unavailable(told));
        None
    }

    /// Makes `reader` stand ready and returns the recording's frames at the output's rate.
    fn open_reader(&mut self, epoch: u64, rate: u32) -> Option<u64> {
        if self.reader.as_ref().is_none_or(|reader| reader.rate() != rate) {
            self.reader = None;
            let file = self.file.as_ref();
            let opened = file.map(|file| file.open().and_then(|source| Resampler::all_channels(source, rate)));
            match opened {
                Some(Ok(reader)) => self.reader = Some(reader),
                Some(Err(error)) => self.tell(epoch, unreadable(&error)),
                None => self.tell(epoch, PlaybackEvent::Ended),
            }
        }
        self.reader.as_ref().map(Resampler::frame_count)
    }

    fn lose_device(&mut self, opening: u64, reason: &str) {
        if opening != self.openings || self.opened.is_none() {
            return;
        }
        self.opened = None;
        if let Some(job) = self.job.take() {
            let told = format!(
                "The sound device stopped: {}. Connect it again or choose another in the system's settings, then play again",
                reason.trim_end_matches('.')
            );
            self.tell(job.epoch, PlaybackEvent::DeviceLost(told));
        }
    }

    fn tell(&self, epoch: u64, event: PlaybackEvent) {
        // A player that is gone needs no news.
        if self.events.send((epoch, event)).is_ok() {
            (self.wake)();
        }
    }

    /// Fills the ring up, unless a message comes in between.
    fn feed(&mut self) {
        let (Some(job), Some(opened), Some(reader)) = (&mut self.job, &self.opened, &mut self.reader) else { return };
        let mut mapping = Mapping::new(reader.channels(), usize::from(opened.format.channels));
        while !job.is_fed && self.inbox.is_empty() {
            let frames = (opened.ring.free() / usize::from(opened.format.channels)).min(BLOCK_FRAMES);
            if frames == 0 {
                return;
            }
            match job.read_block(reader, frames, &mut mapping) {
                Ok(block) => {
                    opened.ring.write(block);
                    self.shared.loop_end.store(job.route.end.unwrap_or(0), Ordering::Relaxed);
                }
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
        let Some(job) = &mut self.job else { return };
        let (played, epoch) =
            (self.shared.played.load(Ordering::Relaxed), self.shared.played_epoch.load(Ordering::Acquire));
        let is_taken = job.is_fed && (job.fed == 0 || (epoch == job.epoch && played >= job.fed));
        if !is_taken {
            return;
        }
        let latency = Duration::from_nanos(self.shared.latency_ns.load(Ordering::Relaxed)).min(MOST_LATENCY);
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

impl Job {
    /// The next block for the ring, at most `frames` frames, in the output's channels; empty at the end.
    fn read_block<'a>(
        &mut self,
        reader: &mut Resampler,
        frames: usize,
        mapping: &'a mut Mapping,
    ) -> Result<&'a [f32], AudioError> {
        let position = reader.position();
        let left = self.route.end.map_or(u64::MAX, |end| end.saturating_sub(position));
        let wanted = frames.min(usize::try_from(left).unwrap_or(usize::MAX));
        let came = reader.read(mapping.input(wanted))?;
        self.fed += came as u64;
        let is_through = came < wanted || left == came as u64;
        if is_through && self.route.is_looped && position + came as u64 > self.route.first {
            self.route.end = Some(position + came as u64);
            reader.seek(self.route.first);
        } else if is_through {
            self.is_fed = true;
        }
        Ok(mapping.output(came))
    }
}

/// A recording's channels on an output's.
struct Mapping {
    from: usize,
    to: usize,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Mapping {
    fn new(from: usize, to: usize) -> Self {
        Self { from, to, input: Vec::new(), output: Vec::new() }
    }

    fn input(&mut self, frames: usize) -> &mut [f32] {
        self.input.resize(frames * self.from, 0.0);
        &mut self.input
    }

    /// One channel sounds on the first two; fewer channels than the output has sound on its first; more are averaged onto it in
    /// turn, so that none is lost.
    fn output(&mut self, frames: usize) -> &[f32] {
        let (from, to) = (self.from, self.to);
        self.output.clear();
        self.output.resize(frames * to, 0.0);
        for (frame, out) in self.input.chunks_exact(from).zip(self.output.chunks_exact_mut(to)) {
            match from {
                1 => out.iter_mut().take(2).for_each(|sample| *sample = frame[0]),
                _ if from <= to => out[..from].copy_from_slice(frame),
                _ => {
                    for (index, sample) in out.iter_mut().enumerate() {
                        let shared = frame[index..].iter().step_by(to);
                        *sample = shared.clone().sum::<f32>() / shared.len() as f32;
                    }
                }
            }
        }
        &self.output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(from: usize, to: usize, frame: &[f32]) -> Vec<f32> {
        let mut mapping = Mapping::new(from, to);
        mapping.input(1).copy_from_slice(frame);
        mapping.output(1).to_vec()
    }

    #[test]
    fn channels_find_their_place() {
        assert_eq!(mapped(1, 1, &[0.5]), [0.5]);
        assert_eq!(mapped(1, 4, &[0.5]), [0.5, 0.5, 0.0, 0.0]);
        assert_eq!(mapped(2, 4, &[0.5, 0.25]), [0.5, 0.25, 0.0, 0.0]);
        assert_eq!(mapped(3, 2, &[0.5, 0.25, 0.1]), [0.3, 0.25]);
        assert_eq!(mapped(2, 1, &[0.5, 0.25]), [0.375]);
    }
}
