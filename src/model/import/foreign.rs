//! A plain ONNX file of any origin as a model folder: what its graph says about input and output is read, what it does not say is taken from a
//! short form, and the rest is guessed. Every guess is told, and a trial shows whether it holds.

use super::classes::{Classes, classes};
use super::folder_files::{FolderFiles, ManifestText, SelfCheckText};
use super::{ImportError, ImportOptions};
use crate::model::{BareNetwork, ModelError, RuntimeChoice, folder::sha256_hex};
use crate::onnx::outline::{Outline, Port};
use std::fmt;
use std::path::Path;

/// What a graph cannot say about itself; what is not given is guessed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Form {
    /// What the network takes.
    pub input: Option<InputKind>,
    /// Sample rate in hertz; 16 kHz unless given.
    pub sample_rate: Option<u32>,
    /// Seconds from one score to the next.
    pub hop_secs: Option<f64>,
    /// Seconds of a clip, where the graph leaves its length open; ten unless given.
    pub clip_secs: Option<f64>,
    /// The output with scores, where there is more than one; the first unless given.
    pub output: Option<String>,
}

/// What a network can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Samples of −1 to 1.
    Waveform,
    /// Log-mel frames as YAMNet has them.
    YamnetMel,
    /// Kaldi's log filter banks of 16-bit samples.
    KaldiFbank,
    /// Log-mel clips of the EfficientSED networks.
    FmnMel,
}

impl InputKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Waveform, Self::YamnetMel, Self::KaldiFbank, Self::FmnMel];

    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waveform => "waveform",
            Self::YamnetMel => "yamnet-mel",
            Self::KaldiFbank => "kaldi-fbank",
            Self::FmnMel => "fmn-mel",
        }
    }
}

impl fmt::Display for InputKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

const DEFAULT_RATE: u32 = 16_000;
const DEFAULT_CLIP_SECS: f64 = 10.0;
/// Frames of the mel front ends, in seconds.
const FRAME_SECS: f64 = 0.01;
/// A dimension up to this is taken for bands, a longer one for samples.
const MOST_BANDS: usize = 512;
/// Frames in a piece, and around it, where a network takes any number of them.
const PIECE_SECS: f64 = 30.0;
const CONTEXT_SECS: f64 = 2.0;
/// Frames of the self-check where a network takes any number of them.
const CHECK_FRAMES: usize = 200;

/// How the input's axes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axes {
    /// Samples; the word of the manifest.
    Samples(&'static str),
    /// `[clip, frame, band]`.
    Clips { frames: usize, bands: usize },
    /// `[frame, band]`, with a leading axis of 1 if so.
    Frames { has_batch: bool, bands: usize },
    /// `[clip, 1, band, frame]`.
    Maps { frames: Option<usize> },
}

/// What was found out about a network.
struct Guess {
    kind: InputKind,
    axes: Axes,
    sample_rate: u32,
    /// Seconds of a clip; none where any number of frames is taken.
    clip_secs: Option<f64>,
    /// What to tell the user.
    notes: Vec<String>,
}

