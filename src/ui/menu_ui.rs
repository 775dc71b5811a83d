//! The bar on top: menus, the project's name, what runs the model.

use super::widgets::{icon_button, icon_button_showing, menu_line, weak};
use super::{icons, theme};
use crate::app::{Command, Group, Request, Workbench};
use eframe::egui::{self, Align, Layout, MenuBar, Ui};

/// The device is named only where so much is left for the project's name, in points; else it is in the icon's tooltip.
const ROOM_FOR_NAME: f32 = 220.0;
/// So many projects without a name stand in the menu.
const UNNAMED_SHOWN: usize = 12;

/// Draws the bar.
pub fn show(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    MenuBar::new().ui(ui, |ui| {
        for group in Group::ALL {
            ui.menu_button(group.title(), |ui| menu(ui, bench, group, requests));
        }
        ui.add_space(3.0 * theme::GRID);
        // From the right, so that the project's name gives way where there is little room.
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let icon = if bench.settings.dark { icons::SUN } else { icons::MOON };
            icon_button_showing(ui, Command::ToggleTheme, icon, true, false, requests);
            icon_button(ui, Command::ShowKeys, true, requests);
            icon_button(ui, Command::CommandPalette, true, requests);
            ui.separator();
            tools(ui, bench, requests);
            ui.separator();
            device(ui, bench);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| project_name(ui, bench));
        });
    });
}

/// What is needed again and again, from right to left.
fn tools(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    for command in [Command::ToggleInspector, Command::ToggleLanes, Command::ToggleWaveform, Command::ToggleRecordings]
    {
        icon_button_showing(ui, command, command.icon(), true, bench.is_on(command) == Some(true), requests);
    }
    ui.separator();
    for command in [Command::FitEvent, Command::FitAll, Command::ZoomIn, Command::ZoomOut, Command::Redo, Command::Undo]
    {
        icon_button(ui, command, bench.can(command), requests);
    }
}

fn menu(ui: &mut Ui, bench: &Workbench, group: Group, requests: &mut Vec<Request>) {
    ui.set_min_width(240.0);
    for &command in Command::ALL.iter().filter(|command| command.group() == group) {
        menu_line(ui, bench, command, requests);
        if command == Command::OpenPath {
            recent_files(ui, bench, requests);
        }
    }
}

fn recent_files(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    let unnamed = &bench.keeping.unnamed;
    ui.add_enabled_ui(!bench.settings.recent_files.is_empty() || !unnamed.is_empty(), |ui| {
        ui.menu_button("Open recent", |ui| {
            for path in &bench.settings.recent_files {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                if ui.button(name).on_hover_text(path.display().to_string()).clicked() {
                    requests.push(Request::Open(vec![path.clone()]));
                    ui.close();
                }
            }
            if !unnamed.is_empty() {
                ui.separator();
                ui.label(weak("Projects without a name"));
            }
            for project in unnamed.iter().take(UNNAMED_SHOWN) {
                let name = format!("Unnamed, {}", bench.moment_text(project.changed_ms));
                if ui.button(name).on_hover_text("Kept by itself: open it to go on, or to give it a name").clicked() {
                    requests.push(Request::Open(vec![project.path.clone()]));
                    ui.close();
                }
            }
            if let (Some(folder), true) = (bench.keeping.folder(), unnamed.len() > UNNAMED_SHOWN) {
                let older = unnamed.len() - UNNAMED_SHOWN;
                ui.label(weak(format!("… and {older} older: open them from their folder")))
                    .on_hover_text(folder.display().to_string());
            }
        });
    });
    ui.separator();
}

/// The project's name, and how safe it is.
fn project_name(ui: &mut Ui, bench: &Workbench) {
    let note = bench.keeping_note();
    let colors = theme::colors(ui.visuals());
    let (icon, color) = if bench.keeping.read_only.is_some() {
        (icons::LOCK, colors.warning)
    } else if bench.keeping.failure.is_some() || note == "not kept" {
        (icons::WARNING, colors.failure)
    } else {
        ("", colors.weak_text)
    };
    let mut job = egui::text::LayoutJob::default();
    let font = |family| egui::FontId::new(13.0, family);
    let name = egui::TextFormat::simple(font(theme::medium()), ui.visuals().text_color());
    job.append(&bench.project_name(), 0.0, name);
    if !note.is_empty() {
        let text = format!("{icon} {note}");
        job.append(text.trim(), 10.0, egui::TextFormat::simple(font(egui::FontFamily::Proportional), color));
    }
    ui.add(egui::Label::new(job).truncate()).on_hover_text(bench.keeping_text());
}

/// Which runtime and device ran the model over the open recording, or would run it.
fn device(ui: &mut Ui, bench: &Workbench) {
    let (text, hover) = match bench.scored_here() {
        Some(scored) => {
            let start = &scored.start;
            (
                start.ran_on.clone(),
                format!("{} ran on {}\n{}", start.model, start.ran_on, start.notes.join("\n")).trim_end().to_owned(),
            )
        }
        None => {
            let model = bench.model().map(|model| model.id.clone()).unwrap_or_else(|reason| reason);
            ("no model run yet".to_owned(), format!("Runtime and device are known as soon as {model} runs"))
        }
    };
    let width = ui.fonts_mut(|fonts| {
        fonts.layout_no_wrap(text.clone(), egui::FontId::proportional(13.0), egui::Color32::WHITE).size().x
    });
    if ui.available_width() > width + ROOM_FOR_NAME {
        ui.label(weak(text)).on_hover_text(hover.clone());
    }
    ui.label(weak(icons::DEVICE)).on_hover_text(hover);
}
