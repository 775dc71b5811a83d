//! What is guessed about a network, and the manifest's tables that come of it.

use super::Form;
use super::input::{self, Axes, InputKind};
use super::output::{self, Hints, Reading};
use crate::dsp::ClipMelSpec;
use crate::model::{BareNetwork, ClipAxes, OutputAxes, RuntimeChoice};
use crate::onnx::outline::Port;

const DEFAULT_RATE: u32 = 16_000;
/// The rate of the EfficientSED networks, whose front end is fixed.
const FMN_RATE: u32 = ClipMelSpec::FMN.mel.sample_rate;
const DEFAULT_CLIP_SECS: f64 = 10.0;
/// What is seen at once and what a self-check holds is bounded by the manifest's checker; longer clips are refused before they are run.
const LONGEST_CLIP_SECS: f64 = 120.0;
/// Frames of the mel front ends, and what a frame sees, in seconds.
const FRAME_SECS: f64 = 0.01;
const WINDOW_SECS: f64 = 0.025;
/// A piece, and what is seen around it, where a network takes any number of frames.
const PIECE_SECS: f64 = 30.0;
const CONTEXT_SECS: f64 = 2.0;
/// Frames of the self-check where a network takes any number of them.
const CHECK_FRAMES: usize = 200;

/// What was found out about a network.
#[derive(Debug)]
pub(super) struct Guess {
    pub kind: InputKind,
    axes: Axes,
    sample_rate: u32,
    /// Stream frames of a clip (samples, but for log-mel frames of the whole recording); none where any number of frames is taken.
    clip_frames: Option<usize>,
    /// Whether the graph fixes that one clip is taken at a time.
    is_single: bool,
    /// What to tell the user.
    pub notes: Vec<String>,
}

/// What a first run of the network showed.
#[derive(Debug)]
pub(super) struct Probe {
    /// Frames or samples of the input.
    pub frames: usize,
    pub reading: Reading,
    /// Whether the output holds values outside 0 to 1.
    pub is_logits: bool,
    /// Whether two clips can be given at once.
    takes_many: bool,
}

impl Guess {
    pub fn of(input: &Port, form: &Form) -> Result<Self, String> {
        let (kind, axes) = input::read(input, form.input)?;
        let sample_rate = rate_of(kind, form)?;
        for (flag, secs) in [("--hop", form.hop_secs), ("--clip", form.clip_secs)] {
            if let Some(secs) = secs.filter(|secs| !(*secs > 0.0 && *secs <= LONGEST_CLIP_SECS)) {
                return Err(format!("{flag} {secs}: expected more than 0 s and at most {LONGEST_CLIP_SECS} s"));
            }
        }
        let mut guess = Self { kind, axes, sample_rate, clip_frames: None, is_single: false, notes: Vec::new() };
        guess.notes.push(format!("Input {input}: taken for {kind}{}", told(form.input.is_some())));
        let is_given = form.sample_rate.is_some() || kind == InputKind::FmnMel;
        guess.notes.push(format!("Sample rate {sample_rate} Hz{}", told(is_given)));
        guess.set_clip(form)?;
        guess.is_single = guess.has_clips_axis(input)?;
        Ok(guess)
    }

    /// How long a clip is: as the graph fixes it, or as given.
    fn set_clip(&mut self, form: &Form) -> Result<(), String> {
        let fixed = match self.axes {
            Axes::Frames { .. } if form.clip_secs.is_some() => {
                return Err("--clip does not fit a network that takes any number of frames: leave it out".to_owned());
            }
            Axes::Frames { .. } => return Ok(()),
            Axes::Samples(_, samples) => samples,
            Axes::Clips { frames, .. } => Some(frames),
            Axes::Maps { frames } => frames.map(|frames| frames.saturating_mul(self.hop_samples())),
        };
        let step_secs = self.step_secs();
        let given = form.clip_secs.map(|secs| (secs / step_secs).round() as usize);
        if let (Some(fixed), Some(given)) = (fixed, given)
            && fixed != given
        {
            let fixed_secs = fixed as f64 * step_secs;
            return Err(format!("its clips are fixed at {fixed_secs} s, not --clip {}", given as f64 * step_secs));
        }
        let open = given.unwrap_or((DEFAULT_CLIP_SECS / step_secs).round() as usize);
        let frames = fixed.unwrap_or(open);
        let secs = frames as f64 * step_secs;
        if frames == 0 || secs > LONGEST_CLIP_SECS {
            return Err(format!(
                "its clips have {secs} s at {} Hz; expected at most {LONGEST_CLIP_SECS} s",
                self.sample_rate
            ));
        }
        self.clip_frames = Some(frames);
        self.notes.push(format!("Clips of {secs} s{}", told(fixed.is_some() || given.is_some())));
        Ok(())
    }

