//! Importing, getting and removing models: what is asked of the model threads, and what their answers change.

use super::notices::Gravity;
use super::workbench::Workbench;
use crate::annotation::LabelSet;
use crate::model::acquire::Stage;
use crate::model::catalogue::{self, Published, Training};
use crate::model::import::ImportOptions;
use crate::model::registry::{self, ListedModel};
use crate::model::variant::Precision;
use crate::work::{CancelOnDrop, ModelEnd, ModelJob, ModelPlaces, ModelQueue, ModelTask, UpdateSender};
use std::path::{Path, PathBuf};

/// Endings of the files that a model can be made of.
pub const MODEL_EXTENSIONS: [&str; 5] = ["pt", "pth", "ckpt", "safetensors", "onnx"];

/// Work on models, and the form of an import that waits to be filled in.
pub struct ModelShelf {
    /// Where models are looked for and put.
    pub places: ModelPlaces,
    /// Tasks that wait or go on, oldest first.
    pub tasks: Vec<RunningTask>,
    /// The file that shall be imported as soon as its form is filled in.
    pub asked: Option<AskedImport>,
    pub(super) queue: ModelQueue,
    next: u64,
}

/// A file to import.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AskedImport {
    /// The file.
    pub path: PathBuf,
    /// The file of class names that was chosen last.
    pub labels: Option<PathBuf>,
}

/// A task that waits or goes on.
pub struct RunningTask {
    /// Names it.
    pub number: u64,
    /// What is done to which model: `Importing fmn10`.
    pub title: String,
    /// The published model that it gets.
    pub published: Option<&'static str>,
    /// The file that it imports: its form comes back if that fails.
    importing: Option<AskedImport>,
    /// How far it is; none while it waits.
    pub stage: Option<Stage>,
    cancel: CancelOnDrop,
}

impl RunningTask {
    /// Whether it can still be stopped.
    pub fn is_cancellable(&self) -> bool {
        !matches!(self.stage, Some(Stage::Importing))
    }

    /// How much of a download or a variant is there, 0 to 1, if that is known.
    pub fn part(&self) -> Option<f64> {
        match self.stage {
            Some(Stage::Fetching(progress)) => {
                progress.total.map(|total| (progress.bytes as f64 / total.max(1) as f64).min(1.0))
            }
            Some(Stage::Varying(part)) => Some(part),
            Some(Stage::Importing) | None => None,
        }
    }
}

impl ModelShelf {
    pub(super) fn new(updates: &UpdateSender) -> Self {
        Self {
            places: ModelPlaces::of_user(),
            tasks: Vec::new(),
            asked: None,
            queue: ModelQueue::start(updates),
            next: 0,
        }
    }

    /// Whether a model lies in the user's own folder, so that it can be removed.
    pub fn is_own(&self, model: &ListedModel) -> bool {
        self.places.own.as_ref().is_some_and(|own| model.path.parent() == Some(&own.models))
    }

    /// The task that gets a published model.
    pub fn getting(&self, published: &Published) -> Option<&RunningTask> {
        self.tasks.iter().find(|task| task.published == Some(published.name))
    }
}

/// All labels that the models and AudioSet know, for the search.
pub(super) fn label_set(models: &[ListedModel]) -> LabelSet {
    let mut set = LabelSet::audioset();
    for folder in models.iter().filter_map(|listed| listed.folder.as_ref().ok()) {
        set.extend(&LabelSet::from_names(folder.labels.iter().map(|label| &*label.name)));
    }
    set
}

/// Whether a file is one that a model can be made of, by its ending.
pub(super) fn is_model_file(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| MODEL_EXTENSIONS.contains(&extension.as_str()))
}

impl Workbench {
    /// Asks with a form how a file is to be imported.
    pub(super) fn ask_for_import(&mut self, path: PathBuf) {
        let path = std::path::absolute(&path).unwrap_or(path);
        self.shelf.asked = Some(AskedImport { path, labels: None });
    }

    /// Takes a file of class names into the form that is open.
    pub(super) fn take_model_labels(&mut self, path: PathBuf) {
        if let Some(asked) = &mut self.shelf.asked {
            asked.labels = Some(path);
        }
    }

    /// Makes a model of a file.
    pub(super) fn import_model(&mut self, path: PathBuf, options: Box<ImportOptions>) {
        self.shelf.asked = None;
        let asked = AskedImport { path: path.clone(), labels: options.labels.clone() };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if self.push_model_task(format!("Importing {name}"), None, ModelTask::Import { path, options })
            && let Some(task) = self.shelf.tasks.last_mut()
        {
            task.importing = Some(asked);
        }
    }

    /// Downloads a published model.
    pub(super) fn get_model(&mut self, name: &str) {
        let Some(published) = catalogue::published().iter().find(|published| published.name == name) else { return };
        if self.shelf.getting(published).is_none() {
            let task = ModelTask::Get(published);
            self.push_model_task(format!("Getting {name}"), Some(published.name), task);
        }
    }

    /// Makes a variant of an installed model.
    pub(super) fn vary_model(&mut self, id: &str, precision: Precision) {
        let Some(listed) = self.models.iter().find(|listed| listed.id == id) else { return };
        let title = format!("Making {id}-{precision}");
        if !self.shelf.tasks.iter().any(|task| task.title == title) {
            let task = ModelTask::Vary { path: listed.path.clone(), precision };
            self.push_model_task(title, None, task);
        }
    }

    /// Takes a model away from the user's folder.
    pub(super) fn remove_model(&mut self, id: &str) {
        let Some(listed) = self.models.iter().find(|listed| listed.id == id) else { return };
        let task = ModelTask::Remove { id: id.to_owned(), path: listed.path.clone() };
        self.push_model_task(format!("Removing {id}"), None, task);
    }

