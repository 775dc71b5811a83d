//! Tiles of the spectrogram: geometry, pyramid, cache policy. Pure.