    /// Whether there is an axis of clips whose size is fixed at one.
    fn has_clips_axis(&self, input: &Port) -> Result<bool, String> {
        let first = input.sizes.first().copied().flatten();
        match (self.axes, first) {
            (Axes::Samples(ClipAxes::Samples, _) | Axes::Frames { has_batch: false, .. }, _) | (_, None) => Ok(false),
            (_, Some(1)) => Ok(true),
            (_, Some(count)) => Err(format!(
                "its input {input} takes exactly {count} clips at once; expected one or any number: export it with an open first axis"
            )),
        }
    }

    fn is_log_mel(&self) -> bool {
        matches!(self.kind, InputKind::YamnetMel | InputKind::KaldiFbank)
    }

    fn hop_samples(&self) -> usize {
        if self.kind == InputKind::FmnMel {
            return ClipMelSpec::FMN.hop_samples;
        }
        (FRAME_SECS * f64::from(self.sample_rate)).round() as usize
    }

    /// Seconds from one stream frame to the next.
    fn step_secs(&self) -> f64 {
        let samples = if self.is_log_mel() { self.hop_samples() } else { 1 };
        samples as f64 / f64::from(self.sample_rate)
    }

    /// Middle and spread of the self-check's input: such as the kind of input has for sound.
    pub fn check_values(&self) -> (f64, f64) {
        match self.kind {
            InputKind::Waveform => (0.0, 0.3),
            InputKind::YamnetMel => (-3.0, 2.5),
            InputKind::KaldiFbank => (12.0, 4.0),
            InputKind::FmnMel => (-0.3, 1.2),
        }
    }

    /// Frames (or samples) of the input in a run of `clips` clips, and its shape.
    fn input_of(&self, clips: usize) -> (usize, Vec<usize>) {
        let clip = self.clip_frames.unwrap_or(CHECK_FRAMES);
        match self.axes {
            Axes::Samples(ClipAxes::Samples, _) => (clip, vec![clip]),
            Axes::Samples(ClipAxes::BatchSamples, _) => (clip, vec![clips, clip]),
            Axes::Samples(ClipAxes::BatchChannelSamples, _) => (clip, vec![clips, 1, clip]),
            Axes::Samples(ClipAxes::BatchSamplesChannel, _) => (clip, vec![clips, clip, 1]),
            Axes::Clips { bands, .. } => (clip, vec![clips, clip, bands]),
            Axes::Frames { has_batch: true, bands } => (clip, vec![1, clip, bands]),
            Axes::Frames { has_batch: false, bands } => (clip, vec![clip, bands]),
            Axes::Maps { .. } => {
                let frames = clip / self.hop_samples();
                (frames, vec![clips, 1, 128, frames])
            }
        }
    }

    /// Runs one clip, which shows what the output really is, and two, which shows whether they can be given at once.
    pub fn probe(
        &mut self,
        onnx: &[u8],
        input: &Port,
        output: &Port,
        names: Option<usize>,
        form: &Form,
    ) -> Result<Probe, String> {
        let mut network = BareNetwork::open(onnx, [&input.name, &output.name], RuntimeChoice::Auto)
            .map_err(|error| error.to_string())?;
        let (mean, spread) = self.check_values();
        let mut run = |shape: &[usize]| {
            let count: usize = shape.iter().product();
            let values: Vec<f32> = (0..count).map(|at| (mean + spread * (0.7 * at as f64).sin()) as f32).collect();
            network.run(&values, shape)
        };
        let (frames, shape) = self.input_of(1);
        let (values, sizes) = run(&shape)
            .map_err(|error| format!("a run of {shape:?} {} failed: {error}: see --input and --clip", self.kind))?;
        if let Some(wrong) = values.iter().find(|value| !value.is_finite()) {
            return Err(format!("its output holds {wrong} for an ordinary input; expected finite numbers"));
        }
        let is_stream = matches!(self.axes, Axes::Frames { .. });
        let hints = Hints {
            declared: &output.sizes,
            frames: is_stream.then_some(frames),
            names,
            classes_first: form.classes_first,
        };
        let reading = output::read(&sizes, hints)?;
        let two = self.input_of(2).1;
        let takes_many = !is_stream
            && !self.is_single
            && two != shape
            && run(&two).is_ok_and(|(both, sizes)| sizes.first() == Some(&2) && both.len() == 2 * values.len());
        self.tell_axes(&sizes, reading);
        let is_logits = values.iter().any(|value| !(-0.001..=1.001).contains(value));
        Ok(Probe { frames, reading, is_logits, takes_many })
    }

