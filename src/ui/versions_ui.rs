//! The page of versions: the states of the annotations that the project's file keeps, and opening one.

use super::widgets::weak;
use crate::app::{Request, Workbench, counted};
use crate::project::Generation;
use eframe::egui::{self, Align2, Grid, ScrollArea, Ui, Window};

/// Draws the page, if it is shown.
pub fn show(context: &egui::Context, bench: &Workbench, shown: &mut bool, requests: &mut Vec<Request>) {
    if *shown && context.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape)) {
        *shown = false;
    }
    let mut chosen = None;
    let window = Window::new("Versions of this project").open(shown).collapsible(false).resizable(false);
    window.anchor(Align2::CENTER_CENTER, [0.0, 0.0]).show(context, |ui| {
        ui.set_width(460.0);
        let text = "The file keeps the last states of the annotations by itself, and one whenever you press Ctrl+S. A version opens as a project of its own without a name; \
                    this project stays as it is. Scores of models are not part of a version.";
        ui.add(egui::Label::new(weak(text)).wrap());
        ui.separator();
        match &bench.keeping.generations {
            None => drop(ui.label(weak("Reading the list…"))),
            Some(Err(reason)) => drop(ui.label(reason.as_str())),
            Some(Ok(versions)) if versions.is_empty() => {
                ui.label("No version is kept yet: the first one is made while you work");
            }
            Some(Ok(versions)) => {
                ScrollArea::vertical().max_height(360.0).show(ui, |ui| chosen = list(ui, bench, versions));
            }
        }
    });
    if let Some(version) = chosen {
        requests.push(Request::OpenVersion(version));
        *shown = false;
    }
}

fn list(ui: &mut Ui, bench: &Workbench, versions: &[Generation]) -> Option<Generation> {
    let mut chosen = None;
    Grid::new("versions").num_columns(4).spacing([20.0, 6.0]).show(ui, |ui| {
        for version in versions {
            let when = bench.moment_text(version.at_ms);
            ui.label(&when);
            ui.label(counted(usize::try_from(version.events).unwrap_or(usize::MAX), "event"));
            ui.label(weak(counted(usize::try_from(version.recordings).unwrap_or(usize::MAX), "recording")));
            let open = ui.button("Open").accessible_name(format!("Open the version of {when}"));
            if open.on_hover_text("Open this version as a project of its own").clicked() {
                chosen = Some(version.clone());
            }
            ui.end_row();
        }
    });
    chosen
}
