//! The page of GPU support: what would be fetched from where to where, and what goes on. Fetches nothing itself.

use super::models_ui::fetching_text;
use super::theme;
use super::widgets::{command_button, weak};
use crate::app::{Command, GpuRequest, Request, RunningGpuTask, Workbench, bytes_text};
use crate::model::gpu_support::{Offer, Stage, Support, Way};
use eframe::egui::{
    self, Button, Grid, Key, Label, Modifiers, Popup, ProgressBar, RichText, ScrollArea, Ui, Window, vec2,
};

/// Width of the page, in points.
const WIDTH: f32 = 480.0;

/// In the tab of the model: the way to this page, where models run on the CPU only, and what goes on.
pub fn beside_the_devices(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    if let Some(running) = &bench.gpu.running {
        ui.horizontal(|ui| {
            ui.add(egui::Spinner::new().size(14.0));
            let text = format!("Getting GPU support · {}", stage_text(running));
            ui.add(Label::new(weak(&text)).truncate()).on_hover_text(text);
        });
    } else if bench.lacks_gpu_support() {
        command_button(ui, Command::GetGpuSupport, true, requests);
    }
}

/// Draws the page, if it is shown.
pub fn show(context: &egui::Context, bench: &Workbench, requests: &mut Vec<Request>) {
    if !bench.gpu.is_shown {
        return;
    }
    if !Popup::is_any_open(context) && context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        requests.push(Request::Gpu(GpuRequest::Close));
    }
    let room = context.content_rect().shrink2(vec2(24.0, 48.0));
    let mut shown = true;
    let window = Window::new("GPU support").open(&mut shown).collapsible(false).resizable(false);
    let window = window.default_width(WIDTH.min(room.width())).pivot(egui::Align2::CENTER_CENTER);
    let window = window.default_pos(room.center()).constrain_to(context.content_rect());
    window.show(context, |ui| {
        ui.set_width(WIDTH.min(room.width()));
        ScrollArea::vertical().max_height(room.height() - 48.0).show(ui, |ui| page_ui(ui, bench, requests));
    });
    if !shown {
        requests.push(Request::Gpu(GpuRequest::Close));
    }
}

fn page_ui(ui: &mut Ui, bench: &Workbench, requests: &mut Vec<Request>) {
    ui.label("What lets models run on graphics processors is not part of Earmark. It is fetched once and kept for your user only.");
    if let Some(list) = &bench.devices.list
        && list.runtime.is_empty()
    {
        let reason = list.notes.join("\n");
        ui.label(problem(ui, format!("It needs the ONNX Runtime library, which is not there: {reason}")));
    }
    ui.add_space(theme::GRID);
    match &bench.gpu.found {
        None => {
            ui.horizontal(|ui| {
                ui.add(egui::Spinner::new().size(14.0));
                ui.label(weak("Looking where it can be fetched from"));
            });
        }
        Some(Err(reason)) => {
            ui.label(problem(ui, reason.clone()));
        }
        Some(Ok((offers, way))) => {
            for offer in offers {
                offer_ui(ui, bench, offer, way, requests);
            }
            by_hand_ui(ui, bench, offers, way, requests);
        }
    }
    if let Some(running) = &bench.gpu.running {
        ui.separator();
        running_ui(ui, running, requests);
    }
    if let Some(failure) = &bench.gpu.failure {
        ui.separator();
        ui.label(problem(ui, format!("Not fetched. {failure}")));
    }
}

fn problem(ui: &Ui, text: String) -> RichText {
    RichText::new(text).color(ui.visuals().warn_fg_color)
}

