//! The icons in use: code points of the Phosphor icon font (`assets/icons`).

macro_rules! icons {
    ($( $name:ident = $glyph:literal; )*) => {
        $( #[doc = concat!("Phosphor ", $glyph)] pub const $name: &str = $glyph; )*
        /// Every icon, for the test that the font has them.
        #[cfg(test)]
        const ALL: &[(&str, &str)] = &[ $( (stringify!($name), $name), )* ];
    };
}

icons! {
    TARGET = "\u{E47C}";
    ARROWS_HORIZONTAL = "\u{EB06}";
    SWAP = "\u{E83C}";
    FOLDER_OPEN = "\u{E256}";
    SPARKLE = "\u{E6A2}";
    TERMINAL = "\u{E47E}";
    FLOPPY_DISK = "\u{E248}";
    DOWNLOAD = "\u{E20C}";
    CLOUD_DOWNLOAD = "\u{E1AC}";
    TRASH = "\u{E4A6}";
    DOTS = "\u{E208}";
    CARET_UP = "\u{E13C}";
    CARET_DOWN = "\u{E136}";
    CARET_RIGHT = "\u{E13A}";
    EXPORT = "\u{EAF0}";
    TAG = "\u{E478}";
    PLUS = "\u{E3D4}";
    CHECK = "\u{E182}";
    CROSS = "\u{E4F6}";
    UNCHECKED = "\u{E45E}";
    QUESTION = "\u{E3E8}";
    ERASER = "\u{E21E}";
    PLAY = "\u{E3D0}";
    PLAY_EVENT = "\u{E3D2}";
    PAUSE = "\u{E39E}";
    LOOP = "\u{E3F6}";
    REWIND = "\u{E6A8}";
    FORWARD = "\u{E6A6}";
    NEXT = "\u{E5A6}";
    PREVIOUS = "\u{E5A4}";
    UNDO = "\u{E08A}";
    REDO = "\u{E08C}";
    SLIDERS = "\u{E434}";
    TIMELINE = "\u{E19A}";
    SEARCH = "\u{E30C}";
    FILTER = "\u{E266}";
    CHECK_LIST = "\u{EADC}";
    ZOOM_IN = "\u{E310}";
    ZOOM_OUT = "\u{E30E}";
    FIT = "\u{E534}";
    FIT_EVENT = "\u{E626}";
    SIDEBAR = "\u{EC24}";
    TABLE = "\u{E476}";
    WAVEFORM = "\u{E802}";
    ROWS = "\u{E5A2}";
    CURVE = "\u{E154}";
    EYE = "\u{E220}";
    EYE_CLOSED = "\u{E224}";
    MOON = "\u{E330}";
    SUN = "\u{E472}";
    MAGIC = "\u{E6B6}";
    STOP = "\u{E46C}";
    KEYBOARD = "\u{E2D8}";
    WARNING = "\u{E4E0}";
    NOTE = "\u{E2CE}";
    FAILURE = "\u{E4F8}";
    DONE = "\u{E184}";
    COPY = "\u{E1CA}";
    DEVICE = "\u{E610}";
    RECORDING = "\u{EA20}";
    SPEAKER = "\u{E44A}";
    EAR = "\u{E70C}";
    HISTORY = "\u{E1A0}";
    LOCK = "\u{E2FA}";
    STATE_EMPTY = "\u{E18A}";
    STATE_HALF = "\u{E18C}";
    STATE_NOT_FOUND = "\u{E2E4}";
    STATE_WAITING = "\u{E2B2}";
    NOTE_PENCIL = "\u{E34C}";
    ORDER = "\u{E444}";
    STATE_PREDICTED = "\u{E602}";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icons_are_single_characters_and_differ() {
        let mut glyphs: Vec<&str> = ALL.iter().map(|(_, glyph)| *glyph).collect();
        assert!(glyphs.iter().all(|glyph| glyph.chars().count() == 1));
        glyphs.sort_unstable();
        glyphs.dedup();
        assert_eq!(glyphs.len(), ALL.len());
    }
}
