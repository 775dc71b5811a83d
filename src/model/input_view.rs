//! What a model's network takes, as a picture: the levels of its front end, frame after frame, at the model's own rate and hop. Must not know
//! about threads or how levels are drawn.

use crate::audio::{AudioError, Resampler};
use crate::dsp::stft::StftSpec;
use crate::dsp::{ClipMel, ClipMelSpec, FrameWindow, LogMel, LogMelSpec, LogRule, SpectrumKind};
use crate::spectrogram::{PyramidLayout, RowAxis, ValueScale};

use super::{FrontEnd, Manifest, ModelError};

/// Samples that are read at once.
const READ_SAMPLES: usize = 4_096;

/// The front end of a model whose network takes log-mel levels.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInput {
    name: String,
    front_end: MelFrontEnd,
}

#[derive(Clone, Debug, PartialEq)]
enum MelFrontEnd {
    /// Each frame by itself.
    Frames(LogMelSpec),
    /// Clip by clip, from the beginning of the recording on without overlap.
    Clips { spec: ClipMelSpec, clip_samples: usize },
}

impl ModelInput {
    /// What the network of a model takes. An error, in words for the user, if that is plain samples.
    pub fn new(manifest: &Manifest) -> Result<Self, ModelError> {
        let front_end = match &manifest.front_end {
            FrontEnd::LogMel(spec) => MelFrontEnd::Frames(spec.clone()),
            FrontEnd::ClipMel(spec) => {
                MelFrontEnd::Clips { spec: *spec, clip_samples: manifest.layout.frames_at_once() }
            }
            FrontEnd::Waveform(_) => return Err(ModelError::TakesSamples { name: manifest.name.clone() }),
        };
        Ok(Self { name: manifest.name.clone(), front_end })
    }

    /// The model's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Samples a second that the model wants.
    pub fn sample_rate(&self) -> u32 {
        match &self.front_end {
            MelFrontEnd::Frames(spec) => spec.mel.sample_rate,
            MelFrontEnd::Clips { spec, .. } => spec.mel.sample_rate,
        }
    }

    /// Columns and rows of the picture: a column for each frame of the front end, a row for each band. A column stands where the middle of
    /// its frame is.
    pub fn layout(&self) -> PyramidLayout {
        let (mel, window_samples, hop, window, first_sample) = match &self.front_end {
            MelFrontEnd::Frames(spec) => {
                let first = (spec.window_samples - spec.hop_samples.min(spec.window_samples)) / 2;
                (&spec.mel, spec.window_samples, spec.hop_samples, spec.window, first as i64)
            }
            MelFrontEnd::Clips { spec, .. } => {
                let first = -(spec.hop_samples as i64 / 2);
                (&spec.mel, spec.window_samples, spec.hop_samples, FrameWindow::HannSymmetric, first)
            }
        };
        let stft = StftSpec { frame_len: window_samples, fft_size: mel.fft_size, hop: hop.max(1), window };
        let axis = RowAxis::mel_bands(mel.band_count, mel.low_hz, mel.high_hz);
        PyramidLayout::with_axis(mel.sample_rate, stft, axis, first_sample)
    }

    /// The range of levels: from what silence gives to what a full-scale sine can give. Denser sounds of full scale may exceed it.
    pub fn value_scale(&self) -> ValueScale {
        match &self.front_end {
            MelFrontEnd::Frames(spec) => {
                let peak = sine_peak(spec.window, spec.window_samples, spec.preemphasis) * f64::from(spec.sample_scale);
                let most = match spec.spectrum {
                    // A sine's three bins of a Hann window have 1, ½ and ½ of its magnitude.
                    SpectrumKind::Magnitude => 2.0 * peak,
                    SpectrumKind::Power => 1.5 * peak * peak,
                };
                match spec.log {
                    LogRule::Offset(offset) => {
                        let low = f64::from(offset).max(f64::from(f32::MIN_POSITIVE)).ln();
                        ValueScale::model_input(low as f32, (most + f64::from(offset)).ln() as f32)
                    }
                    LogRule::Floor(floor) => {
                        ValueScale::model_input(floor.max(f32::MIN_POSITIVE).ln(), most.ln() as f32)
                    }
                }
            }
            MelFrontEnd::Clips { spec, .. } => {
                let peak = sine_peak(FrameWindow::HannSymmetric, spec.window_samples, spec.preemphasis);
                let level = |power: f64| (power.ln() as f32 + spec.offset) / spec.divisor;
                ValueScale::model_input(level(f64::from(spec.floor)), level(1.5 * peak * peak))
            }
        }
    }

    /// Carries the front end out, from the beginning of a recording on.
    pub fn frames(&self) -> ModelFrames {
        let front_end = match &self.front_end {
            MelFrontEnd::Frames(spec) => Runner::Frames(Box::new(LogMel::new(spec.clone()))),
            MelFrontEnd::Clips { spec, clip_samples } => {
                let frames = spec.frame_count(*clip_samples);
                Runner::Clips(Box::new(ClipRunner {
                    front_end: ClipMel::new(*spec),
                    samples: vec![0.0; *clip_samples],
                    levels: vec![0.0; frames * spec.mel.band_count],
                    frames,
                    loaded: None,
                }))
            }
        };
        let layout = self.layout();
        Self::frames_of(layout, front_end)
    }

