//! Everything that a user can do by name: one variant each, with its words, its keys and its icon.
//!
//! Menus, the command palette, tooltips, the keymap and the help page are made from this enum and from nothing else.

use super::keymap::Keymap;
use crate::ui::icons;
use eframe::egui::{Context, Key, KeyboardShortcut, Modifiers};

/// Where a command stands in the menus and on the help page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Group {
    File,
    Edit,
    Review,
    Sound,
    Move,
    View,
    Model,
    Help,
}

impl Group {
    /// All groups, in the order of the menu bar.
    pub const ALL: [Self; 8] =
        [Self::File, Self::Edit, Self::Review, Self::Sound, Self::Move, Self::View, Self::Model, Self::Help];

    /// The menu's title.
    pub fn title(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Edit => "Edit",
            Self::Review => "Review",
            Self::Sound => "Sound",
            Self::Move => "Move",
            Self::View => "View",
            Self::Model => "Model",
            Self::Help => "Help",
        }
    }
}

macro_rules! commands {
    ($( $variant:ident, $group:ident, $icon:expr, $name:literal, $tooltip:literal, [$($modifiers:expr, $key:ident);*]; )*) => {
        /// What a user can do by menu, key or palette.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Command { $( #[doc = $tooltip] $variant, )* }

        impl Command {
            /// All commands, in menu order.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// The menu it stands in.
            pub fn group(self) -> Group {
                match self { $( Self::$variant => Group::$group, )* }
            }

            /// Its name in files of keys, which never changes.
            pub fn id(self) -> &'static str {
                match self { $( Self::$variant => stringify!($variant), )* }
            }

            /// What menus and palette call it; `…` says that a dialog follows.
            pub fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }

            /// What it does, in one sentence.
            pub fn tooltip(self) -> &'static str {
                match self { $( Self::$variant => $tooltip, )* }
            }

            /// Its icon, empty if it has none.
            pub fn icon(self) -> &'static str {
                match self { $( Self::$variant => $icon, )* }
            }

            /// Its keys as long as nobody has changed them, the one to show first.
            pub fn default_shortcuts(self) -> &'static [KeyboardShortcut] {
                match self { $( Self::$variant => const { &[ $( KeyboardShortcut::new($modifiers, Key::$key) ),* ] }, )* }
            }
        }
    };
}

const NONE: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;
const ALT: Modifiers = Modifiers::ALT;
const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };
const CTRL_ALT: Modifiers = Modifiers { alt: true, ..Modifiers::COMMAND };
const CTRL_ALT_SHIFT: Modifiers = Modifiers { shift: true, ..CTRL_ALT };
const ALT_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::ALT };

