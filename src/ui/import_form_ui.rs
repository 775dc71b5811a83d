//! The form of an import: what a file does not say about itself. An empty field means that it is guessed. Imports nothing itself.

use super::choices::choice;
use super::theme;
use super::widgets::weak;
use crate::app::{AskedImport, Request};
use crate::model::import::{Form, ImportOptions, InputKind, is_plain_onnx};
use eframe::egui::{Button, Color32, Grid, Key, Label, Response, RichText, TextEdit, Ui};
use std::path::PathBuf;

/// Size of a field, in points: a grid would make it as narrow as it can be.
const FIELD_SIZE: [f32; 2] = [190.0, 22.0];

/// What is typed in the form.
#[derive(Default)]
pub struct ImportForm {
    /// The file it is about; for another one it begins anew.
    path: PathBuf,
    /// Whether its first field has been given the keyboard.
    is_ready: bool,
    name: String,
    labels: String,
    /// The file of class names that was taken over from a dialog.
    taken: Option<PathBuf>,
    input: Option<InputKind>,
    sample_rate: String,
    hop_secs: String,
    clip_secs: String,
    output: String,
    classes_first: bool,
}

impl ImportForm {
    /// The options that are typed, or which field cannot be read.
    fn options(&self, is_onnx: bool) -> Result<ImportOptions, &'static str> {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let form = Form {
            input: self.input,
            sample_rate: number(&self.sample_rate, |rate: &u32| (1000..=384_000).contains(rate))
                .ok_or("Sample rate: a whole number of hertz, 1000 to 384000")?,
            hop_secs: number(&self.hop_secs, is_length).ok_or("Hop: seconds, such as 0.04, up to 120")?,
            clip_secs: number(&self.clip_secs, is_length).ok_or("Clip: seconds, such as 10, up to 120")?,
            output: text(&self.output),
            classes_first: self.classes_first,
        };
        Ok(ImportOptions {
            output: None,
            name: text(&self.name),
            labels: text(&self.labels).map(PathBuf::from),
            form: if is_onnx { form } else { Form::default() },
            ..ImportOptions::default()
        })
    }
}

fn is_length(secs: &f64) -> bool {
    *secs > 0.0 && *secs <= 120.0
}

/// Nothing of an empty text, `None` of one that is no such number.
fn number<T: std::str::FromStr>(text: &str, fits: impl Fn(&T) -> bool) -> Option<Option<T>> {
    let text = text.trim();
    if text.is_empty() { Some(None) } else { text.parse().ok().filter(|number| fits(number)).map(Some) }
}

/// Draws the form.
pub fn show(ui: &mut Ui, asked: &AskedImport, form: &mut ImportForm, requests: &mut Vec<Request>) {
    if asked.path != form.path {
        *form = ImportForm { path: asked.path.clone(), ..ImportForm::default() };
    }
    if asked.labels != form.taken {
        form.taken.clone_from(&asked.labels);
        form.labels = asked.labels.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    }
    let is_onnx = is_plain_onnx(&asked.path);
    let file = asked.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let title = RichText::new(format!("Import {file}")).family(theme::medium());
    ui.add(Label::new(title).truncate()).on_hover_text(asked.path.display().to_string());
    let text = if is_onnx {
        "What you leave empty is guessed from the network. A trial run follows and tells whether the guesses hold"
    } else {
        "Size, sequence model and classes are recognised in the file; nothing in it is run"
    };
    ui.add(Label::new(weak(text)).wrap());
    let mut entered = false;
    Grid::new("import form").num_columns(4).spacing([12.0, 6.0]).show(ui, |ui| {
        let stem = asked.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let hover = "What the model is called in Earmark; the file's name unless given";
        let name = field(ui, "Name", &stem, hover, &mut form.name);
        if !std::mem::replace(&mut form.is_ready, true) {
            name.request_focus();
        }
        entered |= is_entered(ui, &name);
        entered |= labels_field(ui, form, requests);
        ui.end_row();
        if is_onnx {
            entered |= onnx_fields(ui, form);
        }
    });
    end_ui(ui, asked, &form.options(is_onnx), entered, requests);
}

/// Import or leave it; or what is wrong in the form.
fn end_ui(
    ui: &mut Ui,
    asked: &AskedImport,
    options: &Result<ImportOptions, &str>,
    entered: bool,
    requests: &mut Vec<Request>,
) {
    ui.horizontal(|ui| {
        let button = ui.add_enabled(options.is_ok(), Button::new("Import")).accessible_name("Import this file");
        if let Ok(options) = options
            && (button.on_hover_text("Make a model of the file in your own folder (Enter)").clicked() || entered)
        {
            requests.push(Request::ImportModel { path: asked.path.clone(), options: Box::new(options.clone()) });
        }
        if ui.button("Do not import").on_hover_text("Close this form (Esc)").clicked() {
            requests.push(Request::DropImport);
        }
        if let Err(reason) = options {
            let color: Color32 = theme::colors(ui.visuals()).failure;
            ui.label(RichText::new(*reason).color(color));
        }
    });
}

