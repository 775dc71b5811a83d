"""Writes scipy-stft-8khz.f32: 4000 samples at 8 kHz, then 63 columns of 128 levels in decibels, all little-endian float32.

Reference for the STFT of the spectrogram (scipy 1.17.1, double precision): periodic Hann, 256 samples, hop 64, each frame centred on
the middle of its hop, silence outside, decibels relative to a full-scale sine.
"""

import numpy as np
from scipy.signal import stft

RATE, SIZE, HOP = 8000, 256, 64
random = np.random.default_rng(7)
time = np.arange(4000) / RATE
samples = 0.5 * np.sin(2 * np.pi * (300 + 3000 * time) * time) + 0.01 * random.standard_normal(4000)
samples = samples.astype("<f4")
columns = -(-len(samples) // HOP)
lead = (SIZE - HOP) // 2
padded = np.concatenate([np.zeros(lead), samples.astype(float), np.zeros(SIZE + HOP)])
_, _, spectrum = stft(padded, RATE, "hann", SIZE, SIZE - HOP, boundary=None, padded=False, scaling="spectrum")
levels = 20 * np.log10(2 * np.abs(spectrum[:128, :columns]).T + 1e-30)
np.concatenate([samples, levels.astype("<f4").ravel()]).tofile("scipy-stft-8khz.f32")
