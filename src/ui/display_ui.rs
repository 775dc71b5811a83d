//! The page of display settings: how pictures are computed, coloured and laid out, and what the time axis counts. Every change shows at
//! once; the project remembers it, and new projects begin with it.

use super::choices::choice;
use super::theme;
use super::widgets::{section, weak};
use crate::app::{
    ChannelView, Command, Display, DisplayChange, MOST_PAGE_OVERLAP, OpenRecording, Request, TimeUnit, Workbench,
};
use crate::dsp::FrameWindow;
use crate::spectrogram::{FRAME_LEN_RANGE, PictureKind, PictureSettings, ValueScale, colormap};
use eframe::egui::{
    self, Checkbox, DragValue, Grid, Mesh, Rect, ScrollArea, Sense, Shape, Slider, SliderClamping, Ui, WidgetInfo,
    accesskit::Role, pos2, vec2,
};

/// Height of the stripe that shows a colour map, in points.
const SWATCH: egui::Vec2 = vec2(84.0, 12.0);

/// Draws the page.
pub fn show(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let display = &bench.display;
    let change = |change: Option<DisplayChange>, requests: &mut Vec<Request>| {
        requests.extend(change.map(Request::Display));
    };
    ScrollArea::vertical().id_salt("display").auto_shrink([false, false]).show(ui, |ui| {
        section(ui, "Transform");
        change(transform(ui, bench, display), requests);
        section(ui, "Picture");
        change(picture(ui, bench, display), requests);
        section(ui, "Colours");
        change(colors(ui, bench, display), requests);
        section(ui, "Frequency");
        frequency(ui, bench, display, requests);
        section(ui, "Channels");
        change(channels(ui, bench, display), requests);
        section(ui, "Time");
        change(time(ui, bench, display), requests);
        ui.add_space(2.0 * theme::GRID);
        ui.separator();
        let hover = "Show everything on this page as Earmark does first, but for the timeline";
        if ui.button("Reset display settings").on_hover_text(hover).clicked() {
            requests.push(Request::Display(DisplayChange::Reset));
        }
        ui.label(weak("Remembered in the project, and for new ones"));
    });
}

/// Two columns: what it is, and the control.
fn grid(ui: &mut Ui, name: &str, rows: impl FnOnce(&mut Ui)) {
    Grid::new(name).num_columns(2).min_col_width(86.0).spacing([8.0, 4.0]).show(ui, rows);
}

fn transform(ui: &mut Ui, bench: &Workbench, display: &Display) -> Option<DisplayChange> {
    let rate = bench.open.as_ref().map_or(48_000, |open| open.spec.sample_rate);
    let picture = &display.picture;
    let mut changed: Option<PictureSettings> = None;
    ui.add_enabled_ui(display.has_own_frames(), |ui| {
        grid(ui, "transform", |ui| {
            ui.label(weak("Frame"));
            let keys =
                format!("{} longer, {} shorter", Command::LongerFrame.key_text(ui.ctx()), Command::ShorterFrame.key_text(ui.ctx()));
            let hover = format!("Samples that are transformed at once: longer tells frequencies apart more finely, shorter moments ({keys})");
            let frame_len = choice(ui, "Frame length", &hover, &picture.frame_len, &frame_lens(rate));
            changed = frame_len.map(|frame_len| PictureSettings { frame_len, ..picture.clone() });
            ui.end_row();
            ui.label("");
            ui.label(weak(resolution_text(picture, rate)));
            ui.end_row();
            ui.label(weak("Window"));
            let hover = "Weights of the samples of a frame: the lower the side lobes, the wider a tone";
            let window = choice(ui, "Window", hover, &picture.window, &windows());
            changed = window.map(|window| PictureSettings { window, ..picture.clone() }).or(changed.take());
            ui.end_row();
            ui.label(weak("Overlap"));
            let overlaps = [(2, "50 %".to_owned()), (4, "75 %".to_owned()), (8, "87.5 %".to_owned())];
            let hops = choice(ui, "Overlap", "How much of a frame the next one shares", &picture.hops, &overlaps);
            changed = hops.map(|hops| PictureSettings { hops, ..picture.clone() }).or(changed.take());
            ui.end_row();
            ui.label(weak("Zero padding"));
            let paddings = [(1, "×1 (none)".to_owned()), (2, "×2".to_owned()), (4, "×4".to_owned())];
            let hover = "Zeros after each frame: smoother along the frequency axis, not more detailed";
            let zero_padding = choice(ui, "Zero padding", hover, &picture.zero_padding, &paddings);
            changed = zero_padding.map(|zero_padding| PictureSettings { zero_padding, ..picture.clone() }).or(changed.take());
            ui.end_row();
        });
    });
    changed.map(DisplayChange::Picture)
}

