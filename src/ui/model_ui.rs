//! The model: which one, on what it ran, how its scores become predictions, and which classes occur.

use super::choices::choice;
use super::widgets::{command_button, section, weak};
use super::{Panels, gpu_support_ui, rule_ui, theme};
use crate::app::{Command, Request, RuleChange, Scored, Workbench};
use crate::decision::{DecisionRule, Preset};
use crate::model::ShortClips;
use eframe::egui::{Checkbox, DragValue, Grid, ScrollArea, TextEdit, Ui};
use std::collections::BTreeSet;

/// Classes whose greatest score is below this are not listed: they do not occur.
const LISTED_PEAK: f32 = 0.05;

/// The list of classes takes the height that is left, but never less than this; where that is not left, all of the panel scrolls. In points.
const LEAST_LIST_HEIGHT: f32 = 160.0;
/// Below the list, so that what just fits does not scroll; in points.
const SLACK: f32 = 8.0;

/// Draws the panel.
pub fn show(ui: &mut Ui, bench: &Workbench, panels: &mut Panels, requests: &mut Vec<Request>) {
    let height = ui.available_height();
    ScrollArea::vertical().id_salt("model").auto_shrink([false, false]).show(ui, |ui| {
        panel(ui, bench, panels, height, requests);
    });
}

/// All of it, in a view of this height.
fn panel(ui: &mut Ui, bench: &Workbench, panels: &mut Panels, height: f32, requests: &mut Vec<Request>) {
    model_choice(ui, bench, requests);
    let running = bench.open.as_ref().is_some_and(|open| bench.runs.contains_key(&open.id));
    ui.horizontal_wrapped(|ui| {
        command_button(ui, Command::Detect, bench.open.is_some() && !running, requests);
        if running {
            command_button(ui, Command::CancelDetection, true, requests);
        }
        command_button(ui, Command::GetModels, true, requests);
    });
    gpu_support_ui::beside_the_devices(ui, bench, requests);
    let Some(scored) = bench.scored_here() else {
        ui.add_space(theme::GRID);
        ui.label(weak(
            "The model's scores stay with the recording: thresholds can be moved afterwards without running it again",
        ));
        return;
    };
    ran_on(ui, scored);
    ui.separator();
    section(ui, "From scores to events");
    rule_ui::controls(ui, bench, requests);
    preset_of_run(ui, scored);
    rule_ui::presets(ui, bench, panels, requests);
    ui.separator();
    classes(ui, scored, panels, height, requests);
}

fn model_choice(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    Grid::new("model choice").num_columns(2).spacing([12.0, 4.0]).show(ui, |ui| {
        ui.label(weak("Model"));
        let models: Vec<(String, String)> =
            bench.models.iter().map(|listed| (listed.id.clone(), model_text(listed))).collect();
        let hover = match bench.model() {
            Ok(model) => format!("{}\n{}", model.id, model.manifest.summary),
            Err(reason) => reason,
        };
        requests.extend(choice(ui, "Model", &hover, &bench.settings.model, &models).map(Request::SetModel));
        ui.end_row();
        if let Ok(model) = bench.model() {
            ui.label(weak("Hop"));
            let hops = &model.manifest.hop_choices_secs;
            let first = hops.first().copied();
            let all: Vec<(Option<f64>, String)> =
                hops.iter().map(|&hop| (Some(hop), format!("{hop} s a frame"))).collect();
            let hover = "From one scored frame to the next: shorter finds edges more exactly and takes longer";
            requests.extend(choice(ui, "Hop", hover, &bench.hop_secs.or(first), &all).map(Request::SetHop));
            ui.end_row();
        }
        preset_choice(ui, bench, requests);
        ui.label(weak("Runtime"));
        let runtimes = [("auto", "Best available"), ("onnxruntime", "ONNX Runtime"), ("built-in", "Built-in (CPU)")];
        let all: Vec<(String, String)> = runtimes.map(|(value, text)| (value.to_owned(), text.to_owned())).to_vec();
        let hover = "What runs the model: the ONNX Runtime library if it is there, or the runtime inside Earmark";
        requests.extend(choice(ui, "Runtime", hover, &bench.settings.runtime, &all).map(Request::SetRuntime));
        ui.end_row();
        device_choice(ui, bench, requests);
    });
}

