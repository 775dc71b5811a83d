//! `earmark spectrogram`: pictures of recordings as files. Owns arguments, wording and file names.

mod arguments;
mod labels;

use super::progress::Progress;
use crate::audio::{self, ClockStart, StreamSpec};
use crate::plot::page::{Page, TimeUnit};
use crate::project::write_atomically;
use crate::spectrogram::{Channel, FrequencyScale, FrequencyView};
use crate::work::{self, CancelToken, Drawing};
use anyhow::{Context, bail, ensure};
pub(super) use arguments::Arguments;
use arguments::{ChannelChoice, Form, TimeChoice};
use labels::EventLists;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Frames that are read at once to find a recording's length.
const COUNTED_AT_ONCE: usize = 1 << 14;

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    arguments.check()?;
    let targets = targets(arguments)?;
    for (_, target, _) in &targets {
        for read in arguments.files.iter().chain(&arguments.events) {
            super::ensure_not_replaced(read, target)?;
        }
    }
    let lists = arguments.events.as_deref().map(EventLists::read).transpose()?;
    let progress = Progress::new(targets.len());
    let mut failures = Vec::new();
    for (index, (file, target, form)) in targets.iter().enumerate() {
        let name = file_name(file);
        progress.set(index, &name, 0.0);
        let drawn = draw(arguments, file, target, *form, lists.as_ref(), &|part| progress.set(index, &name, part));
        match drawn {
            Ok(notes) => notes.iter().for_each(|note| progress.say(&format!("note: {note}"))),
            Err(error) => failures.push(super::told(&error)),
        }
    }
    progress.finish();
    if let [failure] = failures.as_slice()
        && targets.len() == 1
    {
        bail!("{failure}");
    }
    if !failures.is_empty() {
        eprintln!("{} of {} recordings failed:", failures.len(), targets.len());
        failures.iter().for_each(|failure| eprintln!("  {failure}"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Where the picture of each recording goes: into the file that is named, or into a folder under the recording's name.
fn targets(arguments: &Arguments) -> anyhow::Result<Vec<(PathBuf, PathBuf, Form)>> {
    let output = &arguments.output;
    let files = &arguments.files;
    if let ([file], false) = (files.as_slice(), output.is_dir()) {
        let form = match Form::of(output) {
            Some(form) => form,
            None => bail!(
                "{}: a picture is written as .png or .svg; end the name so, or name a folder that is there",
                output.display()
            ),
        };
        return Ok(vec![(file.clone(), output.clone(), form)]);
    }
    ensure!(
        !output.is_file(),
        "{}: is a file; the pictures of {} recordings go into a folder",
        output.display(),
        files.len()
    );
    ensure!(
        output.is_dir() || Form::of(output).is_none(),
        "{}: the pictures of {} recordings go into a folder: name one without .png or .svg",
        output.display(),
        files.len()
    );
    std::fs::create_dir_all(output).with_context(|| format!("{}: the folder cannot be made", output.display()))?;
    let mut seen: HashMap<PathBuf, &Path> = HashMap::new();
    let mut targets = Vec::new();
    for file in files {
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let target = output.join(format!("{stem}.{}", arguments.format.extension()));
        if let Some(other) = seen.insert(target.clone(), file) {
            bail!(
                "{} and {} would both be drawn to {}: draw them into two folders",
                other.display(),
                file.display(),
                target.display()
            );
        }
        targets.push((file.clone(), target, arguments.format));
    }
    Ok(targets)
}

/// Draws one recording; returns what should be known.
fn draw(
    arguments: &Arguments,
    file: &Path,
    target: &Path,
    form: Form,
    lists: Option<&EventLists>,
    told: &(dyn Fn(f64) + Sync),
) -> anyhow::Result<Vec<String>> {
    let stream = stream(arguments, file)?;
    let channels = channels(arguments, file, &stream)?;
    let mut notes = Vec::new();
    let model = arguments.model_input()?;
    let mut page = page(arguments, file, &stream, &channels, &mut notes)?;
    if let Some(model) = &model {
        let version = env!("CARGO_PKG_VERSION");
        page.description = format!("{}: what {} sees, drawn by Earmark {version}", file_name(file), model.name());
    }
    page.events = lists.map(|lists| lists.of(file, &mut notes)).unwrap_or_default();
    let opened = file.to_path_buf();
    let (settings, any_overlap) = arguments.settings();
    let drawing = Drawing {
        source: Arc::new(move || audio::open(&opened)),
        page,
        channels: channels.iter().map(|(channel, _)| *channel).collect(),
        settings,
        any_overlap,
        model,
        colors: (arguments.floor, arguments.ceiling),
        gamma: arguments.gamma as f32,
        normalise: arguments.normalise_bands,
        form: arguments.drawing_form(form),
        to_the_end: arguments.end.is_none(),
    };
    let drawn = work::draw(drawing, &CancelToken::default(), told)?;
    notes.extend(drawn.warnings);
    if drawn.events_left_out > 0 {
        notes.push(format!(
            "{}: {} events have no room on the page; make it higher (--height) or show less time",
            target.display(),
            drawn.events_left_out
        ));
    }
    write_atomically(target, &drawn.bytes)
        .with_context(|| format!("{}: cannot be written; choose another folder or name", target.display()))?;
    Ok(notes)
}

/// What the recording is. Where its length is only guessed and matters, it is read through first, so that nothing is judged by the guess.
fn stream(arguments: &Arguments, file: &Path) -> anyhow::Result<StreamSpec> {
    let mut source = audio::open(file)?;
    let mut stream = source.spec().clone();
    let guessed_secs = stream.duration_secs();
    let is_within = |secs: Option<f64>, most: f64| secs.is_some_and(|secs| secs <= most);
    if stream.length_is_exact
        || is_within(arguments.end, guessed_secs) && is_within(arguments.start.or(Some(0.0)), guessed_secs)
    {
        return Ok(stream);
    }
    let mut samples = vec![0.0; COUNTED_AT_ONCE * stream.channels.max(1)];
    let mut frames = 0;
    loop {
        let read = source.read(frames, &mut samples)?;
        frames += read as u64;
        if read < COUNTED_AT_ONCE {
            break;
        }
    }
    (stream.frame_count, stream.length_is_exact) = (frames, true);
    Ok(stream)
}

/// What is shown of the recording, in seconds.
fn span(arguments: &Arguments, file: &Path, stream: &StreamSpec) -> anyhow::Result<(f64, f64)> {
    let duration = stream.duration_secs();
    let start = arguments.start.unwrap_or(0.0);
    let end = arguments.end.unwrap_or(duration);
    let file = file.display();
    ensure!(start < duration, "{file}: lasts {duration:.3} s; --start {start} is after its end");
    ensure!(end <= duration + 1e-3, "{file}: lasts {duration:.3} s; --end {end} is after its end");
    ensure!(start < end, "--start {start} must be before --end {end}");
    Ok((start, end))
}

/// The channels, with names where there are several.
fn channels(arguments: &Arguments, file: &Path, stream: &StreamSpec) -> anyhow::Result<Vec<(Channel, String)>> {
    match arguments.channel {
        ChannelChoice::Mix => Ok(vec![(Channel::Mix, String::new())]),
        ChannelChoice::One(number) => {
            ensure!(
                (1..=stream.channels).contains(&number),
                "{}: has {} channels; --channel {number} is none of them",
                file.display(),
                stream.channels
            );
            Ok(vec![(Channel::One(number - 1), String::new())])
        }
        ChannelChoice::All if arguments.plain && stream.channels > 1 => bail!(
            "{}: a plain picture shows one channel or the mix; leave --plain or --channel all away",
            file.display()
        ),
        ChannelChoice::All if stream.channels == 1 => Ok(vec![(Channel::Mix, String::new())]),
        ChannelChoice::All => {
            Ok((0..stream.channels).map(|index| (Channel::One(index), format!("Channel {}", index + 1))).collect())
        }
    }
}

fn frequency(arguments: &Arguments, file: &Path, stream: &StreamSpec) -> anyhow::Result<FrequencyView> {
    let nyquist = f64::from(stream.sample_rate) / 2.0;
    let scale = arguments.axis.scale();
    let least = if scale == FrequencyScale::Log10 { FrequencyView::LOG_LOW_HZ } else { 0.0 };
    let low_hz = arguments.low.unwrap_or(0.0).max(least);
    let high_hz = arguments.high.unwrap_or(nyquist);
    ensure!(low_hz < nyquist, "{}: holds frequencies up to {nyquist} Hz; --low {low_hz} is above them", file.display());
    ensure!(low_hz < high_hz, "--low {low_hz} must be below --high {high_hz}");
    Ok(FrequencyView { low_hz, high_hz, scale })
}

fn page(
    arguments: &Arguments,
    file: &Path,
    stream: &StreamSpec,
    channels: &[(Channel, String)],
    notes: &mut Vec<String>,
) -> anyhow::Result<Page> {
    let (start_secs, end_secs) = span(arguments, file, stream)?;
    let (settings, _) = arguments.settings();
    let stft = settings.stft(stream.sample_rate);
    let description = format!(
        "{}: frames of {} samples ({}) at {} Hz, drawn by Earmark {}",
        file_name(file),
        stft.frame_len,
        arguments.window.words(),
        stream.sample_rate,
        env!("CARGO_PKG_VERSION")
    );
    Ok(Page {
        size: arguments.page_size(),
        title: arguments.title.clone().unwrap_or_else(|| file_name(file)),
        description,
        start_secs,
        end_secs,
        time: time_unit(arguments, file, stream, end_secs, notes)?,
        frequency: frequency(arguments, file, stream)?,
        panels: channels.iter().map(|(_, name)| name.clone()).collect(),
        map: arguments.colormap,
        levels: (0.0, 1.0),
        level_title: String::new(),
        events: Vec::new(),
        dark: arguments.dark,
    })
}

fn time_unit(
    arguments: &Arguments,
    file: &Path,
    stream: &StreamSpec,
    end_secs: f64,
    notes: &mut Vec<String>,
) -> anyhow::Result<TimeUnit> {
    Ok(match arguments.time {
        Some(TimeChoice::Day) => {
            let starts = audio::clock_starts(file, stream);
            let is_meant = |start: &&ClockStart| {
                arguments.clock_source.as_deref().is_none_or(|asked| start.source.words().eq_ignore_ascii_case(asked))
            };
            let Some(start) = starts.iter().find(is_meant) else {
                let tellers: Vec<&str> = starts.iter().map(|start| start.source.words()).collect();
                match (&arguments.clock_source, tellers.join(", ")) {
                    (Some(asked), tellers) if !tellers.is_empty() => {
                        bail!("{}: --clock-source {asked} tells nothing of it; these do: {tellers}", file.display())
                    }
                    _ => bail!("{}: nothing tells when it began; leave --time day away", file.display()),
                }
            };
            notes.push(format!("{}: began at {} by its {}", file.display(), start.at, start.source.words()));
            TimeUnit::OfDay(start.at.millis_of_day() as f64 / 1000.0)
        }
        Some(TimeChoice::Seconds) => TimeUnit::Seconds,
        Some(TimeChoice::Clock) => TimeUnit::Clock,
        Some(TimeChoice::Samples) => TimeUnit::Samples(stream.sample_rate),
        None if end_secs > 120.0 => TimeUnit::Clock,
        None => TimeUnit::Seconds,
    })
}
