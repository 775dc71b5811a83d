#!/usr/bin/env python3
"""Writes log_mel_bell.npy: log-mel levels of tests/data/model/bell_10s_16k.wav by numpy alone, every 16th row.

numpy 2.x; python3 make-reference.py, in this folder.
"""
import wave

import numpy as np

FRAME, HOP, BANDS, LOW, HIGH, RATE = 512, 160, 64, 125.0, 7500.0, 16_000

with wave.open("../model/bell_10s_16k.wav") as recording:
    assert (recording.getframerate(), recording.getnchannels(), recording.getsampwidth()) == (RATE, 1, 2)
    samples = np.frombuffer(recording.readframes(recording.getnframes()), "<i2") / 32768.0

mel = 2595 * np.log10(1 + np.array([LOW, HIGH]) / 700)
edges = 700 * (10 ** (np.linspace(*mel, BANDS + 2) / 2595) - 1)
hz = np.fft.rfftfreq(FRAME, 1 / RATE)
up = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
down = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
triangles = np.maximum(0, np.minimum(up, down))

frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP] * np.hanning(FRAME)
levels = np.log(np.abs(np.fft.rfft(frames)) ** 2 @ triangles.T + 1e-10)
np.save("log_mel_bell.npy", levels[::16].astype("<f4"))
print(levels.shape)
