//! Signal processing without state: windows, STFT, mel filter banks, decibels, peak reduction. Pure.
