"""Prints what Praat itself reads in a TextGrid, for the ignored test `praat_reads_what_is_written`.

    EARMARK_REFERENCE_PYTHON=…/bin/python cargo test --test it praat_reads -- --ignored

The Python given needs praat-parselmouth (tried with 0.4.7). The one argument is the file. Each line is a tier's name, onset, offset and label
between TABs; a point has its moment twice. Intervals without text are left out.
"""

import sys

import parselmouth
from parselmouth.praat import call

grid = parselmouth.read(sys.argv[1])
for tier in range(1, call(grid, "Get number of tiers") + 1):
    name = call(grid, "Get tier name", tier)
    if call(grid, "Is interval tier", tier):
        for number in range(1, call(grid, "Get number of intervals", tier) + 1):
            onset = call(grid, "Get start time of interval", tier, number)
            offset = call(grid, "Get end time of interval", tier, number)
            label = call(grid, "Get label of interval", tier, number)
            if label:
                print(f"{name}\t{onset!r}\t{offset!r}\t{label}")
    else:
        for number in range(1, call(grid, "Get number of points", tier) + 1):
            time = call(grid, "Get time of point", tier, number)
            print(f"{name}\t{time!r}\t{time!r}\t{call(grid, 'Get label of point', tier, number)}")
