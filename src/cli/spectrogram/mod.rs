//! `earmark spectrogram`: pictures of recordings as files. Owns arguments, wording and file names.

mod arguments;
mod labels;

use super::progress::Progress;
use crate::audio::{self, StreamSpec};
use crate::plot::page::{self, Page, PageLayout, PrintedPage, TimeUnit};
use crate::plot::png;
use crate::project::write_atomically;
use crate::spectrogram::render::{Shading, palette, render};
use crate::spectrogram::{Channel, FrequencyScale, FrequencyView, PictureKind, RowMedians, automatic_levels};
use crate::work::{CancelToken, PictureLevels, PictureSpec, picture_levels};
use anyhow::{Context, bail, ensure};
pub(super) use arguments::Arguments;
use arguments::{ChannelChoice, Form, TimeChoice};
use labels::EventLists;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Points of a page, and pixels of a plain picture, unless others are asked for.
const PAGE: (u32, u32) = (1100, 480);
const PLAIN: (u32, u32) = (1600, 512);

/// Pixels a point, unless another number is asked for: sharp on a high-resolution screen, 192 dpi on paper.
const SCALE: f64 = 2.0;

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    arguments.check()?;
    let targets = targets(arguments)?;
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
    let stream = audio::open(file)?.spec().clone();
    let mut notes = Vec::new();
    let mut span = span(arguments, file, &stream)?;
    let channels = channels(arguments, file, &stream)?;
    let frequency = frequency(arguments, file, &stream)?;
    let events = lists.map(|lists| lists.of(file, &mut notes)).unwrap_or_default();
    let mut page = page(arguments, file, &stream, span, frequency, &channels);
    page.events = events;
    let mut layout = PageLayout::of(&page);
    let scale = arguments.scale.or(arguments.dpi.map(|dpi| dpi / 96.0)).unwrap_or(SCALE);
    let (width, height) = match arguments.plain {
        true => (arguments.width.unwrap_or(PLAIN.0) as usize, arguments.height.unwrap_or(PLAIN.1) as usize),
        false => layout.picture_px(scale),
    };
    // Once more if the recording turns out to end elsewhere than its container says.
    for attempt in 0..2 {
        let mut levels = Vec::new();
        for (index, &(channel, _)) in channels.iter().enumerate() {
            let part = |part: f64| told((index as f64 + part) / channels.len() as f64);
            levels.push(levels_of(arguments, file, channel, span, width, &part)?);
        }
        let true_end = levels.iter().find_map(|levels| levels.true_end_secs);
        if let Some(true_end) = true_end
            && attempt == 0
            && arguments.end.is_none()
            && (true_end - span.1).abs() > (span.1 - span.0) / width as f64
            && true_end > span.0
        {
            span.1 = true_end;
            page.end_secs = true_end;
            layout = PageLayout::of(&page);
            continue;
        }
        levels.iter().for_each(|levels| notes.extend(levels.warnings.iter().cloned()));
        notes.dedup();
        let bytes = printed(arguments, &mut page, &layout, &levels, (width, height, scale), form)?;
        write_atomically(target, &bytes)
            .with_context(|| format!("{}: cannot be written; choose another folder or name", target.display()))?;
        break;
    }
    if layout.events_left_out() > 0 && !arguments.plain {
        notes.push(format!(
            "{}: {} events have no room on the page; make it higher (--height) or show less time",
            target.display(),
            layout.events_left_out()
        ));
    }
    Ok(notes)
}

/// Computes the levels of one channel.
fn levels_of(
    arguments: &Arguments,
    file: &Path,
    channel: Channel,
    (start_secs, end_secs): (f64, f64),
    width_px: usize,
    told: &(dyn Fn(f64) + Sync),
) -> anyhow::Result<PictureLevels> {
    let source = audio::open(file)?;
    let (settings, any_overlap) = arguments.settings();
    let spec = PictureSpec { settings, any_overlap, model: None, channel, start_secs, end_secs, width_px };
    Ok(picture_levels(source, &spec, &CancelToken::default(), told)?)
}