fn frame_lens(rate: u32) -> Vec<(Option<usize>, String)> {
    let automatic = PictureSettings::default().stft(rate).frame_len;
    let (least, most) = FRAME_LEN_RANGE;
    let lens = std::iter::successors(Some(least), |len| (len * 2 <= most).then_some(len * 2));
    let text = |len: usize| format!("{len} · {} ms", short(1e3 * len as f64 / f64::from(rate)));
    let first = (None, format!("Automatic ({automatic})"));
    std::iter::once(first).chain(lens.map(|len| (Some(len), text(len)))).collect()
}

/// `42.7 ms · 23.4 Hz a bin`.
fn resolution_text(picture: &PictureSettings, rate: u32) -> String {
    let spec = picture.stft(rate);
    let (ms, hz) = (1e3 * spec.frame_len as f64 / f64::from(rate), f64::from(rate) / spec.fft_size as f64);
    format!("{} ms · {} Hz a bin", short(ms), short(hz))
}

/// Three digits.
fn short(value: f64) -> String {
    let decimals = if value >= 100.0 { 0 } else { 1 + usize::from(value < 10.0) };
    format!("{value:.decimals$}")
}

fn windows() -> Vec<(FrameWindow, String)> {
    [
        (FrameWindow::HannPeriodic, "Hann"),
        (FrameWindow::Hamming, "Hamming"),
        (FrameWindow::BlackmanHarris, "Blackman-Harris"),
        (FrameWindow::Kaiser, "Kaiser"),
    ]
    .map(|(window, name)| (window, name.to_owned()))
    .to_vec()
}

const KINDS: [(PictureKind, &str, &str); 4] = [
    (PictureKind::Level, "Level", "The level of each frame and band"),
    (
        PictureKind::Reassigned,
        "Reassigned",
        "Levels moved to where the phase says that they belong: sharp tones and clicks",
    ),
    (PictureKind::Pcen, "PCEN", "Per-channel energy normalisation: what stands still fades, what begins stands out"),
    (PictureKind::ModelInput, "Model input", "The features that the chosen model sees"),
];

const SCALES: [(&str, &str, &str); 4] = [
    ("linear", "Linear", "Equal heights for equal differences"),
    ("mel", "Mel", "As pitch is heard: even below 1 kHz, by ratios above"),
    ("log", "Logarithmic", "Equal heights for equal ratios: octaves"),
    ("bark", "Bark", "Equal heights for equal critical bands of hearing"),
];

/// Buttons for a few values with their names and what they mean, two in a line, the current one lit.
fn buttons<T: PartialEq + Copy>(ui: &mut Ui, current: &T, all: &[(T, &str, &str)]) -> Option<T> {
    let mut chosen = None;
    ui.vertical(|ui| {
        for line in all.chunks(2) {
            ui.horizontal(|ui| {
                for (value, name, hover) in line {
                    let is_shown = value == current;
                    if ui.selectable_label(is_shown, *name).on_hover_text(*hover).clicked() && !is_shown {
                        chosen = Some(*value);
                    }
                }
            });
        }
    });
    chosen
}

