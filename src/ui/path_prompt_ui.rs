//! A path to type, where the system has no file dialog or the user prefers the keyboard.

use super::Panels;
use super::widgets::weak;
use crate::app::{ExportRequest, GpuRequest, ImportRequest, LabelSetRequest, ListRequest, Request, evaluation_request};
use crate::work::DialogPurpose;
use eframe::egui::{self, Align2, Area, Frame, Id, Key, Modifiers, Order, RichText, TextEdit, vec2};
use std::path::PathBuf;

/// A prompt that is open.
pub struct PathPrompt {
    purpose: DialogPurpose,
    no_dialog: bool,
    text: String,
    fresh: bool,
}

impl PathPrompt {
    /// Asks for a path; `no_dialog` says that the system could not show its own dialog.
    pub fn new(purpose: DialogPurpose, no_dialog: bool) -> Self {
        Self { purpose, no_dialog, text: String::new(), fresh: true }
    }

    /// Whether the answer is about the project in the window.
    pub fn is_of_project(&self) -> bool {
        self.purpose.is_of_project()
    }

    fn title(&self) -> &'static str {
        match self.purpose {
            DialogPurpose::Open => "Path of a recording, project or label file",
            DialogPurpose::OpenFolder => "Path of a folder of recordings",
            DialogPurpose::FindRecordings => "Path of a folder to look for missing recordings in",
            DialogPurpose::SaveProject => "Path to save the project to",
            DialogPurpose::CopyProject => "Path to write a copy of the project to",
            DialogPurpose::ExportText => "Path of a folder to write everything as text to",
            DialogPurpose::ImportLabels => "Path of the labels to import, or of a folder of them",
            DialogPurpose::EvaluatedLabels => "Path of the labels to evaluate",
            DialogPurpose::EvaluatedScores => "Path of a folder of frame scores to evaluate",
            DialogPurpose::EvaluationMap => "Path of a table: estimated label, TAB, reference label",
            DialogPurpose::LabelSet => "Path of the table of labels to import",
            DialogPurpose::ExportLabelClasses => "Path to export the label classes to",
            DialogPurpose::ImportModel => "Path of the checkpoint or ONNX file to import",
            DialogPurpose::GpuWheel => "Path of the wheel with GPU support",
            DialogPurpose::ModelLabels => "Path of a file with the names of the classes, one a line",
            DialogPurpose::SavePicture => "Path to save the picture to, ending in .png or .svg",
            DialogPurpose::ExportKeys => "Path to export the keys to",
            DialogPurpose::ImportKeys => "Path of the keys to import",
            DialogPurpose::ExportChart(..) => "Path to export the chart to",
            DialogPurpose::ExportLabels(_) => "Path to export the labels to",
            DialogPurpose::ExportLabelsFolder(_) => "Path of a folder to export a label file of each recording to",
        }
    }

    fn request(&self) -> Request {
        let path = expanded(self.text.trim());
        match self.purpose {
            DialogPurpose::Open | DialogPurpose::OpenFolder => Request::Open(vec![path]),
            DialogPurpose::FindRecordings => Request::List(ListRequest::FindIn(path)),
            DialogPurpose::SaveProject => Request::SaveProjectTo(path),
            DialogPurpose::CopyProject => Request::CopyProjectTo(path),
            DialogPurpose::ExportText => Request::ExportTextTo(path),
            DialogPurpose::ImportLabels => ImportRequest::Read(vec![path]).into(),
            DialogPurpose::EvaluatedLabels | DialogPurpose::EvaluatedScores | DialogPurpose::EvaluationMap => {
                Request::Evaluation(evaluation_request(self.purpose, path))
            }
            DialogPurpose::LabelSet => Request::LabelSet(LabelSetRequest::Preview(path)),
            DialogPurpose::ExportLabelClasses => Request::LabelSet(LabelSetRequest::ExportTo(path)),
            DialogPurpose::ImportModel => Request::AskForImport(path),
            DialogPurpose::GpuWheel => Request::Gpu(GpuRequest::Take(path)),
            DialogPurpose::ModelLabels => Request::TakeModelLabels(path),
            DialogPurpose::ExportLabels(_) | DialogPurpose::ExportLabelsFolder(_) => {
                ExportRequest::WriteTo(path).into()
            }
            DialogPurpose::SavePicture => Request::SavePictureTo(path),
            DialogPurpose::ExportKeys => Request::ExportKeysTo(path),
            DialogPurpose::ImportKeys => Request::ImportKeysFrom(path),
            DialogPurpose::ExportChart(against, form) => Request::ExportChartTo { path, against, form },
        }
    }
}

/// `~` stands for the home folder, as in a shell.
fn expanded(text: &str) -> PathBuf {
    match (text.strip_prefix("~/"), directories::UserDirs::new()) {
        (Some(rest), Some(user)) => user.home_dir().join(rest),
        _ => PathBuf::from(text),
    }
}

/// Draws the prompt that is open, if one is.
pub fn show(context: &egui::Context, panels: &mut Panels, requests: &mut Vec<Request>) {
    let Some(prompt) = &mut panels.path_prompt else { return };
    let mut closed = context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    let mut done = context.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
    let area =
        Area::new(Id::unique("path prompt")).order(Order::Foreground).anchor(Align2::CENTER_TOP, vec2(0.0, 96.0));
    area.accessible_name("Path").show(context, |ui| {
        Frame::window(ui.style()).show(ui, |ui| {
            ui.set_width(560.0);
            ui.label(RichText::new(prompt.title()).strong());
            let response = ui.add(TextEdit::singleline(&mut prompt.text).desired_width(f32::INFINITY)).accessible_name(prompt.title());
            if prompt.fresh {
                response.request_focus();
                prompt.fresh = false;
            }
            if prompt.no_dialog {
                let text = "This system showed no file dialog: install xdg-desktop-portal with a backend, or zenity, to have one";
                ui.label(weak(text));
            }
            ui.horizontal(|ui| {
                done |= ui.add_enabled(!prompt.text.trim().is_empty(), egui::Button::new("OK")).clicked();
                closed |= ui.button("Cancel").clicked();
            });
        });
    });
    if done && !prompt.text.trim().is_empty() {
        requests.push(prompt.request());
        closed = true;
    }
    if closed {
        panels.path_prompt = None;
    }
}
