//! From key presses to commands and labels, before any control sees them.
//!
//! Digits, comma and period are told by the place of their keys, not by the signs on them: on a French keyboard they are the same keys.

use super::Panels;
use crate::app::{Command, DigitUse, Keymap, LabelRequest, Request};
use eframe::egui::{Context, Event, Key, KeyboardShortcut, Modifiers};

/// What was typed in one frame.
#[derive(Debug, Default, PartialEq)]
pub struct Pressed {
    /// What the keys that were pressed ask for, in order: commands, and labels by digit keys.
    pub requests: Vec<Request>,
    /// What was typed after a command that opens a text field. A slow frame can hold a whole word, and none of its letters may be
    /// taken for a decision.
    pub typed: String,
    /// The spectrogram has the focus, where Tab goes from event to event.
    on_canvas: bool,
    /// The list of recordings has the keyboard: there Ctrl+A is about recordings.
    on_list: bool,
    /// The key of a command that goes on for as long as it is held.
    pub held: Option<Key>,
    /// The key that hides what is drawn over the spectrogram for as long as it is held.
    pub peek: Option<Key>,
}

/// Takes the commands' keys out of this frame's events. Text fields keep their letters; `Enter` belongs to a focused control, `Escape` to
/// a page that is open.
pub fn pressed(context: &Context, panels: &Panels) -> Pressed {
    if context.text_edit_focused() || panels.popup_open {
        return Pressed::default();
    }
    let is_focused = context.memory(|memory| memory.focused().is_some());
    let on_canvas = is_focused && panels.canvas_focused;
    let control_focused = (is_focused && !on_canvas) || panels.takes_enter;
    let page_open = panels.is_page_open();
    let on_list = super::file_list_ui::has_keyboard(context);
    let mut pressed = Pressed { on_canvas, on_list, ..Pressed::default() };
    let keymap = Keymap::of(context);
    context.input_mut(|input| input.events.retain(|event| pressed.leaves(event, &keymap, control_focused, page_open)));
    pressed
}

impl Pressed {
    /// Looks at one event, and says whether it is left for the controls.
    fn leaves(&mut self, event: &Event, keymap: &Keymap, control_focused: bool, page_open: bool) -> bool {
        if matches!(self.requests.last(), Some(&Request::Do(command)) if opens_text_field(command)) {
            if let Event::Text(text) = event
                && !(self.typed.is_empty() && text == "/")
            {
                self.typed.push_str(text);
            }
            return !matches!(event, Event::Text(_) | Event::Key { .. });
        }
        let Event::Key { key, physical_key, modifiers, pressed: true, repeat } = event else { return true };
        if self.on_canvas && !page_open && *key == Key::Tab && !modifiers.command && !modifiers.alt {
            let command = if modifiers.shift { Command::PreviousEvent } else { Command::NextEvent };
            self.requests.push(Request::Do(command));
            return false;
        }
        // Outside the canvas, Tab goes from control to control, whatever a set of keys says.
        let is_way = *key == Key::Tab && (control_focused || !(modifiers.command || modifiers.alt));
        let is_of_control = is_way || (control_focused && *key == Key::Enter && modifiers.is_none());
        let is_of_list = self.on_list && *key == Key::A && modifiers.matches_exact(Modifiers::COMMAND);
        if is_of_control || is_of_list || (page_open && *key == Key::Escape) {
            return true;
        }
        // A digit that the user has given to a command is that command's.
        let is_given = keymap.owner(KeyboardShortcut::new(*modifiers, *key)).is_some() && digit_of(*key).is_some();
        if let Some(request) = digit_request(keymap, *modifiers, *key, *physical_key).filter(|_| !is_given) {
            if !*repeat {
                self.requests.push(request.into());
            }
            return false;
        }
        let by_place = || keymap.command_of(*modifiers, physical_key.filter(|&key| digit_of(key).is_some())?);
        let signed = keymap.command_of(*modifiers, placed(*key, *physical_key));
        let Some(command) = signed.or_else(by_place) else { return true };
        if command == Command::Peek {
            self.peek = Some(*key);
            return false;
        }
        // A key that is held down moves on and on, but decides once.
        if !*repeat || may_repeat(command) {
            self.requests.push(Request::Do(command));
            if command == Command::RecordByEar {
                self.held = Some(*key);
            }
        }
        false
    }
}