commands! {
    OpenRecordings, File, icons::FOLDER_OPEN, "Open recordings…", "Open recordings or a project", [CTRL, O];
    OpenFolder, File, "", "Open folder…", "Open all recordings of a folder; those with clock times stand on one timeline", [CTRL, K];
    OpenExample, File, icons::SPARKLE, "Open example", "Open the bundled soundscape with its real sounds", [];
    OpenPath, File, icons::TERMINAL, "Open by path…", "Open a recording, project or label file whose path you type", [CTRL_SHIFT, O];
    NewProject, File, "", "New project", "Begin a project without a name; the open one is kept as it is", [CTRL, N];
    SaveProject, File, icons::FLOPPY_DISK, "Save project", "Give the project a name; one that has a name is kept with every change", [CTRL, S];
    SaveProjectAs, File, "", "Save project as…", "Go on in a file of another name; the one before stays as it is", [CTRL_SHIFT, S];
    SaveCopy, File, "", "Save a copy…", "Write a copy of the project, and go on in this one", [];
    ShowVersions, File, "", "Versions…", "Show the earlier versions of the project that its file keeps, and open one", [];
    ExportText, File, "", "Export everything as text…", "Write recordings, events and the whole log as text files, one JSON value a line, into a folder", [];
    ImportLabels, File, icons::DOWNLOAD, "Import labels…", "Read label files of any format, with a preview; one step of undo", [CTRL, I];
    ExportLabels, File, icons::EXPORT, "Export labels…", "Write labels in any format, and see before what it cannot hold", [CTRL, E];
    ImportLabelSet, File, "", "Import label set…", "Read names, other names, parents, colours and keys of labels from CSV or TSV, with a preview", [];
    ExportLabelClasses, File, "", "Export label classes…", "Write the project's labels with their colours and keys as CSV", [];
    SavePicture, File, "", "Save picture…", "Save what is in view as PNG or SVG, with axes, colour bar and events", [CTRL_SHIFT, E];
    CloseRecording, File, "", "Remove from project", "Take the selected recordings out of the project if they have no events; the files stay", [];
    FindRecordings, File, "", "Find recordings…", "Look for missing recordings in a folder; they are recognised by their content", [];
    ClearPictures, File, "", "Clear picture cache", "Delete the pictures that are kept so that recordings open faster the next time; nothing is lost", [];
    Quit, File, "", "Quit", "Close the window", [CTRL, Q];

    Undo, Edit, icons::UNDO, "Undo", "Take the last change back", [CTRL, Z];
    Redo, Edit, icons::REDO, "Redo", "Make the change again that was taken back last", [CTRL_SHIFT, Z; CTRL, Y];
    ShowHistory, Edit, icons::HISTORY, "History", "Show what was done, by whom and when, and go back to any step", [CTRL, H];
    SetAnnotator, Edit, "", "Annotator's name…", "Tell whose annotations these are: the name stands on every change", [];
    SelectAll, Edit, "", "Select all events", "Select all events of the recording that are shown: decisions, labels and merging then act on all of them, edges on one", [CTRL, A];
    Relabel, Edit, icons::TAG, "Change label…", "Search a label for the selected event; just type", [NONE, Enter; NONE, Slash];
    NoteRecording, Edit, icons::NOTE_PENCIL, "Recording note…", "Write a note on the selected recordings", [];
    SameLabel, Edit, "", "Same label as last", "Give the selected event the label that was given last; before any was given, the active one", [NONE, G; NONE, Semicolon];
    AddLabel, Edit, "", "Add another label…", "Search a label that the selected event gets beside those it has; one that it has is taken away", [SHIFT, Enter];
    EditComment, Edit, icons::NOTE, "Comment", "Write a remark about the selected event", [CTRL, M];
    ToggleBoxes, Edit, "", "Draw boxes", "Drags draw boxes in time and frequency, else spans at all frequencies", [NONE, X];
    ToggleSnap, Edit, "", "Magnetic edges", "Edges that are dragged jump to the playhead, other edges and complete spans; with Alt it is the other way round", [];
    RecordByEar, Edit, "", "New event while held", "While sound plays: press where an event begins, let go where it ends; by menu, choose it again for the end", [NONE, N];
    DrawFromPrevious, Edit, "", "New event from previous end", "Draw the active label from the end of the event before the playhead to the playhead", [SHIFT, N];
    DrawAtPlayhead, Edit, icons::PLUS, "New event at playhead", "Draw one second of the active label from the playhead on", [];
    PointAtPlayhead, Edit, "", "New point at playhead", "Note a moment of the active label at the playhead; Ctrl+click on the spectrogram does so there, where no event is", [NONE, P];
    Split, Edit, "", "Split at playhead", "Cut the selected event in two at the playhead", [NONE, S];
    MergeNext, Edit, "", "Merge with next", "Make one event of the selected one and the next one of its label, or of several selected ones if they have one label", [NONE, M];
    OnsetToPlayhead, Edit, "", "Onset to playhead", "Let the selected event begin at the playhead", [CTRL, ArrowLeft; NONE, OpenBracket];
    OffsetToPlayhead, Edit, "", "Offset to playhead", "Let the selected event end at the playhead", [CTRL, ArrowRight; NONE, CloseBracket];
    OnsetEarlier, Edit, "", "Onset 10 ms earlier", "Nudge the onset and listen around it", [ALT, ArrowLeft];
    OnsetLater, Edit, "", "Onset 10 ms later", "Nudge the onset and listen around it", [ALT, ArrowRight];
    OffsetEarlier, Edit, "", "Offset 10 ms earlier", "Nudge the offset and listen around it", [ALT_SHIFT, ArrowLeft];
    OffsetLater, Edit, "", "Offset 10 ms later", "Nudge the offset and listen around it", [ALT_SHIFT, ArrowRight];
    OnsetFrameEarlier, Edit, "", "Onset one frame earlier", "Nudge the onset by a frame of the model and listen around it", [CTRL_ALT, ArrowLeft];
    OnsetFrameLater, Edit, "", "Onset one frame later", "Nudge the onset by a frame of the model and listen around it", [CTRL_ALT, ArrowRight];
    OffsetFrameEarlier, Edit, "", "Offset one frame earlier", "Nudge the offset by a frame of the model and listen around it", [CTRL_ALT_SHIFT, ArrowLeft];
    OffsetFrameLater, Edit, "", "Offset one frame later", "Nudge the offset by a frame of the model and listen around it", [CTRL_ALT_SHIFT, ArrowRight];
    SnapEdges, Edit, "", "Snap edges to scores", "Put onset and offset where the score curve of the class crosses the threshold, or else changes most", [NONE, C];
    MoveEarlier, Edit, "", "Event 10 ms earlier", "Move the selected event as a whole", [CTRL_SHIFT, ArrowLeft];
    MoveLater, Edit, "", "Event 10 ms later", "Move the selected event as a whole", [CTRL_SHIFT, ArrowRight];

    ToggleReview, Review, "", "Review mode", "Let the next undecided event come and play by itself after each decision; again: browse and edit", [SHIFT, Q];
    Accept, Review, icons::CHECK, "Accept", "It is there: make it a label, and go to the next undecided event", [NONE, A; NONE, Y];
    Reject, Review, icons::CROSS, "Reject or delete", "It is not there: keep a prediction as rejected, remove an event drawn by hand, and go on", [NONE, D; NONE, Delete];
    Uncertain, Review, icons::QUESTION, "Uncertain", "Cannot be told: keep it aside, and go on", [NONE, W];
    Undecide, Review, icons::ERASER, "Take decision back", "Make the selected event a prediction again", [NONE, Backspace];
    AcceptShown, Review, "", "Accept all shown of this class", "Accept every undecided event in view of the selected event's class; one step of undo", [SHIFT, A];
    RejectShown, Review, "", "Reject all shown of this class", "Reject every undecided event in view of the selected event's class; one step of undo", [SHIFT, D];
    RejectBelow, Review, "", "Reject all of this class with lower scores", "Show which undecided events of this class score below the selected one; pressed again, reject them in one step of undo", [SHIFT, Delete];
    AcceptAbove, Review, "", "Accept all of this class with higher scores", "Show which undecided events of this class score above the selected one; pressed again, accept them in one step of undo", [SHIFT, Y];
    MarkViewComplete, Review, "", "Nothing is missing in view", "Say that every event of the active classes is there, in view; where that was said already, take it back", [NONE, H];
    MarkRecordingComplete, Review, "", "Nothing is missing in the recording", "Say that every event of the active classes is there, from start to end; where that was said already, take it back", [SHIFT, H];
    NextQueueOrder, Review, "", "Next order of the queue", "By time, high scores first, low scores first, least certain first, class by class, in turn", [ALT, Q];
    QueueThisClass, Review, "", "Queue of this class only", "Let only events of the selected one's class come; again: those of all classes", [ALT, C];
    CheckLabels, Review, icons::CHECK_LIST, "Check labels", "List what is suspicious in the labels of all recordings: overlaps, unknown labels, odd durations …", [CTRL, L];
    Evaluate, Review, icons::TARGET, "Evaluate", "Compare predictions, another annotator or a label file with the labels: scores by class, curves, and each error with its place", [CTRL_SHIFT, L];
    NextError, Review, "", "Next error", "Show the next error of the evaluation, also in another recording", [ALT, J];
    PreviousError, Review, "", "Previous error", "Show the error of the evaluation before this one", [ALT, K];
    MarkComplete, Review, icons::DONE, "Recording is done", "Say that work on this recording is done, and go to the next that is not; again to take it back", [CTRL, Enter];
    ToggleAutoAdvance, Review, "", "Go on after a decision", "Select the next undecided event after each decision", [];
    ToggleAutoPlay, Review, "", "Play what is selected", "Play an event as soon as a key selects it", [];

    PlayPause, Sound, icons::PLAY, "Play or pause", "Play from the playhead, or pause", [NONE, Space];
    PlayEvent, Sound, icons::PLAY_EVENT, "Play event", "Play the selected event once, with pre-roll and post-roll", [SHIFT, Space];
    LoopEvent, Sound, icons::LOOP, "Loop event", "Play the selected event again and again; without one, what is in view", [NONE, L];
    LoopSelected, Sound, "", "Loop selected event", "Play the selected event again and again, whatever plays now", [SHIFT, L];
    ToggleBand, Sound, "", "Hear one band only", "Listen to the frequencies of the selected event, if it has some, else to those in view, and to nothing else", [NONE, B];
    NextListeningMode, Sound, "", "Next listening mode", "Pitch kept, time-expanded (the pitch follows the speed), heterodyne, in turn", [NONE, V];
    SpeedTwentieth, Sound, "", "Speed ×0.05", "Listen at a twentieth of the speed", [CTRL, Num1];
    SpeedTenth, Sound, "", "Speed ×0.1", "Listen at a tenth of the speed", [CTRL, Num2];
    SpeedQuarter, Sound, "", "Speed ×0.25", "Listen at a quarter of the speed", [CTRL, Num3];
    SpeedHalf, Sound, "", "Speed ×0.5", "Listen at half the speed", [CTRL, Num4];
    SpeedOne, Sound, "", "Speed ×1", "Listen at the speed of the recording", [CTRL, Num5];
    SpeedTwo, Sound, "", "Speed ×2", "Listen at twice the speed", [CTRL, Num6];
    HearOnset, Sound, "", "Hear the onset", "Play 0.3 s before and after the selected event's onset", [NONE, I];
    HearOffset, Sound, "", "Hear the offset", "Play 0.3 s before and after the selected event's offset", [NONE, O];
    HearBeforeOnset, Sound, "", "Hear up to the onset", "Play the 0.3 s before the selected event's onset", [SHIFT, F5];
    HearAfterOnset, Sound, "", "Hear from the onset", "Play the 0.3 s after the selected event's onset", [SHIFT, F6];
    HearBeforeOffset, Sound, "", "Hear up to the offset", "Play the 0.3 s before the selected event's offset", [SHIFT, F7];
    HearAfterOffset, Sound, "", "Hear from the offset", "Play the 0.3 s after the selected event's offset", [SHIFT, F8];
    JumpBack, Sound, icons::REWIND, "Back 1 s", "Move the playhead one second back", [NONE, Comma];
    JumpForward, Sound, icons::FORWARD, "Forward 1 s", "Move the playhead one second on", [NONE, Period];
    JumpFarBack, Sound, "", "Back 5 s", "Move the playhead five seconds back", [SHIFT, Comma];
    JumpFarForward, Sound, "", "Forward 5 s", "Move the playhead five seconds on", [SHIFT, Period];
    FrameBack, Sound, "", "Back one frame", "Move the playhead back by a frame of the model, or 10 ms where none has run", [CTRL, Comma];
    FrameForward, Sound, "", "Forward one frame", "Move the playhead on by a frame of the model, or 10 ms where none has run", [CTRL, Period];

    NextEvent, Move, icons::NEXT, "Next event", "Select the next event by onset", [NONE, J];
    PreviousEvent, Move, icons::PREVIOUS, "Previous event", "Select the previous event by onset", [NONE, K];
    SelectNextToo, Move, "", "Select next event too", "Take the next event by onset into the selection; with the mouse Ctrl+click takes one, Shift+click all up to it", [SHIFT, J];
    SelectPreviousToo, Move, "", "Select previous event too", "Take the previous event by onset into the selection; with the mouse Ctrl+click takes one, Shift+click all up to it", [SHIFT, K];
    NextUndecided, Move, "", "Next of the queue", "Select the next undecided event, in the order of the queue", [NONE, Q];
    PageForward, Move, "", "Page forward", "Show the next page, which overlaps this one; after the last, the next recording", [NONE, PageDown];
    PageBack, Move, "", "Page back", "Show the previous page, which overlaps this one; before the first, the previous recording", [NONE, PageUp];
    GoToStart, Move, "", "Go to start", "Put the playhead at the start", [NONE, Home];
    GoToEnd, Move, "", "Go to end", "Put the playhead at the end", [NONE, End];
    GoToTime, Move, "", "Go to time…", "Type a time, or with clock times a time of day, and put the playhead there", [CTRL, G];
    NextRecording, Move, "", "Next recording", "Show the next recording of the list", [CTRL, PageDown];
    PreviousRecording, Move, "", "Previous recording", "Show the previous recording of the list", [CTRL, PageUp];
    SearchRecordings, Move, "", "Search recordings", "Type what the names of the listed recordings shall hold", [CTRL_SHIFT, F];
    Deselect, Move, "", "Deselect", "Of several selected events keep one, then none; close what is open", [NONE, Escape];

    ZoomIn, View, icons::ZOOM_IN, "Zoom in", "See half as much time, around the playhead", [NONE, Plus; NONE, Equals];
    ZoomOut, View, icons::ZOOM_OUT, "Zoom out", "See twice as much time, around the playhead", [NONE, Minus];
    FitAll, View, icons::FIT, "Show whole recording", "Zoom out to the whole recording", [NONE, F];
    FitEvent, View, icons::FIT_EVENT, "Show selected event", "Zoom to the selected event", [NONE, E];
    ToggleZoom, View, "", "Last zoom", "Go back to what was in view before the last zoom, and again to what is in view now", [SHIFT, Z];
    FitFrequencies, View, "", "Show all frequencies", "From 0 Hz to half the sample rate", [SHIFT, F];
    LongerFrame, View, "", "Longer frames", "Tell frequencies apart more finely: frames of twice as many samples", [NONE, R];
    ShorterFrame, View, "", "Shorter frames", "Tell moments apart more finely: frames of half as many samples", [NONE, T];
    NextColormap, View, "", "Next colour map", "Show the spectrogram in the next colour map", [SHIFT, C];
    ShowDisplay, View, icons::SLIDERS, "Display settings", "Show how recordings are displayed: frames, colours, frequencies, channels, time", [NONE, F5];
    ToggleTimeline, View, icons::TIMELINE, "Timeline of recordings", "Show or hide the recordings in clock order above the overview, if there are two with clock times", [NONE, F10];
    ToggleRecordings, View, icons::SIDEBAR, "Recordings panel", "Show or hide the recordings and labels on the left", [NONE, F2];
    ToggleInspector, View, icons::TABLE, "Events panel", "Show or hide the events and the model on the right", [NONE, F3];
    ToggleWaveform, View, icons::WAVEFORM, "Waveform", "Show or hide the waveform", [NONE, F4];
    ToggleLanes, View, icons::ROWS, "Label lanes", "Show or hide one row for each label under the spectrogram", [NONE, F6];
    ToggleDecoding, View, icons::CURVE, "Decoding lane", "Show or hide the model's score curves with their thresholds under the spectrogram", [NONE, F12];
    ShowAllLabels, View, "", "Show all labels", "Show the events of all labels again that were hidden", [];
    ToggleRejected, View, icons::EYE, "Rejected events", "Show or hide rejected events", [NONE, F7];
    ToggleLabels, View, icons::EYE, "Events on the spectrogram", "Show or hide what is drawn over the spectrogram", [NONE, F8];
    Peek, View, "", "Look beneath events while held", "See the spectrogram without what is drawn over it for as long as the key is down; by menu, until chosen again", [NONE, Z; NONE, Backtick];
    ToggleTheme, View, icons::MOON, "Dark or light", "Change between the dark and the light theme", [NONE, F9];
    ToggleContrast, View, "", "High contrast", "Black and white with strong lines, in the dark and in the light theme", [SHIFT, F9];
    ScaleUp, View, "", "Larger text", "Make everything in the window larger", [CTRL, Plus; CTRL, Equals];
    ScaleDown, View, "", "Smaller text", "Make everything in the window smaller", [CTRL, Minus];

    Detect, Model, icons::MAGIC, "Detect events", "Run the model over this recording in the background", [CTRL, R];
    DetectSelection, Model, "", "Detect events in selection", "Run the model over the selected recordings in the background", [];
    DetectAll, Model, "", "Detect events in all recordings", "Run the model in the background over every recording that it has not scored yet", [CTRL_SHIFT, R];
    DetectAllAgain, Model, "", "Detect again in all recordings", "Run the model in the background over every recording, also those that it has scored", [];
    CancelDetection, Model, icons::STOP, "Stop detection", "Stop the model; predictions from before come back, else what it has found so far is shown", [CTRL_SHIFT, Period];
    ImportModel, Model, icons::DOWNLOAD, "Import model…", "Make a model of a checkpoint (PyTorch, safetensors) or of an ONNX file", [];
    GetModels, Model, icons::CLOUD_DOWNLOAD, "Get models…", "See which models are installed, download published ones, and remove those you no longer need", [CTRL_SHIFT, M];
    GetGpuSupport, Model, "", "Get GPU support…", "Fetch what lets models run on graphics processors, after showing what it is", [];
    ShowComplexity, Model, "", "Model complexity…", "Show what models cost, and measure how fast they are on this machine", [];
    ThresholdUp, Model, "", "Raise threshold", "Fewer predictions: raise the threshold of the decoding lane's class by 0.05 (below 0.1 by 0.01)", [NONE, U];
    ThresholdDown, Model, "", "Lower threshold", "More predictions: lower the threshold of the decoding lane's class by 0.05 (below 0.1 by 0.01)", [SHIFT, U];

    CommandPalette, Help, icons::SEARCH, "All commands…", "Search every command by name", [CTRL, P];
    ShowKeys, Help, icons::KEYBOARD, "Keys", "Show every key", [NONE, F1; NONE, Questionmark];
    ChangeKeys, Help, "", "Change keys…", "Give commands other keys, take a set of keys as another program has them, export and import keys", [];
    About, Help, icons::QUESTION, "About Earmark", "Show version, licences and where things are kept", [];
}

