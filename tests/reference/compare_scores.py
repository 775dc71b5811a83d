"""Compares `earmark evaluate --scores … --json` with sed_scores_eval, psds_eval and scikit-learn themselves, on random frame scores.

    python3 tests/reference/compare_scores.py [--earmark target/debug/earmark] [--environment target/reference-python]
                                              [--cases 200] [--seed N]

Needs Python 3.9 to 3.12 and a package index, and is therefore no part of `cargo xtask test`. The first run makes a virtual environment with
requirements.txt beside this file. Build `earmark` first (`cargo build --no-default-features --features engine`). The seed is printed; the same
seed draws the same cases. Every value is compared to 1e-6; the exit code is 1 if one differs.

Each case has up to 8 recordings, 2 to 5 classes and events that are apart, and scores that are noise, noise in tenths (many ties), curves, or bumps at
the events. psds_eval takes seconds a case, and is asked every fourth time.

sed_scores_eval sorts the points of ROCs by a sort that is not stable, so that its areas depend on the processor; here its `numpy.argsort` is made
stable. It refuses classes without reference events, which are therefore not drawn.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import types
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
LABELS = ["alarm", "cat", "dog", "music", "speech"]
SCENARIOS = {
    "psds1": dict(dtc_threshold=0.7, gtc_threshold=0.7, cttc_threshold=None, alpha_ct=0.0, alpha_st=1.0, max_efpr=100.0),
    "psds2": dict(dtc_threshold=0.1, gtc_threshold=0.1, cttc_threshold=0.3, alpha_ct=0.5, alpha_st=1.0, max_efpr=100.0),
}


def environment(folder):
    """Runs this script again in the virtual environment, which is made if it is not there."""
    python = os.path.join(folder, "Scripts" if os.name == "nt" else "bin", "python")
    if not os.path.exists(python):
        print(f"making {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", os.path.join(HERE, "requirements.txt")], check=True)
    sys.exit(subprocess.run([python, os.path.abspath(__file__), *sys.argv[1:], "--inside"]).returncode)


def draw_events(rng, labels, duration, digits):
    """Events of each label that are apart."""
    events = []
    for label in labels:
        end = -1.0
        for _ in range(rng.randint(0, 4)):
            onset = round(max(end, 0.0) + rng.choice([0.01, rng.uniform(0.01, duration / 2)]), digits)
            offset = round(onset + rng.choice([0.05, rng.uniform(0.01, 3)]), digits)
            if onset <= end or offset <= onset or offset > duration + 0.5:
                break
            events.append((onset, offset, label))
            end = offset
    return events


def draw_scores(rng, numpy, kind, frames, borders, events, label):
    """One column."""
    if kind == "noise":
        column = numpy.array([rng.random() for _ in range(frames)])
    elif kind == "tenths":
        column = numpy.array([rng.randint(0, 10) / 10 for _ in range(frames)])
    else:
        noise = numpy.array([rng.gauss(0, 3) for _ in range(frames + 6)])
        column = 1 / (1 + numpy.exp(3 - numpy.convolve(noise, numpy.ones(7) / 7, "valid")[:frames]))
    if kind == "bumps":
        for onset, offset, _ in (event for event in events if event[2] == label):
            shift = rng.gauss(0, 0.1)
            inside = (borders[1:] > onset + shift) & (borders[:-1] < offset + shift)
            column[inside] = 0.4 + 0.5 * column[inside]
    return numpy.round(column, rng.choice([4, 6, 12]))


def draw_case(rng, numpy):
    """Durations, events, and scores by recording, and settings."""
    labels = LABELS[: rng.randint(2, 5)]
    digits = rng.choice([2, 3])
    hop = rng.choice([0.02, 0.04, 0.064, 0.1])
    kind = rng.choice(["noise", "tenths", "curves", "bumps", "bumps"])
    durations, truth, scores = {}, {}, {}
    for place in range(rng.randint(1, 8)):
        name, frames = f"clip_{place}", rng.randint(5, 150)
        borders = numpy.round(numpy.arange(frames + 1) * hop, 6)
        duration = float(borders[-1])
        truth[name] = draw_events(rng, labels, duration, digits)
        scores[name] = (borders, [draw_scores(rng, numpy, kind, frames, borders, truth[name], label) for label in labels])
        durations[name] = duration
    for label in labels:
        if not any(event[2] == label for events in truth.values() for event in events):
            truth[rng.choice(sorted(truth))].append((0.05, 0.1, label))
    settings = {
        "collar": rng.choice([0.05, 0.2, 0.5]),
        "offset_share": rng.choice([0.0, 0.2, 0.5]),
        "resolution": rng.choice([0.1, 0.25, 1.0]),
        "dtc": rng.choice([0.1, 0.5, 0.7]),
        "gtc": rng.choice([0.1, 0.5, 0.7]),
        "threshold": rng.choice([0.05, 0.3, 0.5, 0.9]),
    }
    return labels, durations, truth, scores, settings


def ours(earmark, folder, labels, durations, truth, scores, settings):
    """What this program says."""
    from sed_scores_eval import io
    from sed_scores_eval.base_modules.scores import create_score_dataframe
    import numpy

    frames = {
        name: create_score_dataframe(numpy.stack(columns, 1), borders, labels) for name, (borders, columns) in scores.items()
    }
    target = Path(tempfile.mkdtemp(dir=folder))
    io.write_sed_scores(frames, target / "scores")
    rows = ["filename\tonset\toffset\tevent_label"]
    for name, events in truth.items():
        rows += [f"{name}.wav\t{onset!r}\t{offset!r}\t{label}" for onset, offset, label in events]
    (target / "reference.tsv").write_text("\n".join(rows) + "\n")
    lengths = "".join(f"{name}.wav\t{secs!r}\n" for name, secs in durations.items())
    (target / "durations.tsv").write_text("filename\tduration\n" + lengths)
    command = [earmark, "evaluate", "--reference", str(target / "reference.tsv"), "--scores", str(target / "scores")]
    command += ["--durations", str(target / "durations.tsv"), "--by-thresholds", "--json"]
    for key, value in settings.items():
        command += ["--" + key.replace("_", "-"), repr(value)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout), frames


class Comparison:
    """Values that were compared."""

    def __init__(self):
        self.compared, self.differences, self.worst = 0, [], 0.0

    def value(self, what, ours, theirs):
        self.compared += 1
        theirs = None if theirs is None or not math.isfinite(theirs) else float(theirs)
        if ours is None or theirs is None:
            difference = 0.0 if ours is theirs else math.inf
        else:
            difference = abs(ours - theirs) / max(1.0, abs(theirs))
        self.worst = max(self.worst, difference)
        if difference > 1e-6:
            self.differences.append(f"{what}: {ours} here, {theirs} there")

    def psds(self, what, ours, key, value, per_class):
        self.value(f"{what} {key}", ours["overall"][key]["score"], value)
        for label, score in per_class.items():
            self.value(f"{what} {key} {label}", ours["per_class"][label][key], score)
        self.value(f"{what} {key} mean", ours["overall"][key]["class_mean"], sum(per_class.values()) / len(per_class))

    def f_scores(self, what, ours, key, labels, theirs, thresholds=None):
        f, precision, recall, statistics = theirs
        for name, values in (("f", f), ("precision", precision), ("recall", recall)):
            self.value(f"{what} {key} {name} mean", ours["overall"][key]["class_mean"][name], values["macro_average"])
            self.value(f"{what} {key} {name} micro", ours["overall"][key]["micro"][name], values["micro_average"])
            for label in labels:
                self.value(f"{what} {key} {label} {name}", ours["per_class"][label][key][name], values[label])
        for label in labels:
            row = ours["per_class"][label][key]
            for name, count in (("true_positives", "tps"), ("false_positives", "fps"), ("reference", "n_ref")):
                self.value(f"{what} {key} {label} {name}", row[name], statistics[label][count])
            if thresholds is not None:
                self.value(f"{what} {key} {label} threshold", row["threshold"], thresholds[label])

    def areas(self, what, ours, key, labels, theirs):
        # Where a class has none, as one without a negative segment, the mean here is that of the others; there it is not a number.
        defined = [theirs[label] for label in labels if math.isfinite(theirs[label])]
        mean = theirs["mean"] if len(defined) in (0, len(labels)) else sum(defined) / len(defined)
        self.value(f"{what} {key} mean", ours["overall"][key], mean)
        for label in labels:
            self.value(f"{what} {key} {label}", ours["per_class"][label][key], theirs[label])


def compare_scores_eval(comparison, what, found, labels, durations, truth, frames, settings):
    from sed_scores_eval import collar_based, intersection_based, segment_based

    for key, scenario in SCENARIOS.items():
        value, per_class, *_ = intersection_based.psds(frames, truth, durations, **scenario)
        comparison.psds(what, found, key, value, per_class)
    collars = dict(
        onset_collar=settings["collar"], offset_collar=settings["collar"], offset_collar_rate=settings["offset_share"]
    )
    shares = dict(dtc_threshold=settings["dtc"], gtc_threshold=settings["gtc"])
    segments = dict(audio_durations=durations, segment_length=settings["resolution"])
    for key, module, options in (
        ("collar", collar_based, collars),
        ("intersection", intersection_based, shares),
        ("segment", segment_based, segments),
    ):
        at = module.fscore(frames, truth, threshold=settings["threshold"], **options)
        comparison.f_scores(what, found, f"{key}_f_at_threshold", labels, at)
        f, precision, recall, thresholds, statistics = module.best_fscore(frames, truth, **options)
        comparison.f_scores(what, found, f"{key}_f_best", labels, (f, precision, recall, statistics), thresholds)
    for key, most in (("segment_auroc", None), ("segment_partial_auroc", 0.1)):
        areas, _ = segment_based.auroc(frames, truth, max_fpr=most, **segments)
        comparison.areas(what, found, key, labels, areas)
    precision, _ = segment_based.average_precision(frames, truth, **segments)
    comparison.areas(what, found, "segment_average_precision", labels, precision)


def compare_frames(comparison, what, found, labels, truth, scores, numpy):
    from sklearn.metrics import average_precision_score

    for place, label in enumerate(labels):
        wanted, given = [], []
        for name, (borders, columns) in scores.items():
            active = numpy.zeros(len(borders) - 1, dtype=bool)
            for onset, offset, _ in (event for event in truth[name] if event[2] == label):
                active |= (borders[:-1] < offset) & (borders[1:] > onset)
            wanted.append(active)
            given.append(columns[place])
        wanted = numpy.concatenate(wanted)
        theirs = average_precision_score(wanted, numpy.concatenate(given)) if wanted.any() else None
        comparison.value(f"{what} frames {label}", found["per_class"][label]["frame_average_precision"], theirs)


def compare_psds_eval(comparison, what, found, labels, durations, truth, scores, numpy):
    import pandas
    from psds_eval import PSDSEval

    columns = ["filename", "onset", "offset", "event_label"]
    reference = pandas.DataFrame([(name, *event) for name, events in truth.items() for event in events], columns=columns)
    lengths = pandas.DataFrame(durations.items(), columns=["filename", "duration"])
    for key, scenario in SCENARIOS.items():
        evaluation = PSDSEval(
            scenario["dtc_threshold"], scenario["gtc_threshold"], scenario["cttc_threshold"] or 0.3, ground_truth=reference, metadata=lengths
        )
        for threshold in numpy.arange(1, 100, 2) / 100:
            rows = []
            for name, (borders, all_scores) in scores.items():
                for label, column in zip(labels, all_scores):
                    steps = numpy.diff(numpy.concatenate(([0], (column > threshold).astype(int), [0])))
                    for first, after in zip(numpy.flatnonzero(steps == 1), numpy.flatnonzero(steps == -1)):
                        rows.append((name, borders[first], borders[after], label))
            evaluation.add_operating_point(pandas.DataFrame(rows, columns=columns))
        value = evaluation.psds(alpha_ct=scenario["alpha_ct"], alpha_st=1.0, max_efpr=100.0).value
        curves = evaluation.psd_roc_curves(scenario["alpha_ct"])[2]
        per_class = {label: evaluation._auc(curves.xp, curves.yp[place], 100.0) / 100 for place, label in enumerate(labels)}
        comparison.psds(what, found, f"{key}_by_thresholds", value, per_class)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--earmark", default=os.path.join(HERE, "..", "..", "target", "debug", "earmark"))
    parser.add_argument("--environment", default=os.path.join(HERE, "..", "..", "target", "reference-python"))
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:
        environment(arguments.environment)

    import warnings

    import numpy
    from sed_scores_eval.base_modules import curves

    warnings.filterwarnings("ignore")
    in_order = types.ModuleType("numpy_in_order")
    in_order.__dict__.update(numpy.__dict__)
    in_order.argsort = lambda values, **options: numpy.argsort(values, kind="stable")
    curves.np = in_order

    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(2**32)
    print(f"seed {seed}, {arguments.cases} cases", flush=True)
    rng = random.Random(seed)
    comparison = Comparison()
    with tempfile.TemporaryDirectory() as folder:
        for case in range(arguments.cases):
            labels, durations, truth, scores, settings = draw_case(rng, numpy)
            found, frames = ours(arguments.earmark, folder, labels, durations, truth, scores, settings)
            what = f"case {case}"
            compare_scores_eval(comparison, what, found, labels, durations, truth, frames, settings)
            compare_frames(comparison, what, found, labels, truth, scores, numpy)
            if case % 4 == 0:
                compare_psds_eval(comparison, what, found, labels, durations, truth, scores, numpy)
    for difference in comparison.differences[:50]:
        print(difference)
    print(f"{comparison.compared} values compared, {len(comparison.differences)} differ; greatest deviation {comparison.worst:.1e}")
    sys.exit(1 if comparison.differences else 0)


if __name__ == "__main__":
    main()