/// The files of the model folder, the self-check still without scores, and what was found out, in lines for the user.
pub(super) fn draft(
    path: &Path,
    name: &str,
    options: &ImportOptions,
) -> Result<(FolderFiles, Vec<String>), ImportError> {
    let onnx = std::fs::read(path).map_err(|source| ModelError::Io { path: path.to_path_buf(), source })?;
    let refuse = |reason: String| ImportError::Foreign { path: path.to_path_buf(), reason };
    let outline = Outline::read(&onnx).map_err(|error| refuse(error.to_string()))?;
    let [input] = outline.inputs.as_slice() else {
        return Err(refuse(format!("it has the inputs {}; expected one", Port::list(&outline.inputs))));
    };
    let form = &options.form;
    let output = match &form.output {
        Some(name) => outline.outputs.iter().find(|output| output.name == *name),
        None => outline.outputs.first(),
    };
    let output = output.ok_or_else(|| {
        refuse(format!("it has the outputs {}: name the one with the scores", Port::list(&outline.outputs)))
    })?;
    let mut guess = Guess::of(input, form).map_err(refuse)?;
    if outline.outputs.len() > 1 && form.output.is_none() {
        guess.notes.push(format!("Of the outputs {}, the first is taken", Port::list(&outline.outputs)));
    }
    let probe = guess.probe(&onnx, [&input.name, &output.name]).map_err(|error| refuse(error.to_string()))?;
    let Classes { labels, origin } = classes(probe.class_count, options.labels.as_deref())?;
    let time = guess.time(&probe, form).map_err(refuse)?;
    let mut summary = guess.notes.clone();
    summary.push(format!("{} classes: {origin}", probe.class_count));
    summary.push(format!(
        "The output {} are {}",
        output.name,
        if probe.is_logits { "logits" } else { "scores of 0 to 1" }
    ));
    let (mean, spread) = guess.check_values();
    let manifest = ManifestText {
        name: name.to_owned(),
        version: sha256_hex(&onnx).chars().take(8).collect(),
        summary: format!("{} classes, imported from an ONNX file", probe.class_count),
        licence: "as the network's".to_owned(),
        attribution: "whoever made the ONNX file".to_owned(),
        source: format!("{} (SHA-256 {})", path.file_name().unwrap_or_default().to_string_lossy(), sha256_hex(&onnx)),
        network_input: input.name.clone(),
        network_output: output.name.clone(),
        activation: if probe.is_logits { "sigmoid" } else { "none" },
        tables: format!("{}\n{time}\n[decision]\nthreshold = 0.5\nmedian_secs = 0.0\n", guess.input_table()),
        self_check: SelfCheckText { frames: probe.frames, mean, spread, tolerance: 1e-3, expected: Vec::new() },
    };
    let licence_text = "Earmark cannot tell under which licence this network is: ask whoever made it.\n".to_owned();
    Ok((FolderFiles { network: onnx, labels, licence_text, manifest }, summary))
}

/// What a first run of the network showed.
struct Probe {
    /// Frames or samples of the input.
    frames: usize,
    /// Rows of scores.
    rows: usize,
    class_count: usize,
    /// Whether the output holds values outside 0 to 1.
    is_logits: bool,
}

impl Guess {
    fn of(input: &Port, form: &Form) -> Result<Self, String> {
        let axes = axes_of(input)?;
        let kind = match (form.input, axes) {
            (Some(kind), _) => kind,
            (None, Axes::Samples(_)) => InputKind::Waveform,
            (None, Axes::Maps { .. }) => InputKind::FmnMel,
            (None, Axes::Clips { bands: 80, .. } | Axes::Frames { bands: 80, .. }) => InputKind::KaldiFbank,
            (None, Axes::Clips { .. } | Axes::Frames { .. }) => InputKind::YamnetMel,
        };
        let fits = match kind {
            InputKind::Waveform => matches!(axes, Axes::Samples(_)),
            InputKind::FmnMel => matches!(axes, Axes::Maps { .. }),
            InputKind::YamnetMel | InputKind::KaldiFbank => matches!(axes, Axes::Clips { .. } | Axes::Frames { .. }),
        };
        if !fits {
            return Err(format!("its input {input} does not fit the kind {kind}"));
        }
        let sample_rate = form.sample_rate.unwrap_or(DEFAULT_RATE);
        let (clip_secs, is_open) = match axes {
            Axes::Frames { .. } => (None, false),
            Axes::Clips { frames, .. } | Axes::Maps { frames: Some(frames) } => {
                (Some(frames as f64 * FRAME_SECS), false)
            }
            Axes::Samples(_) => match input.sizes.last().copied().flatten() {
                Some(samples) => (Some(samples as f64 / f64::from(sample_rate)), false),
                None => (Some(form.clip_secs.unwrap_or(DEFAULT_CLIP_SECS)), form.clip_secs.is_none()),
            },
            Axes::Maps { frames: None } => {
                (Some(form.clip_secs.unwrap_or(DEFAULT_CLIP_SECS)), form.clip_secs.is_none())
            }
        };
        let mut notes = vec![format!("Input {input}: taken for {kind}{}", told(form.input.is_some()))];
        notes.push(format!("Sample rate {sample_rate} Hz{}", told(form.sample_rate.is_some())));
        if let Some(secs) = clip_secs {
            let origin = if is_open { " (guessed)" } else { "" };
            notes.push(format!("Clips of {secs} s{origin}"));
        }
        Ok(Self { kind, axes, sample_rate, clip_secs, notes })
    }

    /// Middle and spread of the self-check's input: such as the kind of input has for sound.
    fn check_values(&self) -> (f64, f64) {
        match self.kind {
            InputKind::Waveform => (0.0, 0.3),
            InputKind::YamnetMel => (-3.0, 2.5),
            InputKind::KaldiFbank => (12.0, 4.0),
            InputKind::FmnMel => (-0.3, 1.2),
        }
    }

