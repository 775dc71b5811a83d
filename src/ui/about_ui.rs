//! What this program is, and where it keeps things.

use super::widgets::weak;
use crate::app::{Settings, Workbench};
use eframe::egui::{self, Align2, Grid, RichText, ScrollArea, Window};

/// Draws the page, if it is shown.
pub fn show(context: &egui::Context, bench: &Workbench, drawn_by: &str, shown: &mut bool) {
    if *shown && context.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape)) {
        *shown = false;
    }
    Window::new("About Earmark").open(shown).collapsible(false).resizable(false).anchor(Align2::CENTER_CENTER, [0.0, 0.0]).show(
        context,
        |ui| {
            ui.set_width(520.0);
            ui.label(RichText::new(format!("Earmark {}", env!("CARGO_PKG_VERSION"))).heading());
            ui.label("Semi-automatic strong labels for sound event detection");
            ui.label(weak("Licensed under MIT or Apache-2.0"));
            ui.separator();
            let height = (context.content_rect().height() - 240.0).max(120.0);
            ScrollArea::vertical().max_height(height).show(ui, |ui| Grid::new("about").num_columns(2).spacing([16.0, 4.0]).show(ui, |ui| {
                let mut line = |name: &str, text: String| {
                    ui.label(weak(name));
                    ui.add(egui::Label::new(text).wrap());
                    ui.end_row();
                };
                line("Settings", Settings::path().map(|path| path.display().to_string()).unwrap_or_default());
                let unnamed = bench.keeping.folder().map(|folder| folder.display().to_string());
                line("Unnamed projects", unnamed.unwrap_or_else(|| "in memory only".to_owned()));
                let kept = bench.pictures.as_ref().map(|cache| cache.folder().display().to_string());
                line("Picture cache", kept.unwrap_or_else(|| "off".to_owned()));
                line("Graphics", drawn_by.to_owned());
                line("ONNX Runtime", onnx_runtime());
                for listed in &bench.models {
                    let text = match &listed.folder {
                        Ok(folder) => format!("{} · {}", folder.manifest.licence, folder.path.display()),
                        Err(error) => error.to_string(),
                    };
                    line(&listed.id, text);
                }
            }));
            ui.separator();
            let text = "Icons: Phosphor (MIT). Font: Roboto (Apache-2.0). Colours: matplotlib (CC0), Fabio Crameri (MIT). Label names: AudioSet ontology (CC BY-SA 4.0) and AudioSet Strong (CC BY 4.0), Google";
            ui.label(weak(text));
        },
    );
}

fn onnx_runtime() -> String {
    match crate::runtime_library::find() {
        Some(found) => found.path.display().to_string(),
        None => "not found: models run on the built-in runtime; `cargo xtask setup` gets it".to_owned(),
    }
}
