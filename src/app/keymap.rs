//! Which key stands for which command: the program's own keys, changed by a set of keys (a *preset*), changed by the user.
//!
//! *Invariant*: a key has one meaning. Who is given a key takes it from whoever had it.

use super::command::Command;
use eframe::egui::{Context, Id, Key, KeyboardShortcut, Modifiers};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

/// What stands in the head of a file of keys.
const FORMAT: &str = "earmark keys 1";

/// Sets of keys for who comes from another program.
const PRESETS: [&str; 4] = [
    include_str!("../../assets/keys/audacity.json"),
    include_str!("../../assets/keys/cvat.json"),
    include_str!("../../assets/keys/raven.json"),
    include_str!("../../assets/keys/yes-no.json"),
];

/// A file of keys.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct KeyFile {
    format: String,
    /// What the set is called; empty for the program's own keys.
    #[serde(default)]
    pub name: String,
    /// What it is, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// The keys of each command that has others, by the command's id; no keys for a command that has none.
    #[serde(default)]
    pub keys: BTreeMap<String, Vec<String>>,
}

/// Which keys are other than the program's own.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct KeySettings {
    /// The set of keys, by name; empty for the program's own.
    pub preset: String,
    /// Keys that the user has changed beyond that, by the command's id.
    pub changed: BTreeMap<String, Vec<String>>,
}

impl KeyFile {
    /// The sets of keys that come with the program.
    pub fn presets() -> impl Iterator<Item = Self> {
        PRESETS.iter().filter_map(|text| serde_json::from_str(text).ok())
    }

    /// The file that says what these settings say.
    pub fn of(settings: &KeySettings) -> Self {
        let mut keys = preset_keys(&settings.preset);
        keys.extend(settings.changed.clone());
        Self { format: FORMAT.to_owned(), name: String::new(), about: String::new(), keys }
    }

    /// Reads a file; what is not understood is told and left out.
    ///
    /// # Errors
    /// What is wrong, if nothing of it can be used.
    pub fn parse(text: &str) -> Result<(Self, Vec<String>), String> {
        let mut file: Self = serde_json::from_str(text).map_err(|error| format!("this is no file of keys: {error}"))?;
        if file.format != FORMAT {
            return Err(format!(
                "this is no file of keys that this version can read: it has the format {:?}",
                file.format
            ));
        }
        let mut problems = Vec::new();
        file.keys.retain(|id, keys| {
            if Command::from_id(id).is_none() {
                problems.push(format!("there is no command {id:?} in this version"));
                return false;
            }
            keys.retain(|key| {
                let known = parse_key(key).is_some();
                if !known {
                    problems.push(format!("{id}: {key:?} is no key"));
                }
                known
            });
            true
        });
        Ok((file, problems))
    }
}

fn preset_keys(name: &str) -> BTreeMap<String, Vec<String>> {
    KeyFile::presets().find(|preset| preset.name == name).map(|preset| preset.keys).unwrap_or_default()
}

/// Which key stands for which command.
#[derive(Clone, Debug, PartialEq)]
pub struct Keymap {
    keys: HashMap<Command, Vec<KeyboardShortcut>>,
}

impl Keymap {
    /// The keys in force with these settings. What the settings say of commands or keys that this version does not have is ignored.
    pub fn new(settings: &KeySettings) -> Self {
        let mut keymap = Self::own();
        for keys in [&preset_keys(&settings.preset), &settings.changed] {
            // First all are freed, so that two commands can exchange keys.
            let given: Vec<(Command, Vec<KeyboardShortcut>)> = keys
                .iter()
                .filter_map(|(id, keys)| {
                    Some((Command::from_id(id)?, keys.iter().filter_map(|key| parse_key(key)).collect()))
                })
                .collect();
            for (command, _) in &given {
                keymap.keys.remove(command);
            }
            for (command, keys) in given {
                keymap.give(command, keys);
            }
        }
        keymap
    }

    fn own() -> Self {
        let keys = Command::ALL.iter().map(|&command| (command, command.default_shortcuts().to_vec())).collect();
        Self { keys }
    }

    fn give(&mut self, command: Command, keys: Vec<KeyboardShortcut>) {
        for others in self.keys.values_mut() {
            others.retain(|key| !keys.contains(key));
        }
        self.keys.insert(command, keys);
    }

    /// The keys of a command, the one to show first.
    pub fn keys(&self, command: Command) -> &[KeyboardShortcut] {
        self.keys.get(&command).map(Vec::as_slice).unwrap_or_default()
    }