/// What a digit key asks for. With Shift, a sign that is the key of a command goes first: `/` is Shift+7 on many keyboards.
fn digit_request(keymap: &Keymap, modifiers: Modifiers, key: Key, physical_key: Option<Key>) -> Option<LabelRequest> {
    let digit = physical_key.and_then(digit_of).or_else(|| digit_of(key))?;
    if modifiers.command || modifiers.ctrl || modifiers.mac_cmd {
        return None;
    }
    let digit_use = match (modifiers.shift, modifiers.alt) {
        (false, false) => DigitUse::Give,
        (false, true) => DigitUse::Toggle,
        (true, false) if digit_of(key).is_some() || keymap.command_of(modifiers, key).is_none() => DigitUse::Activate,
        (true, _) => return None,
    };
    Some(LabelRequest::Digit { digit, digit_use })
}

/// The key that counts: at the places of comma and period these, whatever sign is on them, unless it is a letter. With Shift they are `;`
/// and `:` on many keyboards.
pub fn placed(key: Key, physical_key: Option<Key>) -> Key {
    let is_letter = key.name().len() == 1 && digit_of(key).is_none();
    match physical_key {
        Some(place @ (Key::Comma | Key::Period)) if !is_letter => place,
        _ => key,
    }
}

fn digit_of(key: Key) -> Option<u8> {
    const KEYS: [Key; 10] =
        [Key::Num0, Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
    KEYS.iter().position(|&own| own == key).and_then(|place| u8::try_from(place).ok())
}

fn opens_text_field(command: Command) -> bool {
    matches!(command, Command::Relabel | Command::CommandPalette | Command::OpenPath | Command::GoToTime)
        || matches!(command, Command::AddLabel | Command::EditComment)
        || matches!(command, Command::NoteRecording | Command::SearchRecordings)
}

fn may_repeat(command: Command) -> bool {
    matches!(
        command,
        Command::Undo
            | Command::Redo
            | Command::NextEvent
            | Command::PreviousEvent
            | Command::NextError
            | Command::PreviousError
            | Command::SelectNextToo
            | Command::SelectPreviousToo
            | Command::ZoomIn
            | Command::ZoomOut
            | Command::PageForward
            | Command::PageBack
            | Command::JumpBack
            | Command::JumpForward
            | Command::JumpFarBack
            | Command::JumpFarForward
            | Command::FrameBack
            | Command::FrameForward
            | Command::OnsetEarlier
            | Command::OnsetLater
            | Command::OffsetEarlier
            | Command::OffsetLater
            | Command::OnsetFrameEarlier
            | Command::OnsetFrameLater
            | Command::OffsetFrameEarlier
            | Command::OffsetFrameLater
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
    use crate::app::KeySettings;
    use eframe::egui::Modifiers;

    #[test]
    fn a_word_typed_within_one_frame_is_not_taken_for_decisions() {
        let mut pressed = Pressed::default();
        let keymap = Keymap::new(&KeySettings::default());
        let key =
            |key| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
        let events =
            [key(Key::Slash), Event::Text("/".into()), key(Key::D), Event::Text("d".into()), Event::Text("og".into())];
        assert!(events.iter().all(|event| !pressed.leaves(event, &keymap, false, false)));
        let requests = vec![Request::Do(Command::Relabel)];
        assert_eq!(pressed, Pressed { requests, typed: "dog".to_owned(), ..Pressed::default() });
    }

    #[test]
    fn digits_are_told_by_the_place_of_the_key() {
        let keymap = Keymap::new(&KeySettings::default());
        let digit = |modifiers, key, physical_key| {
            let asked = digit_request(&keymap, modifiers, key, physical_key);
            let Some(LabelRequest::Digit { digit, digit_use }) = asked else {
                return None;
            };
            Some((digit, digit_use))
        };
        let (none, shift, alt) = (Modifiers::NONE, Modifiers::SHIFT, Modifiers::ALT);
        assert_eq!(digit(none, Key::Num3, Some(Key::Num3)), Some((3, DigitUse::Give)));
        assert_eq!(digit(none, Key::Num0, None), Some((0, DigitUse::Give)));
        // On a French keyboard the sixth key types `-`, and a digit with Shift.
        assert_eq!(digit(none, Key::Minus, Some(Key::Num6)), Some((6, DigitUse::Give)));
        assert_eq!(digit(shift, Key::Num6, Some(Key::Num6)), Some((6, DigitUse::Activate)));
        assert_eq!(digit(shift, Key::Exclamationmark, Some(Key::Num1)), Some((1, DigitUse::Activate)));
        assert_eq!(digit(alt, Key::Num2, Some(Key::Num2)), Some((2, DigitUse::Toggle)));
        // On a German keyboard Shift+7 is `/`, which opens the palette.
        assert_eq!(digit(shift, Key::Slash, Some(Key::Num7)), None);
        assert_eq!(digit(Modifiers::COMMAND, Key::Num1, Some(Key::Num1)), None);
        assert_eq!(digit(none, Key::Minus, Some(Key::Minus)), None);
        let ampersand = Event::Key {
            key: Key::Exclamationmark,
            physical_key: Some(Key::Num1),
            pressed: true,
            repeat: false,
            modifiers: Modifiers::COMMAND,
        };
        let mut pressed = Pressed::default();
        assert!(!pressed.leaves(&ampersand, &keymap, false, false));
        assert_eq!(pressed.requests, [Request::Do(Command::SpeedTwentieth)]);
    }

    fn key(modifiers: Modifiers, key: Key, physical_key: Key) -> Event {
        Event::Key { key, physical_key: Some(physical_key), pressed: true, repeat: false, modifiers }
    }

    /// What a key asks for on a keyboard of that kind; none if it is left for the controls.
    fn command(modifiers: Modifiers, sign: Key, place: Key) -> Option<Command> {
        let keymap = Keymap::new(&KeySettings::default());
        let mut pressed = Pressed::default();
        let leaves = pressed.leaves(&key(modifiers, sign, place), &keymap, false, false);
        let command = pressed.requests.first().map(|request| match request {
            Request::Do(command) => *command,
            other => panic!("{other:?}"),
        });
        assert_eq!(leaves, command.is_none());
        command
    }

    #[test]
    fn comma_and_period_are_told_by_the_place_of_the_key() {
        let (none, shift) = (Modifiers::NONE, Modifiers::SHIFT);
        // US, then German and Nordic: Shift makes `;` and `:` of them.
        assert_eq!(command(shift, Key::Comma, Key::Comma), Some(Command::JumpFarBack));
        assert_eq!(command(none, Key::Comma, Key::Comma), Some(Command::JumpBack));
        assert_eq!(command(shift, Key::Semicolon, Key::Comma), Some(Command::JumpFarBack));
        assert_eq!(command(shift, Key::Colon, Key::Period), Some(Command::JumpFarForward));
        assert_eq!(command(Modifiers::COMMAND, Key::Period, Key::Period), Some(Command::FrameForward));
        // French: `;` `.` and `:` `/` stand there.
        assert_eq!(command(none, Key::Semicolon, Key::Comma), Some(Command::JumpBack));
        assert_eq!(command(none, Key::Colon, Key::Period), Some(Command::JumpForward));
        assert_eq!(command(shift, Key::Slash, Key::Period), Some(Command::JumpFarForward));
        // Dvorak: letters stand there.
        assert_eq!(command(none, Key::W, Key::Comma), Some(Command::Uncertain));
        assert_eq!(command(none, Key::Comma, Key::W), Some(Command::JumpBack));
        // The semicolon of a US keyboard is itself.
        assert_eq!(command(none, Key::Semicolon, Key::Semicolon), Some(Command::SameLabel));
        assert_eq!(command(shift, Key::Slash, Key::Num7), Some(Command::Relabel));
    }

    #[test]
    fn tab_outside_the_canvas_is_no_key_of_a_command() {
        let changed = [("NextEvent".to_owned(), vec!["Tab".to_owned()])].into();
        let keymap = Keymap::new(&KeySettings { changed, ..KeySettings::default() });
        let tab = key(Modifiers::NONE, Key::Tab, Key::Tab);
        let mut pressed = Pressed::default();
        assert!(pressed.leaves(&tab, &keymap, false, false) && pressed.requests.is_empty());
        let mut pressed = Pressed { on_canvas: true, ..Pressed::default() };
        assert!(!pressed.leaves(&tab, &keymap, false, false));
        assert_eq!(pressed.requests, [Request::Do(Command::NextEvent)]);
    }

    #[test]
    fn looking_beneath_lasts_as_long_as_its_key() {
        let keymap = Keymap::new(&KeySettings::default());
        let mut pressed = Pressed::default();
        assert!(!pressed.leaves(&key(Modifiers::NONE, Key::Z, Key::Z), &keymap, false, false));
        assert_eq!((pressed.peek, pressed.requests.len()), (Some(Key::Z), 0));
    }
}