impl Command {
    /// The command of a name in a file of keys.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|command| command.id() == id)
    }

    /// The first of the keys that it has in this window, as text; empty if it has none.
    pub fn key_text(self, context: &Context) -> String {
        let keymap = Keymap::of(context);
        keymap.keys(self).first().map(|shortcut| shortcut_text(context, shortcut)).unwrap_or_default()
    }

    /// Name, sentence and key, for a control that shows only an icon.
    pub fn hover_text(self, context: &Context) -> String {
        let key = self.key_text(context);
        let key = if key.is_empty() { key } else { format!(" ({key})") };
        format!("{}{key}\n{}", self.name(), self.tooltip())
    }
}

/// A key with its modifiers, with the sign that is printed on the key where it has one.
pub fn shortcut_text(context: &Context, shortcut: &KeyboardShortcut) -> String {
    let sign = match shortcut.logical_key {
        Key::Comma => ",",
        Key::Period => ".",
        Key::Plus => "+",
        Key::Minus => "−",
        Key::Equals => "=",
        Key::Slash => "/",
        Key::Questionmark => "?",
        Key::Semicolon => ";",
        Key::Backtick => "`",
        Key::OpenBracket => "[",
        Key::CloseBracket => "]",
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        _ => return context.format_shortcut(shortcut),
    };
    // The name of the key stands last.
    let text = context.format_shortcut(shortcut);
    let name = shortcut.logical_key.name();
    match text.strip_suffix(name) {
        Some(modifiers) => format!("{modifiers}{sign}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn no_key_means_two_things() {
        let mut owners: HashMap<KeyboardShortcut, Command> = HashMap::new();
        for &command in Command::ALL {
            for &shortcut in command.default_shortcuts() {
                if let Some(other) = owners.insert(shortcut, command) {
                    panic!("{shortcut:?} is both {other:?} and {command:?}");
                }
            }
        }
    }

    #[test]
    fn no_command_can_be_reached_by_a_key_of_one_keyboard_layout_alone() {
        // On German, French or Nordic keyboards these need AltGr or Shift, or are not there.
        let elsewhere = |key: Key| {
            matches!(
                key,
                Key::OpenBracket
                    | Key::CloseBracket
                    | Key::Backslash
                    | Key::Semicolon
                    | Key::Quote
                    | Key::Backtick
                    | Key::Slash
            )
        };
        for command in Command::ALL {
            let keys = command.default_shortcuts();
            let reachable = keys.is_empty() || keys.iter().any(|shortcut| !elsewhere(shortcut.logical_key));
            assert!(reachable, "{command:?} needs a key besides {keys:?}");
        }
    }

    #[test]
    fn keys_are_called_by_the_sign_on_them() {
        let context = Context::default();
        assert_eq!(Command::JumpBack.key_text(&context), ",");
        assert_eq!(Command::Undo.key_text(&context), "Ctrl+Z");
        assert_eq!(Command::OnsetToPlayhead.key_text(&context), "Ctrl+←");
    }

    #[test]
    fn names_are_unique_and_in_sentence_case() {
        let mut names: Vec<&str> = Command::ALL.iter().map(|command| command.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Command::ALL.len());
        for command in Command::ALL {
            assert!(!command.name().ends_with('.') && !command.tooltip().ends_with('.'), "{command:?}");
            assert!(command.name().starts_with(char::is_uppercase), "{command:?}");
        }
    }
}
