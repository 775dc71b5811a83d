//! The threads that read: a recording from its opening to its end, resampled, as the stream frames that the model's front end makes of it, cut
//! into batches.

use super::super::ModelError;
use super::super::features::FeatureStream;
use super::super::framed_clips::ClipCutter;
use super::super::manifest::Layout;
use super::super::planner::{Batch, Cut, Planner};
use super::{Heard, Message, Plan, Queue, QueuedRecording, Travelling, panicked};
use crate::audio::{Resampler, Spare};
use crossbeam_channel::Sender;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

/// Where a reading thread sends what it makes.
pub(super) struct Wires {
    /// Takes one for each batch under way; full when enough are.
    pub permits: Sender<()>,
    pub batches: Sender<Travelling>,
    pub messages: Sender<Message>,
}

/// Reads one recording after the other until there are no more, or nobody wants any.
pub(super) fn read_all(plan: &Plan, queue: &Queue<'_>, wires: &Wires, stop: &AtomicBool) {
    let mut tools = Tools::new(plan);
    while !stop.load(Ordering::Relaxed) {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some(recording) = next else { return };
        let number = recording.number;
        let mut reading = Reading { plan, wires, stop, number, sent: 0, unwanted: Arc::default() };
        let read = catch_unwind(AssertUnwindSafe(|| reading.read(recording, &mut tools)));
        if read.is_err() {
            tools = Tools::new(plan);
        }
        let outcome = read.unwrap_or_else(|_| Err(panicked(plan, "features")));
        if wires.messages.send(Message::Ended { number, batches: reading.sent, outcome }).is_err() {
            return;
        }
    }
}

/// What a thread makes once and uses for one recording after the other: of short ones, making it takes longer than using it.
struct Tools {
    stream: FeatureStream,
    spare: Option<Spare>,
    samples: Vec<f32>,
}

impl Tools {
    fn new(plan: &Plan) -> Self {
        let samples = vec![0.0; plan.front_end.sample_rate() as usize / 2];
        Self { stream: FeatureStream::new(&plan.front_end), spare: None, samples }
    }
}

/// One recording that is being read.
struct Reading<'a> {
    plan: &'a Plan,
    wires: &'a Wires,
    stop: &'a AtomicBool,
    number: usize,
    /// Batches so far.
    sent: usize,
    unwanted: Arc<AtomicBool>,
}

impl Reading<'_> {
    /// Reads the recording to its end, makes what features the whole recording has, and sends batches.
    fn read(&mut self, recording: QueuedRecording, tools: &mut Tools) -> Result<Heard, ModelError> {
        let plan = self.plan;
        let rate = plan.front_end.sample_rate();
        let source = (recording.open)()?;
        let duration_secs = source.spec().duration_secs();
        let begun = Message::Begun { number: self.number, duration_secs, unwanted: Arc::clone(&self.unwanted) };
        self.wires.messages.send(begun).map_err(|_| ModelError::Cancelled)?;
        let mut source = Resampler::mono_with(source, rate, tools.spare.take())?;
        let Tools { stream, spare, samples } = tools;
        stream.restart();
        let mut cutter = Cutter::new(plan);
        let (mut sample_count, mut is_wanted) = (0_u64, true);
        while is_wanted && self.is_wanted() {
            let count = source.read(samples)?;
            if count == 0 {
                break;
            }
            sample_count += count as u64;
            stream.push(&samples[..count], cutter.frames_mut());
            while let (true, Some(batch)) = (is_wanted, cutter.ready()) {
                is_wanted = self.send(batch);
            }
        }
        if is_wanted && sample_count > 0 {
            stream.push_silence(plan.padding.padded(sample_count) - sample_count, cutter.frames_mut());
            while cutter.rest(plan, sample_count).is_some_and(|batch| self.send(batch)) {}
        }
        let duration_secs = sample_count as f64 / f64::from(rate);
        let warnings = source.take_warnings();
        *spare = source.into_spare();
        Ok(Heard { duration_secs, warnings })
    }

    fn is_wanted(&self) -> bool {
        !self.stop.load(Ordering::Relaxed) && !self.unwanted.load(Ordering::Relaxed)
    }

    /// Sends a batch as soon as there is room; `false` if nobody wants it any more.
    fn send(&mut self, batch: Batch) -> bool {
        if !self.is_wanted() || self.wires.permits.send(()).is_err() {
            return false;
        }
        let unwanted = Arc::clone(&self.unwanted);
        let travelling = Travelling { number: self.number, index: self.sent, batch, is_made: false, unwanted };
        self.sent += 1;
        self.wires.batches.send(travelling).is_ok()
    }
}

/// Cuts the stream as the layout wants it.
enum Cutter {
    Frames(Planner),
    Clips(ClipCutter),
}

impl Cutter {
    fn new(plan: &Plan) -> Self {
        let planner = |cut| Planner::new(cut, plan.front_end.stream_bands(), plan.hop_frames, plan.clips_per_batch);
        match (plan.layout, plan.framing) {
            (_, Some(framing)) => Self::Clips(ClipCutter::new(framing, plan.clips_per_batch)),
            (Layout::Frames { piece_frames, context_before_frames, context_after_frames, .. }, None) => {
                Self::Frames(planner(Cut::Pieces { piece_frames, context_before_frames, context_after_frames }))
            }
            (Layout::Clips { .. } | Layout::FramedClips { .. }, None) => {
                Self::Frames(planner(Cut::Clips { frame_count: plan.layout.frames_at_once() }))
            }
        }
    }

    /// Where new stream frames are to be appended.
    fn frames_mut(&mut self) -> &mut Vec<f32> {
        match self {
            Self::Frames(planner) => planner.frames_mut(),
            Self::Clips(cutter) => cutter.samples_mut(),
        }
    }

    fn ready(&mut self) -> Option<Batch> {
        match self {
            Self::Frames(planner) => planner.ready(),
            Self::Clips(cutter) => cutter.ready(),
        }
    }

    fn rest(&mut self, plan: &Plan, sample_count: u64) -> Option<Batch> {
        match self {
            Self::Frames(planner) => planner.rest(plan.row_count(sample_count)),
            Self::Clips(cutter) => cutter.rest(sample_count),
        }
    }
}

impl Plan {
    /// How many rows of scores a recording of `sample_count` samples gets from the network: those of its frames with the silence after
    /// it, less those that would begin after its end.
    fn row_count(&self, sample_count: u64) -> usize {
        let frames = self.front_end.frame_count(self.padding.padded(sample_count)) as usize;
        let rows = match self.layout {
            Layout::Frames { .. } => frames,
            Layout::Clips { .. } | Layout::FramedClips { .. } => {
                frames.saturating_sub(self.layout.frames_at_once()) / self.hop_frames + 1
            }
        };
        let duration_secs = sample_count as f64 / f64::from(self.front_end.sample_rate());
        let inside = ((duration_secs - self.axis.first_onset_secs) / self.axis.hop_secs).ceil().max(1.0) as usize;
        rows.min(inside)
    }
}
