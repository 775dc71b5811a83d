#!/usr/bin/env python3
"""visibility.py OUT.jsonl [--shots DIR] [--only WORD]

Of 100 short tones (100 ms, 6 kHz, 30 dB over the noise in their band) spread over one hour, how many can be seen in a
picture of the whole hour 1,400 to 1,600 pixels wide? A column is 2.3 to 2.6 s there, so a program that
computes one FFT a column misses nearly all, one that averages dims them, one that keeps the maximum
shows them all. For each tool: the share of tones whose columns (two either side) stand out from the
tool's own noise columns by more than the 99.5th percentile of these. Programs of ours: give a 1600 x N
picture of the hour by --picture FILE (the plot only, no axes).
Needs: numpy, pillow; sox, ffmpeg, sndfile-spectrogram; and what gui.py needs.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
from PIL import Image

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


def main() -> int:
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("out", type=Path)
    ap.add_argument("--shots", type=Path, default=None)
    ap.add_argument("--only", default="")
    ap.add_argument("--picture", type=Path, nargs="*", default=[])
    a = ap.parse_args()
    work = Path(tempfile.mkdtemp()) if a.shots is None else a.shots
    work.mkdir(parents=True, exist_ok=True)
    rec = work / "tones-1h.wav"
    onsets = make(rec)

    def report(tool, seen):
        row = dict(tool=tool, visible=round(seen[0], 2), stands_out_by=round(seen[1]))
        with open(a.out, "a") as f:
            f.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)

    for picture in a.picture:
        report(picture.name, visible(np.asarray(Image.open(picture).convert("RGB")), onsets))
    commands = {
        "sox": ["sox", rec, "-n", "spectrogram", "-r", "-x", "1600", "-y", "513", "-o"],
        "ffmpeg": ["ffmpeg", "-v", "error", "-y", "-i", rec, "-lavfi", "showspectrumpic=s=1600x512:legend=0"],
        "sndfile-spectrogram": ["sndfile-spectrogram", "--no-border", rec, "1600", "512"],
    }
    for tool, command in commands.items():
        if a.only in tool:
            png = work / f"tones-{tool}.png"
            subprocess.run([*map(str, command), str(png)], check=True, stdout=subprocess.DEVNULL)
            report(tool, visible(np.asarray(Image.open(png).convert("RGB")), onsets))

    import importlib
    from gui import Screen
    peers = importlib.import_module("windows")
    # the plot's own left and right edge on the screen, where the hour starts and ends
    for kind, step, edges in ((peers.Spek, None, (60, 1509)), (peers.Audacity, None, (147, 1579)),
                              (peers.SonicVisualiser, ("", "/zoom fit"), None)):
        if a.only not in kind.name:
            continue
        with Screen() as screen:
            peer = kind()
            app = peer.start(screen, str(rec), None)
            app.watch(peer.rect, limit_s=120)
            if step:
                app.watch(peer.rect, settle_s=4, limit_s=120, action=lambda: peer.do(app, step))  # noqa: B023
            x, y, w, h = peer.rect
            screen_rgb = np.ascontiguousarray(screen.pixels[:, :, 2::-1])
            rgb = screen_rgb[y:y + h]
            screen.save_png(str(work / f"tones-{kind.name}.png"))
            app.close()
        hidden = 0
        if edges is None:  # Sonic Visualiser leaves a margin: its waveform pane shows where; a scale hides some columns
            wave_pane = screen_rgb[75:440].astype(int)
            blue = ((wave_pane[..., 2] > 90) & (wave_pane[..., 0] < 60) & (wave_pane[..., 1] < 60)).sum(axis=0)
            lit = np.flatnonzero(blue > 3)
            edges, hidden = (int(lit.min()), int(lit.max()) + 1), 90
        report(kind.name, visible(rgb[:, :edges[1]], onsets, edges[0], edges[1], hidden))
    return 0


if __name__ == "__main__":
    sys.exit(main())
