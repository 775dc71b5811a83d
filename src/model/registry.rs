//! Where models are looked for. A model is a folder; there is no list to add it to.

use super::ModelError;
use super::folder::{MANIFEST_FILE, ModelFolder};
use super::labels::suggestion;
use std::path::{Path, PathBuf};

/// The environment variable with folders of model folders that go before all others, separated as in `PATH`.
pub const MODELS_VARIABLE: &str = "EARMARK_MODELS";
/// The environment variable with a folder that takes the place of the user's data folder: its `models` and `downloads`.
pub const DATA_VARIABLE: &str = "EARMARK_DATA";
/// The model that is used unless another is asked for.
pub const DEFAULT_MODEL: &str = "yamnet";

/// A model folder that was found, sound or not.
#[derive(Debug)]
pub struct ListedModel {
    /// The folder's name.
    pub id: String,
    /// The folder.
    pub path: PathBuf,
    /// What is in it, or why it cannot be used.
    pub folder: Result<ModelFolder, ModelError>,
}

/// Folders of model folders, most wanted first: `EARMARK_MODELS`, beside the program, its `share/earmark/models`, the user's data folder,
/// and the source tree that the program was built from.
pub fn search_paths() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        std::env::var_os(MODELS_VARIABLE).map(|value| std::env::split_paths(&value).collect()).unwrap_or_default();
    paths.retain(|path| !path.as_os_str().is_empty());
    if let Some(program) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
        paths.push(program.join("models"));
        paths.extend(program.parent().map(|prefix| prefix.join("share").join("earmark").join("models")));
    }
    paths.extend(user_folder());
    paths.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("models"));
    paths
}

/// The folder that downloaded and imported models are put in, if this system has such a place. It need not exist.
pub fn user_folder() -> Option<PathBuf> {
    let data = data_override().or_else(|| Some(project_folders()?.data_dir().to_path_buf()))?;
    Some(data.join("models"))
}

/// The folder that checkpoints are downloaded to, if this system has such a place. It need not exist.
pub fn downloads_folder() -> Option<PathBuf> {
    let cache = data_override().or_else(|| Some(project_folders()?.cache_dir().to_path_buf()))?;
    Some(cache.join("downloads"))
}

fn data_override() -> Option<PathBuf> {
    std::env::var_os(DATA_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn project_folders() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "earmark")
}

/// All models in [`search_paths`], by id.
pub fn list() -> Vec<ListedModel> {
    list_in(&search_paths())
}

/// All models in `paths`, by id; of two with one id the first counts. Folders whose name begins with a dot are being made and are no models yet.
pub fn list_in(paths: &[PathBuf]) -> Vec<ListedModel> {
    let mut models: Vec<ListedModel> = Vec::new();
    for path in paths {
        // A folder that is not there holds no models; that is no error.
        for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
            let id = entry.file_name().to_string_lossy().into_owned();
            let folder = entry.path();
            let is_passed_over = id.starts_with('.') || models.iter().any(|model| model.id == id);
            if !is_passed_over && folder.join(MANIFEST_FILE).is_file() {
                models.push(ListedModel { id, folder: ModelFolder::open(&folder), path: folder });
            }
        }
    }
    models.sort_by(|a, b| a.id.cmp(&b.id));
    models
}

/// The model called `name` (its id or its own name, whatever the case), or the one in the folder `name`.
pub fn find(name: &str) -> Result<ModelFolder, ModelError> {
    find_in(name, &search_paths())
}

/// As [`find`], among the models in `paths`.
pub fn find_in(name: &str, paths: &[PathBuf]) -> Result<ModelFolder, ModelError> {
    let as_path = Path::new(name);
    if as_path.join(MANIFEST_FILE).is_file() || (name.contains(['/', '\\']) && as_path.is_dir()) {
        return ModelFolder::open(&std::path::absolute(as_path).unwrap_or_else(|_| as_path.to_path_buf()));
    }
    let models = list_in(paths);
    let wanted = name.to_lowercase();
    let own_name = |model: &ListedModel| model.folder.as_ref().map(|folder| folder.manifest.name.to_lowercase()).ok();
    let names: Vec<String> = models.iter().map(|model| model.id.clone()).collect();
    let found = models
        .into_iter()
        .find(|model| model.id.to_lowercase() == wanted || own_name(model).is_some_and(|own| own == wanted));
    match found {
        Some(model) => model.folder,
        None => Err(ModelError::UnknownModel { name: name.to_owned(), suggestion: hint(name, &names, paths) }),
    }
}

fn hint(name: &str, names: &[String], paths: &[PathBuf]) -> String {
    let near = suggestion(name, names.iter().map(String::as_str));
    if !near.is_empty() {
        return near;
    }
    if names.is_empty() {
        let places: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return format!(": there is no model in {}", places.join(", "));
    }
    format!(": there are {}", names.join(", "))
}
