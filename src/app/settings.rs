//! What a user has chosen for all projects: kept per user, never in a project.

use super::decoding_lane::DecodingSettings;
use super::display::Display;
use super::exporting::ExportSettings;
use super::keymap::KeySettings;
use super::listening::ListeningSettings;
use super::shaping::ShapingSettings;
use crate::decision::Preset;
use crate::model::ShortClips;
use crate::work::evaluation::EvaluationSettings;
use crate::work::{RememberedAnswer, RememberedSet};
use std::path::{Path, PathBuf};

const RECENT_FILES: usize = 12;
const RECENT_LABELS: usize = 24;
const RECENT_LABEL_SETS: usize = 6;
const RECENT_ANSWERS: usize = 32;

/// The user's choices. Unknown fields are ignored and missing ones take their defaults, so that versions can follow each other.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Dark theme, else light.
    pub dark: bool,
    /// Black and white, strong lines: for who needs contrast.
    pub high_contrast: bool,
    /// Which keys are other than the program's own.
    pub keys: KeySettings,
    /// Size of everything, 0.5 to 3.
    pub scale: f32,
    /// The panel on the left is shown.
    pub show_recordings: bool,
    /// The panel on the right is shown.
    pub show_inspector: bool,
    /// The waveform is shown.
    pub show_waveform: bool,
    /// The label lanes are shown.
    pub show_lanes: bool,
    /// The score curves under the spectrogram.
    pub decoding: DecodingSettings,
    /// Rejected events are shown.
    pub show_rejected: bool,
    /// File dialogs are those of the system; else paths are typed in the window.
    pub system_dialogs: bool,
    /// After a decision the next undecided event is selected.
    pub auto_advance: bool,
    /// An event that a key selects is played.
    pub auto_play: bool,
    /// How recordings of a new project are displayed: what was chosen last.
    #[serde(flatten)]
    pub display: Display,
    /// Loudness of playback, 0 to 1.
    pub volume: f32,
    /// How recordings are listened to.
    pub listening: ListeningSettings,
    /// How events are drawn.
    pub shaping: ShapingSettings,
    /// How labels are evaluated.
    pub evaluation: EvaluationSettings,
    /// The model that was used last, by name.
    pub model: String,
    /// `auto`, `onnxruntime` or `built-in`.
    pub runtime: String,
    /// `auto`, `cpu` or the name of a device.
    pub device: String,
    /// How recordings are cut into clips where a model leaves a choice: `overlapping` or `reference`.
    pub preset: String,
    /// What fills up a recording that is shorter than a clip: `pad` or `repeat`.
    pub short_recordings: String,
    /// Megabytes (of 2^20 bytes) of pictures that are kept for the next time, at most; 0 keeps none.
    pub picture_cache_mb: u32,
    /// Files that were opened last, latest first.
    pub recent_files: Vec<PathBuf>,
    /// The project that was open last, if it has a name: it is continued at the next start.
    pub last_project: Option<PathBuf>,
    /// Whose edits these are; empty until it was told.
    pub annotator: String,
    /// The annotator was asked for the name.
    pub annotator_asked: bool,
    /// Labels that were given last, latest first.
    pub recent_labels: Vec<String>,
    /// Sets of labels that were imported last, latest first; the palette searches them.
    pub label_sets: Vec<RememberedSet>,
    /// What was answered to the questions of label files, latest first.
    pub label_answers: Vec<RememberedAnswer>,
    /// How labels were exported last.
    pub export: ExportSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dark: true,
            high_contrast: false,
            keys: KeySettings::default(),
            scale: 1.0,
            show_recordings: true,
            show_inspector: true,
            show_waveform: true,
            show_lanes: true,
            decoding: DecodingSettings::default(),
            show_rejected: true,
            system_dialogs: true,
            auto_advance: true,
            auto_play: true,
            display: Display::default(),
            volume: 0.8,
            listening: ListeningSettings::default(),
            shaping: ShapingSettings::default(),
            evaluation: EvaluationSettings::default(),
            model: "yamnet".to_owned(),
            runtime: "auto".to_owned(),
            device: "auto".to_owned(),
            preset: "overlapping".to_owned(),
            short_recordings: "pad".to_owned(),
            picture_cache_mb: 2048,
            recent_files: Vec::new(),
            last_project: None,
            annotator: String::new(),
            annotator_asked: false,
            recent_labels: Vec::new(),
            label_sets: Vec::new(),
            label_answers: Vec::new(),
            export: ExportSettings::default(),
        }
    }
}

impl Settings {
    /// Where the settings are kept, if this system has such a place. `EARMARK_CONFIG` names another folder.
    pub fn path() -> Option<PathBuf> {
        let folder = std::env::var_os("EARMARK_CONFIG").map(PathBuf::from);
        let folder =
            folder.or_else(|| Some(directories::ProjectDirs::from("", "", "earmark")?.config_dir().to_path_buf()));
        Some(folder?.join("settings.json"))
    }

