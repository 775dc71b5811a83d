#!/usr/bin/env python3
"""Time and memory of PSDS over all thresholds: this program beside sed_scores_eval, on the same files in one run.

    python3 -m venv /tmp/psds && /tmp/psds/bin/pip install -r tests/reference/requirements.txt
    cargo build --release
    /tmp/psds/bin/python benches/compare_psds.py --earmark target/release/earmark [--classes 447 --clips 1000]

Makes synthetic scores of ten-second clips from a seed: slow noise per class, and bumps where events are, some a little off. sed_scores_eval
computes PSDS1 only, once reading the folder as it goes and once with everything in memory, where reading counts in processor time only. Earmark computes all
its measures of scores from the folder, PSDS1, PSDS2, F-scores and areas, unless `--only` names one of them. Prints seconds, peak memory
and ratios; the scores of both must agree within 1e-9.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

FRAMES = 250
SECS = 10.0


def make(folder: Path, classes: int, clips: int, seed: int) -> None:
    """Writes `scores/*.tsv`, `reference.tsv` and `durations.tsv`."""
    rng = np.random.default_rng(seed)
    scores = folder / "scores"
    scores.mkdir()
    names = [f"class_{place:03}" for place in range(classes)]
    borders = np.arange(FRAMES + 1) / 25
    rows, durations = ["filename\tonset\toffset\tevent_label"], ["filename\tduration"]
    kernel = np.hanning(11)
    kernel /= np.sqrt((kernel**2).sum())
    times = [f"{a:.6f}\t{b:.6f}\t".encode() for a, b in zip(borders[:-1], borders[1:])]
    header = ("onset\toffset\t" + "\t".join(names) + "\n").encode()
    # Each class is there at least once.
    first_of = {place: int(clip) for place, clip in enumerate(rng.integers(0, clips, classes))}
    for clip in range(clips):
        noise = rng.standard_normal((classes, FRAMES + 10), dtype=np.float32)
        spectrum = np.fft.rfft(noise, 512) * np.fft.rfft(kernel, 512)
        logits = np.fft.irfft(spectrum, 512)[:, 10 : 10 + FRAMES] - 5
        present = set(rng.choice(classes, min(classes, 6), replace=False).tolist())
        present |= {place for place, at in first_of.items() if at == clip}
        for place in sorted(present):
            end = 0.0
            for _ in range(rng.integers(1, 4)):
                onset = end + 0.2 + rng.exponential(1.5)
                offset = min(onset + 0.1 + rng.exponential(1.2), SECS)
                if onset >= SECS - 0.1:
                    break
                rows.append(f"clip_{clip:05}.wav\t{onset:.3f}\t{offset:.3f}\t{names[place]}")
                end = offset
                a, b = sorted(rng.normal((onset, offset), 0.1) * 25)
                a, b = int(max(a, 0)), int(min(b + 1, FRAMES))
                logits[place, a:b] += rng.normal(6, 2)
        durations.append(f"clip_{clip:05}.wav\t{SECS}")
        millionths = np.clip(1e6 / (1 + np.exp(-logits.T)), 0, 999_999).astype(np.int64)
        text = np.empty((FRAMES, classes, 9), dtype=np.uint8)
        text[..., 0], text[..., 1], text[..., 8] = ord("0"), ord("."), ord("\t")
        for digit in range(6):
            text[..., 7 - digit] = millionths // 10**digit % 10 + ord("0")
        text[:, -1, 8] = ord("\n")
        with open(scores / f"clip_{clip:05}.tsv", "wb") as out:
            out.write(header)
            for row in range(FRAMES):
                out.write(times[row])
                out.write(text[row].tobytes())
    (folder / "reference.tsv").write_text("\n".join(rows) + "\n")
    (folder / "durations.tsv").write_text("\n".join(durations) + "\n")


REFERENCE = """
import json, sys, time
from pathlib import Path
from sed_scores_eval import intersection_based, io
folder, in_memory = Path(sys.argv[1]), sys.argv[2] == "memory"
truth = io.read_ground_truth_events(folder / "reference.tsv")
durations = io.read_audio_durations(folder / "durations.tsv")
scores = io.lazy_sed_scores_loader(folder / "scores")
truth = {key: truth.get(key, []) for key in scores.keys()}
if in_memory:
    scores = {key: scores[key] for key in scores.keys()}
start = time.perf_counter()
value, per_class, *_ = intersection_based.psds(scores, truth, durations, dtc_threshold=0.7, gtc_threshold=0.7,
    alpha_ct=0.0, alpha_st=1.0, max_efpr=100.0, num_jobs=1)
print(json.dumps({"secs": time.perf_counter() - start, "score": value, "per_class": per_class}))
"""


def run(command: list[str]) -> tuple[dict, float, float, float]:
    """What a command prints as JSON, its wall and processor time in seconds, and its peak memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]}: failed")
    wall = time.perf_counter() - start
    return json.loads(text), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--earmark", required=True, help="the program, built with --release")
    parser.add_argument("--classes", type=int, default=447)
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="keep the files here, and use those that are there")
    parser.add_argument("--only", help="let earmark compute only this: psds1")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary)
        if not (folder / "durations.tsv").exists():
            folder.mkdir(exist_ok=True)
            make(folder, options.classes, options.clips, options.seed)
        print(f"{options.classes} classes, {options.clips} clips of {FRAMES} frames, seed {options.seed}")
        command = [options.earmark, "evaluate", "--reference", str(folder / "reference.tsv"), "--scores",
                   str(folder / "scores"), "--durations", str(folder / "durations.tsv"), "--json"]
        if options.only:
            command += ["--measure", options.only]
        ours, wall, processor, memory = run(command)
        print(f"{'':34}seconds  processor      MiB  PSDS1")
        print(f"earmark, from files:           {wall:9.2f} {processor:10.2f} {memory:9.0f}  {ours['overall']['psds1']['score']:.9f}")
        for kind in ["files", "memory"]:
            theirs, _, their_processor, their_memory = run([sys.executable, "-c", REFERENCE, str(folder), kind])
            secs = theirs["secs"]
            print(f"sed_scores_eval, from {kind:7}: {secs:9.2f} {their_processor:10.2f} {their_memory:9.0f}  {theirs['score']:.9f}")
            print(f"  it takes {secs / wall:.1f} times as long and {their_memory / memory:.2f} times the memory")
            worst = abs(theirs["score"] - ours["overall"]["psds1"]["score"])
            for name, value in theirs["per_class"].items():
                worst = max(worst, abs(value - ours["per_class"][name]["psds1"]))
            print(f"  greatest difference of any class: {worst:.1e}")
            assert worst < 1e-9


if __name__ == "__main__":
    main()
