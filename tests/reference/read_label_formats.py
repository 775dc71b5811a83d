"""Prints what the field's own libraries read in label files that Earmark wrote, for the ignored test `reference_libraries_read_what_is_written`.

    EARMARK_REFERENCE_PYTHON=…/bin/python cargo test --test it reference_libraries_read -- --ignored

The Python given needs praat-parselmouth, praatio, pympi-ling and crowsetta (tried with 0.4.7, 6.2.2, 1.71 and 5.1.2). The one argument is the
folder of the files. Each line is: the library and the file, onset, offset, label, and for boxes the two frequencies, between TABs.
"""

import os
import sys

import crowsetta
import parselmouth
import pympi
from parselmouth.praat import call
from praatio import textgrid

FOLDER = sys.argv[1]


def path(name):
    return os.path.join(FOLDER, name)


def show(reader, onset, offset, label, *frequencies):
    numbers = [repr(float(number)) for number in (onset, offset)]
    print("\t".join([reader, *numbers, label, *(repr(float(number)) for number in frequencies)]))


def praat():
    grid = parselmouth.read(path("spans.TextGrid"))
    for tier in range(1, call(grid, "Get number of tiers") + 1):
        for number in range(1, call(grid, "Get number of intervals", tier) + 1):
            label = call(grid, "Get label of interval", tier, number)
            if label:
                onset = call(grid, "Get start time of interval", tier, number)
                show("praat", onset, call(grid, "Get end time of interval", tier, number), label)


def praatio():
    grid = textgrid.openTextgrid(path("spans.TextGrid"), includeEmptyIntervals=False)
    for name in grid.tierNames:
        for onset, offset, label in grid.getTier(name).entries:
            show("praatio", onset, offset, label)


def crowsetta_sequences(reader, read):
    sequences = read.to_seq()
    for sequence in sequences if isinstance(sequences, list) else [sequences]:
        for segment in sequence.segments:
            if segment.label:
                # It leaves the quotes of a TextGrid doubled, which Praat does not.
                show(reader, segment.onset_s, segment.offset_s, segment.label.replace('""', '"'))


def elan():
    document = pympi.Elan.Eaf(path("spans.eaf"))
    for tier in document.get_tier_names():
        for onset, offset, label, *_ in document.get_annotation_data_for_tier(tier):
            show("pympi", onset / 1000, offset / 1000, label)


def crowsetta_boxes(reader, read):
    for box in read.to_bbox():
        show(reader, box.onset, box.offset, box.label, box.low_freq, box.high_freq)


praat()
praatio()
elan()
crowsetta_sequences("crowsetta textgrid", crowsetta.formats.seq.TextGrid.from_file(path("spans.TextGrid"), keep_empty=False))
crowsetta_sequences("crowsetta aud-seq", crowsetta.formats.seq.AudSeq.from_file(path("spans.txt")))
crowsetta_boxes("crowsetta aud-bbox", crowsetta.formats.bbox.AudBBox.from_file(path("boxes.txt")))
raven = crowsetta.formats.bbox.Raven.from_file(path("boxes.selections.txt"), annot_col="Annotation")
crowsetta_boxes("crowsetta raven", raven)