    /// Frames (or samples) and bands of the input in a run of one clip, and its shape.
    fn input_of_one(&self) -> (usize, Vec<usize>) {
        let clip_secs = self.clip_secs.unwrap_or(0.0);
        match self.axes {
            Axes::Samples(word) => {
                let samples = (clip_secs * f64::from(self.sample_rate)).round() as usize;
                (
                    samples,
                    [
                        vec![
                            1;
                            if word == "samples" {
                                0
                            } else if word == "batch_samples" {
                                1
                            } else {
                                2
                            }
                        ],
                        vec![samples],
                    ]
                    .concat(),
                )
            }
            Axes::Clips { frames, bands } => (frames, vec![1, frames, bands]),
            Axes::Frames { has_batch, bands } => {
                (CHECK_FRAMES, if has_batch { vec![1, CHECK_FRAMES, bands] } else { vec![CHECK_FRAMES, bands] })
            }
            Axes::Maps { .. } => {
                let frames = (clip_secs / FRAME_SECS).round() as usize;
                (frames, vec![1, 1, 128, frames])
            }
        }
    }

    /// Runs one clip, which shows what the output really is.
    fn probe(&self, onnx: &[u8], names: [&str; 2]) -> Result<Probe, ModelError> {
        let (frames, shape) = self.input_of_one();
        let (mean, spread) = self.check_values();
        let count: usize = shape.iter().product();
        let input: Vec<f32> = (0..count).map(|at| (mean + spread * (0.7 * at as f64).sin()) as f32).collect();
        let mut network = BareNetwork::open(onnx, names, RuntimeChoice::Auto)?;
        let (values, shape) = network.run(&input, &shape)?;
        let class_count = shape.last().copied().unwrap_or(0);
        let is_logits = values.iter().any(|value| !(-0.001..=1.001).contains(value));
        Ok(Probe { frames, rows: values.len().checked_div(class_count).unwrap_or(0), class_count, is_logits })
    }

    fn input_table(&self) -> String {
        let rate = self.sample_rate;
        let frame = |secs: f64| (secs * f64::from(rate)).round() as usize;
        let (window, hop) = (frame(0.025), frame(FRAME_SECS));
        let fft = window.next_power_of_two();
        match (self.kind, self.axes) {
            (InputKind::Waveform, Axes::Samples(word)) => {
                format!("[input]\nkind = \"waveform\"\nsample_rate = {rate}\nlayout = \"{word}\"\n")
            }
            (InputKind::YamnetMel, Axes::Clips { bands, .. } | Axes::Frames { bands, .. }) => format!(
                "[input]\nkind = \"log_mel\"\nsample_rate = {rate}\nwindow_samples = {window}\nhop_samples = {hop}\nfft_size = {fft}\n\
                 window = \"hann_periodic\"\nspectrum = \"magnitude\"\nbands = {bands}\nlow_hz = 125.0\nhigh_hz = 7500.0\n\
                 log = {{ offset = 0.001 }}\n"
            ),
            (InputKind::KaldiFbank, Axes::Clips { bands, .. } | Axes::Frames { bands, .. }) => format!(
                "[input]\nkind = \"log_mel\"\nsample_rate = {rate}\nwindow_samples = {window}\nhop_samples = {hop}\nfft_size = {fft}\n\
                 window = \"povey\"\nspectrum = \"power\"\nbands = {bands}\nlow_hz = 20.0\nhigh_hz = {:?}\n\
                 log = {{ floor = 1.1920929e-7 }}\nsample_scale = 32768.0\nremove_mean = true\npreemphasis = 0.97\n",
                f64::from(rate) / 2.0
            ),
            _ => "[input]\nkind = \"fmn_mel\"\n".to_owned(),
        }
    }

