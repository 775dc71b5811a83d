#!/usr/bin/env python3
"""make_recordings.py OUT_DIR [--hours 1 6 24]

Writes the same test recordings every time: speech, beeps, sweeps and clicks over pink noise with a
mains hum, 48 kHz, 16 bit, mono, and beside each the true strong labels (filename, onset, offset,
event_label; tab-separated; seconds).

  rec-1min.wav
  rec-1h.wav  rec-1h.flac  rec-1h.mp3
  rec-6h.wav                  (under 4 GiB: a plain RIFF file)
  rec-24h.wav rec-24h.flac    (over 4 GiB: the .wav is RF64, which not every reader takes)

Minute n is the same in each recording, so the 1-hour file is the start of the 24-hour one.
Needs: python3 with numpy; espeak-ng, sox, flac, lame, ffmpeg on PATH.
"""
import argparse
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SR = 48_000
MINUTE = 60 * SR
SEED = 20_240_117

PHRASES = [
    ("en", "the quick brown fox jumps over the lazy dog"),
    ("en-us", "please annotate the onset and the offset of every event"),
    ("en-gb", "a dog barks twice and then a door closes"),
    ("en", "one two three four five six seven eight nine ten"),
    ("de", "guten morgen, wie geht es ihnen heute"),
    ("fr", "bonjour tout le monde, comment allez vous"),
    ("es", "buenas tardes, que hora es por favor"),
    ("en-us", "this recording is synthetic and safe to share"),
]


def speech_pool(work: Path) -> list[np.ndarray]:
    pool = []
    for i, (voice, text) in enumerate(PHRASES):
        for pitch in (30, 50, 75):
            raw = work / f"say-{i}-{pitch}.wav"
            out = work / f"say-{i}-{pitch}.raw"
            subprocess.run(["espeak-ng", "-v", voice, "-p", str(pitch), "-w", str(raw), text], check=True)
            subprocess.run(["sox", str(raw), "-r", str(SR), "-c", "1", "-b", "16", "-e", "signed-integer",
                            str(out)], check=True)
            pool.append(np.fromfile(out, dtype="<i2").astype(np.float32) / 32768 * 0.5)
    return pool


def pink_pool(rng: np.random.Generator, seconds: int = 300) -> np.ndarray:
    n = seconds * SR
    spectrum = np.fft.rfft(rng.standard_normal(n))
    f = np.fft.rfftfreq(n, 1 / SR)
    spectrum /= np.sqrt(np.maximum(f, 20.0))
    x = np.fft.irfft(spectrum, n)
    return (x / np.abs(x).max() * 0.25).astype(np.float32)


def beep(rng):
    d = rng.uniform(0.15, 0.6)
    t = np.arange(int(d * SR)) / SR
    return 0.3 * np.sin(2 * np.pi * rng.uniform(600, 4000) * t) * np.hanning(t.size)


def sweep(rng):
    d = rng.uniform(0.3, 2.0)
    t = np.arange(int(d * SR)) / SR
    f0, f1 = rng.uniform(1500, 4000), rng.uniform(6000, 18000)
    return 0.2 * np.sin(2 * np.pi * (f0 * t + (f1 - f0) * t * t / (2 * d))) * np.hanning(t.size)


def clicks(rng):
    n = int(rng.uniform(0.3, 1.2) * SR)
    x = np.zeros(n, np.float32)
    for at in range(0, n - 200, int(SR / rng.uniform(15, 60))):
        x[at:at + 200] += 0.5 * rng.standard_normal(200) * np.exp(-np.arange(200) / 30)
    return x


MAKERS = {"beep": beep, "sweep": sweep, "clicks": clicks}


def minute(index: int, pink: np.ndarray, speech: list[np.ndarray]):
    """One minute of sound and its events as (onset, offset, event_label), in seconds from its start."""
    rng = np.random.default_rng([SEED, index])
    at = int(rng.integers(0, pink.size - MINUTE))
    t = np.arange(MINUTE, dtype=np.float32) / SR
    x = pink[at:at + MINUTE] * np.float32(rng.uniform(0.3, 1.0)) + 0.01 * np.sin(2 * np.pi * 50 * t)
    events = []
    for _ in range(int(rng.integers(4, 14))):
        label = str(rng.choice(["Speech", "beep", "sweep", "clicks"], p=[0.5, 0.2, 0.15, 0.15]))
        s = speech[int(rng.integers(len(speech)))] if label == "Speech" else MAKERS[label](rng)
        start = int(rng.integers(0, MINUTE - s.size))
        x[start:start + s.size] += s * rng.uniform(0.3, 1.0)
        events.append((start / SR, (start + s.size) / SR, label))
    return (np.clip(x, -1, 1) * 32767).astype("<i2"), sorted(events)


def wav_header(samples: int) -> bytes:
    """RIFF below 4 GiB, RF64 (EBU Tech 3306) above."""
    data = samples * 2
    fmt = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, SR, SR * 2, 2, 16)
    if data + 36 < 2**32 - 1:
        return b"RIFF" + struct.pack("<I", 36 + data) + b"WAVE" + fmt + b"data" + struct.pack("<I", data)
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 72 + data, data, samples, 0)
    return b"RF64" + struct.pack("<I", 0xFFFFFFFF) + b"WAVE" + ds64 + fmt + b"data" + struct.pack("<I", 0xFFFFFFFF)


def main() -> int:
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("out", type=Path)
    ap.add_argument("--hours", type=int, nargs="*", default=[1, 6, 24])
    args = ap.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        speech = speech_pool(Path(work))
    pink = pink_pool(np.random.default_rng(SEED))

    lengths = {"rec-1min": 1} | {f"rec-{h}h": 60 * h for h in args.hours}
    wavs = {name: open(args.out / f"{name}.wav", "wb") for name in lengths}
    labels = {name: open(args.out / f"{name}.tsv", "w") for name in lengths}
    for name, minutes in lengths.items():
        wavs[name].write(wav_header(minutes * MINUTE))
        labels[name].write("filename\tonset\toffset\tevent_label\n")
    for index in range(max(lengths.values())):
        samples, events = minute(index, pink, speech)
        block = samples.tobytes()
        for name, minutes in lengths.items():
            if index < minutes:
                wavs[name].write(block)
                for onset, offset, label in events:
                    labels[name].write(f"{name}.wav\t{index * 60 + onset:.3f}\t{index * 60 + offset:.3f}\t{label}\n")
    for f in [*wavs.values(), *labels.values()]:
        f.close()

    if 1 in args.hours:
        subprocess.run(["flac", "-s", "-f", "-5", str(args.out / "rec-1h.wav"), "-o", str(args.out / "rec-1h.flac")], check=True)
        subprocess.run(["lame", "--silent", "-b", "128", str(args.out / "rec-1h.wav"), str(args.out / "rec-1h.mp3")], check=True)
    if 24 in args.hours:
        subprocess.run(["flac", "-s", "-f", "-5", str(args.out / "rec-24h.wav"), "-o", str(args.out / "rec-24h.flac")], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