fn picture(ui: &mut Ui, bench: &Workbench, display: &Display) -> Option<DisplayChange> {
    let mut changed = None;
    grid(ui, "picture", |ui| {
        ui.label(weak("Shows"));
        let kind = buttons(ui, &display.picture.kind, &KINDS);
        changed = kind.map(|kind| DisplayChange::Picture(PictureSettings { kind, ..display.picture.clone() }));
        ui.end_row();
        if display.picture.kind == PictureKind::ModelInput {
            ui.label(weak("Model"));
            let model = bench.settings.model.clone();
            ui.add(egui::Label::new(weak(bench.no_model_input().unwrap_or(model))).wrap());
            ui.end_row();
        }
        ui.label(weak("Bands"));
        let mut normalise = display.normalise;
        let hover = "Show each frequency relative to its usual level: steady noise fades";
        if ui.add(Checkbox::new(&mut normalise, "Normalised")).on_hover_text(hover).changed() {
            changed = Some(DisplayChange::Normalise(normalise));
        }
        ui.end_row();
    });
    changed
}

fn colors(ui: &mut Ui, bench: &Workbench, display: &Display) -> Option<DisplayChange> {
    let mut changed = colormaps(ui, display);
    grid(ui, "levels", |ui| {
        ui.spacing_mut().slider_width = 104.0;
        changed = color_range(ui, bench, display).or(changed.take());
        ui.label(weak("Gamma"));
        let mut gamma = display.gamma;
        let slider = Slider::new(&mut gamma, 0.2..=4.0).logarithmic(true).fixed_decimals(2);
        let hover = "Exponent of the colours: less than 1 shows soft sounds brighter";
        if ui.add(slider).accessible_name("Gamma").on_hover_text(hover).changed() {
            changed = Some(DisplayChange::Gamma(gamma));
        }
        ui.end_row();
    });
    changed
}

/// The values of the darkest and brightest colour, in the unit of what is shown.
fn color_range(ui: &mut Ui, bench: &Workbench, display: &Display) -> Option<DisplayChange> {
    let tiles = bench.open.as_ref().map(|open| &open.tiles);
    let (kind, scale) =
        tiles.map_or((PictureKind::Level, ValueScale::DECIBELS), |tiles| (tiles.kind(), *tiles.value_scale()));
    let (mut darkest, mut brightest) = display.color_range(kind, &scale);
    let range = scale.high - scale.low;
    let limits = if display.normalise {
        [-0.5 * range..=0.5 * range, -0.3 * range..=0.7 * range]
    } else if scale.is_decibels() {
        [-140.0..=-20.0, -100.0..=20.0]
    } else {
        [scale.low..=scale.high, scale.low..=scale.high]
    };
    let (unit, decimals) = match (scale.is_decibels(), display.normalise) {
        (true, true) => (" dB", 0),
        (true, false) => (" dB", 0),
        (false, _) => ("", scale.decimals.max(1)),
    };
    let mut moved = false;
    for ((name, value), limits) in
        [("Darkest at", &mut darkest), ("Brightest at", &mut brightest)].into_iter().zip(limits)
    {
        ui.label(weak(name));
        let slider = Slider::new(value, limits).clamping(SliderClamping::Edits).suffix(unit).fixed_decimals(decimals);
        moved |= ui.add(slider).accessible_name(name).changed();
        ui.end_row();
    }
    // The two keep a distance, so that neither can pass the other.
    let least = 10.0 / 255.0 * range;
    moved.then_some(DisplayChange::Colors {
        kind,
        normalised: display.normalise,
        darkest: darkest.min(brightest - least),
        brightest,
    })
}