/// On which device; what cannot be used is said below.
fn device_choice(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    if !bench.devices.is_asked {
        requests.push(Request::ListDevices);
    }
    ui.label(weak("Device"));
    let notes = bench.devices.list.iter().flat_map(|list| list.notes.iter().cloned().chain(list.passed_over()));
    let notes = notes.map(|note| format!("\n{note}"));
    let hover = "Where the model runs. The best available is an accelerator that computes right and faster than the CPU, else the CPU".to_owned();
    let hover = notes.fold(hover, |hover, note| hover + &note);
    requests
        .extend(choice(ui, "Device", &hover, &bench.settings.device, &bench.device_choices()).map(Request::SetDevice));
    ui.end_row();
}

/// How recordings are cut into clips, for models that leave the choice.
fn preset_choice(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    if !bench.model().is_ok_and(|model| model.manifest.has_presets()) {
        return;
    }
    ui.label(weak("Preset"));
    let all = [(Preset::Overlapping, "Overlapping clips"), (Preset::Reference, "As the reference program")];
    let hover = "How the next run cuts recordings into clips.\nOverlapping clips fade into each other, and silence beyond the end is not \
                 scored: better edges.\nAs the reference program: clips of 10 s one after the other, the last one filled up with silence; to \
                 compare with published results";
    let all = all.map(|(preset, text)| (preset, text.to_owned()));
    let preset = bench.settings.preset();
    requests.extend(choice(ui, "Preset", hover, &preset, &all).map(Request::SetPreset));
    ui.end_row();
    if preset == Preset::Overlapping {
        ui.label(weak("Short files"));
        let all = [(ShortClips::Pad, "Fill with silence"), (ShortClips::Repeat, "Repeat")];
        let all = all.map(|(short, text)| (short, text.to_owned()));
        let hover = "What fills up a recording that is shorter than the model's clip; only its own frames are kept";
        requests
            .extend(choice(ui, "Short files", hover, &bench.settings.short_clips(), &all).map(Request::SetShortClips));
        ui.end_row();
    }
}

fn model_text(listed: &crate::model::registry::ListedModel) -> String {
    match &listed.folder {
        Ok(folder) => match folder.labels.len() {
            1 => format!("{} (1 class)", folder.id),
            count => format!("{} ({count} classes)", folder.id),
        },
        Err(_) => format!("{} (broken)", listed.id),
    }
}

fn ran_on(ui: &mut Ui, scored: &Scored) {
    let start = &scored.start;
    let response = ui.label(weak(format!("{} (version {}) ran on {}", start.model, start.version, start.ran_on)));
    if !start.notes.is_empty() {
        response.on_hover_text(start.notes.join("\n"));
    }
    if let Some(truth) = &start.truth {
        ui.label(weak(truth));
    }
}

/// How the scores came about, where the model leaves a choice.
fn preset_of_run(ui: &mut Ui, scored: &Scored) {
    if let Some(preset) = scored.rules.common.preset {
        let hover = match preset {
            Preset::Overlapping => "Clips fade into each other, and nothing beyond the recording's end is scored",
            Preset::Reference => "Clips follow each other as in the program that the model comes from",
        };
        ui.label(weak(format!("Preset: {}", preset.text()))).on_hover_text(hover);
    }
}

