#!/usr/bin/env python3
"""An archive from files to events: `earmark detect FOLDER --recursive` beside a careful Python pipeline, in one run.

30 recordings of 10 minutes, half WAV and half FLAC, 48 kHz, 16 bit, stereo, are made of the repository's own
samples. Both programs are whole processes, started in turn with the same network, hop and number of threads:
the peer is a pool of as many processes as there are threads, each of which reads a file with soundfile, brings it
to 16 kHz with soxr, computes log-mel with NumPy, runs onnxruntime on batches of clips with one thread, and writes
the runs of frames above the threshold. That is all it does; Earmark also filters by median, keeps its journal and
brings every file to the disk. Needs Python with numpy, onnxruntime, soundfile and soxr, and a release build:

    cargo build --release
    python benches/peers/archive.py [--model yamnet|firered-aed] [--threads 2] [--files 30] [--minutes 10] [--runs 2]

Prints seconds, multiples of real time, CPU seconds, peak memory, the share of the wall time that Earmark's network
threads spend within ONNX Runtime's Run, the largest difference between the scores of a recording at 16 kHz (the
resamplers' differences show otherwise), and the ratios; the best of all runs counts. --growth measures both with one
thread and with all, and with a third of the files too. With one thread Earmark still reads on a second one.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

# One thread a process: the pool is what spreads the work.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import compare_detect  # noqa: E402
from measure import measure  # noqa: E402

RATE = 48000


def make_recordings(folder, files, minutes):
    """Recordings of the bundled samples at 48 kHz, each beginning elsewhere, so that no two are alike."""
    import numpy as np
    import soundfile
    import soxr

    parts = []
    for name in ("mix_16k.wav", "bell_10s_16k.wav"):
        samples, rate = soundfile.read(ROOT / "tests/data/model" / name, dtype="float32")
        parts.append(soxr.resample(samples, rate, RATE))
    base = np.concatenate(parts)
    random = np.random.default_rng(1)
    wanted = int(minutes * 60 * RATE)
    for number in range(files):
        turned = np.roll(base, -int(random.integers(len(base))))
        mono = np.tile(turned, -(-wanted // len(turned)))[:wanted]
        # A little noise of each channel's own, as recorders have it, which FLAC cannot foresee.
        noise = random.standard_normal((wanted, 2), dtype=np.float32) * np.float32(2e-4)
        path = folder / f"site{number % 3}" / f"r{number:03}.{'wav' if number % 2 == 0 else 'flac'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.clip(mono[:, None] * 0.8 + noise, -1, 1), RATE, subtype="PCM_16")


SESSION = None


def open_session(model):
    global SESSION
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    network = str(ROOT / "models" / model / "model.onnx")
    SESSION = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


def scores_of(path, model, hop_secs, batch):
    import numpy as np
    import soundfile
    import soxr

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    samples = samples.mean(axis=1)
    samples = soxr.resample(samples, rate, 16000, quality="HQ").astype(np.float32)
    if model == "firered-aed":
        return SESSION.run(["probs"], {"fbank": compare_detect.fbank_features(samples)})[0]
    hop = round(hop_secs * 100)
    features = compare_detect.yamnet_features(samples, hop)
    clips = np.lib.stride_tricks.sliding_window_view(features, (96, 64))[::hop, 0]
    run = lambda clips: SESSION.run(["scores"], {"patches": np.ascontiguousarray(clips)})[0]
    return np.concatenate([run(clips[at : at + batch]) for at in range(0, len(clips), batch)])


def detect(job):
    """Scores one recording and writes the runs of frames above the threshold."""
    import numpy as np

    path, below, arguments = job
    scores = scores_of(path, arguments.model, arguments.hop, arguments.batch)
    if arguments.save:
        np.save(arguments.save, scores)
    active = np.pad(scores > arguments.threshold, ((1, 1), (0, 0))).astype(np.int8)
    change = np.diff(active, axis=0)
    lines = ["filename\tonset\toffset\tevent_label\n"]
    for column in np.flatnonzero(change.any(axis=0)):
        onsets, offsets = np.flatnonzero(change[:, column] == 1), np.flatnonzero(change[:, column] == -1)
        lines += [f"{below}\t{a * arguments.hop:.3f}\t{b * arguments.hop:.3f}\t{column}\n" for a, b in zip(onsets, offsets)]
    out = Path(arguments.output) / below.with_suffix(".tsv")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("".join(lines))


def peer(arguments):
    folder = Path(arguments.folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())[: arguments.files]
    jobs = [(path, path.relative_to(folder), arguments) for path in paths]
    context = multiprocessing.get_context("spawn")
    with context.Pool(arguments.threads, open_session, (arguments.model,)) as pool:
        for _ in pool.imap_unordered(detect, jobs):
            pass


def commands(arguments, sound, work, threads):
    """Both programs on one folder, each into a folder of its own."""
    hop = ["--hop", str(arguments.hop)] if arguments.model == "yamnet" else []
    common = ["--model", arguments.model, "--threads", str(threads)]
    ours = [arguments.earmark, "detect", str(sound), "--recursive", *common, *hop, "--runtime", "onnxruntime"]
    ours += ["--device", "cpu", "--threshold", str(arguments.threshold), "-o", f"{work}/ours", "--log", f"{work}/log.jsonl"]
    if arguments.earmark_batch:
        ours += ["--batch", str(arguments.earmark_batch)]
    theirs = [sys.executable, __file__, "--peer", "--folder", str(sound), *common, "--hop", str(arguments.hop)]
    theirs += ["--batch", str(arguments.batch), "--threshold", str(arguments.threshold), "--output", f"{work}/theirs"]
    return ours, theirs


def compare(arguments, sound, work, threads, files):
    """Measures both, the best of all runs, and prints a table."""
    ours, theirs = commands(arguments, sound, work, threads)
    best, share = {}, 0.0
    for _ in range(arguments.runs):
        for name, command in (("python", theirs), ("earmark", ours)):
            subprocess.run(["rm", "-rf", f"{work}/ours", f"{work}/theirs", f"{work}/log.jsonl"], check=True)
            result = measure(command, name=name, limit_s=36000, log_path=f"{work}/{name}.txt")
            if result["rc"]:
                sys.exit(f"{' '.join(command)}\nfailed:\n{Path(f'{work}/{name}.txt').read_text()[-3000:]}")
            if name not in best or result["wall_s"] < best[name]["wall_s"]:
                best[name] = result
                if name == "earmark":
                    share = json.loads(Path(f"{work}/log.jsonl").read_text().splitlines()[-1])["network_share"]
    audio = files * arguments.minutes * 60
    print(f"{arguments.model}, hop {arguments.hop} s, {threads} thread(s), {files} files of {arguments.minutes} min")
    for name, result in best.items():
        speed = audio / result["wall_s"]
        print(
            f"  {name:<8} {result['wall_s']:8.1f} s {speed:8.1f} x real time {result['cpu_s']:8.1f} CPU s"
            f" {result['peak_rss_mb']:6} MB   others used {result['others_cores'][0]} cores"
        )
    ratio = best["python"]["wall_s"] / best["earmark"]["wall_s"]
    cpu = best["python"]["cpu_s"] / best["earmark"]["cpu_s"]
    print(f"  earmark is {ratio:.2f} x as fast and needs 1/{cpu:.2f} of the CPU time; {100 * share:.1f} % within Run", flush=True)


def subset(sound, folder, files):
    """Links to the first recordings."""
    for path in sorted(path for path in sound.rglob("*") if path.is_file())[:files]:
        link = folder / path.relative_to(sound)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.hardlink_to(path)


def difference(arguments, sound, work):
    """The largest difference between the scores of a recording that both get at 16 kHz, where no resampler has a say."""
    import numpy as np
    import soundfile
    import soxr

    one = Path(work) / "one"
    one.mkdir()
    path = min(path for path in sound.rglob("*") if path.is_file())
    samples, rate = soundfile.read(path, dtype="float32")
    soundfile.write(one / "a.wav", soxr.resample(samples.mean(axis=1), rate, 16000), 16000, subtype="FLOAT")
    ours, theirs = commands(arguments, one, work, 1)
    subprocess.run([*ours, "--scores", f"{work}/scores"], check=True, capture_output=True)
    subprocess.run([*theirs, "--files", "1", "--save", f"{work}/scores.npy"], check=True)
    table = np.loadtxt(next(Path(f"{work}/scores").rglob("*.tsv")), delimiter="\t", skiprows=1)[:, 2:]
    other = np.load(f"{work}/scores.npy")
    rows = min(len(table), len(other))
    print(f"  largest difference of scores {np.abs(table[:rows] - other[:rows]).max():.1e} of {rows} rows")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=["yamnet", "firered-aed"], default="yamnet")
    parser.add_argument("--hop", type=float, default=0.48, help="seconds between scores, for yamnet")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--files", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--batch", type=int, default=16, help="clips a run of the network, for the peer")
    parser.add_argument("--earmark-batch", type=int, help="the same for Earmark, which measures it otherwise")
    parser.add_argument("--threshold", type=float, default=0.2)
    parser.add_argument("--earmark", default=str(ROOT / "target" / "release" / "earmark"))
    parser.add_argument("--growth", action="store_true", help="also with one thread, and with a third of the files")
    parser.add_argument("--work", help="where the recordings are made (3.5 GB); a temporary folder otherwise")
    for hidden in ("--folder", "--output", "--save"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    for hidden in ("--peer", "--make"):
        parser.add_argument(hidden, action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        return peer(arguments)
    if arguments.make:
        return make_recordings(Path(arguments.folder), arguments.files, arguments.minutes)
    os.environ["EARMARK_MODELS"] = str(ROOT / "models")
    with tempfile.TemporaryDirectory(dir=arguments.work) as work:
        sound = Path(work) / "sound"
        # In processes of their own, so that the kernel does not count this one's memory as that of its children.
        make = [sys.executable, __file__, "--make", "--folder", str(sound), "--files", str(arguments.files)]
        subprocess.run([*make, "--minutes", str(arguments.minutes)], check=True)
        apart = multiprocessing.get_context("spawn").Process(target=difference, args=(arguments, sound, work))
        apart.start()
        apart.join()
        if apart.exitcode:
            sys.exit("the scores could not be compared")
        compare(arguments, sound, work, arguments.threads, arguments.files)
        if arguments.growth:
            compare(arguments, sound, work, 1, arguments.files)
            third = Path(work) / "third"
            subset(sound, third, max(1, arguments.files // 3))
            compare(arguments, third, work, arguments.threads, max(1, arguments.files // 3))


if __name__ == "__main__":
    main()
