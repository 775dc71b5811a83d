//! The system's file dialogs, each on a thread of its own, so that the window goes on while one is open.

use super::models::MODEL_EXTENSIONS;
use crate::audio;
use crate::format;
use crate::project::EXTENSION as PROJECT_EXTENSION;
use crate::work::thread::spawn;
use crate::work::{DialogPurpose, ProjectId, Update, UpdateSender, label_extensions};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// An empty answer that comes sooner than a person can give it says that the system has no dialog to show.
const INHUMAN: Duration = Duration::from_millis(250);

/// Shows a dialog; the answer comes as an [`Update::Chosen`].
pub fn ask(purpose: DialogPurpose, project: ProjectId, updates: &UpdateSender) {
    let told = updates.clone();
    spawn("file dialog", updates, move || {
        let began = Instant::now();
        let paths = show(purpose);
        let unavailable = paths.is_none() && began.elapsed() < INHUMAN;
        told.send(Update::Chosen { purpose, project, paths: paths.unwrap_or_default(), unavailable });
    });
}

fn show(purpose: DialogPurpose) -> Option<Vec<PathBuf>> {
    let dialog = rfd::FileDialog::new();
    let labels = &["tsv", "csv", "txt"];
    match purpose {
        DialogPurpose::Open => {
            let all: Vec<&str> = audio::EXTENSIONS.iter().copied().chain([PROJECT_EXTENSION]).collect();
            dialog
                .set_title("Open recordings")
                .add_filter("Recordings and projects", &all)
                .add_filter("Labels", &label_extensions())
                .add_filter("All files", &["*"])
                .pick_files()
        }
        DialogPurpose::OpenFolder => dialog.set_title("Open folder").pick_folders(),
        DialogPurpose::FindRecordings => {
            dialog.set_title("Find recordings in a folder").pick_folder().map(|path| vec![path])
        }
        DialogPurpose::ImportLabels => dialog
            .set_title("Import labels")
            .add_filter("Labels", &label_extensions())
            .add_filter("All files", &["*"])
            .pick_files(),
        DialogPurpose::EvaluatedLabels => {
            dialog.set_title("Labels to evaluate").add_filter("All files", &["*"]).pick_file().map(|path| vec![path])
        }
        DialogPurpose::EvaluatedScores => {
            dialog.set_title("Folder of frame scores to evaluate").pick_folder().map(|path| vec![path])
        }
        DialogPurpose::EvaluationMap => dialog
            .set_title("What labels stand for")
            .add_filter("Tables of labels", labels)
            .add_filter("All files", &["*"])
            .pick_file()
            .map(|path| vec![path]),
        DialogPurpose::LabelSet => dialog
            .set_title("Import label set")
            .add_filter("Tables of labels", labels)
            .add_filter("All files", &["*"])
            .pick_file()
            .map(|path| vec![path]),
        DialogPurpose::ExportLabelClasses => dialog
            .set_title("Export label classes")
            .add_filter("CSV", &["csv"])
            .set_file_name("label-classes.csv")
            .save_file()
            .map(|path| vec![path]),
        DialogPurpose::SaveProject => dialog
            .set_title("Save project")
            .add_filter("Earmark project", &[PROJECT_EXTENSION])
            .set_file_name(format!("project.{PROJECT_EXTENSION}"))
            .save_file()
            .map(|path| vec![path]),
        DialogPurpose::CopyProject => dialog
            .set_title("Save a copy")
            .add_filter("Earmark project", &[PROJECT_EXTENSION])
            .set_file_name(format!("copy.{PROJECT_EXTENSION}"))
            .save_file()
            .map(|path| vec![path]),
        DialogPurpose::ExportText => dialog
            .set_title("Folder for the text files")
            .set_file_name("project-as-text")
            .save_file()
            .map(|path| vec![path]),
        DialogPurpose::ImportModel => dialog
            .set_title("Import model")
            .add_filter("Checkpoints and ONNX files", &MODEL_EXTENSIONS)
            .add_filter("All files", &["*"])
            .pick_file()
            .map(|path| vec![path]),
        DialogPurpose::GpuWheel => dialog
            .set_title("Wheel with GPU support")
            .add_filter("Wheels", &["whl"])
            .add_filter("All files", &["*"])
            .pick_file()
            .map(|path| vec![path]),
        DialogPurpose::ModelLabels => dialog
            .set_title("Names of the classes")
            .add_filter("Names, one a line", labels)
            .add_filter("All files", &["*"])
            .pick_file()
            .map(|path| vec![path]),
        DialogPurpose::SavePicture => dialog
            .set_title("Save picture")
            .add_filter("PNG", &["png"])
            .add_filter("SVG", &["svg"])
            .set_file_name("spectrogram.png")
            .save_file()
            .map(|path| vec![path]),
        DialogPurpose::ExportKeys => dialog
            .set_title("Export keys")
            .add_filter("Keys", &["json"])
            .set_file_name("earmark-keys.json")
            .save_file()
            .map(|path| vec![path]),
        DialogPurpose::ImportKeys => {
            dialog.set_title("Import keys").add_filter("Keys", &["json"]).pick_file().map(|path| vec![path])
        }
        DialogPurpose::ExportChart(against, form) => dialog
            .set_title("Export chart")
            .add_filter(form.extension().to_uppercase(), &[form.extension()])
            .set_file_name(format!("psds1-{}.{}", against.word(), form.extension()))
            .save_file()
            .map(|path| vec![path]),
        DialogPurpose::ExportLabels(id) => {
            let format = format::by_id(id).unwrap_or(format::ALL[0]);
            let extension = format.extensions().first().copied().unwrap_or("txt");
            dialog
                .set_title("Export labels")
                .add_filter(format.name(), &[extension])
                .set_file_name(format!("labels.{extension}"))
                .save_file()
                .map(|path| vec![path])
        }
        DialogPurpose::ExportLabelsFolder(_) => {
            dialog.set_title("Folder for a label file of each recording").pick_folder().map(|path| vec![path])
        }
    }
}
