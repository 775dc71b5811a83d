//! Drawing and gestures; emits commands and changes nothing else.