/// Every map with its colours.
fn colormaps(ui: &mut Ui, display: &Display) -> Option<DisplayChange> {
    let mut changed = None;
    let columns = ((ui.available_width() / 128.0) as usize).max(1);
    let width = ui.available_width() / columns as f32 - 4.0;
    Grid::new("maps").num_columns(columns).spacing([4.0, 2.0]).show(ui, |ui| {
        for (place, map) in colormap::ALL.iter().enumerate() {
            let selected = map.name == display.colormap;
            let (rect, response) = ui.allocate_exact_size(vec2(width, 32.0), Sense::click());
            response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, selected, map.name));
            let visuals = ui.visuals();
            if selected {
                ui.painter().rect_filled(rect, 4.0, visuals.selection.bg_fill);
            } else if response.hovered() || response.has_focus() {
                ui.painter().rect_filled(rect, 4.0, visuals.widgets.hovered.weak_bg_fill);
            }
            let stripe = Rect::from_min_size(rect.min + vec2(6.0, 17.0), vec2((width - 12.0).max(1.0), SWATCH.y));
            let name = Rect::from_min_max(rect.min + vec2(6.0, 1.0), pos2(rect.right() - 4.0, stripe.top()));
            super::widgets::text_in(ui, name, egui::Align2::LEFT_CENTER, map.name, 11.0, visuals.text_color());
            ui.painter().add(Shape::mesh(stripe_mesh(stripe, &map.colors)));
            let key = Command::NextColormap.key_text(ui.ctx());
            if response.on_hover_text(format!("{} ({key}: next colour map)", map.name)).clicked() && !selected {
                changed = Some(DisplayChange::Colormap(map.name.to_owned()));
            }
            if (place + 1) % columns == 0 {
                ui.end_row();
            }
        }
    });
    changed
}

fn stripe_mesh(rect: Rect, colors: &[[u8; 3]]) -> Mesh {
    let mut mesh = Mesh::default();
    let steps = 32;
    for step in 0..=steps {
        let x = rect.left() + rect.width() * step as f32 / steps as f32;
        let color = theme::map_color(colors[step * (colors.len() - 1) / steps]);
        mesh.colored_vertex(pos2(x, rect.top()), color);
        mesh.colored_vertex(pos2(x, rect.bottom()), color);
        if step > 0 {
            let last = 2 * step as u32;
            mesh.add_triangle(last - 2, last - 1, last);
            mesh.add_triangle(last - 1, last, last + 1);
        }
    }
    mesh
}

fn frequency(ui: &mut Ui, bench: &Workbench, display: &Display, requests: &mut Vec<Request>) {
    grid(ui, "frequency", |ui| {
        ui.label(weak("Axis"));
        if let Some(scale) = buttons(ui, &display.frequency_scale.as_str(), &SCALES) {
            requests.push(Request::Display(DisplayChange::FrequencyScale(scale.to_owned())));
        }
        ui.end_row();
        if let Some(open) = &bench.open {
            frequency_limits(ui, open, requests);
        }
    });
    if bench.open.is_some() {
        let hover = Command::FitFrequencies.hover_text(ui.ctx());
        if ui.button(Command::FitFrequencies.name()).on_hover_text(hover).clicked() {
            requests.push(Request::Do(Command::FitFrequencies));
        }
    }
}

fn frequency_limits(ui: &mut Ui, open: &OpenRecording, requests: &mut Vec<Request>) {
    let nyquist = f64::from(open.spec.sample_rate) / 2.0;
    let (mut low_hz, mut high_hz) = open.frequencies;
    let least = (nyquist / 100.0).max(50.0).min(nyquist);
    let limits = [0.0..=(high_hz - least).max(0.0), (low_hz + least).min(nyquist)..=nyquist];
    let mut moved = false;
    for ((name, hz), limits) in [("Lowest", &mut low_hz), ("Highest", &mut high_hz)].into_iter().zip(limits) {
        ui.label(weak(name));
        let value = DragValue::new(hz).range(limits).speed(nyquist / 500.0).fixed_decimals(0).suffix(" Hz");
        let response = ui.add(value.update_while_editing(false)).accessible_name(format!("{name} frequency"));
        moved |= response.on_hover_text("Drag, or click and type").changed();
        ui.end_row();
    }
    if moved {
        requests.push(Request::ShowFrequencies { low_hz, high_hz });
    }
}

fn channels(ui: &mut Ui, bench: &Workbench, display: &Display) -> Option<DisplayChange> {
    let count = bench.open.as_ref().map_or(1, |open| open.spec.channels);
    if count < 2 {
        ui.label(weak("This recording has one channel"));
        return None;
    }
    let mut all =
        vec![(ChannelView::Mix, "Mix of all".to_owned()), (ChannelView::All, format!("All {count}, stacked"))];
    all.extend((0..count).map(|channel| (ChannelView::One(channel), format!("Channel {}", channel + 1))));
    let shown = match display.channels {
        ChannelView::One(channel) => ChannelView::One(channel.min(count - 1)),
        other => other,
    };
    let mut changed = None;
    grid(ui, "channels", |ui| {
        ui.label(weak("Show"));
        let hover = "Which channels are drawn and, one at a time, measured";
        changed = choice(ui, "Channels shown", hover, &shown, &all).map(DisplayChange::Channels);
        ui.end_row();
    });
    changed
}