fn classes(ui: &mut Ui, scored: &Scored, panels: &mut Panels, height: f32, requests: &mut Vec<Request>) {
    let occurring = scored.scores.classes_by_peak(LISTED_PEAK);
    section(ui, "Classes that occur");
    ui.label(weak(format!(
        "{} of {}, strongest first; {} shown. Threshold and greatest score on the right",
        occurring.len(),
        scored.scores.classes.len(),
        scored.chosen.len()
    )));
    ui.horizontal(|ui| {
        let wanted = panels.class_filter.to_lowercase();
        let fits = |class: usize| {
            scored.scores.peaks()[class] > scored.rule_of(class).threshold
                && scored.scores.classes[class].to_lowercase().contains(&wanted)
        };
        let all: BTreeSet<usize> = occurring.iter().copied().filter(|&class| fits(class)).collect();
        let strongest = occurring.iter().copied().take(crate::app::CLASSES_SHOWN_FIRST).collect();
        for (name, hover, classes) in [
            ("All", "Show every class that reaches the threshold and fits the filter", all),
            ("Strongest", "Show the eight strongest classes", strongest),
            ("None", "Show no class", BTreeSet::new()),
        ] {
            if ui.button(name).on_hover_text(hover).clicked() {
                requests.push(Request::ChooseClasses(classes));
            }
        }
        let filter = TextEdit::singleline(&mut panels.class_filter)
            .hint_text("Filter classes")
            .desired_width(ui.available_width());
        ui.add(filter).accessible_name("Filter classes");
    });
    let wanted = panels.class_filter.to_lowercase();
    // A class that is asked for by name is listed also if it does not occur.
    let rows: Vec<usize> = if wanted.is_empty() {
        occurring
    } else {
        let all = scored.scores.classes_by_peak(0.0).into_iter();
        all.filter(|&class| scored.scores.classes[class].to_lowercase().contains(&wanted)).collect()
    };
    let above = ui.cursor().top() - ui.min_rect().top();
    let list_height = (height - above - SLACK).max(LEAST_LIST_HEIGHT);
    let list = ScrollArea::vertical().id_salt("classes").auto_shrink([false, false]).max_height(list_height);
    list.show_rows(ui, theme::ROW_HEIGHT, rows.len(), |ui, range| {
        for &class in &rows[range] {
            class_row(ui, scored, class, requests);
        }
    });
}

fn class_row(ui: &mut Ui, scored: &Scored, class: usize, requests: &mut Vec<Request>) {
    let mut shown = scored.chosen.contains(&class);
    let peak = scored.scores.peaks()[class];
    let name = scored.scores.classes[class].to_string();
    ui.horizontal(|ui| {
        let hover = format!("{name}: greatest score {peak:.2}");
        let width = ui.available_width() - 104.0;
        ui.allocate_ui_with_layout(
            [width, theme::ROW_HEIGHT].into(),
            eframe::egui::Layout::left_to_right(eframe::egui::Align::Center),
            |ui| {
                ui.set_min_width(width);
                ui.style_mut().wrap_mode = Some(eframe::egui::TextWrapMode::Truncate);
                if ui.add(Checkbox::new(&mut shown, name.as_str())).on_hover_text(hover).changed() {
                    let mut chosen = scored.chosen.clone();
                    if shown {
                        chosen.insert(class);
                    } else {
                        chosen.remove(&class);
                    }
                    requests.push(Request::ChooseClasses(chosen));
                }
            },
        );
        threshold(ui, scored, class, &name, requests);
        ui.label(weak(format!("{peak:.2}")));
    });
}

/// A class's threshold: plain where it is the class's own, faint where all classes have it.
fn threshold(ui: &mut Ui, scored: &Scored, class: usize, name: &str, requests: &mut Vec<Request>) {
    let rule = scored.rule_of(class);
    let is_own = scored.rules.has_own(name);
    let mut threshold = rule.threshold;
    ui.scope(|ui| {
        if !is_own {
            let weak_text = theme::colors(ui.visuals()).weak_text;
            ui.visuals_mut().widgets.inactive.fg_stroke.color = weak_text;
        }
        ui.spacing_mut().interact_size.x = 44.0;
        let drag =
            DragValue::new(&mut threshold).range(rule_ui::THRESHOLDS).speed(0.004).min_decimals(2).max_decimals(3);
        let whose = if is_own { "This class has a rule of its own" } else { "As all classes" };
        let hover = format!("Threshold of {name}: drag, or click and type\n{whose}");
        if ui.add(drag).accessible_name(format!("{name}: threshold")).on_hover_text(hover).changed() {
            requests.push(Request::Rule(RuleChange::Set { class, rule: DecisionRule { threshold, ..rule } }));
        }
    });
}
