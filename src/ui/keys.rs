//! From key presses to commands, before any control sees them.

use super::Panels;
use crate::app::Command;
use eframe::egui::{Context, Event, Key, KeyboardShortcut, Modifiers};

/// The commands whose keys were pressed in this frame. Text fields keep their letters; `Enter` and `Escape` belong to a focused control.
pub fn pressed(context: &Context, panels: &Panels) -> Vec<Command> {
    if context.text_edit_focused() || context.any_popup_open() {
        return Vec::new();
    }
    let control_focused = context.memory(|memory| memory.focused().is_some());
    let closes = panels.keys_shown || panels.about_shown;
    context.input_mut(|input| {
        let mut commands = Vec::new();
        input.events.retain(|event| {
            let Event::Key { key, modifiers, pressed: true, repeat, .. } = event else { return true };
            let belongs_to_control = control_focused && matches!(key, Key::Enter | Key::Tab);
            let belongs_to_page = closes && *key == Key::Escape;
            if belongs_to_control || belongs_to_page {
                return true;
            }
            let Some(command) = command_of(*modifiers, *key) else { return true };
            // A key that is held down moves on and on, but decides once.
            if !*repeat || may_repeat(command) {
                commands.push(command);
            }
            false
        });
        commands
    })
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
            | Command::OnsetEarlier
            | Command::OnsetLater
            | Command::OffsetEarlier
            | Command::OffsetLater
            | Command::ThresholdUp
            | Command::ThresholdDown
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
