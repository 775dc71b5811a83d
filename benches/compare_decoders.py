#!/usr/bin/env python3
"""Compares Earmark's decoding with ffmpeg's, sample by sample, and 50 random seeks with reading from the start.

    benches/compare_decoders.py RECORDING...

Needs cargo and ffmpeg (or another program of its kind, by --ffmpeg). The work is done by the test `audio::second_decoder`; this script
runs it in release mode and makes a table of what it prints. Ends with 1 if a seek differs, if a lossless recording differs in any
sample, or if any recording has another number of frames.
"""

import argparse
import os
import pathlib
import subprocess
import sys

LOSSLESS = {".wav", ".flac", ".w64", ".rf64", ".aiff", ".aif", ".aifc", ".caf", ".au"}
TEST = "audio::second_decoder::recordings_decode_as_by_ffmpeg"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+", type=pathlib.Path)
    parser.add_argument("--ffmpeg", default="ffmpeg", help="the program to compare with")
    parser.add_argument("--profile", default="release", help="cargo's profile (dev builds faster)")
    arguments = parser.parse_args()

    recordings = [str(path.resolve(strict=True)) for path in arguments.recordings]
    if any(os.pathsep in path for path in recordings):
        parser.error(f"a path with {os.pathsep!r} in it cannot be handed on; rename it")
    environment = dict(os.environ, EARMARK_FFMPEG=arguments.ffmpeg, EARMARK_COMPARED=os.pathsep.join(recordings))
    command = ["cargo", "test", "--profile", arguments.profile, "--test", "it", TEST, "--", "--exact", "--nocapture"]
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=pathlib.Path(__file__).parent.parent)
    rows = [line.split("\t") for line in run.stdout.splitlines() if line.count("\t") == 5]
    if run.returncode != 0 or len(rows) != len(recordings) + 1:
        print(run.stdout, file=sys.stderr)
        return 1

    heads, *rows = rows
    print("| " + " | ".join(heads) + " |")
    print("| --- " + "| ---: " * (len(heads) - 1) + "|")
    wrong = []
    for row in rows:
        print("| " + " | ".join(row) + " |")
        name, frames, others, _, differing, alike = row
        is_lossless = pathlib.Path(name).suffix.lower() in LOSSLESS
        if alike != "50" or frames != others or (is_lossless and differing != "0"):
            wrong.append(name)
    if wrong:
        print(f"\nNot alike: {', '.join(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
