#!/usr/bin/env python3
"""bars.py REC_DIR WINDOWS.jsonl [--runs N] [--hours 1 24]

Prints the table of the README: Earmark beside programs a user could pick instead, as ratios. The rows
about windows come from what windows.py wrote; pictures and features are measured here, Earmark and its
peer in turn, and the median of the ratios counts: that is what a shared machine leaves trustworthy.
EARMARK names the program (target/release/earmark). Needs: sox on PATH; numpy, pillow and soundfile.
"""
import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import visibility
from measure import measure

HERE = Path(__file__).resolve().parent
EARMARK = os.environ.get("EARMARK", str(HERE.parents[1] / "target/release/earmark"))


def in_turn(ours, theirs, what, runs):
    """Median of ours / theirs, and both medians."""
    pairs = []
    for _ in range(runs):
        mine, other = measure(ours), measure(theirs)
        if mine["rc"] or other["rc"]:
            sys.exit(f"failed: {mine if mine['rc'] else other}")
        pairs.append((mine[what], max(other[what], 0.01)))
    return (statistics.median(a / b for a, b in pairs), statistics.median(a for a, _ in pairs),
            statistics.median(b for _, b in pairs))


def main() -> int:
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("rec", type=Path)
    ap.add_argument("windows", type=Path)
    ap.add_argument("--runs", type=int, default=3)
    ap.add_argument("--hours", type=int, nargs="*", default=[1, 24])
    a = ap.parse_args()
    rows = [json.loads(line) for line in a.windows.open()]

    def seen(app, file, step="open", what="full_s"):
        values = [r[what] for r in rows if (r["app"], r["file"], r["step"]) == (app, file, step) and r[what] is not None]
        return statistics.median(values) if values else None

    def line(what, bar, value, of):
        print(f"| {what} | {bar} | {'not measured' if value is None else value} | {of} |", flush=True)

    def ratio(mine, other):
        return None if mine is None or other is None else f"{mine / max(other, 0.01):.2f}"

    print("| what | bar | measured | Earmark, peer |\n| --- | --: | --: | --- |")
    for hours in a.hours:
        file = f"{hours}h.wav"
        mine, other = seen("earmark", file, what="half_s"), seen("inspectrum", file)
        line(f"1. launch to the first tiles, {hours} h WAV, wall, beside inspectrum", "≤ 3", ratio(mine, other), f"{mine} s, {other} s")
    work = Path(tempfile.mkdtemp())
    whole = {}
    for hours in a.hours:
        for kind, bar in (("wav", "≤ 0.6"), ("flac", "≤ 1.0"), ("mp3", "≤ 1.0")):
            path = a.rec / f"rec-{hours}h.{kind}"
            if not path.exists() or (hours > 1 and kind != "wav"):
                continue
            ours = [EARMARK, "spectrogram", str(path), "-o", str(work / "ours.png"), "--plain", "--width", "1600", "--height", "512"]
            sox = ["sox", str(path), "-n", "spectrogram", "-x", "1600", "-y", "513", "-o", str(work / "sox.png")]
            by, mine, other = in_turn(ours, sox, "cpu_s", a.runs if hours == 1 else 1)
            whole[hours, kind] = mine
            line(f"2. picture of the whole, {hours} h {kind.upper()}, CPU, beside SoX", bar, f"{by:.2f}", f"{mine:.2f} s, {other:.2f} s")
    if (24, "wav") in whole:
        line("2. picture of 24 h beside 1 h, CPU", "≤ 25", f"{whole[24, 'wav'] / whole[1, 'wav']:.1f}", "WAV")
    for hours, bar in ((1, "≤ 0.8"), (24, "≤ 0.5")):
        file = f"{hours}h.wav"
        mine, other = seen("earmark", file, what="cpu_s"), seen("spek", file, what="cpu_s")
        line(f"3. the whole in the window, {hours} h WAV, CPU, beside spek", bar, ratio(mine, other), f"{mine} s, {other} s")
    empty = seen("earmark", "none", what="peak_rss_mb")
    for hours in a.hours:
        mine = seen("earmark", f"{hours}h.wav", what="peak_rss_mb")
        if mine and empty:
            line(f"4. memory with {hours} h open less memory with none", f"≤ {60 + 11 * hours} MB", f"{mine - empty:.0f} MB", f"{mine} MB, {empty} MB")
    mine, other = seen("earmark", "1h.wav", what="peak_rss_mb"), seen("audacity", "1h.wav", what="peak_rss_mb")
    line("4. memory with 1 h open, beside Audacity", "≤ 1.5", ratio(mine, other), f"{mine} MB, {other} MB")
    for ours, theirs in (("zoom to whole", "zoom to whole"), ("zoom in x2", "zoom in x2"), ("zoom in x2 again", "zoom in x2 again"),
                         ("zoom in x2, 3rd", "zoom in x2, 3rd"), ("scroll a step", "scroll a step")):
        mine, other = seen("earmark", "1h.wav", ours), seen("audacity", "1h.wav", theirs)
        line(f"5. {ours}, 1 h WAV, key to picture, beside Audacity", "≤ 0.7", ratio(mine, other), f"{mine} s, {other} s")
    tones = work / "tones.wav"
    onsets = visibility.make(tones)
    stand_out = {}
    for name, command in (("Earmark", [EARMARK, "spectrogram", str(tones), "-o", str(work / "tones.png"), "--plain", "--width", "1600", "--height", "512"]),
                          ("SoX", ["sox", str(tones), "-n", "spectrogram", "-r", "-x", "1600", "-y", "513", "-o", str(work / "tones.png")])):
        measure(command)
        stand_out[name] = visibility.visible(np.asarray(Image.open(work / "tones.png").convert("RGB")), onsets)
    seen_of, by = stand_out["Earmark"]
    line("6. tones of 100 ms seen in the picture of an hour; how far they stand out", f"100 %, ≥ {stand_out['SoX'][1]:.0f}",
         f"{100 * seen_of:.0f} %, {by:.0f}", f"SoX: {100 * stand_out['SoX'][0]:.0f} %, {stand_out['SoX'][1]:.0f}")
    ours = [EARMARK, "features", str(a.rec / "rec-1h.wav"), "-o", str(work / "mel.npy"), "--mels", "128", "--frame", "2048", "--hop", "480"]
    theirs = [sys.executable, str(HERE / "mel.py"), "numpy", str(a.rec / "rec-1h.wav")]
    by, mine, other = in_turn(ours, theirs, "cpu_s", a.runs)
    line("7. log-mel of 1 h, CPU, beside a numpy loop", "≤ 0.5", f"{by:.2f}", f"{mine:.2f} s, {other:.2f} s")
    line("7. log-mel of 1 h, memory", "≤ 300 MB", f"{measure(ours)['peak_rss_mb']} MB", "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