    /// Who has exactly this key.
    pub fn owner(&self, key: KeyboardShortcut) -> Option<Command> {
        Command::ALL.iter().copied().find(|&command| self.keys(command).contains(&key))
    }

    /// The command of a key with exactly these modifiers, else the one that needs fewest of them (`+` needs Shift on many keyboards, but
    /// what Shift makes a semicolon of is another sign's key there).
    pub fn command_of(&self, modifiers: Modifiers, key: Key) -> Option<Command> {
        let fits = |shortcut: &&KeyboardShortcut| {
            let is_strict = key == Key::Semicolon && modifiers.shift != shortcut.modifiers.shift;
            shortcut.logical_key == key && !is_strict && modifiers.matches_logically(shortcut.modifiers)
        };
        let strictness =
            |shortcut: &KeyboardShortcut| u8::from(shortcut.modifiers.shift) + u8::from(shortcut.modifiers.alt);
        let of_command = |&command: &Command| {
            let shortcut = self.keys(command).iter().filter(fits).max_by_key(|shortcut| strictness(shortcut))?;
            Some((strictness(shortcut), command))
        };
        Command::ALL.iter().filter_map(of_command).max_by_key(|(strictness, _)| *strictness).map(|(_, command)| command)
    }

    /// Makes these the window's keys.
    pub fn install(self, context: &Context) {
        context.data_mut(|data| data.insert_temp(place(), Arc::new(self)));
    }

    /// The window's keys; the program's own where none were installed.
    pub fn of(context: &Context) -> Arc<Self> {
        static OWN: LazyLock<Arc<Keymap>> = LazyLock::new(|| Arc::new(Keymap::own()));
        context.data(|data| data.get_temp::<Arc<Self>>(place())).unwrap_or_else(|| OWN.clone())
    }
}

fn place() -> Id {
    Id::unique("keymap")
}

/// A key as files have it: `Ctrl+Shift+Z`. `Ctrl` is ⌘ on a Mac.
pub fn key_text(key: &KeyboardShortcut) -> String {
    let Modifiers { alt, ctrl, shift, mac_cmd, command } = key.modifiers;
    let names = [(command || ctrl || mac_cmd, "Ctrl+"), (alt, "Alt+"), (shift, "Shift+")];
    let modifiers: String = names.into_iter().filter_map(|(is_down, name)| is_down.then_some(name)).collect();
    format!("{modifiers}{}", key.logical_key.name())
}

