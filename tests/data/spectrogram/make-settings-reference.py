"""Writes the reference numbers for each setting of the spectrogram, all as little-endian float32. Needs numpy, scipy 1.17 and librosa 0.11.

Samples come from two formulas that the tests repeat, in double precision and rounded to 32 bits:
`noise(n)`, a number of -1 to 1 made of the bits of n, and sines.

scipy-settings.f32   power levels of `scipy.signal.stft` (8 kHz) for each window, overlap and zero padding in the order of SETTINGS: for each of
                     COLUMNS the levels of all bins but the last in decibels relative to a full-scale sine. Frames are centred on the middle of
                     their hop; silence outside.
librosa-reassigned.f32   for each frame of FRAMES and each bin but the last: magnitude, time in samples from the frame's middle, frequency in hertz
                     of `librosa.reassigned_spectrogram` (8 kHz, periodic Hann of 256, nothing kept back) of a chirp and of two clicks.
librosa-pcen.f32     `librosa.pcen` with its defaults of 16 s of noise and tones at 8 kHz (periodic Hann of 256, hop 64, magnitudes times 2^31):
                     128 bins of each of PCEN_COLUMNS.
"""

import librosa
import numpy as np
from scipy.signal import get_window

RATE = 8000
SETTINGS = [
    (window, hops, padding)
    for window in ("hann", "hamming", "blackmanharris", ("kaiser", 9.0))
    for hops, padding in ((2, 1), (4, 2), (8, 4))
]
COLUMNS = (0, 5, 23)
PCEN_COLUMNS = (0, 1, 10, 100, 449, 450, 700, 1000, 1350, 1999)


def noise(n):
    x = np.asarray(n, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x ^= x >> np.uint64(29)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    return (x >> np.uint64(40)).astype(np.float64) / 8388608.0 - 1.0


def frames(samples, size, hop, count):
    """Frames centred on the middle of their hop, silence outside."""
    padded = np.concatenate([np.zeros((size - hop) // 2), samples.astype(float), np.zeros(2 * size)])
    return np.stack([padded[n * hop : n * hop + size] for n in range(count)])


def single(samples):
    return samples.astype("<f4")


def stft_levels():
    from scipy.signal import stft

    n = np.arange(4000)
    samples = single(0.3 * noise(n) + 0.05 * np.sin(2 * np.pi * 1234.5 * n / RATE))
    levels = []
    for window, hops, padding in SETTINGS:
        size, hop = 256, 256 // hops
        padded = np.concatenate([np.zeros((size - hop) // 2), samples.astype(float), np.zeros(2 * size)])
        weights = get_window(window, size)
        _, _, spectrum = stft(
            padded, RATE, weights, size, size - hop, size * padding, boundary=None, padded=False, scaling="spectrum"
        )
        # scipy divides by the window's sum; a sine has half its amplitude at each of its two frequencies.
        power = 20 * np.log10(2 * np.abs(spectrum[:-1]) + 1e-30)
        levels += [power[:, column] for column in COLUMNS]
    return np.concatenate(levels)


def reassigned():
    n = np.arange(4096)
    chirp = 0.5 * np.sin(2 * np.pi * (500 * n / RATE + 0.5 * 4000 * (n / RATE) ** 2))
    clicks = np.zeros(4096)
    clicks[1000], clicks[1100] = 1.0, 0.5
    rows = []
    for samples, first in ((single(chirp), 512), (single(chirp), 2048), (single(clicks), 960), (single(clicks), 832)):
        part = samples[first : first + 256].astype(float)
        hz, secs, magnitude = librosa.reassigned_spectrogram(
            part, sr=RATE, n_fft=256, hop_length=64, window="hann", center=False, clip=False, ref_power=0.0, fill_nan=False
        )
        rows.append(np.stack([magnitude[:-1, 0], secs[:-1, 0] * RATE - 128, hz[:-1, 0]], axis=1).ravel())
    return np.concatenate(rows)


def pcen():
    n = np.arange(16 * RATE)
    tone = 0.2 * np.sin(2 * np.pi * 1000 * n / RATE) * ((n // 6000) % 4 == 1)
    samples = single(0.01 * noise(n) + tone)
    size, hop = 256, 64
    spectrum = np.abs(np.fft.rfft(frames(samples, size, hop, 2000) * get_window("hann", size)))[:, :-1].T
    return librosa.pcen(spectrum * 2.0**31, sr=RATE, hop_length=hop)[:, PCEN_COLUMNS].T.ravel()


for name, numbers in (("scipy-settings", stft_levels()), ("librosa-reassigned", reassigned()), ("librosa-pcen", pcen())):
    numbers.astype("<f4").tofile(f"{name}.f32")
    print(name, numbers.shape, np.nanmin(numbers), np.nanmax(numbers))
for hz in (125.0, 1000.0, 8000.0):
    print(hz, "Hz:", librosa.hz_to_mel(hz, htk=True), "mel,", 6 * np.arcsinh(hz / 600), "Bark")