fn time(ui: &mut Ui, bench: &Workbench, display: &Display) -> Option<DisplayChange> {
    let mut changed = None;
    grid(ui, "time", |ui| {
        ui.label(weak("Axis"));
        let units = TimeUnit::ALL.map(|unit| (unit, unit.name().to_owned()));
        let hover = "What ruler, read-out and table count";
        changed = choice(ui, "Time axis", hover, &display.time_unit, &units).map(DisplayChange::TimeUnit);
        ui.end_row();
        ui.label(weak("Clock by"));
        changed = clock_source(ui, bench, display).or(changed.take());
        ui.end_row();
        ui.label(weak("Page overlap"));
        let mut percent = 100.0 * display.page_overlap;
        let slider = Slider::new(&mut percent, 0.0..=100.0 * MOST_PAGE_OVERLAP).suffix(" %").fixed_decimals(0);
        ui.spacing_mut().slider_width = 104.0;
        let keys = format!("{} {}", Command::PageBack.key_text(ui.ctx()), Command::PageForward.key_text(ui.ctx()));
        let hover = format!("How much of a page the next one shows again ({keys})");
        if ui.add(slider).accessible_name("Page overlap").on_hover_text(hover).changed() {
            changed = Some(DisplayChange::PageOverlap(percent / 100.0));
        }
        ui.end_row();
        ui.label(weak("Timeline"));
        let mut shown = display.show_timeline;
        let hover = Command::ToggleTimeline.hover_text(ui.ctx());
        if ui.checkbox(&mut shown, "Recordings in clock order").on_hover_text(hover).changed() {
            changed = Some(DisplayChange::Timeline(shown));
        }
        ui.end_row();
    });
    if !bench.timeline.is_of_use() {
        ui.label(weak("The timeline appears with two recordings whose clock times are known"));
    }
    changed
}

/// Who tells the open recording's clock time, with what they tell.
fn clock_source(ui: &mut Ui, bench: &Workbench, display: &Display) -> Option<DisplayChange> {
    let starts = bench.open.as_ref().and_then(|open| bench.clocks.get(&open.id)).map(Vec::as_slice).unwrap_or_default();
    let Some(best) = starts.first() else {
        ui.label(weak("no clock time known"))
            .on_hover_text("Neither the file's name nor its header says when this recording was made");
        return None;
    };
    let mut all = vec![(None, format!("best: {}", best.source.words()))];
    all.extend(starts.iter().map(|start| {
        let words = start.source.words().to_owned();
        let text = format!("{words}: {}", start.at);
        (Some(words), text)
    }));
    let is_told = all.iter().any(|(source, _)| *source == display.clock_source);
    let shown = if is_told { display.clock_source.clone() } else { None };
    let hover = match bench.open.as_ref().and_then(|open| bench.clock_of(open.id)) {
        Some(start) => {
            let offset = start.at.offset_text().map(|offset| format!(" {offset}")).unwrap_or_default();
            format!("This recording began at {}{offset}, by its {}", start.at, start.source.words())
        }
        None => String::new(),
    };
    choice(ui, "Clock source", &hover, &shown, &all).map(DisplayChange::ClockSource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_in_samples_time_and_frequency() {
        let picture = PictureSettings { frame_len: Some(2048), ..PictureSettings::default() };
        assert_eq!(resolution_text(&picture, 48_000), "42.7 ms · 23.4 Hz a bin");
        let lens = frame_lens(44_100);
        assert_eq!(lens.len(), 9);
        assert_eq!(lens[0], (None, "Automatic (2048)".to_owned()));
        assert_eq!(lens[8], (Some(16_384), "16384 · 372 ms".to_owned()));
    }
}
