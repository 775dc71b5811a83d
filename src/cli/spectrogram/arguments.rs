//! The arguments of `earmark spectrogram`, and what they mean where that needs no recording.

use crate::dsp::FrameWindow;
use crate::model::{ModelInput, registry};
use crate::spectrogram::{FRAME_LEN_RANGE, FrequencyScale, PictureKind, PictureSettings, colormap};
use crate::work::DrawingForm;
use anyhow::{anyhow, bail, ensure};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Points of a page, and pixels of a plain picture, unless others are asked for.
const PAGE: (u32, u32) = (1100, 480);
const PLAIN: (u32, u32) = (1600, 512);

/// Pixels a point, unless another number is asked for: sharp on a high-resolution screen, 192 dpi on paper.
const SCALE: f64 = 2.0;

const EXAMPLES: &str = "\
Examples:
  earmark spectrogram street.wav -o street.png
      The whole recording on a page with axes and colour bar
  earmark spectrogram street.wav -o figure.svg --start 12 --end 20 --events labels.tsv
      Eight seconds with their events, to be worked on in a drawing program
  earmark spectrogram bats.wav -o bats.png --low 15000 --high 120000 --frame 512 --colormap gray-inverted
      Ultrasound in fine steps of time, black on white
  earmark spectrogram night.flac -o night.png --plain --width 1600 --height 512
      Nothing but the picture, of exactly this size
  earmark spectrogram day/*.wav -o pictures --axis mel
      A picture of each into a folder

A pixel shows the greatest level of all that it covers, so that no sound is too short to be seen. Levels are in decibels
relative to a sine of full scale.";

/// Draw spectrograms of recordings as PNG or SVG
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Arguments {
    /// Recordings: WAV, FLAC, MP3, Ogg, Opus, AAC, AIFF, CAF, Matroska and others
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// The picture, NAME.png or NAME.svg; for several recordings a folder
    #[arg(short, long, value_name = "FILE|FOLDER")]
    pub output: PathBuf,
    /// What pictures in a folder are written as
    #[arg(long, value_enum, default_value_t = Form::Png)]
    pub format: Form,
    /// Begin here: seconds, or h:mm:ss
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub start: Option<f64>,
    /// End here: seconds, or h:mm:ss
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub end: Option<f64>,
    /// Draw the events of this file of strong labels: filename, onset, offset, event_label
    #[arg(long, value_name = "FILE", conflicts_with = "plain")]
    pub events: Option<PathBuf>,
    /// Width of the page in points (1/96 inch) [default: 1100]; with --plain in pixels [default: 1600]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    pub width: Option<u32>,
    /// Height of the page in points (1/96 inch) [default: 480]; with --plain in pixels [default: 512]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    pub height: Option<u32>,
    /// Pixels a point of a page [default: 2]
    #[arg(long, value_name = "X", value_parser = scale, conflicts_with_all = ["plain", "dpi"])]
    pub scale: Option<f64>,
    /// Pixels an inch of a page, instead of --scale
    #[arg(long, value_name = "X", value_parser = dpi, conflicts_with = "plain")]
    pub dpi: Option<f64>,
    /// The heading; empty for none [default: the file's name]
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// Light text on a dark page
    #[arg(long)]
    pub dark: bool,
    /// Nothing but the picture: exactly --width × --height pixels
    #[arg(long)]
    pub plain: bool,
    /// `mix` (the mean of all), `all` (one below the other), or a number from 1 on
    #[arg(long, value_name = "CHANNEL", value_parser = channel, default_value = "mix")]
    pub channel: ChannelChoice,
    /// Samples in a frame, a power of two from 128 to 16384 [default: about 43 ms]
    #[arg(long, value_name = "N", value_parser = frame)]
    pub frame: Option<usize>,
    /// Weights of a frame's samples
    #[arg(long, value_enum, default_value_t = Window::Hann)]
    pub window: Window,
    /// How much of a frame the next one shares, in percent [default: 75, or 50 where a pixel covers many frames]
    #[arg(long, value_enum)]
    pub overlap: Option<Overlap>,
    /// Length of the transform in frames: 1 for no zeros
    #[arg(long, value_name = "N", value_parser = zero_padding, default_value = "1")]
    pub zero_padding: usize,
    /// How frequencies are spread over the height
    #[arg(long, value_enum, default_value_t = AxisChoice::Linear)]
    pub axis: AxisChoice,
    /// Lowest frequency, in hertz [default: 0, on a logarithmic axis 20]
    #[arg(long, value_name = "HZ", value_parser = hertz)]
    pub low: Option<f64>,
    /// Highest frequency, in hertz [default: half the sample rate]
    #[arg(long, value_name = "HZ", value_parser = hertz)]
    pub high: Option<f64>,
    /// What is shown: each bin's level; the same, moved to where its phase says the energy is; per-channel energy normalisation, in which
    /// what stands still fades; or what a model sees
    #[arg(long, value_enum, default_value_t = KindChoice::Level)]
    pub kind: KindChoice,
    /// The model whose input --kind model shows, by name (see `earmark model list`) or by folder [default: yamnet]
    #[arg(long, value_name = "NAME|FOLDER")]
    pub model: Option<String>,
    /// Level of the first colour, in decibels [default: just below the noise]
    #[arg(long, value_name = "DB", allow_hyphen_values = true, value_parser = level)]
    pub floor: Option<f32>,
    /// Level of the last colour, in decibels [default: that of the loudest sounds]
    #[arg(long, value_name = "DB", allow_hyphen_values = true, value_parser = level)]
    pub ceiling: Option<f32>,
    /// Exponent of the colours: 1 is even, less shows soft sounds brighter
    #[arg(long, value_name = "X", value_parser = gamma, default_value = "1")]
    pub gamma: f64,
    /// Show levels relative to each frequency's median, so that steady noise and hum fade
    #[arg(long)]
    pub normalise_bands: bool,
    /// Colours, by name
    #[arg(long, value_name = "NAME", value_parser = colormap, default_value = "magma")]
    pub colormap: usize,
    /// How times are written [default: seconds up to two minutes, else clock]
    #[arg(long, value_enum)]
    pub time: Option<TimeChoice>,
    /// What --time day goes by, such as `bext` or `file name` [default: the most trustworthy]
    #[arg(long, value_name = "SOURCE")]
    pub clock_source: Option<String>,
}

/// What a picture is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Form {
    Png,
    Svg,
}

impl Form {
    /// By the ending of a file's name.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_string_lossy().to_lowercase();
        [Self::Png, Self::Svg].into_iter().find(|form| form.extension() == extension)
    }

    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum ChannelChoice {
    Mix,
    All,
    One(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Window {
    Hann,
    Hamming,
    BlackmanHarris,
    Kaiser,
}

impl Window {
    fn of_frame(self) -> FrameWindow {
        match self {
            Self::Hann => FrameWindow::HannPeriodic,
            Self::Hamming => FrameWindow::Hamming,
            Self::BlackmanHarris => FrameWindow::BlackmanHarris,
            Self::Kaiser => FrameWindow::Kaiser,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Hann => "Hann",
            Self::Hamming => "Hamming",
            Self::BlackmanHarris => "Blackman-Harris",
            Self::Kaiser => "Kaiser",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum Overlap {
    #[value(name = "50")]
    Half,
    #[value(name = "75")]
    ThreeQuarters,
    #[value(name = "87.5")]
    SevenEighths,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum AxisChoice {
    Linear,
    Mel,
    Log,
    Bark,
}

impl AxisChoice {
    pub fn scale(self) -> FrequencyScale {
        match self {
            Self::Linear => FrequencyScale::Linear,
            Self::Mel => FrequencyScale::Mel,
            Self::Log => FrequencyScale::Log10,
            Self::Bark => FrequencyScale::Bark,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum KindChoice {
    Level,
    Reassigned,
    Pcen,
    Model,
}

impl KindChoice {
    pub fn kind(self) -> PictureKind {
        match self {
            Self::Level => PictureKind::Level,
            Self::Reassigned => PictureKind::Reassigned,
            Self::Pcen => PictureKind::Pcen,
            Self::Model => PictureKind::ModelInput,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum TimeChoice {
    Seconds,
    /// Hours, minutes and seconds from the recording's beginning
    Clock,
    Samples,
    /// The time of day, where the file's name, header or date tells it
    Day,
}

impl Arguments {
    /// Fails where arguments contradict each other.
    pub fn check(&self) -> anyhow::Result<()> {
        if let (Some(start), Some(end)) = (self.start, self.end) {
            ensure!(start < end, "--start {start} must be before --end {end}");
        }
        if let (Some(low), Some(high)) = (self.low, self.high) {
            ensure!(low < high, "--low {low} must be below --high {high}");
        }
        if let (Some(floor), Some(ceiling)) = (self.floor, self.ceiling) {
            ensure!(floor < ceiling, "--floor {floor} must be below --ceiling {ceiling}");
        }
        self.check_model()?;
        ensure!(
            self.clock_source.is_none() || self.time == Some(TimeChoice::Day),
            "--clock-source says what --time day goes by: give both"
        );
        let is_svg = Form::of(&self.output) == Some(Form::Svg) || self.format == Form::Svg;
        ensure!(!(self.plain && is_svg), "a plain picture has no lines or text: write it as .png");
        let pages = [(self.width, crate::plot::page::LEAST_PAGE.0), (self.height, crate::plot::page::LEAST_PAGE.1)];
        for (asked, least) in pages {
            let is_enough = self.plain || asked.is_none_or(|asked| f64::from(asked) >= least);
            ensure!(is_enough, "a page has at least {} × {} points", pages[0].1, pages[1].1);
        }
        // An SVG's pictures are as fine as a PNG's, so that the form does not matter here.
        self.drawing_form(Form::Png).check_size(self.page_size()).map_err(|reason| {
            let hint = if self.plain { "--width and --height" } else { "--width, --height, and --scale or --dpi" };
            anyhow!("{reason} ({hint})")
        })
    }

    /// A model's frames are its own, and it hears the mean of all channels.
    fn check_model(&self) -> anyhow::Result<()> {
        if self.kind != KindChoice::Model {
            ensure!(self.model.is_none(), "--model says whose input --kind model shows: give both");
            return Ok(());
        }
        let foreign = [
            ("--frame", self.frame.is_some()),
            ("--window", self.window != Window::Hann),
            ("--overlap", self.overlap.is_some()),
            ("--zero-padding", self.zero_padding != 1),
            ("--channel", self.channel != ChannelChoice::Mix),
        ];
        match foreign.iter().find(|(_, is_given)| *is_given) {
            Some((name, _)) => {
                bail!("--kind model shows what the model makes of all channels itself: leave {name} away")
            }
            None => Ok(()),
        }
    }

    /// The front end of the model whose input is to be shown.
    pub fn model_input(&self) -> anyhow::Result<Option<Arc<ModelInput>>> {
        if self.kind != KindChoice::Model {
            return Ok(None);
        }
        let folder = registry::find(self.model.as_deref().unwrap_or(registry::DEFAULT_MODEL))?;
        Ok(Some(Arc::new(ModelInput::new(&folder.manifest)?)))
    }

    /// Width and height of the page, in points.
    pub fn page_size(&self) -> (f64, f64) {
        (f64::from(self.width.unwrap_or(PAGE.0)), f64::from(self.height.unwrap_or(PAGE.1)))
    }

    /// What is drawn, for a file of this form.
    pub fn drawing_form(&self, form: Form) -> DrawingForm {
        let scale = self.scale.or(self.dpi.map(|dpi| dpi / 96.0)).unwrap_or(SCALE);
        match (self.plain, form) {
            (true, _) => {
                DrawingForm::Plain(self.width.unwrap_or(PLAIN.0) as usize, self.height.unwrap_or(PLAIN.1) as usize)
            }
            (false, Form::Png) => DrawingForm::Png(scale),
            (false, Form::Svg) => DrawingForm::Svg(scale),
        }
    }

    /// How the picture is computed, and whether any overlap will do.
    pub fn settings(&self) -> (PictureSettings, bool) {
        let hops = match self.overlap {
            Some(Overlap::Half) => 2,
            Some(Overlap::SevenEighths) => 8,
            Some(Overlap::ThreeQuarters) | None => 4,
        };
        let settings = PictureSettings {
            frame_len: self.frame,
            window: self.window.of_frame(),
            hops,
            zero_padding: self.zero_padding,
            kind: self.kind.kind(),
        };
        (settings, self.overlap.is_none())
    }
}

fn moment(text: &str) -> Result<f64, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let number = |part: &str| part.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    let secs = match parts.as_slice() {
        [secs] => number(secs),
        [minutes, secs] => number(minutes).zip(number(secs)).map(|(minutes, secs)| 60.0 * minutes + secs),
        [hours, minutes, secs] => number(hours)
            .zip(number(minutes))
            .zip(number(secs))
            .map(|((hours, minutes), secs)| 3600.0 * hours + 60.0 * minutes + secs),
        _ => None,
    };
    secs.ok_or_else(|| "a time is seconds (12.5), m:ss or h:mm:ss".to_owned())
}

fn hertz(text: &str) -> Result<f64, String> {
    let hertz = text.parse::<f64>().ok().filter(|hertz| hertz.is_finite() && *hertz >= 0.0);
    hertz.ok_or_else(|| "a frequency is a number of hertz, 0 or more".to_owned())
}

fn level(text: &str) -> Result<f32, String> {
    let level = text.parse::<f32>().ok().filter(|level| level.is_finite());
    level.ok_or_else(|| "a level is a number of decibels, such as -80".to_owned())
}

fn within(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("a number from {least} to {most}"))
}

fn gamma(text: &str) -> Result<f64, String> {
    within(text, 0.2, 4.0)
}

fn scale(text: &str) -> Result<f64, String> {
    within(text, 0.25, 16.0)
}

fn dpi(text: &str) -> Result<f64, String> {
    within(text, 24.0, 1536.0)
}

fn frame(text: &str) -> Result<usize, String> {
    let (least, most) = FRAME_LEN_RANGE;
    let len = text.parse::<usize>().ok().filter(|len| len.is_power_of_two() && (least..=most).contains(len));
    len.ok_or_else(|| format!("a power of two from {least} to {most}"))
}

fn zero_padding(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|factor| [1, 2, 4].contains(factor)).ok_or_else(|| "1, 2 or 4".to_owned())
}

fn channel(text: &str) -> Result<ChannelChoice, String> {
    match text {
        "mix" => Ok(ChannelChoice::Mix),
        "all" => Ok(ChannelChoice::All),
        _ => match text.parse() {
            Ok(number) if number > 0 => Ok(ChannelChoice::One(number)),
            _ => Err("mix, all, or the number of a channel from 1 on".to_owned()),
        },
    }
}

fn colormap(text: &str) -> Result<usize, String> {
    colormap::index_of(text).ok_or_else(|| {
        let names: Vec<&str> = colormap::ALL.iter().map(|map| map.name).collect();
        format!("no colours of this name; there are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_of_a_clock() {
        assert_eq!(moment("12.5"), Ok(12.5));
        assert_eq!(moment("1:02:03.5"), Ok(3723.5));
        assert_eq!(moment("2:30"), Ok(150.0));
        assert!(["", "-1", "1:2:3:4", "nan", "1e999", "a"].iter().all(|text| moment(text).is_err()));
    }

    #[test]
    fn levels_are_numbers() {
        assert_eq!(level("-80.5"), Ok(-80.5));
        assert!(["nan", "inf", "-inf", "1e99", "", "loud"].iter().all(|text| level(text).is_err()));
    }

    #[test]
    fn unknown_colours_are_answered_with_all_names() {
        let answer = colormap("jet").unwrap_err();
        assert!(colormap::ALL.len() >= 10 && colormap::ALL.iter().all(|map| answer.contains(map.name)), "{answer}");
    }
}