    fn frames_of(layout: PyramidLayout, runner: Runner) -> ModelFrames {
        let bands = layout.axis.count();
        ModelFrames {
            layout,
            runner,
            next: 0,
            is_placed: false,
            end: None,
            ready: Vec::new(),
            used: 0,
            frame: vec![0.0; bands],
        }
    }
}

/// Magnitude of a full-scale sine in the middle of a bin, with the most that pre-emphasis adds.
fn sine_peak(window: FrameWindow, window_samples: usize, preemphasis: f32) -> f64 {
    0.5 * window.weights(window_samples).iter().sum::<f64>() * (1.0 + f64::from(preemphasis.abs()))
}

/// A front end under way.
pub struct ModelFrames {
    layout: PyramidLayout,
    runner: Runner,
    /// The frame that comes next.
    next: u64,
    /// Whether the samples stand where the next frame wants them.
    is_placed: bool,
    /// Samples of the recording, once its end was met.
    end: Option<u64>,
    /// Frames that are done, and how many of their numbers were given.
    ready: Vec<f32>,
    used: usize,
    /// The frame that was given last.
    frame: Vec<f32>,
}

enum Runner {
    Frames(Box<LogMel>),
    Clips(Box<ClipRunner>),
}

struct ClipRunner {
    front_end: ClipMel,
    samples: Vec<f32>,
    /// Row-major `[band × frame]`.
    levels: Vec<f32>,
    frames: usize,
    /// The clip that `levels` belongs to, and whether any of it lies within the recording.
    loaded: Option<(u64, bool)>,
}

impl ModelFrames {
    /// Goes to frame `frame`.
    pub fn seek(&mut self, frame: u64) {
        self.is_placed &= self.next == frame;
        self.next = frame;
    }

    /// The levels of the next frame, a number a band, of the recording behind `samples` (which must be at the model's rate and is the same in
    /// each call); `None` at its end. After an error the same frame is tried again.
    pub fn next_frame(&mut self, samples: &mut Resampler) -> Result<Option<&[f32]>, AudioError> {
        let is_there = match &mut self.runner {
            Runner::Frames(_) => self.next_of_stream(samples)?,
            Runner::Clips(_) => self.next_of_clip(samples)?,
        };
        // The silence after the recording is no part of it.
        if !is_there || self.end.is_some_and(|end| self.next >= self.layout.columns(0, end)) {
            return Ok(None);
        }
        self.next += 1;
        Ok(Some(&self.frame))
    }

    fn next_of_stream(&mut self, samples: &mut Resampler) -> Result<bool, AudioError> {
        let Runner::Frames(front_end) = &mut self.runner else { return Ok(false) };
        let (hop, window) = (self.layout.stft.hop as u64, self.layout.stft.frame_len);
        if !self.is_placed {
            front_end.restart();
            self.ready.clear();
            self.used = 0;
            samples.seek(self.next * hop);
            self.is_placed = true;
        }
        let bands = self.frame.len();
        let mut buffer = [0.0; READ_SAMPLES];
        while self.ready.len() < self.used + bands {
            self.ready.drain(..self.used);
            self.used = 0;
            let came = samples.read(&mut buffer).inspect_err(|_| self.is_placed = false)?;
            if came == 0 {
                let end = self.end.unwrap_or(u64::MAX).min(samples.position());
                self.end = Some(end);
                if self.next >= self.layout.columns(0, end) {
                    return Ok(false);
                }
                // As the detector does: the last frames reach into silence.
                front_end.push(&vec![0.0; window], &mut self.ready);
                continue;
            }
            front_end.push(&buffer[..came], &mut self.ready);
        }
        self.frame.copy_from_slice(&self.ready[self.used..self.used + bands]);
        self.used += bands;
        Ok(true)
    }

    fn next_of_clip(&mut self, samples: &mut Resampler) -> Result<bool, AudioError> {
        let Runner::Clips(runner) = &mut self.runner else { return Ok(false) };
        let (hop, clip_samples) = (self.layout.stft.hop as u64, runner.samples.len() as u64);
        let clip = self.next * hop / clip_samples;
        if runner.loaded.is_none_or(|(loaded, _)| loaded != clip) {
            runner.loaded = None;
            samples.seek(clip * clip_samples);
            let came = read_whole(samples, &mut runner.samples)?;
            if came < runner.samples.len() {
                self.end = Some(self.end.unwrap_or(u64::MAX).min(clip * clip_samples + came as u64));
            }
            runner.samples[came..].fill(0.0);
            runner.front_end.compute(&runner.samples, &mut runner.levels);
            runner.loaded = Some((clip, came > 0));
        }
        let frame = (self.next * hop - clip * clip_samples + hop / 2) / hop;
        let frame = (frame as usize).min(runner.frames.saturating_sub(1));
        for (out, levels) in self.frame.iter_mut().zip(runner.levels.chunks_exact(runner.frames.max(1))) {
            *out = levels[frame];
        }
        Ok(runner.loaded.is_some_and(|(_, is_inside)| is_inside))
    }
}

/// Reads until `out` is full or the recording ends.
fn read_whole(samples: &mut Resampler, out: &mut [f32]) -> Result<usize, AudioError> {
    let mut filled = 0;
    while filled < out.len() {
        match samples.read(&mut out[filled..])? {
            0 => break,
            came => filled += came,
        }
    }
    Ok(filled)
}