    fn tell_axes(&mut self, sizes: &[usize], reading: Reading) {
        if reading.is_guessed {
            self.notes.push(format!(
                "Output {sizes:?}: taken for [clip, row, class] (guessed); if classes come first, say --classes-first"
            ));
        } else if reading.axes == OutputAxes::ClassMajor {
            self.notes.push(format!("Output {sizes:?}: classes come before rows"));
        }
    }

    pub fn input_table(&self) -> String {
        let rate = self.sample_rate;
        let window = (WINDOW_SECS * f64::from(rate)).round() as usize;
        let (hop, fft) = (self.hop_samples(), window.next_power_of_two());
        let highest_hz = f64::from(rate) / 2.0;
        let frames = format!(
            "[input]\nkind = \"log_mel\"\nsample_rate = {rate}\nwindow_samples = {window}\nhop_samples = {hop}\nfft_size = {fft}\n"
        );
        match (self.kind, self.axes) {
            (InputKind::Waveform, Axes::Samples(axes, _)) => {
                format!("[input]\nkind = \"waveform\"\nsample_rate = {rate}\nlayout = \"{}\"\n", word_of(axes))
            }
            (InputKind::YamnetMel, Axes::Clips { bands, .. } | Axes::Frames { bands, .. }) => format!(
                "{frames}window = \"hann_periodic\"\nspectrum = \"magnitude\"\nbands = {bands}\nlow_hz = 125.0\nhigh_hz = {:?}\n\
                 log = {{ offset = 0.001 }}\n",
                highest_hz.min(7500.0)
            ),
            (InputKind::KaldiFbank, Axes::Clips { bands, .. } | Axes::Frames { bands, .. }) => format!(
                "{frames}window = \"povey\"\nspectrum = \"power\"\nbands = {bands}\nlow_hz = 20.0\nhigh_hz = {highest_hz:?}\n\
                 log = {{ floor = 1.1920929e-7 }}\nsample_scale = 32768.0\nremove_mean = true\npreemphasis = 0.97\n"
            ),
            _ => "[input]\nkind = \"fmn_mel\"\n".to_owned(),
        }
    }

    /// The table `[time]`, from what a run of one clip gave.
    pub fn time(&mut self, probe: &Probe, form: &Form) -> Result<String, String> {
        let step_secs = self.step_secs();
        // What is given in seconds is meant as a whole number of steps.
        let whole = |secs: f64| (secs / step_secs).round().max(1.0) as usize;
        let secs = |steps: usize| steps as f64 * step_secs;
        let Some(clip) = self.clip_frames else {
            let has_batch = matches!(self.axes, Axes::Frames { has_batch: true, .. });
            let layout = if has_batch { "batched_frames" } else { "frames" };
            let (piece, context) = (secs(whole(PIECE_SECS)), secs(whole(CONTEXT_SECS)));
            return Ok(format!(
                "[time]\nlayout = \"{layout}\"\npiece_secs = {piece:?}\ncontext_before_secs = {context:?}\n\
                 context_after_secs = {context:?}\n"
            ));
        };
        let single = if probe.takes_many { "" } else { "clips_at_once = 1\n" };
        let rows = probe.reading.rows;
        let is_given = form.hop_secs.is_some();
        if rows == 1 {
            let hop = secs(form.hop_secs.map_or(clip.div_ceil(2), whole));
            self.notes.push(format!("One row of scores a clip, every {hop} s{}", told(is_given)));
            return Ok(format!(
                "[time]\nlayout = \"clips\"\nclip_secs = {:?}\nhop_choices_secs = [{hop:?}]\n{single}",
                secs(clip)
            ));
        }
        if self.is_log_mel() {
            return Err(format!(
                "it gives {rows} rows of scores for a clip of {clip} log-mel frames; expected one row a clip. Export it with an open number of \
                 frames if it can take one, with a row of scores for each"
            ));
        }
        let row = match form.hop_secs {
            Some(secs) => whole(secs),
            None if clip.is_multiple_of(rows) => clip / rows,
            None => {
                let other = match probe.reading.is_guessed {
                    true => "; or, if its output is [clip, class, row], say --classes-first",
                    false => "",
                };
                return Err(format!(
                    "it gives {rows} rows of scores for a clip of {clip} samples, which are {:.1} samples a row: say with --hop how many \
                     seconds lie between them{other}",
                    clip as f64 / rows as f64
                ));
            }
        };
        self.notes.push(format!("{rows} rows of scores a clip, one every {} s{}", secs(row), told(is_given)));
        Ok(format!(
            "[time]\nlayout = \"framed_clips\"\nclip_secs = {:?}\nrows_per_clip = {rows}\nrow_secs = {:?}\n{single}",
            secs(clip),
            secs(row)
        ))
    }
}