fn offer_ui(ui: &mut Ui, bench: &Workbench, offer: &Offer, way: &Way, requests: &mut Vec<Request>) {
    let (support, release) = (offer.support, &offer.release);
    let what_for = match support {
        Support::WebGpu => "for graphics processors of any maker",
        Support::Cuda => "for those of NVIDIA; CUDA and cuDNN themselves are NVIDIA's to install",
    };
    ui.label(RichText::new(format!("{} · {what_for}", support.name())).family(theme::medium()));
    Grid::new(("GPU support", support.word())).num_columns(2).spacing([12.0, 4.0]).show(ui, |ui| {
        let mut line = |name: &str, text: String| {
            ui.label(weak(name));
            ui.add(Label::new(text).wrap());
            ui.end_row();
        };
        line("What", format!("{} {} · {}", release.package, release.version, bytes_text(release.bytes)));
        line("Licence", release.licence.to_owned());
        line("From", way.text());
        line("To", offer.folder.display().to_string());
    });
    let can_get = bench.gpu.running.is_none() && *way != Way::ByHand;
    ui.horizontal(|ui| {
        let again = if offer.is_there { " again" } else { "" };
        let button = ui.add_enabled(can_get, Button::new(format!("Get {}{again}", support.name())));
        let hover =
            "Fetch it, compare its checksum with the known one, put its library in place and list the devices again";
        let disabled = "Something is being fetched, or it is not known here from where";
        if button.on_hover_text(hover).on_disabled_hover_text(disabled).clicked() {
            requests.push(Request::Gpu(GpuRequest::Get(support)));
        }
        if offer.is_there {
            ui.label(weak("is in place"));
        }
    });
    ui.add_space(theme::GRID);
}

/// For machines without a network: what to bring there.
fn by_hand_ui(ui: &mut Ui, bench: &Workbench, offers: &[Offer], way: &Way, requests: &mut Vec<Request>) {
    let files: Vec<&str> = offers.iter().map(|offer| offer.release.file).collect();
    let files = files.join(" or ");
    let start = match way {
        Way::ByHand => "Neither pip nor uv is installed here, and no package index is known",
        Way::Index(_) | Way::Installer(_) => "Without a network",
    };
    ui.label(weak(format!("{start}: download {files} from the Python Package Index, and choose it here")));
    let button = ui.add_enabled(bench.gpu.running.is_none(), Button::new("Choose a wheel file…"));
    if button
        .on_hover_text("Take a file that you have downloaded; its checksum is compared with the known one")
        .clicked()
    {
        requests.push(Request::Gpu(GpuRequest::Choose));
    }
}

fn running_ui(ui: &mut Ui, running: &RunningGpuTask, requests: &mut Vec<Request>) {
    ui.horizontal(|ui| {
        // The rest of a bar must be seen on a white page too.
        ui.visuals_mut().extreme_bg_color = ui.visuals().text_edit_bg_color();
        match part(running) {
            Some(part) => {
                let text = format!("{:.0} %", 100.0 * part);
                ui.add(ProgressBar::new(part).desired_width(120.0).text(text));
            }
            None => {
                ui.add(egui::Spinner::new().size(16.0));
            }
        }
        let can_stop = !running.is_stopping() && running.stage != Some(Stage::Trying);
        let button = ui.add_enabled(can_stop, Button::new("Stop")).accessible_name("Stop getting GPU support");
        if button.on_disabled_hover_text("Nothing is left to be stopped").clicked() {
            requests.push(Request::Gpu(GpuRequest::Stop));
        }
        ui.add(Label::new(stage_text(running)).truncate());
    });
}

fn part(running: &RunningGpuTask) -> Option<f32> {
    let Some(Stage::Fetching(progress)) = running.stage else { return None };
    progress.total.map(|total| (progress.bytes as f64 / total.max(1) as f64).min(1.0) as f32)
}

fn stage_text(running: &RunningGpuTask) -> String {
    match &running.stage {
        _ if running.is_stopping() => "stopping".to_owned(),
        None => "starting".to_owned(),
        Some(Stage::Asking) => "asking the index".to_owned(),
        Some(Stage::Fetching(progress)) => fetching_text(progress),
        Some(Stage::Installing) => "the installer is fetching it".to_owned(),
        Some(Stage::Unpacking) => "unpacking and checking".to_owned(),
        Some(Stage::Trying) => "in place; trying what it can do".to_owned(),
    }
}
