#!/usr/bin/env python3
"""Detection from file to scores: `earmark detect` beside a plain Python pipeline, in one run.

Both are whole processes, started in turn, with the same network, hop and threads on the same recording:
the peer reads with soundfile, resamples with soxr, computes log-mel with NumPy and runs onnxruntime on
batches of clips; Earmark also decides and writes the events. Needs Python with numpy, onnxruntime,
soundfile and soxr, and a release build:

    cargo build --release
    python benches/compare_detect.py RECORDING [--model yamnet|firered-aed] [--hop 0.1] [--threads 1] [--minutes 10]

The recording is repeated to the length asked for. Prints seconds, multiples of real time, the largest
difference between the scores of the two, and the ratio; the best of three runs of each counts.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def mel(hz):
    import numpy as np

    return 1127.0 * np.log1p(np.asarray(hz) / 700.0)


def mel_weights(bands, low, high, bins, rate, fft):
    """Triangles linear in mel, bins by bands."""
    import numpy as np

    edges = np.linspace(mel(low), mel(high), bands + 2)
    at = mel(np.arange(bins) * rate / fft)[:, None]
    rise = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rise, fall)).astype(np.float32)


def yamnet_features(samples, hop_frames):
    """Log-mel frames of YAMNet, with silence up to a whole number of hops."""
    import numpy as np

    hop = 160 * hop_frames
    padded = 15600 + max(0, -(-(len(samples) - 15600) // hop)) * hop
    samples = np.pad(samples, (0, padded - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, 400)[::160]
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)).astype(np.float32)
    weights = mel_weights(64, 125.0, 7500.0, 257, 16000, 512)
    blocks = [frames[at : at + 5000] for at in range(0, len(frames), 5000)]
    levels = [np.log(np.abs(np.fft.rfft(block * window, 512)) @ weights + 0.001) for block in blocks]
    return np.concatenate(levels).astype(np.float32)


def fbank_features(samples):
    """Kaldi's fbank without dither."""
    import numpy as np

    frames = np.lib.stride_tricks.sliding_window_view(samples * np.float32(32768.0), 400)[::160]
    window = ((0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)) ** 0.85).astype(np.float32)
    weights = mel_weights(80, 20.0, 8000.0, 257, 16000, 512)
    levels = []
    for at in range(0, len(frames), 5000):
        block = frames[at : at + 5000] - frames[at : at + 5000].mean(axis=1, keepdims=True)
        before = np.concatenate([block[:, :1], block[:, :-1]], axis=1)
        power = np.abs(np.fft.rfft((block - np.float32(0.97) * before) * window, 512)) ** 2
        levels.append(np.log(np.maximum(power @ weights, 1.1920929e-07)))
    return np.concatenate(levels).astype(np.float32)


def peer(arguments):
    """The plain pipeline; writes its scores as NumPy array."""
    import numpy as np
    import onnxruntime
    import soundfile
    import soxr

    samples, rate = soundfile.read(arguments.recording, dtype="float32", always_2d=True)
    samples = samples.mean(axis=1)
    if rate != 16000:
        samples = soxr.resample(samples, rate, 16000, quality="HQ").astype(np.float32)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = arguments.threads
    options.inter_op_num_threads = 1
    network = str(ROOT / "models" / arguments.model / "model.onnx")
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    if arguments.model == "yamnet":
        hop = round(arguments.hop * 100)
        features = yamnet_features(samples, hop)
        clips = np.lib.stride_tricks.sliding_window_view(features, (96, 64))[::hop, 0]
        batches = range(0, len(clips), arguments.batch)
        run = lambda batch: session.run(["scores"], {"patches": np.ascontiguousarray(batch)})[0]
        scores = np.concatenate([run(clips[at : at + arguments.batch]) for at in batches])
    else:
        scores = session.run(["probs"], {"fbank": fbank_features(samples)})[0]
    if arguments.save:
        np.save(arguments.save, scores)


def seconds(command, environment=None):
    began = time.perf_counter()
    process = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, text=True)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}\nfailed:\n{process.stderr}")
    return time.perf_counter() - began


def repeated(recording, minutes, folder):
    """The recording repeated to `minutes`, in its own rate and channels."""
    import numpy as np
    import soundfile

    samples, rate = soundfile.read(recording, dtype="int16", always_2d=True)
    wanted = int(minutes * 60 * rate)
    samples = np.tile(samples, (-(-wanted // len(samples)), 1))[:wanted]
    path = Path(folder) / "recording.wav"
    soundfile.write(path, samples, rate, subtype="PCM_16")
    return path


def largest_difference(peer_scores, score_file):
    import numpy as np

    theirs = np.load(peer_scores)
    ours = np.loadtxt(score_file, delimiter="\t", skiprows=1)[:, 2:]
    rows = min(len(theirs), len(ours))
    return float(np.abs(theirs[:rows] - ours[:rows]).max())


def compare(arguments):
    with tempfile.TemporaryDirectory() as folder:
        recording = str(repeated(arguments.recording, arguments.minutes, folder))
        hop = ["--hop", str(arguments.hop)] if arguments.model == "yamnet" else []
        common = ["--model", arguments.model, "--threads", str(arguments.threads), *hop]
        ours = [arguments.earmark, "detect", recording, *common, "--runtime", arguments.runtime]
        ours += ["--device", "cpu", "-o", f"{folder}/events.tsv"]
        theirs = [sys.executable, __file__, recording, *common, "--peer", "--batch", str(arguments.batch)]
        environment = dict(os.environ, EARMARK_MODELS=str(ROOT / "models"))
        best = {"earmark": 1e9, "python": 1e9}
        for _ in range(arguments.runs):
            best["python"] = min(best["python"], seconds(theirs))
            best["earmark"] = min(best["earmark"], seconds(ours, environment))
        seconds([*theirs, "--save", f"{folder}/scores.npy"])
        seconds([*ours, "--scores", folder], environment)
        difference = largest_difference(f"{folder}/scores.npy", f"{folder}/recording.tsv")
    audio = arguments.minutes * 60
    print(f"{arguments.model}, hop {arguments.hop} s, {arguments.threads} thread(s), {arguments.minutes} min of sound")
    for name, time_secs in best.items():
        print(f"  {name:<8} {time_secs:7.2f} s  {audio / time_secs:7.1f} x real time")
    print(f"  largest difference of scores {difference:.1e}")
    print(f"  earmark is {best['python'] / best['earmark']:.2f} x as fast")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording")
    parser.add_argument("--model", choices=["yamnet", "firered-aed"], default="yamnet")
    parser.add_argument("--hop", type=float, default=0.1, help="seconds between scores, for yamnet")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=64, help="clips a run of the network, for the peer")
    parser.add_argument("--runtime", choices=["auto", "onnxruntime", "built-in"], default="onnxruntime")
    parser.add_argument("--earmark", default=str(ROOT / "target" / "release" / "earmark"))
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--save", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    peer(arguments) if arguments.peer else compare(arguments)


if __name__ == "__main__":
    main()