fn rate_of(kind: InputKind, form: &Form) -> Result<u32, String> {
    match (kind, form.sample_rate) {
        (InputKind::FmnMel, None | Some(FMN_RATE)) => Ok(FMN_RATE),
        (InputKind::FmnMel, Some(rate)) => Err(format!("fmn-mel is made at {FMN_RATE} Hz, not --rate {rate}")),
        (_, None) => Ok(DEFAULT_RATE),
        (_, Some(rate)) if (1000..=384_000).contains(&rate) => Ok(rate),
        (_, Some(rate)) => Err(format!("--rate {rate}: expected 1000 to 384000 Hz")),
    }
}

/// The manifest's word.
fn word_of(axes: ClipAxes) -> &'static str {
    match axes {
        ClipAxes::Samples => "samples",
        ClipAxes::BatchSamples => "batch_samples",
        ClipAxes::BatchChannelSamples => "batch_channel_samples",
        ClipAxes::BatchSamplesChannel => "batch_samples_channel",
    }
}

fn told(is_given: bool) -> &'static str {
    if is_given { "" } else { " (guessed)" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::outline::FLOATS;

    fn guess(sizes: &[Option<usize>], form: &Form) -> Result<Guess, String> {
        Guess::of(&Port { name: "x".to_owned(), sizes: sizes.to_vec(), holds: FLOATS }, form)
    }

    #[test]
    fn guesses_are_told_and_what_was_given_is_not_guessed() {
        let told = guess(&[None, None], &Form::default()).unwrap();
        assert_eq!(told.notes[1..], ["Sample rate 16000 Hz (guessed)", "Clips of 10 s (guessed)"]);
        let form = Form { sample_rate: Some(32_000), clip_secs: Some(5.0), ..Form::default() };
        assert_eq!(guess(&[None, None], &form).unwrap().notes[1..], ["Sample rate 32000 Hz", "Clips of 5 s"]);
        let maps = guess(&[None, Some(1), Some(128), Some(1000)], &Form::default()).unwrap();
        assert_eq!(maps.notes[1..], ["Sample rate 16000 Hz", "Clips of 10 s"]);
        assert_eq!((maps.sample_rate, maps.clip_frames), (16_000, Some(160_000)));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |sizes: &[Option<usize>], form: Form| guess(sizes, &form).unwrap_err();
        let form = Form { clip_secs: Some(5.0), ..Form::default() };
        assert_eq!(refused(&[None, Some(16_000)], form.clone()), "its clips are fixed at 1 s, not --clip 5");
        assert!(refused(&[None, Some(64)], form).contains("leave it out"));
        let form = Form { sample_rate: Some(1), ..Form::default() };
        assert_eq!(refused(&[None], form), "--rate 1: expected 1000 to 384000 Hz");
        let form = Form { hop_secs: Some(f64::NAN), ..Form::default() };
        assert!(refused(&[None], form).starts_with("--hop NaN: expected more than 0 s"));
        assert!(refused(&[Some(4), Some(16_000)], Form::default()).contains("exactly 4 clips at once"));
        assert!(refused(&[None, Some(1 << 40)], Form::default()).contains("expected at most 120 s"));
        for frames in [12_001, 1 << 60, usize::MAX] {
            let told = refused(&[None, Some(1), Some(128), Some(frames)], Form::default());
            assert!(told.contains("at 16000 Hz; expected at most 120 s"), "{told}");
        }
        let form = Form { sample_rate: Some(32_000), ..Form::default() };
        let told = refused(&[None, Some(1), Some(128), Some(1000)], form);
        assert_eq!(told, "fmn-mel is made at 16000 Hz, not --rate 32000");
    }
}