/// Whether Enter was pressed in a field.
fn is_entered(ui: &Ui, field: &Response) -> bool {
    field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}

fn onnx_fields(ui: &mut Ui, form: &mut ImportForm) -> bool {
    let mut fields = Vec::new();
    let guess = "guess";
    ui.label(weak("Input"));
    let all = std::iter::once((None, "Guess".to_owned()));
    let all: Vec<(Option<InputKind>, String)> =
        all.chain(InputKind::ALL.map(|kind| (Some(kind), words(kind)))).collect();
    let hover = "What the network takes; guessed from the shape of its input";
    if let Some(kind) = choice(ui, "Input kind", hover, &form.input, &all) {
        form.input = kind;
    }
    let hover = "Samples a second that the network was trained with; 16000 if empty";
    fields.push(field(ui, "Sample rate (Hz)", "guess: 16000", hover, &mut form.sample_rate));
    ui.end_row();
    let hover = "Seconds from one score to the next; guessed from the number of scores a clip";
    fields.push(field(ui, "Hop (s)", guess, hover, &mut form.hop_secs));
    let hover = "Seconds of a clip, where the network takes any length; 10 if empty";
    fields.push(field(ui, "Clip (s)", "guess: 10", hover, &mut form.clip_secs));
    ui.end_row();
    let hover = "The output that has the scores, by its name in the file; the first if empty";
    fields.push(field(ui, "Output", "guess: the first", hover, &mut form.output));
    ui.label(weak("Order of scores"));
    let hover = "The output is [clip, class, row], not [clip, row, class]; unless ticked, the sizes tell";
    ui.checkbox(&mut form.classes_first, "Classes before rows").on_hover_text(hover);
    ui.end_row();
    fields.iter().any(|field| is_entered(ui, field))
}

fn words(kind: InputKind) -> String {
    match kind {
        InputKind::Waveform => "Samples",
        InputKind::YamnetMel => "Log-mel as YAMNet's",
        InputKind::KaldiFbank => "Kaldi filter bank",
        InputKind::FmnMel => "Log-mel as EfficientSED's",
    }
    .to_owned()
}

fn field(ui: &mut Ui, name: &str, hint: &str, hover: &str, text: &mut String) -> Response {
    ui.label(weak(name)).on_hover_text(hover);
    let edit = TextEdit::singleline(text).hint_text(hint);
    ui.add_sized(FIELD_SIZE, edit).accessible_name(name).on_hover_text(hover)
}

fn labels_field(ui: &mut Ui, form: &mut ImportForm, requests: &mut Vec<Request>) -> bool {
    let hover = "A file with a name a line in the network's order; if empty, a known data set's names where the number of classes tells it, else numbers";
    ui.label(weak("Class names")).on_hover_text(hover);
    ui.horizontal(|ui| {
        let edit = TextEdit::singleline(&mut form.labels).hint_text("known or numbered");
        let field = ui.add_sized(FIELD_SIZE, edit).accessible_name("File of class names").on_hover_text(hover);
        let button = ui.button("Choose…").accessible_name("Choose a file of class names");
        if button.on_hover_text("Choose a file of class names").clicked() {
            requests.push(Request::AskForModelLabels);
        }
        is_entered(ui, &field)
    })
    .inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_fields_are_guessed_and_wrong_ones_are_named() {
        let mut form = ImportForm::default();
        assert_eq!(form.options(true), Ok(ImportOptions::default()));
        form.sample_rate = " 32000 ".to_owned();
        form.hop_secs = "0.04".to_owned();
        form.output = "scores".to_owned();
        form.classes_first = true;
        let options = form.options(true).unwrap();
        assert_eq!((options.form.sample_rate, options.form.hop_secs), (Some(32_000), Some(0.04)));
        assert_eq!((options.form.output.as_deref(), options.form.classes_first), (Some("scores"), true));
        assert_eq!(form.options(false).unwrap().form, Form::default());
        for (hop, part) in [("-1", "Hop"), ("fast", "Hop"), ("NaN", "Hop"), ("inf", "Hop"), ("121", "Hop")] {
            form.hop_secs = hop.to_owned();
            assert!(form.options(true).unwrap_err().starts_with(part));
        }
        form.hop_secs.clear();
        for rate in ["0", "999", "384001"] {
            form.sample_rate = rate.to_owned();
            assert!(form.options(true).unwrap_err().starts_with("Sample rate"));
        }
    }
}