/// The key that a file names; none if there is no such key.
pub fn parse_key(text: &str) -> Option<KeyboardShortcut> {
    let mut modifiers = Modifiers::NONE;
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('+').filter(|(name, after)| !name.is_empty() && !after.is_empty()) {
        match name.trim().to_ascii_lowercase().as_str() {
            "ctrl" | "cmd" | "command" => modifiers.command = true,
            "alt" | "option" => modifiers.alt = true,
            "shift" => modifiers.shift = true,
            _ => return None,
        }
        rest = after;
    }
    Some(KeyboardShortcut::new(modifiers, Key::from_name(rest.trim())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> KeyboardShortcut {
        parse_key(text).unwrap_or_else(|| panic!("{text} is no key"))
    }

    #[test]
    fn every_key_of_every_command_comes_back_from_its_text() {
        for command in Command::ALL {
            assert_eq!(Command::from_id(command.id()), Some(*command));
            for shortcut in command.default_shortcuts() {
                assert_eq!(parse_key(&key_text(shortcut)), Some(*shortcut), "{command:?}");
            }
        }
        assert_eq!(parse_key("Ctrl++").map(|key| key.logical_key), Some(Key::Plus));
        for wrong in ["", "Ctrl+", "Hyper+A", "Schift+A", "AB"] {
            assert_eq!(parse_key(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_sets_of_keys_are_understood_whole_and_give_no_key_two_meanings() {
        let names: Vec<String> = KeyFile::presets().map(|preset| preset.name).collect();
        assert_eq!(names, ["Audacity-like", "CVAT-like", "Raven-like", "Y and N"]);
        for (text, name) in PRESETS.iter().zip(names) {
            let (file, problems) = KeyFile::parse(text).unwrap();
            assert_eq!(problems, [""; 0], "{name}");
            let mut given: Vec<&String> = file.keys.values().flatten().collect();
            let count = given.len();
            given.sort();
            given.dedup();
            assert_eq!(given.len(), count, "{name} gives a key twice");
            let keymap = Keymap::new(&KeySettings { preset: name.clone(), ..KeySettings::default() });
            for (id, keys) in &file.keys {
                let command = Command::from_id(id).unwrap();
                let wanted: Vec<KeyboardShortcut> = keys.iter().map(|text| key(text)).collect();
                assert_eq!(keymap.keys(command), wanted, "{name}: {id}");
                assert!(wanted.iter().all(|&shortcut| keymap.owner(shortcut) == Some(command)), "{name}: {id}");
            }
            // What has a key has one in every set.
            for command in Command::ALL.iter().filter(|command| !command.default_shortcuts().is_empty()) {
                assert!(!keymap.keys(*command).is_empty(), "{name}: {command:?}");
            }
            // Tab is the way from control to control for who has no mouse.
            let tabs = Command::ALL.iter().flat_map(|&command| keymap.keys(command));
            assert!(tabs.filter(|shortcut| shortcut.logical_key == Key::Tab).count() == 0, "{name}");
        }
    }

    #[test]
    fn who_is_given_a_key_takes_it_away_from_who_had_it() {
        let changed = BTreeMap::from([("Accept".to_owned(), vec!["D".to_owned(), "Ctrl+Shift+Y".to_owned()])]);
        let settings = KeySettings { changed, ..KeySettings::default() };
        let keymap = Keymap::new(&settings);
        assert_eq!(keymap.command_of(Modifiers::NONE, Key::D), Some(Command::Accept));
        assert_eq!(keymap.command_of(Modifiers::NONE, Key::Delete), Some(Command::Reject));
        assert_eq!(keymap.command_of(Modifiers::NONE, Key::A), None);
        let (file, problems) = KeyFile::parse(&serde_json::to_string(&KeyFile::of(&settings)).unwrap()).unwrap();
        assert_eq!((file.keys, problems.len()), (settings.changed, 0));
    }

    #[test]
    fn two_commands_can_exchange_keys() {
        let changed =
            BTreeMap::from([("Accept".to_owned(), vec!["D".to_owned()]), ("Reject".to_owned(), vec!["A".to_owned()])]);
        let keymap = Keymap::new(&KeySettings { changed, ..KeySettings::default() });
        assert_eq!(keymap.command_of(Modifiers::NONE, Key::D), Some(Command::Accept));
        assert_eq!(keymap.command_of(Modifiers::NONE, Key::A), Some(Command::Reject));
    }

    #[test]
    fn a_foreign_file_is_refused_and_unknown_lines_are_told() {
        assert!(KeyFile::parse("{\"keys\": {}}").is_err());
        assert!(KeyFile::parse("not json").is_err());
        assert!(KeyFile::parse("{\"format\": \"earmark keys 9\"}").unwrap_err().contains("earmark keys 9"));
        let text = r#"{"format":"earmark keys 1","keys":{"Fly":["F"],"Accept":["Ctrl+Q","Nope"]}}"#;
        let (file, problems) = KeyFile::parse(text).unwrap();
        assert_eq!(file.keys, BTreeMap::from([("Accept".to_owned(), vec!["Ctrl+Q".to_owned()])]));
        assert_eq!(problems.len(), 2);
    }

    #[test]
    fn the_stricter_key_wins_and_shift_is_forgiven_where_it_means_nothing() {
        let keymap = Keymap::own();
        assert_eq!(keymap.command_of(Modifiers::NONE, Key::A), Some(Command::Accept));
        assert_eq!(keymap.command_of(Modifiers::SHIFT, Key::A), Some(Command::AcceptShown));
        assert_eq!(keymap.command_of(Modifiers::SHIFT, Key::Plus), Some(Command::ZoomIn));
        assert_eq!(keymap.command_of(Modifiers::COMMAND, Key::Z), Some(Command::Undo));
        assert_eq!(keymap.command_of(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z), Some(Command::Redo));
        assert_eq!(keymap.command_of(Modifiers::COMMAND, Key::U), None);
        // On many keyboards `/` is Shift+7, and Shift with `,` is a semicolon.
        assert_eq!(keymap.command_of(Modifiers::SHIFT, Key::Slash), Some(Command::Relabel));
        assert_eq!(keymap.command_of(Modifiers::NONE, Key::Semicolon), Some(Command::SameLabel));
        assert_eq!(keymap.command_of(Modifiers::SHIFT, Key::Semicolon), None);
    }
}
