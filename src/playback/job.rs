//! What is being played: a chain, and how much of it was written.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::chain::{Chain, Course};
use super::channels;
use super::looped::{SharedSource, Wrap};
use super::output::OutputFormat;
use super::playhead::{OutputClock, Shared};
use super::timeline::Timeline;
use super::{Request, Tuning};
use crate::audio::AudioError;
use crate::time::{Span, samples_from_secs};

/// What is being played.
pub(super) struct Job {
    pub(super) epoch: u64,
    pub(super) request: Request,
    chain: Chain,
    channels: usize,
    /// What the chain shall become before it gives more.
    wanted: Option<Tuning>,
    /// Frames written.
    pub(super) fed: u64,
    /// Set once all is written: it ends when the output has taken it all.
    pub(super) is_fed: bool,
    /// Set once the output has taken it all: when the last of it is heard.
    pub(super) heard_at: Option<Instant>,
    folded: Vec<f32>,
    spread: Vec<f32>,
}

impl Job {
    /// Begins, and tells `shared` which moment is heard when.
    pub(super) fn new(
        epoch: u64,
        request: Request,
        raw: SharedSource,
        format: OutputFormat,
        clock: Arc<OutputClock>,
        shared: &Shared,
    ) -> Result<Self, AudioError> {
        let (source_rate, frame_count) = {
            let raw = raw.lock().unwrap_or_else(PoisonError::into_inner);
            (raw.spec().sample_rate, raw.spec().frame_count)
        };
        let first_of = |span: Span| samples_from_secs(span.onset_secs, source_rate);
        // Beyond the end there is nothing to go round.
        let looped = request.span.filter(|&span| request.is_looped && first_of(span) < frame_count);
        let (from, wrap) = match looped {
            Some(span) => {
                let first = first_of(span);
                // A loop that reaches beyond the recording goes back at its end.
                let end = samples_from_secs(span.offset_secs, source_rate).min(frame_count);
                let from = samples_from_secs(request.start_secs, source_rate).max(first);
                (from as f64, Some(Wrap::new(first, end)))
            }
            None => (request.start_secs * f64::from(source_rate), None),
        };
        let end_secs = request.span.filter(|_| wrap.is_none()).map(|span| span.offset_secs);
        let course = Course {
            raw,
            wrap: wrap.clone(),
            end_secs,
            rate: format.sample_rate,
            channels: usize::from(format.channels),
        };
        let chain = Chain::new(course, request.tuning, from)?;
        let timeline = Timeline::new(epoch, clock, source_rate, wrap, chain.place());
        shared.set_timeline(Some(timeline));
        let channels = usize::from(format.channels);
        let (folded, spread) = (Vec::new(), Vec::new());
        Ok(Self {
            epoch,
            request,
            chain,
            channels,
            wanted: None,
            fed: 0,
            is_fed: false,
            heard_at: None,
            folded,
            spread,
        })
    }

    /// Has what is fed from now on sound otherwise.
    pub(super) fn retune(&mut self, tuning: Tuning) {
        self.request.tuning = tuning;
        self.wanted = Some(tuning);
    }

    /// The next block for the ring, at most `frames` frames, in the output's channels; empty at the end.
    pub(super) fn read_block(
        &mut self,
        frames: usize,
        timeline: &Mutex<Option<Timeline>>,
    ) -> Result<&[f32], AudioError> {
        if let Some(tuning) = self.wanted.take() {
            self.chain.retune(tuning)?;
        }
        let (place, channels) = (self.chain.place(), self.chain.channels());
        self.folded.resize(frames * channels, 0.0);
        let came = self.chain.read(&mut self.folded)?;
        if came == 0 {
            self.is_fed = true;
        } else if let Some(timeline) = timeline.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            timeline.note(self.fed, place);
        }
        self.fed += came as u64;
        channels::spread(&self.folded[..came * channels], channels, self.channels, &mut self.spread);
        Ok(&self.spread)
    }
}