    /// The table `[time]`, from what a run of one clip gave.
    fn time(&mut self, probe: &Probe, form: &Form) -> Result<String, String> {
        let Some(clip_secs) = self.clip_secs else {
            if probe.rows != probe.frames {
                return Err(format!("it gives {} rows for {} frames; expected one a frame", probe.rows, probe.frames));
            }
            let Axes::Frames { has_batch, .. } = self.axes else { return Err("its frames have no axis".to_owned()) };
            let layout = if has_batch { "batched_frames" } else { "frames" };
            return Ok(format!(
                "[time]\nlayout = \"{layout}\"\npiece_secs = {PIECE_SECS:?}\ncontext_before_secs = {CONTEXT_SECS:?}\n\
                 context_after_secs = {CONTEXT_SECS:?}\n"
            ));
        };
        if probe.rows == 1 {
            let hop_secs = form.hop_secs.unwrap_or_else(|| (clip_secs / 2.0 / FRAME_SECS).ceil().max(1.0) * FRAME_SECS);
            self.notes.push(format!("One row of scores a clip, every {hop_secs} s{}", told(form.hop_secs.is_some())));
            return Ok(format!(
                "[time]\nlayout = \"clips\"\nclip_secs = {clip_secs:?}\nhop_choices_secs = [{hop_secs:?}]\n"
            ));
        }
        let row_secs = form.hop_secs.unwrap_or(clip_secs / probe.rows as f64);
        self.notes.push(format!(
            "{} rows of scores a clip, one every {row_secs} s{}",
            probe.rows,
            told(form.hop_secs.is_some())
        ));
        Ok(format!(
            "[time]\nlayout = \"framed_clips\"\nclip_secs = {clip_secs:?}\nrows_per_clip = {}\nrow_secs = {row_secs:?}\n",
            probe.rows
        ))
    }
}

fn told(is_given: bool) -> &'static str {
    if is_given { "" } else { " (guessed)" }
}

/// How the input's axes are to be read, by their number and sizes.
fn axes_of(input: &Port) -> Result<Axes, String> {
    let is_bands = |size: &Option<usize>| size.is_some_and(|size| size <= MOST_BANDS);
    Ok(match input.sizes.as_slice() {
        [_] => Axes::Samples("samples"),
        [_, bands @ Some(size)] if is_bands(bands) => Axes::Frames { has_batch: false, bands: *size },
        [_, _] => Axes::Samples("batch_samples"),
        [_, Some(1), _] => Axes::Samples("batch_channel_samples"),
        [_, Some(frames), bands @ Some(size)] if is_bands(bands) => Axes::Clips { frames: *frames, bands: *size },
        [_, None, bands @ Some(size)] if is_bands(bands) => Axes::Frames { has_batch: true, bands: *size },
        [_, Some(1), Some(128), frames] => Axes::Maps { frames: *frames },
        _ => {
            return Err(format!(
                "its input {input} has none of the shapes that are known: samples [n], [clip, n] or [clip, 1, n]; frames [frame, band] or \
                 [1, frame, band]; clips [clip, frame, band]; maps [clip, 1, 128, frame]"
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(sizes: &[Option<usize>]) -> Port {
        Port { name: "x".to_owned(), sizes: sizes.to_vec() }
    }

    #[test]
    fn shapes_tell_what_a_network_takes() {
        assert_eq!(axes_of(&port(&[None])).unwrap(), Axes::Samples("samples"));
        assert_eq!(axes_of(&port(&[None, Some(16_000)])).unwrap(), Axes::Samples("batch_samples"));
        assert_eq!(axes_of(&port(&[None, Some(80)])).unwrap(), Axes::Frames { has_batch: false, bands: 80 });
        assert_eq!(axes_of(&port(&[None, Some(96), Some(64)])).unwrap(), Axes::Clips { frames: 96, bands: 64 });
        assert_eq!(axes_of(&port(&[None, Some(1), Some(128), Some(1000)])).unwrap(), Axes::Maps { frames: Some(1000) });
        assert!(axes_of(&port(&[None, Some(3), Some(224), Some(224)])).unwrap_err().contains("none of the shapes"));
    }

    #[test]
    fn guesses_are_told_and_what_was_given_is_not_guessed() {
        let guess = Guess::of(&port(&[None, None]), &Form::default()).unwrap();
        assert_eq!(guess.notes[1..], ["Sample rate 16000 Hz (guessed)", "Clips of 10 s (guessed)"]);
        let form = Form { sample_rate: Some(32_000), clip_secs: Some(5.0), ..Form::default() };
        let guess = Guess::of(&port(&[None, None]), &form).unwrap();
        assert_eq!(guess.notes[1..], ["Sample rate 32000 Hz", "Clips of 5 s"]);
        let form = Form { input: Some(InputKind::FmnMel), ..Form::default() };
        assert!(Guess::of(&port(&[None, None]), &form).err().unwrap().contains("does not fit the kind fmn-mel"));
    }
}