/// Colours the levels, and puts the pictures on the page unless they are to stand alone.
fn printed(
    arguments: &Arguments,
    page: &mut Page,
    layout: &PageLayout,
    levels: &[PictureLevels],
    (width, height, scale): (usize, usize, f64),
    form: Form,
) -> anyhow::Result<Vec<u8>> {
    let medians = |levels: &PictureLevels| {
        let mut medians = RowMedians::new(levels.columns.rows);
        medians.push(&levels.columns.bytes);
        medians.medians()
    };
    let bands: Vec<Vec<u8>> =
        levels.iter().map(|levels| if arguments.normalise_bands { medians(levels) } else { Vec::new() }).collect();
    // One range for all channels, so that they can be compared.
    let ranges = levels
        .iter()
        .zip(&bands)
        .map(|(levels, bands)| automatic_levels(&levels.columns, arguments.kind.kind(), &page.frequency, bands));
    let (floor, ceiling) =
        ranges.fold((f32::INFINITY, f32::NEG_INFINITY), |(floor, ceiling), own| (floor.min(own.0), ceiling.max(own.1)));
    page.levels = arguments.levels((floor, ceiling))?;
    let pictures: Vec<_> = levels
        .iter()
        .zip(bands)
        .map(|(levels, band_bytes)| {
            let (floor, ceiling) = page.levels;
            let shading = Shading { floor, ceiling, gamma: 1.0, band_bytes };
            render(&levels.columns, &page.frequency, &shading, width, height)
        })
        .collect();
    if let (true, [picture]) = (arguments.plain, pictures.as_slice()) {
        let map = palette(page.map);
        return png::encode_indexed(width, height, &picture.shades, map, &page.description, None)
            .map_err(anyhow::Error::msg);
    }
    let printed = PrintedPage { page, layout, pictures: &pictures };
    match form {
        Form::Png => page::png(&printed, scale).map_err(anyhow::Error::msg),
        Form::Svg => page::svg(&printed).map(String::into_bytes).map_err(anyhow::Error::msg),
    }
}

/// What is shown of the recording, in seconds.
fn span(arguments: &Arguments, file: &Path, stream: &StreamSpec) -> anyhow::Result<(f64, f64)> {
    let duration = stream.duration_secs();
    let start = arguments.start.unwrap_or(0.0);
    let end = arguments.end.unwrap_or(duration);
    let file = file.display();
    ensure!(start < duration, "{file}: lasts {duration:.3} s; --start {start} is after its end");
    ensure!(
        end <= duration + 1e-3 || !stream.length_is_exact,
        "{file}: lasts {duration:.3} s; --end {end} is after its end"
    );
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
    (start_secs, end_secs): (f64, f64),
    frequency: FrequencyView,
    channels: &[(Channel, String)],
) -> Page {
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
    let time = match arguments.time {
        Some(TimeChoice::Seconds) => TimeUnit::Seconds,
        Some(TimeChoice::Clock) => TimeUnit::Clock,
        Some(TimeChoice::Samples) => TimeUnit::Samples(stream.sample_rate),
        None if end_secs > 120.0 => TimeUnit::Clock,
        None => TimeUnit::Seconds,
    };
    Page {
        size: (f64::from(arguments.width.unwrap_or(PAGE.0)), f64::from(arguments.height.unwrap_or(PAGE.1))),
        title: arguments.title.clone().unwrap_or_else(|| file_name(file)),
        description,
        start_secs,
        end_secs,
        time,
        frequency,
        panels: channels.iter().map(|(_, name)| name.clone()).collect(),
        map: arguments.colormap,
        levels: (0.0, 1.0),
        level_title: level_title(arguments.kind.kind(), arguments.normalise_bands).to_owned(),
        events: Vec::new(),
        dark: arguments.dark,
    }
}

/// What the colour bar shows.
fn level_title(kind: PictureKind, is_normalised: bool) -> &'static str {
    match (kind, is_normalised) {
        (PictureKind::Level, false) => "Level (dB re full-scale sine)",
        (PictureKind::Reassigned, false) => "Reassigned level (dB re full-scale sine)",
        (PictureKind::Level | PictureKind::Reassigned, true) => "Level above the band's median (dB)",
        (PictureKind::Pcen, false) => "PCEN",
        (PictureKind::Pcen, true) => "PCEN above the band's median",
        (PictureKind::ModelInput, _) => "Log mel",
    }
}
