//! From key presses to commands, before any control sees them.

use super::Panels;
use crate::app::Command;
use eframe::egui::{Context, Event, Key, KeyboardShortcut, Modifiers};

/// What was typed in one frame.
#[derive(Debug, Default, PartialEq)]
pub struct Pressed {
    /// The commands whose keys were pressed, in order.
    pub commands: Vec<Command>,
    /// What was typed after a command that opens a text field. A slow frame can hold a whole word, and none of its letters may be
    /// taken for a decision.
    pub typed: String,
}

/// Takes the commands' keys out of this frame's events. Text fields keep their letters; `Enter` belongs to a focused control, `Escape` to
/// a page that is open.
pub fn pressed(context: &Context, panels: &Panels) -> Pressed {
    if context.text_edit_focused() || panels.popup_open {
        return Pressed::default();
    }
    let control_focused = context.memory(|memory| memory.focused().is_some());
    let page_open = panels.keys_shown
        || panels.about_shown
        || panels.complexity.shown
        || panels.models.shown
        || panels.versions_shown;
    let mut pressed = Pressed::default();
    context.input_mut(|input| input.events.retain(|event| pressed.leaves(event, control_focused, page_open)));
    pressed
}

impl Pressed {
    /// Looks at one event, and says whether it is left for the controls.
    fn leaves(&mut self, event: &Event, control_focused: bool, page_open: bool) -> bool {
        if self.commands.last().is_some_and(|&command| opens_text_field(command)) {
            if let Event::Text(text) = event
                && !(self.typed.is_empty() && text == "/")
            {
                self.typed.push_str(text);
            }
            return !matches!(event, Event::Text(_) | Event::Key { .. });
        }
        let Event::Key { key, modifiers, pressed: true, repeat, .. } = event else { return true };
        let is_of_control = control_focused && matches!(key, Key::Enter | Key::Tab);
        if is_of_control || (page_open && *key == Key::Escape) {
            return true;
        }
        let Some(command) = command_of(*modifiers, *key) else { return true };
        // A key that is held down moves on and on, but decides once.
        if !*repeat || may_repeat(command) {
            self.commands.push(command);
        }
        false
    }
}

fn opens_text_field(command: Command) -> bool {
    matches!(command, Command::Relabel | Command::CommandPalette | Command::OpenPath | Command::GoToTime)
}

/// The command of a key with exactly these modifiers, else the one that needs fewest of them (`+` needs Shift on many keyboards).
fn command_of(modifiers: Modifiers, key: Key) -> Option<Command> {
    let fits =
        |shortcut: &&KeyboardShortcut| shortcut.logical_key == key && modifiers.matches_logically(shortcut.modifiers);
    let strictness =
        |shortcut: &KeyboardShortcut| u8::from(shortcut.modifiers.shift) + u8::from(shortcut.modifiers.alt);
    Command::ALL
        .iter()
        .filter_map(|&command| {
            let shortcut = command.shortcuts().iter().filter(fits).max_by_key(|shortcut| strictness(shortcut))?;
            Some((strictness(shortcut), command))
        })
        .max_by_key(|(strictness, _)| *strictness)
        .map(|(_, command)| command)
}

fn may_repeat(command: Command) -> bool {
    matches!(
        command,
        Command::Undo
            | Command::Redo
            | Command::NextEvent
            | Command::PreviousEvent
            | Command::ZoomIn
            | Command::ZoomOut
            | Command::PageForward
            | Command::PageBack
            | Command::JumpBack
            | Command::JumpForward
            | Command::JumpFarBack
            | Command::JumpFarForward
            | Command::OnsetEarlier
            | Command::OnsetLater
            | Command::OffsetEarlier
            | Command::OffsetLater
            | Command::MoveEarlier
            | Command::MoveLater
            | Command::LongerFrame
            | Command::ShorterFrame
            | Command::NextColormap
            | Command::ThresholdUp
            | Command::ThresholdDown
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_typed_within_one_frame_is_not_taken_for_decisions() {
        let mut pressed = Pressed::default();
        let key =
            |key| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
        let events =
            [key(Key::Slash), Event::Text("/".into()), key(Key::D), Event::Text("d".into()), Event::Text("og".into())];
        assert!(events.iter().all(|event| !pressed.leaves(event, false, false)));
        assert_eq!(pressed, Pressed { commands: vec![Command::Relabel], typed: "dog".to_owned() });
    }

    #[test]
    fn the_stricter_shortcut_wins_and_shift_is_forgiven_where_it_means_nothing() {
        assert_eq!(command_of(Modifiers::NONE, Key::A), Some(Command::Accept));
        assert_eq!(command_of(Modifiers::SHIFT, Key::A), Some(Command::AcceptShown));
        assert_eq!(command_of(Modifiers::SHIFT, Key::Plus), Some(Command::ZoomIn));
        assert_eq!(command_of(Modifiers::COMMAND, Key::Z), Some(Command::Undo));
        assert_eq!(command_of(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z), Some(Command::Redo));
        assert_eq!(command_of(Modifiers::COMMAND, Key::A), None);
    }
}