    /// Reads the settings; none are the defaults. A file that is there but cannot be understood is kept beside, and said.
    pub fn load(path: &Path) -> (Self, Option<String>) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (Self::default(), None),
            Err(error) => {
                return (Self::default(), Some(format!("{}: settings cannot be read: {error}", path.display())));
            }
        };
        match serde_json::from_str::<Self>(&text) {
            Ok(settings) => (settings.within_bounds(), None),
            Err(error) => {
                let kept = path.with_extension("json.broken");
                let kept_text = match std::fs::rename(path, &kept) {
                    Ok(()) => format!("it is kept as {}", kept.display()),
                    Err(error) => format!("it could not be kept: {error}"),
                };
                (Self::default(), Some(format!("{}: settings are broken ({error}); {kept_text}", path.display())))
            }
        }
    }

    /// The settings as they are kept.
    pub fn to_json(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self).map_err(|error| error.to_string())
    }

    /// How recordings are cut into clips where a model leaves a choice.
    pub fn preset(&self) -> Preset {
        if self.preset == "reference" { Preset::Reference } else { Preset::Overlapping }
    }

    /// What fills up a recording that is shorter than a clip.
    pub fn short_clips(&self) -> ShortClips {
        if self.short_recordings == "repeat" { ShortClips::Repeat } else { ShortClips::Pad }
    }

    /// Puts a file at the head of the recent ones.
    pub fn remember_file(&mut self, path: &Path) {
        remember(&mut self.recent_files, path.to_path_buf(), RECENT_FILES);
    }

    /// Puts a label at the head of the recent ones.
    pub fn remember_label(&mut self, label: &str) {
        remember(&mut self.recent_labels, label.to_owned(), RECENT_LABELS);
    }

    /// Puts a set of labels at the head of those that are searched.
    pub fn remember_label_set(&mut self, set: RememberedSet) {
        self.label_sets.retain(|other| other.path != set.path);
        remember(&mut self.label_sets, set, RECENT_LABEL_SETS);
    }

    /// Puts an answer to a question of label files at the head of those that are known.
    pub fn remember_answer(&mut self, answer: RememberedAnswer) {
        let is_same = |other: &RememberedAnswer| {
            other.format == answer.format && other.choice == answer.choice && other.answers == answer.answers
        };
        self.label_answers.retain(|other| !is_same(other));
        remember(&mut self.label_answers, answer, RECENT_ANSWERS);
    }

    /// Calls a recent label something else.
    pub fn rename_label(&mut self, from: &str, to: &str) {
        if self.recent_labels.iter().any(|label| label == from) {
            self.recent_labels.retain(|label| label != to);
            self.recent_labels.iter_mut().filter(|label| *label == from).for_each(|label| *label = to.to_owned());
        }
    }

    fn within_bounds(mut self) -> Self {
        let clamp = |value: f32, low: f32, high: f32, default: f32| {
            if value.is_finite() { value.clamp(low, high) } else { default }
        };
        self.scale = clamp(self.scale, 0.5, 3.0, 1.0);
        self.volume = clamp(self.volume, 0.0, 1.0, 0.8);
        self.display.bound();
        self.decoding = self.decoding.within_bounds();
        self.listening = self.listening.within_bounds();
        self.shaping = self.shaping.within_bounds();
        self.evaluation = self.evaluation.within_bounds();
        self.recent_files.truncate(RECENT_FILES);
        self.recent_labels.truncate(RECENT_LABELS);
        self.label_sets.truncate(RECENT_LABEL_SETS);
        self.label_answers.truncate(RECENT_ANSWERS);
        self
    }
}

fn remember<T: PartialEq>(list: &mut Vec<T>, entry: T, limit: usize) {
    list.retain(|other| *other != entry);
    list.insert(0, entry);
    list.truncate(limit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_and_broken_ones_are_kept_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let mut settings = Settings { dark: false, ..Settings::default() };
        settings.remember_file(Path::new("a.wav"));
        settings.remember_file(Path::new("b.wav"));
        settings.remember_file(Path::new("a.wav"));
        assert_eq!(settings.recent_files, [PathBuf::from("a.wav"), PathBuf::from("b.wav")]);
        std::fs::write(&path, settings.to_json().unwrap()).unwrap();
        assert_eq!(Settings::load(&path), (settings, None));
        std::fs::write(&path, "{\"dark\": 7}").unwrap();
        let (loaded, notice) = Settings::load(&path);
        assert_eq!(loaded, Settings::default());
        assert!(notice.unwrap().contains("settings are broken"));
        assert!(path.with_extension("json.broken").exists());
        assert_eq!(Settings::load(&path), (Settings::default(), None));
    }
}
