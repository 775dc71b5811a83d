#!/usr/bin/env python3
"""An archive with fmn10: `earmark detect FOLDER --recursive` beside an inference loop in PyTorch, in one run.

The peer does what the inference script of EfficientSED does, with a network of the same shape and weights
(compare_models.py's), for one recording after the other: reads it with soundfile and brings it to 16 kHz with soxr's
HQ, cuts it into clips of 10 s without overlap, computes log-mel and the network clip by clip, filters the scores of
the whole recording by a median of 9 frames, and lists the runs of frames above each threshold. That script knows
three thresholds; --thresholds 0.2 gives the peer as little to do as Earmark. Events are written as a table.
fmn10 has random weights here, whose strong head is scaled so that a few scores in a hundred are above the middle
threshold. Needs Python with torch, numpy, scipy, pandas, soundfile and soxr, and a release build:

    cargo build --release
    python benches/peers/reference_loop.py [--threads 2] [--files 30] [--minutes 10] [--runs 1] [--thresholds 0.1 0.2 0.5]

Prints seconds, CPU seconds and memory of both as whole processes, what the peer's parts took, and the ratios.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from measure import measure  # noqa: E402

CLIP, CLASSES = 160000, 447
# Of each stage 1 to 15: channels in, expanded and out, kernel, and channels of its squeeze, if it has one.
STAGES = [
    (16, 16, 16, 3, 0), (16, 64, 24, 3, 0), (24, 72, 24, 3, 0), (24, 72, 40, 5, 24), (40, 120, 40, 5, 32),
    (40, 120, 40, 5, 32), (40, 240, 80, 3, 0), (80, 200, 80, 3, 0), (80, 184, 80, 3, 0), (80, 184, 80, 3, 0),
    (80, 480, 112, 3, 120), (112, 672, 112, 3, 168), (112, 672, 160, 5, 168), (160, 960, 160, 5, 240),
    (160, 960, 160, 5, 240),
]


def random_fmn10(path):
    """A checkpoint of fmn10 with random weights, under the names of released ones."""
    import torch

    torch.manual_seed(1)
    tensors = {}

    def convolution(name, outputs, inputs, size):
        spread = (2 / (inputs * size * size)) ** 0.5
        tensors[f"{name}.0.weight"] = torch.randn(outputs, inputs, size, size) * spread
        for part, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
            tensors[f"{name}.1.{part}"] = torch.full((outputs,), float(value))
        tensors[f"{name}.1.num_batches_tracked"] = torch.tensor(1)

    def linear(name, outputs, inputs, spread):
        tensors[f"{name}.weight"] = torch.randn(outputs, inputs) * spread
        tensors[f"{name}.bias"] = torch.zeros(outputs)

    convolution("features.0", 16, 1, 3)
    for number, (inputs, expanded, outputs, size, squeezed) in enumerate(STAGES, start=1):
        parts = [("filter", expanded, 1, size), ("project", outputs, expanded, 1)]
        if expanded != inputs:
            parts.insert(0, ("expand", expanded, inputs, 1))
        if squeezed:
            parts.insert(-1, ("squeeze", expanded, squeezed, 0))
        for part, (kind, wide, narrow, kernel) in enumerate(parts):
            name = f"features.{number}.block.{part}"
            if kind == "squeeze":
                linear(f"{name}.conc_se_layers.0.fc1", narrow, wide, wide**-0.5)
                linear(f"{name}.conc_se_layers.0.fc2", wide, narrow, narrow**-0.5)
            else:
                convolution(name, wide, narrow, kernel)
    convolution("features.16", 960, 160, 1)
    linear("strong_head", CLASSES, 960, 0.01)
    linear("weak_head", CLASSES, 960, 0.01)
    settle(tensors)
    name = lambda key: f"net.model.{key}" if key.startswith("features.") else f"net.{key}"
    torch.save({name(key): tensor for key, tensor in tensors.items()}, path)


def settle(tensors):
    """Sets the head so that its logits over noise lie about -4, spread by 1.5."""
    import torch

    import compare_models

    used = {key: tensor for key, tensor in tensors.items() if not key.startswith("weak_head.")}
    with torch.inference_mode():
        logits = compare_models.Network(used).eval()(torch.randn(4, 1, 128, 1000) * 0.8 - 0.5)
    tensors["strong_head.weight"] *= 1.5 / logits.std()
    tensors["strong_head.bias"] += -4.0 - 1.5 / logits.std() * logits.mean()


class LogMel:
    """Log-mel levels of a clip of 16 kHz, as the networks of EfficientSED take them: [1, 1, 128, 1000]."""

    def __init__(self):
        import numpy as np
        import torch

        self.window = torch.hann_window(400, periodic=False)
        mels = lambda hertz: 1127 * np.log1p(np.asarray(hertz) / 700)
        corners = mels(7000) / 129 * np.arange(130)
        bins = mels(31.25 * np.arange(256))
        rising = (bins - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
        falling = (corners[2:, None] - bins) / (corners[2:] - corners[1:-1])[:, None]
        filters = np.pad(np.maximum(0, np.minimum(rising, falling)), ((0, 0), (0, 1)))
        self.filters = torch.tensor(filters, dtype=torch.float32)

    def __call__(self, clip):
        import torch

        clip = torch.nn.functional.conv1d(clip[None, None], torch.tensor([[[-0.97, 1.0]]]))[0]
        spectra = torch.stft(clip, 512, 160, 400, self.window, center=True, pad_mode="reflect", return_complex=True)
        power = torch.view_as_real(spectra).square().sum(-1)
        return (((self.filters @ power).clamp_min(1e-7).log() + 4.5) / 5)[None]


def events_of(scores, threshold, duration_secs, filename):
    """Runs of frames above the threshold, a table of rows."""
    import numpy as np
    import pandas as pd

    active = np.pad(scores > np.float32(threshold), ((1, 1), (0, 0))).astype(np.int8)
    rows = []
    for column in range(scores.shape[1]):
        change = np.diff(active[:, column])
        onsets, offsets = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
        for onset, offset in zip(onsets, offsets):
            times = np.clip([4 * onset / 100, 4 * offset / 100], 0, duration_secs)
            rows.append((filename, times[0], times[1], column))
    return pd.DataFrame(rows, columns=["filename", "onset", "offset", "event_label"])


def peer(arguments):
    import numpy as np
    import scipy.ndimage
    import soundfile
    import soxr
    import torch

    import compare_models

    torch.set_num_threads(arguments.threads)
    network = compare_models.Network(compare_models.read_checkpoint(arguments.checkpoint)).eval()
    front_end, spent = LogMel(), dict.fromkeys(("read", "mel", "network", "decoding"), 0.0)
    folder, out = Path(arguments.folder), Path(arguments.output)

    def timed(part, work):
        began = time.process_time()
        result = work()
        spent[part] += time.process_time() - began
        return result

    def read(path):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        samples = soxr.resample(samples.mean(axis=1), rate, 16000, quality="HQ").astype(np.float32)
        return samples, np.pad(samples, (0, -len(samples) % CLIP)).reshape(-1, CLIP)

    def decode(logits, duration_secs, below):
        scores = torch.sigmoid(torch.cat(logits, dim=-1))[0].numpy().T
        scores = scipy.ndimage.median_filter(scores, (9, 1))
        for threshold in arguments.thresholds:
            target = out / f"{threshold}" / below.with_suffix(".tsv")
            target.parent.mkdir(parents=True, exist_ok=True)
            events_of(scores, threshold, duration_secs, str(below)).to_csv(target, sep="\t", index=False)

    with torch.inference_mode():
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            samples, clips = timed("read", lambda: read(path))
            mels = [timed("mel", lambda: front_end(torch.from_numpy(clip))) for clip in clips]
            logits = [timed("network", lambda: network(mel)) for mel in mels]
            timed("decoding", lambda: decode(logits, len(samples) / 16000, path.relative_to(folder)))
    print(json.dumps({part: round(secs, 1) for part, secs in spent.items()}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--files", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.1, 0.2, 0.5])
    parser.add_argument("--earmark", default=str(ROOT / "target" / "release" / "earmark"))
    parser.add_argument("--work", help="where the recordings are made (3.5 GB); a temporary folder otherwise")
    for hidden in ("--folder", "--output", "--checkpoint", "--recordings", "--random"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.recordings:
        import archive

        return archive.make_recordings(Path(arguments.recordings), arguments.files, arguments.minutes)
    if arguments.random:
        return random_fmn10(arguments.random)
    if arguments.folder:
        return peer(arguments)
    with tempfile.TemporaryDirectory(dir=arguments.work) as work:
        race(arguments, Path(work))


def race(arguments, work):
    sound, checkpoint, model = work / "sound", work / "fmn10_strong.pt", work / "models" / "fmn10"
    again = [sys.executable, __file__, "--files", str(arguments.files), "--minutes", str(arguments.minutes)]
    # In processes of their own, so that the kernel does not count this one's memory as theirs.
    subprocess.run([*again, "--recordings", str(sound)], check=True)
    subprocess.run([*again, "--random", str(checkpoint)], check=True)
    subprocess.run([arguments.earmark, "model", "import", str(checkpoint), "-o", str(model)], check=True, capture_output=True)
    middle = str(sorted(arguments.thresholds)[len(arguments.thresholds) // 2])
    ours = [arguments.earmark, "detect", str(sound), "--recursive", "--model", str(model), "--threads", str(arguments.threads)]
    # As the peer: no overlap of clips, which Earmark has otherwise and which costs twice the network.
    ours += ["--preset", "reference", "--runtime", "onnxruntime", "--device", "cpu", "--threshold", middle, "--median", "9"]
    ours += ["-o", f"{work}/ours"]
    theirs = [*again, "--folder", str(sound), "--checkpoint", str(checkpoint), "--output", f"{work}/theirs"]
    theirs += ["--threads", str(arguments.threads), "--thresholds", *map(str, arguments.thresholds)]
    best = {}
    for _ in range(arguments.runs):
        for name, command, made in (("torch", theirs, "theirs"), ("earmark", ours, "ours")):
            subprocess.run(["rm", "-rf", f"{work}/{made}", f"{work}/{name}.txt"], check=True)
            result = measure(command, name=name, limit_s=36000, log_path=f"{work}/{name}.txt")
            result["said"] = Path(f"{work}/{name}.txt").read_text()
            if result["rc"]:
                sys.exit(f"{' '.join(command)}\nfailed:\n{result['said'][-3000:]}")
            if name not in best or result["wall_s"] < best[name]["wall_s"]:
                best[name] = result
    audio = arguments.files * arguments.minutes * 60
    print(f"fmn10, {arguments.threads} thread(s), {arguments.files} files of {arguments.minutes} min, thresholds {arguments.thresholds}")
    for name, result in best.items():
        print(
            f"  {name:<8} {result['wall_s']:8.1f} s {audio / result['wall_s']:8.1f} x real time {result['cpu_s']:8.1f} CPU s"
            f" {result['peak_rss_mb']:6} MB   others used {result['others_cores'][0]} cores"
        )
    rows = lambda folder: sum(len(path.read_text().splitlines()) - 1 for path in folder.rglob("*.tsv"))
    print(f"  CPU seconds of torch's parts: {best['torch']['said'].strip().splitlines()[-1]}")
    print(f"  events at {middle}: torch {rows(work / 'theirs' / middle)}, earmark {rows(work / 'ours')}")
    wall, cpu = (best["torch"][key] / best["earmark"][key] for key in ("wall_s", "cpu_s"))
    print(f"  earmark is {wall:.2f} x as fast and needs 1/{cpu:.2f} of the CPU time")


if __name__ == "__main__":
    main()
