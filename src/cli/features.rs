//! `earmark features`: log-mel levels of recordings as NumPy arrays. Owns arguments, wording and the array's file.

use super::progress::Progress;
use crate::audio::{self, MAX_SAMPLE_RATE};
use crate::format::npy_header;
use crate::project::AtomicFile;
use crate::work::{FeatureSpec, log_mel_rows};
use anyhow::{Context, bail, ensure};
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  earmark features street.wav -o street.npy
  earmark features street.flac -o street.npy --rate 16000 --frame 512 --hop 160 --mels 64 --low 125 --high 7500

In Python the values are those of
  frames = numpy.lib.stride_tricks.sliding_window_view(x, FRAME)[::HOP] * numpy.hanning(FRAME)
  numpy.log(abs(numpy.fft.rfft(frames)) ** 2 @ triangles.T + 1e-10)
x being the mean of all channels as numbers from -1 to 1, and the triangles linear in hertz, of height 1, with edges that
are even in mel (2595 log10(1 + f/700)). Row t begins at sample t * HOP; the last whole frame is the last row.";

/// Write log-mel levels of a recording as a NumPy array
///
/// The array has a row for each frame and a column for each band, of 32-bit floats. It is written while it is computed: recordings of any length
/// take the same little memory.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Recording: WAV, FLAC, MP3, Ogg, Opus, AAC, AIFF, CAF, Matroska and others
    file: PathBuf,
    /// The array, NAME.npy
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Bands
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=4096))]
    mels: u16,
    /// Samples in a frame, a power of two from 64 to 65536
    #[arg(long, value_name = "N", default_value_t = 2048)]
    frame: usize,
    /// Samples from one frame to the next, at most a frame
    #[arg(long, value_name = "N", default_value_t = 480)]
    hop: usize,
    /// Lower edge of the lowest band, in hertz
    #[arg(long, value_name = "HZ", default_value_t = 0.0)]
    low: f64,
    /// Upper edge of the highest band, in hertz [default: half the rate]
    #[arg(long, value_name = "HZ")]
    high: Option<f64>,
    /// Resample to this many hertz first [default: the recording's own rate]
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_SAMPLE_RATE)))]
    rate: Option<u32>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    check_output(arguments)?;
    let source = audio::open(&arguments.file)?;
    let spec = spec(arguments, source.spec().sample_rate)?;
    let name = arguments.file.display();
    let empty = spec.empty_bands();
    if !empty.is_empty() {
        eprintln!(
            "note: {} of {} bands are narrower than the distance of two bins and hold nothing but ln(1e-10); take fewer bands or longer frames",
            empty.len(),
            spec.bands
        );
    }
    let progress = Progress::new(1);
    let cannot_write = || format!("{}: cannot be written; choose another folder or name", arguments.output.display());
    let mut array = ArrayFile::create(&arguments.output, spec.bands).with_context(cannot_write)?;
    let mut take = |rows: &[f32]| array.push(rows);
    let told = |part: f64| progress.set(0, &name.to_string(), part);
    let warnings = log_mel_rows(source, &spec, &mut take, &told);
    progress.finish();
    for warning in warnings? {
        eprintln!("note: {warning}");
    }
    if array.rows() == 0 {
        bail!("{name}: is shorter than one frame of {} samples; take shorter frames (--frame)", spec.frame_len);
    }
    array.commit().with_context(cannot_write)?;
    Ok(ExitCode::SUCCESS)
}

fn check_output(arguments: &Arguments) -> anyhow::Result<()> {
    let output = &arguments.output;
    let is_array = output.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npy"));
    ensure!(is_array, "{}: an array is written as .npy; end the name so", output.display());
    super::ensure_not_replaced(&arguments.file, output)
}

fn spec(arguments: &Arguments, own_rate: u32) -> anyhow::Result<FeatureSpec> {
    let sample_rate = arguments.rate.unwrap_or(own_rate);
    let (frame_len, hop) = (arguments.frame, arguments.hop);
    ensure!(
        frame_len.is_power_of_two() && (64..=65_536).contains(&frame_len),
        "--frame {frame_len} must be a power of two from 64 to 65536"
    );
    ensure!((1..=frame_len).contains(&hop), "--hop {hop} must be from 1 to the length of a frame, {frame_len}");
    let nyquist = f64::from(sample_rate) / 2.0;
    let (low_hz, high_hz) = (arguments.low, arguments.high.unwrap_or(nyquist));
    ensure!(
        low_hz >= 0.0 && low_hz < high_hz && high_hz <= nyquist,
        "--low {low_hz} and --high {high_hz} must be frequencies in this order, from 0 to half the rate, {nyquist}"
    );
    Ok(FeatureSpec { sample_rate, frame_len, hop, bands: usize::from(arguments.mels), low_hz, high_hz })
}

/// An `.npy` file (format 1.0) of rows of 32-bit floats that is being written. How many rows there are is put into its header at the end.
struct ArrayFile {
    target: AtomicFile,
    out: BufWriter<File>,
    columns: usize,
    values: u64,
    bytes: Vec<u8>,
}

impl ArrayFile {
    fn create(path: &Path, columns: usize) -> std::io::Result<Self> {
        let target = AtomicFile::beside(path)?;
        let file = File::options().write(true).truncate(true).open(target.path())?;
        let mut out = BufWriter::with_capacity(1 << 18, file);
        out.write_all(&npy_header(0, columns))?;
        Ok(Self { target, out, columns, values: 0, bytes: Vec::new() })
    }

    fn rows(&self) -> u64 {
        self.values / self.columns.max(1) as u64
    }

    fn push(&mut self, rows: &[f32]) -> std::io::Result<()> {
        self.bytes.clear();
        self.bytes.extend(rows.iter().flat_map(|value| value.to_le_bytes()));
        self.values += rows.len() as u64;
        self.out.write_all(&self.bytes)
    }

    fn commit(mut self) -> std::io::Result<()> {
        self.out.flush()?;
        let header = npy_header(self.rows(), self.columns);
        let mut file = self.out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header)?;
        drop(file);
        self.target.commit()
    }
}
