"""Compares `earmark evaluate --json` with sed_eval and psds_eval themselves, on random event lists.

    python3 tests/reference/compare_event_lists.py [--earmark target/debug/earmark] [--environment target/reference-python]
                                                   [--cases 200] [--seed N]

Needs Python 3.9 to 3.12 and a package index, and is therefore no part of `cargo xtask test`. The first run makes a virtual environment with
requirements.txt beside this file. Build `earmark` first (`cargo build --no-default-features --features engine`). The seed is printed; the same
seed draws the same cases. Every value is compared to 1e-6; the exit code is 1 if one differs.

Each case has up to 8 recordings, 5 labels and 60 events on a grid of hundredths, thousandths or no grid, some of them shifted copies of reference
events, so that collars, overlaps, touching events and events without length are met, and random settings.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LABELS = ["dog", "cat", "speech", "music", "alarm"]


def environment(folder):
    """Runs this script again in the virtual environment, which is made if it is not there."""
    python = os.path.join(folder, "Scripts" if os.name == "nt" else "bin", "python")
    if not os.path.exists(python):
        print(f"making {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", os.path.join(HERE, "requirements.txt")], check=True)
    sys.exit(subprocess.run([python, os.path.abspath(__file__), *sys.argv[1:], "--inside"]).returncode)


def rounded(rng, secs, digits):
    return secs if digits is None else round(secs, digits)


def draw_case(rng):
    """Files with durations, two event lists, and settings."""
    digits = rng.choice([2, 3, None])
    files = [(f"clip_{index}.wav", rounded(rng, rng.uniform(3, 30), digits)) for index in range(rng.randint(1, 8))]
    labels = LABELS[: rng.randint(1, 5)]
    may_overlap = rng.random() < 0.5

    def event(file, duration, label=None):
        onset = rng.uniform(0, duration)
        length = rng.choice([0.0, rng.uniform(0, 0.5), rng.uniform(0, 5)])
        offset = min(onset + length, duration + rng.choice([0, 0, 1]))
        onset = rounded(rng, onset, digits)
        return [file, onset, max(onset, rounded(rng, offset, digits)), label or rng.choice(labels)]

    def events(count):
        return [event(*rng.choice(files)) for _ in range(count)]

    reference = events(rng.choice([0, rng.randint(1, 10), rng.randint(10, 60)]))
    estimated = events(rng.choice([0, rng.randint(1, 10), rng.randint(10, 30)]))
    for file, onset, offset, label in reference:
        for _ in range(rng.choice([0, 1, 1, 2])):
            shift = lambda: rng.choice([0.0, 0.2, -0.2, rng.uniform(-0.4, 0.4)])
            onset_here = max(0.0, rounded(rng, onset + shift(), digits))
            offset_here = max(onset_here, rounded(rng, offset + shift(), digits))
            estimated.append([file, onset_here, offset_here, rng.choice([label, label, label, rng.choice(labels)])])
    rng.shuffle(estimated)
    if not may_overlap:
        reference, estimated = apart(reference), apart(estimated)
    settings = {
        "collar": rng.choice([0.05, 0.2, 0.25, 0.5]),
        "offset_share": rng.choice([0.0, 0.2, 0.5]),
        "boundaries": rng.choice(["both", "both", "onset", "offset"]),
        "matching": rng.choice(["optimal", "greedy"]),
        "nothing": rng.choice(["zero", "undefined"]),
        "resolution": rng.choice([1.0, 0.1, 0.5, 0.02]),
        "dtc": rng.choice([0.1, 0.5, 0.7]),
        "gtc": rng.choice([0.1, 0.5, 0.7]),
        "cttc": rng.choice([0.1, 0.3, 0.5]),
        "durations": rng.random() < 0.5,
    }
    return files, reference, estimated, settings


def apart(events):
    """Leaves out events that touch or overlap one of their label before them."""
    kept = []
    for event in sorted(events, key=lambda event: event[1:3]):
        same = [other for other in kept if other[0] == event[0] and other[3] == event[3]]
        if all(other[2] < event[1] for other in same) and event[1] < event[2]:
            kept.append(event)
    return kept


def write_events(path, events, files):
    with open(path, "w") as file:
        file.write("filename\tonset\toffset\tevent_label\n")
        for name, onset, offset, label in events:
            file.write(f"{name}\t{onset!r}\t{offset!r}\t{label}\n")
        for name in sorted(set(files) - {event[0] for event in events}):
            file.write(f"{name}\t\t\t\n")


def ours(earmark, files, reference, estimated, settings, folder):
    names = [name for name, _ in files]
    paths = {key: os.path.join(folder, key + ".tsv") for key in ("reference", "estimated", "durations")}
    write_events(paths["reference"], reference, names)
    write_events(paths["estimated"], estimated, names)
    with open(paths["durations"], "w") as file:
        file.write("filename\tduration\n" + "".join(f"{name}\t{secs!r}\n" for name, secs in files))
    command = [earmark, "evaluate", "--reference", paths["reference"], "--estimated", paths["estimated"], "--json", "--as-reference"]
    command += ["--collar", repr(settings["collar"]), "--offset-share", repr(settings["offset_share"])]
    command += ["--matching", settings["matching"], "--nothing-estimated", settings["nothing"]]
    command += ["--resolution", repr(settings["resolution"]), "--dtc", repr(settings["dtc"]), "--gtc", repr(settings["gtc"])]
    command += ["--cttc", repr(settings["cttc"])]
    if settings["boundaries"] != "both":
        command.append(f"--{settings['boundaries']}-only")
    if settings["durations"]:
        command += ["--durations", paths["durations"]]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["metrics"]


def by_file(events, name):
    return [
        {"filename": file, "onset": onset, "offset": offset, "event_label": label}
        for file, onset, offset, label in events
        if file == name
    ]


def theirs_of_sed_eval(files, reference, estimated, settings):
    import dcase_util
    import sed_eval

    labels = sorted({event[3] for event in reference + estimated})
    boundaries = settings["boundaries"]
    event_based = sed_eval.sound_event.EventBasedMetrics(
        event_label_list=labels,
        t_collar=settings["collar"],
        percentage_of_length=settings["offset_share"],
        evaluate_onset=boundaries in ("both", "onset"),
        evaluate_offset=boundaries in ("both", "offset"),
        event_matching_type=settings["matching"],
        empty_system_output_handling="zero_score" if settings["nothing"] == "zero" else None,
    )
    segment_based = sed_eval.sound_event.SegmentBasedMetrics(event_label_list=labels, time_resolution=settings["resolution"])
    for name, duration in files:
        lists = [dcase_util.containers.MetaDataContainer(by_file(events, name)) for events in (reference, estimated)]
        event_based.evaluate(*lists)
        segment_based.evaluate(*lists, evaluated_length_seconds=duration if settings["durations"] else None)
    return event_based, segment_based


def theirs_of_psds_eval(files, reference, estimated, settings):
    """Mean F-score, and F-score, false positives and cross-triggers of each class; none where psds_eval refuses the lists."""
    import pandas
    import psds_eval

    columns = ["filename", "onset", "offset", "event_label"]
    durations = files if settings["durations"] else [(name, 1e6) for name, _ in files]
    try:
        evaluation = psds_eval.PSDSEval(
            dtc_threshold=settings["dtc"],
            gtc_threshold=settings["gtc"],
            cttc_threshold=settings["cttc"],
            ground_truth=pandas.DataFrame(reference, columns=columns),
            metadata=pandas.DataFrame(durations, columns=["filename", "duration"]),
        )
        detections = pandas.DataFrame(estimated, columns=columns)
        mean, f_scores = evaluation.compute_macro_f_score(detections)
        counts, *_ = evaluation._evaluate_detections(evaluation._init_det_table(detections))
        # Rows are estimated classes, columns reference classes and then anything at all.
        others = {label: (row[-1], row[:-1].sum() - row[place]) for place, (label, row) in enumerate(zip(f_scores, counts))}
        return mean, {label: (value, *others[label]) for label, value in f_scores.items()}
    except psds_eval.psds.PSDSEvalError:
        return None


class Comparison:
    def __init__(self):
        self.compared, self.differences, self.refused = 0, [], 0

    def value(self, what, ours, theirs):
        self.compared += 1
        theirs = float(theirs)
        if not math.isfinite(theirs):
            is_same = ours is None
        else:
            is_same = ours is not None and abs(ours - theirs) <= 1e-6 * max(1.0, abs(theirs))
        if not is_same:
            self.differences.append(f"{what}: {ours} here, {theirs} there")

    def row(self, what, ours, theirs):
        """A row of sed_eval's results: groups of measures."""
        renamed = {"f_measure": "f_score"}
        for group, values in theirs.items():
            for key, value in values.items():
                key = {"Nref": "reference", "Nsys": "estimated"}.get(key, renamed.get(key, key))
                self.value(f"{what} {key}", ours[key], value)

    def sed_eval(self, what, ours, theirs):
        results = theirs.results()
        self.row(f"{what} overall", ours["overall"], results["overall"])
        if results["class_wise"]:
            self.row(f"{what} mean", ours["class_average"], results["class_wise_average"])
        for label, row in results["class_wise"].items():
            self.row(f"{what} {label}", ours["per_class"][label], row)
        counts, overall = theirs.overall, ours["overall"]
        for key, name in (("Ntp", "true_positives"), ("Nref", "reference"), ("Nsys", "estimated")):
            self.value(f"{what} {key}", overall[name], counts[key])
        if "Nsubs" in counts:
            self.value(f"{what} Nsubs", overall["substitutions"], counts["Nsubs"])
            self.value(f"{what} Nfp", overall["false_positives"] - overall["substitutions"], counts["Nfp"])
            self.value(f"{what} Nfn", overall["false_negatives"] - overall["substitutions"], counts["Nfn"])
        else:
            names = {"Ntn": "true_negatives", "Nfp": "false_positives", "Nfn": "false_negatives"}
            names |= {"S": "substitutions", "D": "deletions", "I": "insertions"}
            for key, name in names.items():
                self.value(f"{what} {key}", overall[name], counts[key])

    def psds_eval(self, what, ours, theirs):
        if theirs is None:
            self.refused += 1
            return
        mean, classes = theirs
        self.value(f"{what} mean F1", ours["class_average"]["f_score"], mean)
        for label, (f_score, false_positives, cross_triggers) in classes.items():
            row = ours["per_class"][label]
            self.value(f"{what} {label} F1", row["f_score"], f_score)
            self.value(f"{what} {label} FP", row["false_positives"], false_positives)
            self.value(f"{what} {label} CT", row["cross_triggers"], cross_triggers)


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

    warnings.filterwarnings("ignore")
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(2**32)
    print(f"seed {seed}, {arguments.cases} cases", flush=True)
    rng = random.Random(seed)
    comparison = Comparison()
    with tempfile.TemporaryDirectory() as folder:
        for case in range(arguments.cases):
            files, reference, estimated, settings = draw_case(rng)
            metrics = ours(arguments.earmark, files, reference, estimated, settings, folder)
            event_based, segment_based = theirs_of_sed_eval(files, reference, estimated, settings)
            what = f"case {case} {settings}"
            comparison.sed_eval(f"{what} event-based", metrics["event_based"], event_based)
            comparison.sed_eval(f"{what} segment-based", metrics["segment_based"], segment_based)
            theirs = theirs_of_psds_eval(files, reference, estimated, settings)
            comparison.psds_eval(f"{what} intersection-based", metrics["intersection_based"], theirs)
    for difference in comparison.differences[:50]:
        print(difference)
    print(
        f"{comparison.compared} values compared, {len(comparison.differences)} differ; "
        f"psds_eval refused {comparison.refused} of {arguments.cases} pairs of lists"
    )
    sys.exit(1 if comparison.differences else 0)


if __name__ == "__main__":
    main()
