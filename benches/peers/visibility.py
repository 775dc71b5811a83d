"""How many short events can be seen in a picture of a whole hour?

A hundred tones (100 ms, 6 kHz, 30 dB over the noise in their band) lie in one hour of noise. In a picture
1,600 pixels wide a column is 2.3 s: a program that computes one FFT a column misses nearly all of them,
one that averages dims them, one that keeps the maximum shows them all.
"""
import wave
from pathlib import Path

import numpy as np

SR, HOUR, N = 48_000, 3600, 100


def make(path: Path) -> np.ndarray:
    """Writes the hour and returns the onsets in seconds."""
    rng = np.random.default_rng(7)
    onsets = (np.arange(N) + rng.uniform(0.1, 0.9, N)) * (HOUR / N)
    t = np.arange(int(0.1 * SR)) / SR
    tone = (0.05 * np.sin(2 * np.pi * 6000 * t) * np.hanning(t.size) ** 0.25).astype(np.float32)
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1), w.setsampwidth(2), w.setframerate(SR)
        for minute in range(HOUR // 60):
            x = rng.standard_normal(60 * SR).astype(np.float32) * 0.02
            for onset in onsets[(onsets >= minute * 60) & (onsets < minute * 60 + 60)]:
                at = int((onset - minute * 60) * SR)
                n = min(tone.size, x.size - at)
                x[at:at + n] += tone[:n]
            w.writeframes((x * 32767).astype("<i2").tobytes())
    return onsets


def visible(rgb: np.ndarray, onsets: np.ndarray, x0: float = 0.0, x1: float | None = None, hidden: int = 0):
    """Share of the tones that stand out in a picture (rows x columns x 3) of the hour between x0 and x1, and by how
    much in the median (0 to 765, red + green + blue). Something may hide the columns left of `hidden`."""
    px = rgb[..., :3].astype(np.float32)
    x1 = px.shape[1] if x1 is None else x1
    onsets = onsets[x0 + onsets / HOUR * (x1 - x0) > hidden + 3]
    contrast = np.abs(px - np.median(px, axis=1, keepdims=True)).sum(axis=2)
    # the row of the tone differs from tool to tool (linear, log): each row is scored against its own noise columns
    cols = (x0 + (onsets + 0.05) / HOUR * (x1 - x0)).astype(int)
    near = np.zeros(px.shape[1], bool)
    for c in cols:
        near[max(0, c - 3):c + 4] = True
    inside = np.zeros_like(near)
    inside[max(int(x0), hidden) + 3:int(x1) - 3] = True
    level = np.percentile(contrast[:, inside & ~near], 99.5, axis=1)
    over = contrast - level[:, None]
    excess = np.stack([over[:, max(0, c - 2):c + 3].max(axis=1) for c in cols], axis=1)
    # the tone's row is where most tones are hit; one row either side belongs to it
    row = int((excess > 12).mean(axis=1).argmax())
    best = excess[max(0, row - 1):row + 2].max(axis=0)
    return float((best > 12).mean()), float(max(0.0, np.median(best)))
