#!/usr/bin/env python3
"""ONNX Runtime's settings on the CPU: what each is worth, in one run, on the bundled models and any other.

Earmark opens a network in as many copies as there are threads, each with one thread of its own, with all graph
optimisations, the memory arena, and without spinning. Here each of these is changed alone. All sessions live in one
process and take turns; the best turn counts. Needs Python with onnxruntime, numpy and psutil:

    python benches/cpu_settings.py [--threads 2] [--batch 16] [--turns 7] [MODEL_FOLDER …]

Prints clips (or pieces) a second of Earmark's settings and, for each change, how many times as fast it is; then the
memory that a process holds after it has run a network in these settings.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

import numpy as np
import onnxruntime
import psutil

ROOT = Path(__file__).resolve().parent.parent
LEVELS = onnxruntime.GraphOptimizationLevel
CHANGES = {
    "as Earmark": {},
    "one copy, all threads": {"copies": 1},
    "one copy, all threads, spinning": {"copies": 1, "spinning": True},
    "extended optimisations": {"level": LEVELS.ORT_ENABLE_EXTENDED},
    "basic optimisations": {"level": LEVELS.ORT_ENABLE_BASIC},
    "no memory arena": {"arena": False},
    "no memory pattern": {"pattern": False},
    "denormals are zero": {"entries": {"session.set_denormal_as_zero": "1"}},
}


def open_copies(path, threads, copies=None, level=LEVELS.ORT_ENABLE_ALL, arena=True, pattern=True, spinning=False, entries=None):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1 if copies is None else threads // copies
    options.inter_op_num_threads = 1
    options.graph_optimization_level = level
    options.enable_cpu_mem_arena, options.enable_mem_pattern = arena, pattern
    for key, value in {"session.intra_op.allow_spinning": str(int(spinning)), **(entries or {})}.items():
        options.add_session_config_entry(key, value)
    count = threads if copies is None else copies
    return [onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]) for _ in range(count)]


def network_of(folder):
    network = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))["network"]
    return folder / network["file"], network["input"]


def an_input(session, name, batch):
    """Noise for `batch` clips; where the network takes frames, for 1000 of them."""
    shape = next(entry.shape for entry in session.get_inputs() if entry.name == name)
    rank = len(shape)
    sizes = [size if isinstance(size, int) else (batch if at == 0 and rank > 2 else 1000) for at, size in enumerate(shape)]
    return np.random.default_rng(1).standard_normal(sizes).astype(np.float32)


def runs_per_sec(sessions, name, values, secs=0.25):
    counts = [0] * len(sessions)

    def turn(at):
        ends = time.perf_counter() + secs
        while counts[at] == 0 or time.perf_counter() < ends:
            sessions[at].run(None, {name: values})
            counts[at] += 1

    threads = [threading.Thread(target=turn, args=(at,)) for at in range(len(sessions))]
    began = time.perf_counter()
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return sum(counts) / (time.perf_counter() - began)


def memory(folder, change, threads, batch):
    """Megabytes that running the network takes, measured in a process of its own."""
    path, name = network_of(folder)
    before = psutil.Process().memory_info().rss
    sessions = open_copies(path, threads, **CHANGES[change])
    runs_per_sec(sessions, name, an_input(sessions[0], name, batch))
    print(round((psutil.Process().memory_info().rss - before) / 1e6))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    folders = arguments.folders or [ROOT / "models" / name for name in ("yamnet", "firered-aed", "bicycle-bell")]
    if arguments.memory:
        return memory(folders[0], arguments.memory, arguments.threads, arguments.batch)
    for folder in folders:
        path, name = network_of(folder)
        opened = {change: open_copies(path, arguments.threads, **kinds) for change, kinds in CHANGES.items()}
        values = an_input(opened["as Earmark"][0], name, arguments.batch)
        best = dict.fromkeys(CHANGES, 0.0)
        for _ in range(arguments.turns):
            for change, sessions in opened.items():
                best[change] = max(best[change], runs_per_sec(sessions, name, values))
        print(f"{folder.name}, {arguments.threads} threads, input {values.shape}: {best['as Earmark']:.1f} runs a second")
        for change, speed in best.items():
            again = [sys.executable, __file__, str(folder), "--memory", change, "--threads", str(arguments.threads)]
            held = subprocess.run([*again, "--batch", str(arguments.batch)], check=True, capture_output=True, text=True)
            print(f"  {change:<32} {speed / best['as Earmark']:6.2f} x  {held.stdout.strip():>6} MB", flush=True)


if __name__ == "__main__":
    main()
