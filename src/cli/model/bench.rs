//! `earmark model bench`: what models cost, counted and measured here, as a table, as files, and as the paper's charts.

use super::super::table::{Align, aligned};
use super::super::write_stdout;
use crate::model::bench::charts::{Against, chart, own_throughputs};
use crate::model::bench::{
    Counts, Measured, Settings, Subject, forget_peak_memory, measure, peak_memory_bytes, report, run_once,
};
use crate::model::registry;
use crate::model::{DeviceChoice, ModelFolder, RuntimeChoice};
use crate::onnx::cost::MacKind;
use crate::plot::{png, svg};
use crate::project::write_atomically;
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Size of a chart's page in points, and pixels a point in a PNG.
const PAGE: (f64, f64) = (1000.0, 640.0);
const PIXELS_A_POINT: f32 = 2.0;

/// Count what models cost and measure how fast they are on this machine
///
/// Parameters and multiply-accumulates (MACs) are counted in the network itself: as published (convolutions, linear layers and attention only) and
/// complete, with recurrences, scans and element-wise products, each named. Throughput is that of the network alone, run as detection runs
/// it; then a clip's way from samples to events on one thread, with the shares of front end, network and decoding. Models take turns,
/// and medians count.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Installed models by name or folder; all that are installed, if there is no name and no --untrained
    names: Vec<String>,
    /// Networks of the EfficientSED family with random weights, as fast as trained ones: fmn10,fmn10+tf-256
    #[arg(long, value_delimiter = ',', value_name = "NETWORKS")]
    untrained: Vec<String>,
    /// Clips in a run of the network
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS", default_value = "1,8",
          value_parser = clap::value_parser!(u16).range(1..=256))]
    batch: Vec<u16>,
    /// Threads that run the network; one, and as many as there are processors (at most 8), unless given
    #[arg(long, value_delimiter = ',', value_name = "NUMBERS", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Vec<u16>,
    /// Device: auto, cpu, or one of `earmark devices`
    #[arg(long, value_name = "NAME", default_value = "auto")]
    device: String,
    /// Runtime
    #[arg(long, value_enum, default_value = "auto")]
    runtime: Runtime,
    /// How often each is measured
    #[arg(long, value_name = "NUMBER", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=1000))]
    repetitions: u16,
    /// Count only, measure nothing
    #[arg(long)]
    count_only: bool,
    /// Do not measure memory, which takes a process of its own for each model
    #[arg(long)]
    no_memory: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Write all numbers as comma-separated values
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Draw PSDS1 against complexity as SVG or PNG; with several charts, their words are added to the name
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Which charts to draw
    #[arg(long, value_enum, value_delimiter = ',', value_name = "CHARTS", default_values = ["macs", "all-macs", "parameters", "throughput"])]
    against: Vec<ChartWord>,
    /// Print the most memory that measuring takes, in bytes, and nothing else
    #[arg(long, hide = true)]
    peak_only: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Runtime {
    Auto,
    Onnxruntime,
    BuiltIn,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ChartWord {
    Macs,
    AllMacs,
    Parameters,
    Throughput,
}

impl ChartWord {
    fn against(self) -> Against {
        match self {
            Self::Macs => Against::Macs,
            Self::AllMacs => Against::AllMacs,
            Self::Parameters => Against::Parameters,
            Self::Throughput => Against::Throughput,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(path) = &arguments.plot {
        picture_kind(path)?;
    }
    crate::cli::devices::ensure_there(&arguments.device)?;
    let (subjects, asked): (Vec<Subject>, Vec<String>) = subjects(arguments)?.into_iter().unzip();
    let settings = settings(arguments);
    if arguments.peak_only {
        // Making random weights takes memory that a model on disk would not.
        forget_peak_memory();
        subjects.iter().try_for_each(|subject| run_once(subject, &settings))?;
        write_stdout(&format!("{}\n", peak_memory_bytes().unwrap_or(0)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let counts =
        subjects.iter().map(|subject| subject.counts().map_err(anyhow::Error::msg)).collect::<Result<Vec<_>, _>>()?;
    let mut measured = if arguments.count_only { Vec::new() } else { measured(&subjects, &settings)? };
    if !arguments.no_memory {
        for (one, (subject, asked)) in measured.iter_mut().zip(subjects.iter().zip(&asked)) {
            one.peak_bytes = peak_of(arguments, subject, asked);
        }
    }
    if arguments.json {
        write_stdout(&(serde_json::to_string_pretty(&report::to_json(&counts, &measured))? + "\n"))?;
    } else {
        write_stdout(&text(&counts, &measured))?;
    }
    if let Some(path) = &arguments.csv {
        write_file(path, report::to_csv(&counts, &measured).as_bytes())?;
    }
    if let Some(path) = &arguments.plot {
        draw(path, &arguments.against, &measured)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What to measure, each with the folder or name by which another process finds it.
fn subjects(arguments: &Arguments) -> anyhow::Result<Vec<(Subject, String)>> {
    let of_folder = |folder: &ModelFolder| -> anyhow::Result<(Subject, String)> {
        let path = std::path::absolute(&folder.path).unwrap_or_else(|_| folder.path.clone());
        Ok((Subject::of_folder(folder)?, path.to_string_lossy().into_owned()))
    };
    let mut subjects = Vec::new();
    for name in &arguments.names {
        subjects.push(of_folder(&registry::find(name)?)?);
    }
    for name in &arguments.untrained {
        subjects.push((Subject::untrained(name)?, name.clone()));
    }
    if arguments.names.is_empty() && arguments.untrained.is_empty() {
        for listed in registry::list() {
            let read = listed.folder.map_err(anyhow::Error::from).and_then(|folder| of_folder(&folder));
            let counted = read.and_then(|(subject, asked)| match subject.counts() {
                Ok(_) => Ok((subject, asked)),
                Err(reason) => Err(anyhow::Error::msg(reason)),
            });
            match counted {
                Ok(subject) => subjects.push(subject),
                Err(error) => eprintln!("note: {} is left out: {error}", listed.id),
            }
        }
    }
    anyhow::ensure!(
        !subjects.is_empty(),
        "no model is installed: name networks with --untrained, or see `earmark model list`"
    );
    Ok(subjects)
}

fn settings(arguments: &Arguments) -> Settings {
    let unique = |numbers: &[u16]| numbers.iter().map(|&number| usize::from(number)).collect::<BTreeSet<_>>();
    let threads: Vec<usize> = unique(&arguments.threads).into_iter().collect();
    let defaults = Settings::default();
    Settings {
        runtime: match arguments.runtime {
            Runtime::Auto => RuntimeChoice::Auto,
            Runtime::Onnxruntime => RuntimeChoice::OnnxRuntime,
            Runtime::BuiltIn => RuntimeChoice::BuiltIn,
        },
        device: DeviceChoice::parse(&arguments.device),
        batches: unique(&arguments.batch).into_iter().collect(),
        threads: if threads.is_empty() { defaults.threads } else { threads },
        repetitions: usize::from(arguments.repetitions),
        turn_secs: defaults.turn_secs,
    }
}

fn measured(subjects: &[Subject], settings: &Settings) -> anyhow::Result<Vec<Measured>> {
    let bar = std::io::stderr().is_terminal().then(|| {
        let bar = ProgressBar::new(1000);
        let style = ProgressStyle::with_template("{wide_bar} {percent:>3}%  {elapsed_precise} (left {eta})  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar
    });
    let measured = measure(subjects, settings, &|| false, &mut |progress| {
        if let Some(bar) = &bar {
            bar.set_message(progress.name.clone());
            bar.set_position((1000.0 * progress.part) as u64);
        }
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(measured?)
}

/// The peak memory of a process that only runs this model, with the smallest batch and the fewest threads; none if it cannot be told.
fn peak_of(arguments: &Arguments, subject: &Subject, asked: &str) -> Option<u64> {
    peak_memory_bytes()?;
    let mut command = std::process::Command::new(std::env::current_exe().ok()?);
    command.args(["model", "bench", "--peak-only", "--batch", &arguments.batch.iter().min()?.to_string()]);
    command.args(["--threads", &arguments.threads.iter().min().unwrap_or(&1).to_string()]);
    command.args(["--device", &arguments.device]);
    match arguments.runtime {
        Runtime::Auto => {}
        Runtime::Onnxruntime => drop(command.args(["--runtime", "onnxruntime"])),
        Runtime::BuiltIn => drop(command.args(["--runtime", "built-in"])),
    }
    let named = if subject.is_untrained() { command.args(["--untrained", asked]) } else { command.arg(asked) };
    let output = named.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.trim().parse().ok().filter(|bytes| *bytes > 0)
}

fn text(counts: &[Counts], measured: &[Measured]) -> String {
    let mut parts = vec![counts_text(counts)];
    if !measured.is_empty() {
        parts.push(throughput_text(measured));
        parts.push(parts_text(measured));
    }
    let notes: BTreeSet<&String> = measured.iter().flat_map(|one| &one.notes).collect();
    parts.extend(notes.into_iter().map(|note| format!("Note: {note}\n")));
    for count in counts {
        let (consequences, nodes): (Vec<_>, Vec<_>) =
            count.graph.uncounted.iter().partition(|node| node.is_consequence);
        let name = &count.name;
        parts.extend(nodes.into_iter().map(|node| {
            format!("Note: {name}: the node {} ({}) is not counted: {}\n", node.node, node.operator, node.reason)
        }));
        if !consequences.is_empty() {
            parts.push(format!("Note: {name}: nor are the {} nodes that need what those give\n", consequences.len()));
        }
    }
    parts.join("\n")
}

fn counts_text(counts: &[Counts]) -> String {
    let kinds: Vec<MacKind> =
        MacKind::ALL.into_iter().filter(|kind| counts.iter().any(|count| count.graph.of(*kind) > 0)).collect();
    let mut header = vec!["model", "clip", "parameters", "MACs, paper", "complete"];
    header.extend(kinds.iter().map(|kind| kind.name()));
    let mut rows = vec![header.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    for count in counts {
        let mut row = vec![
            count.name.clone(),
            format!("{} s", count.clip_secs),
            format!("{:.3} M", count.parameters() as f64 / 1e6),
            giga(count.paper_macs()),
            giga(count.graph.complete_macs()),
        ];
        row.extend(kinds.iter().map(|kind| giga(count.graph.of(*kind))));
        rows.push(row);
    }
    let mut columns = vec![Align::Left];
    columns.resize(rows[0].len(), Align::Right);
    format!(
        "Multiply-accumulates (MACs) for a clip\n{}\nPaper: as published, without recurrences and scans and with both heads. Complete: all that \
         multiplies, without what only the clip-wise head needs.\n",
        aligned(&columns, &rows)
    )
}

fn giga(macs: u64) -> String {
    match macs {
        0 => "–".to_owned(),
        macs => format!("{:.4} G", macs as f64 / 1e9),
    }
}

fn throughput_text(measured: &[Measured]) -> String {
    let header = ["model", "threads", "batch", "clips/s", "slowest", "fastest", "× real time", "runs on"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for one in measured {
        for rate in &one.throughputs {
            rows.push(vec![
                one.name.clone(),
                rate.threads.to_string(),
                rate.batch.to_string(),
                format!("{:.1}", rate.clips_per_sec),
                format!("{:.1}", rate.range.0),
                format!("{:.1}", rate.range.1),
                format!("{:.0}", rate.clips_per_sec * one.clip_secs),
                format!("{}, {}", one.runtime, one.device),
            ]);
        }
    }
    let mut columns = vec![Align::Right; 8];
    (columns[0], columns[7]) = (Align::Left, Align::Left);
    format!("The network alone\n{}", aligned(&columns, &rows))
}

fn parts_text(measured: &[Measured]) -> String {
    let header = ["model", "ms a clip", "× real time", "front end", "network", "decoding", "peak memory"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for one in measured {
        let Some(parts) = one.parts else { continue };
        let [front_end, network, decoding] = parts.shares().map(|share| format!("{:.1} %", 100.0 * share));
        let memory = one.peak_bytes.map_or_else(|| "–".to_owned(), |bytes| format!("{:.0} MB", bytes as f64 / 1e6));
        let speed = one.clip_secs / parts.sum_secs().max(f64::MIN_POSITIVE);
        let millis = format!("{:.2}", 1e3 * parts.sum_secs());
        rows.push(vec![one.name.clone(), millis, format!("{speed:.0}"), front_end, network, decoding, memory]);
    }
    let mut columns = vec![Align::Right; 7];
    columns[0] = Align::Left;
    format!(
        "From samples to events, one clip after the other on one thread\n{}\nPeak memory: of a process that only does this.\n",
        aligned(&columns, &rows)
    )
}

/// What kind of picture the name asks for.
fn picture_kind(path: &Path) -> anyhow::Result<&'static str> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    match extension.as_deref() {
        Some("svg") => Ok("svg"),
        Some("png") => Ok("png"),
        _ => anyhow::bail!("{}: a chart is written as .svg or .png", path.display()),
    }
}

fn draw(path: &Path, charts: &[ChartWord], measured: &[Measured]) -> anyhow::Result<()> {
    let (own, conditions) = own_throughputs(measured);
    for word in charts {
        let against = word.against();
        let path = if charts.len() == 1 { path.to_path_buf() } else { named_for(path, against.word()) };
        let drawing = svg::write(&chart(against, &own, &conditions), PAGE.0, PAGE.1);
        let bytes = match picture_kind(&path)? {
            "png" => png::render(&drawing, PIXELS_A_POINT).map_err(anyhow::Error::msg)?,
            _ => drawing.into_bytes(),
        };
        write_file(&path, &bytes)?;
        eprintln!("{}", path.display());
    }
    Ok(())
}

/// `a/chart.png` with a word: `a/chart-macs.png`.
fn named_for(path: &Path, word: &str) -> PathBuf {
    let part =
        |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!("{}-{word}.{}", part(path.file_stem()), part(path.extension())))
}

fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_atomically(path, bytes).with_context(|| format!("{}: cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_are_named_after_what_they_show() {
        assert_eq!(named_for(Path::new("a/b.c.png"), "macs"), Path::new("a/b.c-macs.png"));
        assert!(picture_kind(Path::new("a.SVG")).is_ok() && picture_kind(Path::new("a.pdf")).is_err());
    }
}
