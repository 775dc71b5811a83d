//! Drawing and gestures; emits commands and changes nothing else.

pub mod colormap;
pub mod spectrogram_painter;
pub mod waveform_painter;
