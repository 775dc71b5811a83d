//! How it is listened to: a button in the transport bar that says so in words, and what opens above it.

use super::widgets::{section, weak};
use super::{icons, theme};
use crate::app::{Command, Request, Workbench, khz_text, speed_text};
use crate::playback::{ListeningMode, Tuning};
use eframe::egui::{self, DragValue, Grid, Popup, PopupCloseBehavior, RectAlign, Slider, SliderClamping, Ui};

/// The name of each mode, and what it does.
fn mode_words(mode: ListeningMode) -> (&'static str, &'static str) {
    match mode {
        ListeningMode::PitchKept => ("Pitch kept", "Slower or faster without another pitch"),
        ListeningMode::Expanded => {
            ("Time-expanded", "The pitch follows the speed: at ×0.1, a bat's call of 40 kHz is heard at 4 kHz")
        }
        ListeningMode::Heterodyne => {
            ("Heterodyne", "The 5 kHz on each side of one frequency are moved down to be heard, as by a bat detector")
        }
    }
}

/// Draws the button and what opens at a click on it.
pub fn show(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let text = bench.listening_text();
    let is_plain = bench.listening.speed == 1.0
        && !bench.listening.is_banded
        && bench.settings.listening.mode() != ListeningMode::Heterodyne;
    let button = egui::Button::new(format!("{} {text}", icons::EAR)).selected(!is_plain).frame_when_inactive(!is_plain);
    let response = ui.add_enabled(bench.open.is_some(), button).accessible_name("Listening");
    let key = |command: Command| command.key_text(ui.ctx());
    let hover = format!(
        "Listening: {text}\nSpeed ({} to {}), pitch ({}), band ({}), pre-roll and post-roll",
        key(Command::SpeedTwentieth),
        key(Command::SpeedTwo),
        key(Command::NextListeningMode),
        key(Command::ToggleBand),
    );
    let response = response.on_hover_text(hover.clone()).on_disabled_hover_text(hover);
    let popup = Popup::menu(&response).align(RectAlign::TOP_START);
    popup.close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        section(ui, "Listening");
        Grid::new("listening").num_columns(2).spacing([3.0 * theme::GRID, theme::GRID]).show(ui, |ui| {
            speed(ui, bench, requests);
            pitch(ui, bench, requests);
            band(ui, bench, requests);
            rolls(ui, bench, requests);
        });
    });
}

fn speed(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    ui.label(weak("Speed"));
    let mut speed = bench.listening.speed;
    ui.spacing_mut().slider_width = 216.0;
    let slider = Slider::new(&mut speed, Tuning::LEAST_SPEED..=Tuning::MOST_SPEED)
        .logarithmic(true)
        .clamping(SliderClamping::Always)
        .custom_formatter(|speed, _| speed_text(speed))
        .custom_parser(|text| text.trim().trim_start_matches(['×', 'x']).parse().ok());
    if ui.add(slider).accessible_name("Speed").changed() {
        requests.push(Request::SetSpeed(speed));
    }
    ui.end_row();
    ui.label("");
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GRID;
        for command in Command::SPEEDS {
            let step = command.speed().unwrap_or(1.0);
            let button = ui.selectable_label(step == speed, speed_text(step)).accessible_name(command.name());
            if button.on_hover_text(command.hover_text(ui.ctx())).clicked() {
                requests.push(Request::Do(command));
            }
        }
    });
    ui.end_row();
}

fn pitch(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    ui.label(weak("Pitch"));
    let current = bench.settings.listening.mode();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GRID;
        for mode in ListeningMode::ALL {
            let (name, what) = mode_words(mode);
            let key = Command::NextListeningMode.key_text(ui.ctx());
            let button = ui.selectable_label(mode == current, name);
            if button.on_hover_text(format!("{what}\nKey for the next one: {key}")).clicked() {
                requests.push(Request::SetListeningMode(mode));
            }
        }
    });
    ui.end_row();
    ui.label(weak("Heterodyne at"));
    ui.horizontal(|ui| {
        show_fields(ui);
        let mut khz = bench.heterodyne_hz() / 1e3;
        let value = DragValue::new(&mut khz).range(1.0..=bench.most_heterodyne_hz() / 1e3).speed(0.1).suffix(" kHz");
        let value = ui.add(value.max_decimals(1)).accessible_name("Heterodyne frequency");
        if value.on_hover_text("The frequency that is moved to 0 Hz: drag, or click and type").changed() {
            requests.push(Request::SetHeterodyne(Some(1e3 * khz)));
        }
        let is_free = bench.settings.listening.heterodyne_hz.is_none();
        let hover = "40 kHz if the view has it, else the middle of the frequencies in view";
        if ui.selectable_label(is_free, "Follow the view").on_hover_text(hover).clicked() {
            requests.push(Request::SetHeterodyne(if is_free { Some(1e3 * khz) } else { None }));
        }
    });
    ui.end_row();
}

fn band(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    ui.label(weak("Band"));
    let is_heterodyne = bench.settings.listening.mode() == ListeningMode::Heterodyne;
    let (low, high) = bench.open.as_ref().map_or((0.0, 0.0), |open| open.frequencies);
    let text = format!("Only what is in view ({} to {} kHz)", khz_text(low), khz_text(high));
    let mut is_banded = bench.listening.is_banded;
    let check = ui.add_enabled(!is_heterodyne, egui::Checkbox::new(&mut is_banded, text));
    let check = check.on_hover_text(Command::ToggleBand.hover_text(ui.ctx()));
    if check.on_disabled_hover_text("A heterodyne has a band of its own").changed() {
        requests.push(Request::Do(Command::ToggleBand));
    }
    ui.end_row();
}

/// Numbers that can be dragged are to be seen as such, which those of a menu are not.
fn show_fields(ui: &mut Ui) {
    let fill = ui.visuals().text_edit_bg_color();
    ui.visuals_mut().widgets.inactive.weak_bg_fill = fill;
}

fn rolls(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let settings = &bench.settings.listening;
    let (mut pre_secs, mut post_secs) = (settings.pre_roll_secs, settings.post_roll_secs);
    ui.label(weak("Pre-roll"));
    ui.horizontal(|ui| {
        show_fields(ui);
        let seconds = |secs| DragValue::new(secs).range(0.0..=10.0).speed(0.01).max_decimals(2).suffix(" s");
        let pre = ui.add(seconds(&mut pre_secs)).accessible_name("Pre-roll");
        let pre = pre.on_hover_text("What is heard before an event that is played");
        ui.label(weak("Post-roll"));
        let post = ui.add(seconds(&mut post_secs)).accessible_name("Post-roll");
        let post = post.on_hover_text("What is heard after an event that is played");
        if pre.changed() || post.changed() {
            requests.push(Request::SetRolls { pre_secs, post_secs });
        }
    });
    ui.end_row();
}