    fn push_model_task(&mut self, title: String, published: Option<&'static str>, task: ModelTask) -> bool {
        let shelf = &mut self.shelf;
        let cancel = CancelOnDrop::default();
        let number = shelf.next;
        shelf.next += 1;
        let job = ModelJob { number, task, places: shelf.places.clone(), cancel: cancel.0.clone() };
        if shelf.queue.push(job) {
            shelf.tasks.push(RunningTask { number, title, published, importing: None, stage: None, cancel });
            true
        } else {
            let text = format!("The thread that sees to models has stopped. {}", self.how_to_start_again());
            self.notices.add(Gravity::Failure, text);
            false
        }
    }

    /// Stops a task that can still be stopped.
    pub(super) fn cancel_model_task(&mut self, number: u64) {
        let task = self.shelf.tasks.iter().find(|task| task.number == number && task.is_cancellable());
        if let Some(task) = task {
            task.cancel.0.cancel();
            // One that waits has nothing to stop, and its turn may be far off.
            if task.stage.is_none() {
                self.shelf.tasks.retain(|task| task.number != number);
            }
        }
    }

    /// A task has come further.
    pub(super) fn model_task_came(&mut self, number: u64, stage: Stage) {
        if let Some(task) = self.shelf.tasks.iter_mut().find(|task| task.number == number) {
            task.stage = Some(stage);
        }
    }

    /// A task is over, and the models are these now.
    pub(super) fn model_task_ended(&mut self, number: u64, end: ModelEnd, models: Vec<ListedModel>) {
        let place = self.shelf.tasks.iter().position(|task| task.number == number);
        let task = place.map(|place| self.shelf.tasks.remove(place));
        self.models = models;
        self.label_set = std::sync::Arc::new(label_set(&self.models));
        match end {
            ModelEnd::Added { id, summary } if is_weak(&id, task.as_ref()) => {
                let text = format!("{id} is installed, but not chosen: it tells what is in a clip, not when");
                self.notices.add(Gravity::Done, format!("{text}\n{}", summary.join("\n")));
            }
            ModelEnd::Added { id, summary } => {
                self.notices.add(Gravity::Done, format!("{id} is installed and chosen\n{}", summary.join("\n")));
                self.settings.model = id;
                self.hop_secs = None;
            }
            ModelEnd::Varied { id, lines } => {
                let text = format!("{id} is installed, but not chosen: see what it changes\n{}", lines.join("\n"));
                self.notices.add(Gravity::Done, text);
            }
            ModelEnd::Removed { id, bytes } => {
                self.notices.add(Gravity::Done, format!("Removed {id}, {}", bytes_text(bytes)));
                if self.settings.model == id {
                    self.settings.model = registry::DEFAULT_MODEL.to_owned();
                    self.hop_secs = None;
                }
            }
            ModelEnd::Cancelled if task.as_ref().is_some_and(|task| task.published.is_none()) => {
                self.notices.add(Gravity::Done, "Stopped; nothing was made");
            }
            ModelEnd::Cancelled if task.is_some() => {
                self.notices.add(Gravity::Done, "Stopped; what has arrived is kept and will be continued");
            }
            ModelEnd::Cancelled => {}
            ModelEnd::Failed(reason) => {
                self.notices.add(Gravity::Failure, reason);
                // What was typed may need only a small change.
                if self.shelf.asked.is_none() {
                    self.shelf.asked = task.and_then(|task| task.importing);
                }
            }
        }
    }
}

/// Whether a model that came is one of the published ones without frame-wise classes, by its name or by the file that it was made of.
fn is_weak(id: &str, task: Option<&RunningTask>) -> bool {
    let file = task.and_then(|task| task.importing.as_ref()).and_then(|asked| asked.path.file_name());
    let is_it = |model: &&Published| {
        model.name == id || file.is_some_and(|file| model.checkpoint.is_some_and(|checkpoint| file == checkpoint.file))
    };
    catalogue::published().iter().find(is_it).is_some_and(|model| model.training == Training::Weak)
}

/// `15.5 MB`, in decimal units.
pub fn bytes_text(bytes: u64) -> String {
    match bytes as f64 {
        small if small < 1e3 => format!("{bytes} B"),
        medium if medium < 1e6 => format!("{:.1} kB", medium / 1e3),
        large if large < 1e9 => format!("{:.1} MB", large / 1e6),
        huge => format!("{:.2} GB", huge / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_decimal_units() {
        assert_eq!([999, 1500, 15_538_778, 2_000_000_000].map(bytes_text), ["999 B", "1.5 kB", "15.5 MB", "2.00 GB"]);
    }

    #[test]
    fn models_for_training_only_are_told_from_those_to_use() {
        assert!(is_weak("fmn10_weak", None) && !is_weak("fmn10_strong", None) && !is_weak("mine", None));
        let importing = Some(AskedImport { path: PathBuf::from("a/fmn10_weak.pt"), labels: None });
        let cancel = CancelOnDrop::default();
        let task = RunningTask { number: 0, title: String::new(), published: None, importing, stage: None, cancel };
        assert!(is_weak("mine", Some(&task)));
    }

    #[test]
    fn files_of_models_are_told_by_their_ending() {
        assert!(is_model_file(Path::new("a/fmn10_strong.PT")) && is_model_file(Path::new("tagger.onnx")));
        assert!(!is_model_file(Path::new("a.wav")) && !is_model_file(Path::new("pt")));
    }
}
