//! Changing keys: one command's, a whole set, to and from files.

use super::command::Command;
use super::keymap::{KeyFile, KeySettings, Keymap, key_text};
use super::notices::Gravity;
use super::workbench::Workbench;
use crate::work::StorageRequest;
use eframe::egui::KeyboardShortcut;
use std::path::{Path, PathBuf};

impl Workbench {
    /// Gives a command these keys and no others. Who had one of them keeps the rest of theirs.
    pub(super) fn set_keys(&mut self, command: Command, keys: &[KeyboardShortcut]) {
        let before = Keymap::new(&self.settings.keys);
        let texts = |keys: &[KeyboardShortcut]| keys.iter().map(key_text).collect::<Vec<_>>();
        let losers = Command::ALL.iter().copied().filter(|&other| other != command);
        for loser in losers.filter(|&other| before.keys(other).iter().any(|key| keys.contains(key))) {
            let left: Vec<KeyboardShortcut> =
                before.keys(loser).iter().copied().filter(|key| !keys.contains(key)).collect();
            self.settings.keys.changed.insert(loser.id().to_owned(), texts(&left));
            if left.is_empty() {
                let name = loser.name().trim_end_matches('…');
                self.notices.add(Gravity::Warning, format!("\"{name}\" has no key any more; it is still in the menus"));
            }
        }
        self.settings.keys.changed.insert(command.id().to_owned(), texts(keys));
    }

    /// Gives a command, or all, the keys of the chosen set again.
    pub(super) fn reset_keys(&mut self, command: Option<Command>) {
        let Some(command) = command else {
            self.settings.keys.changed.clear();
            return;
        };
        let preset = KeySettings { preset: self.settings.keys.preset.clone(), ..KeySettings::default() };
        let keys = Keymap::new(&preset).keys(command).to_vec();
        self.set_keys(command, &keys);
        self.settings.keys.changed.remove(command.id());
    }

    /// Takes a set of keys by name, and nothing besides.
    pub(super) fn set_key_preset(&mut self, name: &str) {
        self.settings.keys = KeySettings { preset: name.to_owned(), ..KeySettings::default() };
    }

    /// Writes all keys that are other than the program's own.
    pub(super) fn export_keys(&mut self, mut path: PathBuf) {
        if path.extension().is_none() {
            path.set_extension("json");
        }
        match serde_json::to_string_pretty(&KeyFile::of(&self.settings.keys)) {
            Ok(text) => {
                self.ask_storage(StorageRequest::WriteKeys { path, text });
            }
            Err(error) => self.notices.add(Gravity::Failure, format!("{}: {error}", path.display())),
        }
    }

    /// Keys were written.
    pub(super) fn keys_written(&mut self, path: &Path, result: Result<(), String>) {
        match result {
            Ok(()) => self.notices.add(Gravity::Done, format!("Exported the keys to {}", path.display())),
            Err(reason) => self.notices.add(Gravity::Failure, reason),
        }
    }

    /// A file of keys was read: its keys take the place of all changes.
    pub(super) fn keys_read(&mut self, path: &Path, result: Result<String, String>) {
        let parsed =
            result.and_then(|text| KeyFile::parse(&text).map_err(|reason| format!("{}: {reason}", path.display())));
        match parsed {
            Ok((file, problems)) => {
                self.settings.keys = KeySettings { preset: String::new(), changed: file.keys };
                if !problems.is_empty() {
                    let text = format!("{}: left out\n{}", path.display(), problems.join("\n"));
                    self.notices.add(Gravity::Warning, text);
                }
                self.notices.add(Gravity::Done, format!("Imported the keys of {}", path.display()));
            }
            Err(reason) => self.notices.add(Gravity::Failure, reason),
        }
    }
}
