//! The threads that import, get and remove models, one task after the other each: one for what is downloaded, one for all that is at hand.
//!
//! After each task the models are listed again there, so that the window reads no folder.

use super::thread::{guarded, spawn};
use super::{CancelToken, Update, UpdateSender, example};
use crate::model::ModelFolder;
use crate::model::acquire::{AcquireError, Places, Stage, acquire};
use crate::model::catalogue::Published;
use crate::model::download::DownloadError;
use crate::model::import::{self, ImportError, ImportOptions};
use crate::model::installed;
use crate::model::registry;
use crate::model::variant::{self, MakeError, Precision, VariantOptions};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::path::PathBuf;

/// How much more of a variant must be done to be told, 0 to 1.
const TOLD_PART: f64 = 0.005;

/// Where models are looked for, and where new ones are put.
#[derive(Clone, Debug)]
pub struct ModelPlaces {
    /// Folders of model folders, most wanted first.
    pub search: Vec<PathBuf>,
    /// The user's own places; none if this system has none.
    pub own: Option<Places>,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub enum ModelTask {
    /// Make a model folder of a file.
    Import {
        /// The file.
        path: PathBuf,
        /// How; without an output it goes to the user's folder.
        options: Box<ImportOptions>,
    },
    /// Download a published model.
    Get(&'static Published),
    /// Make a variant of a model, with the sound of the bundled example.
    Vary {
        /// The model's folder.
        path: PathBuf,
        /// The numbers that it shall compute in.
        precision: Precision,
    },
    /// Take a model away from the user's folder.
    Remove {
        /// Its folder's name.
        id: String,
        /// Its folder.
        path: PathBuf,
    },
}

/// A task with its name.
pub struct ModelJob {
    /// Names it; never the same for two.
    pub number: u64,
    /// What is to be done.
    pub task: ModelTask,
    /// Where.
    pub places: ModelPlaces,
    /// Whether it is still wanted. Downloads and variants stop soon; an import or a removal that has begun is finished.
    pub cancel: CancelToken,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelEnd {
    /// There is a new model.
    Added {
        /// Its folder's name.
        id: String,
        /// What was recognised, in lines for the user.
        summary: Vec<String>,
    },
    /// There is a new variant of a model.
    Varied {
        /// Its folder's name.
        id: String,
        /// What it is and what changed, in lines for the user.
        lines: Vec<String>,
    },
    /// A model is gone, and so many bytes with it.
    Removed {
        /// Its folder's name.
        id: String,
        /// The length of its files.
        bytes: u64,
    },
    /// The user stopped it; what was downloaded is kept.
    Cancelled,
    /// It failed: what happened and what to do.
    Failed(String),
}

/// Hands tasks to the two threads, which live as long as this.
pub struct ModelQueue {
    downloads: Sender<ModelJob>,
    others: Sender<ModelJob>,
}

impl ModelPlaces {
    /// Those of this user and this program.
    pub fn of_user() -> Self {
        Self { search: registry::search_paths(), own: Places::of_user().ok() }
    }
}

impl ModelQueue {
    /// Starts the threads; they sleep until there is a task.
    pub fn start(updates: &UpdateSender) -> Self {
        let start = |name: &str| {
            // tidy: the window must never wait here; a person's clicks bound it, each published model queued once.
            let (jobs, waiting) = unbounded();
            let told = updates.clone();
            spawn(name, updates, move || serve(&waiting, &told));
            jobs
        };
        Self { downloads: start("model downloads"), others: start("models") }
    }

    /// Queues a task; `false` if the thread is gone.
    pub fn push(&self, job: ModelJob) -> bool {
        let queue = if matches!(job.task, ModelTask::Get(_)) { &self.downloads } else { &self.others };
        queue.send(job).is_ok()
    }
}

fn serve(jobs: &Receiver<ModelJob>, updates: &UpdateSender) {
    for job in jobs {
        let end = if job.cancel.is_cancelled() { ModelEnd::Cancelled } else { run(&job, updates) };
        let models = registry::list_in(&job.places.search);
        if !updates.send(Update::ModelTaskEnded { number: job.number, end, models }) {
            return;
        }
    }
}

fn run(job: &ModelJob, updates: &UpdateSender) -> ModelEnd {
    let outcome = guarded(|| match &job.task {
        ModelTask::Import { path, options } => {
            tell(job, updates, Stage::Importing);
            import_into(path, options, &job.places).map_err(|error| error.to_string())
        }
        ModelTask::Get(published) => get(job, published, updates),
        ModelTask::Vary { path, precision } => vary(job, path, *precision, updates).map_err(|error| error.to_string()),
        ModelTask::Remove { id, path } => {
            let folder = job.places.own.as_ref().map(|own| own.models.as_path());
            let removed = installed::remove(id, path, folder);
            removed
                .map(|removed| ModelEnd::Removed { id: id.clone(), bytes: removed.bytes })
                .map_err(|error| error.to_string())
        }
    });
    let reason = match outcome {
        Ok(Ok(end)) => return end,
        Ok(Err(reason)) => reason,
        Err(reason) => format!("an unforeseen error: {reason}"),
    };
    ModelEnd::Failed(match &job.task {
        ModelTask::Get(published) => format!("{}: {reason}", published.name),
        ModelTask::Import { .. } | ModelTask::Vary { .. } | ModelTask::Remove { .. } => reason,
    })
}

fn tell(job: &ModelJob, updates: &UpdateSender, stage: Stage) {
    updates.send(Update::ModelTaskProgress { number: job.number, stage });
}

fn import_into(path: &std::path::Path, options: &ImportOptions, places: &ModelPlaces) -> Result<ModelEnd, ImportError> {
    let mut options = options.clone();
    if options.output.is_none() {
        let own = places.own.as_ref().ok_or(ImportError::NoHome)?;
        options.output = Some(own.models.join(import::model_name(path, &options)?));
    }
    let imported = import::import(path, &options)?;
    let id = imported.folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(ModelEnd::Added { id, summary: imported.summary })
}

fn get(job: &ModelJob, published: &Published, updates: &UpdateSender) -> Result<ModelEnd, String> {
    let own = job.places.own.as_ref().ok_or_else(|| AcquireError::NoPlace.to_string())?;
    let mut report = |stage| tell(job, updates, stage);
    match acquire(published, own, &mut report, &|| job.cancel.is_cancelled()) {
        Ok(acquired) => Ok(ModelEnd::Added { id: published.name.to_owned(), summary: acquired.imported.summary }),
        Err(AcquireError::Download(DownloadError::Cancelled)) => Ok(ModelEnd::Cancelled),
        Err(error) => Err(error.to_string()),
    }
}

fn vary(
    job: &ModelJob,
    path: &std::path::Path,
    precision: Precision,
    updates: &UpdateSender,
) -> Result<ModelEnd, MakeError> {
    tell(job, updates, Stage::Varying(0.0));
    let folder = ModelFolder::open(path)?;
    let own = job.places.own.as_ref().ok_or(ImportError::NoHome)?;
    let mut options = VariantOptions::new(precision);
    options.output = Some(own.models.join(options.id(&folder.id)));
    options.recordings = example::recordings();
    options.recordings_are = Some(example::NAME.to_owned());
    // The window shows no more of it than a bar does.
    let mut told = 0.0;
    let mut on_part = |part: f64| {
        if part - told >= TOLD_PART {
            told = part;
            tell(job, updates, Stage::Varying(part));
        }
    };
    match variant::make(&folder, &options, &|| job.cancel.is_cancelled(), &mut on_part) {
        Ok(made) => {
            let lines = made.note.lines().into_iter().map(|(word, line)| format!("{word}: {line}")).collect();
            Ok(ModelEnd::Varied { id: made.id, lines })
        }
        Err(error) if error.is_cancelled() => Ok(ModelEnd::Cancelled),
        Err(error) => Err(error),
    }
}
