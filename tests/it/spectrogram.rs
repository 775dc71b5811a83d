//! Integration tests: spectrogram.
