"""Opens label files that Earmark wrote in the field's own libraries, and files of those libraries in Earmark, and compares all values.

    python3 -m venv venv && venv/bin/pip install -r tests/reference/requirements-formats.txt
    venv/bin/python tests/reference/open_formats.py target/debug/earmark [--seed N] [--cases N]

The labels are random; the seed is printed. Each value of each event (recording, onset, offset, label, and where the format has them
frequencies and score) counts as one. Ends with status 1 if any value differs by more than the format's own resolution.
"""

import argparse
import csv
import json
import math
import random
import subprocess
import sys
import tempfile
import uuid
import warnings
from collections import namedtuple
from pathlib import Path

warnings.filterwarnings("ignore")

Event = namedtuple("Event", "filename onset offset label low high score", defaults=(None, None, None))

LABELS = ["Speech", "Parus major", "Dog, bark", "call_A-1", "Möwe", "Running_water", "a \"quoted\" one"]
PLAIN = [label for label in LABELS if '"' not in label and "," not in label]


class Labels:
    """Random events of some recordings, the last of which has none."""

    def __init__(self, rng, labels=LABELS, overlap=True, boxes=False, scores=False, decimals=6, files=4):
        self.durations = {}
        self.events = []
        for index in range(files):
            name = f"rec_{index}.wav"
            self.durations[name] = round(rng.uniform(5, 120), 3)
            if index == files - 1:
                continue
            moments = sorted(round(rng.uniform(0, self.durations[name] - 0.01), decimals) for _ in range(2 * rng.randint(1, 12)))
            moments = sorted(set(moments))
            for onset, offset in zip(moments[::2], moments[1::2]):
                self.events.append(self.event(rng, name, onset, offset, labels, boxes, scores))
            if overlap:
                onset = round(rng.uniform(0, 2), decimals)
                self.events.append(self.event(rng, name, onset, round(onset + 2.5, decimals), labels, boxes, scores))
        self.events.sort()

    @staticmethod
    def event(rng, name, onset, offset, labels, boxes, scores):
        low, high = sorted(round(rng.uniform(50, 20_000), 2) for _ in range(2))
        score = round(rng.uniform(0, 1), 6) if scores else None
        return Event(name, onset, offset, rng.choice(labels), low if boxes else None, high if boxes else None, score)

    def of(self, name):
        return [event for event in self.events if event.filename == name]


class Tally:
    """Counts values and remembers the differences."""

    def __init__(self):
        self.rows = []
        self.failures = []

    def compare(self, what, expected, found, tolerance):
        """Compares events in order; numbers within `tolerance`, half an ULP of rounding aside."""
        count, largest = 0, 0.0
        expected, found = sorted(expected, key=order), sorted(found, key=order)
        if len(expected) != len(found):
            self.failures.append(f"{what}: {len(expected)} events became {len(found)}")
        for one, other in zip(expected, found):
            for field, value, again in zip(Event._fields, one, other):
                if value is None and again is None:
                    continue
                count += 1
                if isinstance(value, str) or value is None or again is None:
                    is_same = value == again
                else:
                    difference = abs(value - again)
                    largest = max(largest, difference)
                    is_same = difference <= tolerance + 1e-12 * max(1.0, abs(value))
                if not is_same:
                    self.failures.append(f"{what}: {field} of {one} is {again!r}")
        self.rows.append((what, len(expected), count, largest, tolerance))

    def compare_durations(self, what, expected, found):
        for name, secs in expected.items():
            if name not in found or abs(found[name] - secs) > 1e-9:
                self.failures.append(f"{what}: the length of {name} is {found.get(name)}, not {secs}")
        self.rows.append((what + ", lengths", len(expected), len(expected), 0.0, 1e-9))


def order(event):
    return (event.filename, round(event.onset, 2), event.label, event.onset, event.offset)


class Earmark:
    """The program that is tried."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def convert(self, inputs, target, output, source=None):
        inputs = inputs if isinstance(inputs, list) else [inputs]
        command = [self.program, "convert", *map(str, inputs), "--to", target, "-o", str(output)]
        command += ["--from", source] if source else []
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return output

    def events(self, inputs, source=None):
        """Events and lengths of recordings as Earmark reads them, through the format that says all."""
        output = self.convert(inputs, "coco", self.folder / f"{uuid.uuid4()}.json", source)
        whole = json.loads(output.read_text())
        names = {audio["id"]: audio["file_name"] for audio in whole["audios"]}
        categories = {category["id"]: category["name"] for category in whole["categories"]}
        events = []
        for found in whole["annotations"]:
            onset, low, length, width = found["bbox"]
            has_band = low != 0 or width != 0
            name, label = names[found["audio_id"]], categories[found["category_id"]]
            band = (low, low + width) if has_band else (None, None)
            events.append(Event(name, onset, onset + length, label, *band, found.get("score")))
        durations = {audio["file_name"]: audio["duration"] for audio in whole["audios"] if "duration" in audio}
        return events, durations


def write_desed(labels, path):
    """The table that sed_scores_eval and the DESED recipe read, written here so that all begins with a neutral file."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter="\t")
        rows.writerow(["filename", "onset", "offset", "event_label"])
        rows.writerows([event.filename, event.onset, event.offset, event.label] for event in labels.events)
        for name in labels.durations:
            if not labels.of(name):
                rows.writerow([name, "", "", ""])
    return path


def spans(events):
    """Events without what a format does not hold."""
    return [event._replace(low=None, high=None, score=None) for event in events]


def renamed(events, rename):
    return [event._replace(filename=rename(event.filename)) for event in events]


def stem(name):
    return Path(name).stem


# The libraries' own files, and what they read. A check is (name, the formats that Earmark needs for it, function).

CHECKS = []


def check(*formats):
    def add(function):
        CHECKS.append((function.__name__.replace("_", " "), formats, function))
        return function

    return add


@check("dcase")
def dcase_to_sed_scores_eval(earmark, rng, tally, folder):
    from sed_scores_eval.base_modules.io import parse_ground_truth

    # It refuses overlaps of a class.
    labels = Labels(rng, overlap=False, labels=[label for label in LABELS if '"' not in label])
    path = earmark.convert(write_desed(labels, folder / "in.tsv"), "dcase", folder / "out.tsv")
    truth = parse_ground_truth(str(path))
    found = [Event(name + ".wav", on, off, label) for name, events in truth.items() for on, off, label in events]
    tally.compare("dcase → sed_scores_eval", labels.events, found, 1e-9)
    empty = [name for name in labels.durations if not labels.of(name)]
    missing = [name for name in empty if truth.get(stem(name)) != []]
    tally.failures.extend(f"dcase → sed_scores_eval: {name} is not empty" for name in missing)


@check("dcase")
def dcase_to_dcase_util(earmark, rng, tally, folder):
    from dcase_util.containers import MetaDataContainer

    labels = Labels(rng, labels=PLAIN)
    path = earmark.convert(write_desed(labels, folder / "in.tsv"), "dcase", folder / "out.csv")
    rows = MetaDataContainer(filename=str(path)).load(csv_header=True, delimiter="\t")
    found = [Event(row.filename, row.onset, row.offset, row.event_label) for row in rows if row.onset is not None]
    tally.compare("dcase → dcase_util", labels.events, found, 1e-9)


@check("dcase", "coco")
def dcase_util_to_dcase(earmark, rng, tally, folder):
    from dcase_util.containers import MetaDataContainer

    labels = Labels(rng, labels=PLAIN)
    rows = [dict(filename=e.filename, onset=e.onset, offset=e.offset, event_label=e.label) for e in labels.events]
    MetaDataContainer(rows, filename=str(folder / "lib.csv")).save(csv_header=True, delimiter="\t")
    found, _ = earmark.events(folder / "lib.csv", "dcase")
    tally.compare("dcase_util → dcase", labels.events, found, 1e-9)


@check("dcase-list", "coco")
def dcase_util_to_dcase_list(earmark, rng, tally, folder):
    from dcase_util.containers import MetaDataContainer

    labels = Labels(rng, labels=PLAIN)
    rows = [dict(filename=e.filename, onset=e.onset, offset=e.offset, event_label=e.label) for e in labels.events]
    MetaDataContainer(rows, filename=str(folder / "lib.txt")).save()
    found, _ = earmark.events(folder / "lib.txt", "dcase-list")
    tally.compare("dcase_util → dcase-list", labels.events, found, 1e-9)


@check("dcase-list")
def dcase_list_to_dcase_util(earmark, rng, tally, folder):
    from dcase_util.containers import MetaDataContainer

    labels = Labels(rng, labels=PLAIN)
    path = earmark.convert(write_desed(labels, folder / "in.tsv"), "dcase-list", folder / "list.txt")
    rows = MetaDataContainer(filename=str(path)).load()
    found = [Event(row.filename, row.onset, row.offset, row.event_label) for row in rows if row.onset is not None]
    tally.compare("dcase-list → dcase_util", labels.events, found, 1e-9)


@check("jams")
def jams_to_jams(earmark, rng, tally, folder):
    import jams

    labels = Labels(rng)
    out = earmark.convert(write_desed(labels, folder / "in.tsv"), "jams", folder / "out")
    found = []
    for path in sorted(out.glob("*.jams")):
        whole = jams.load(str(path), validate=True, strict=True)
        for annotation in whole.annotations:
            for observation in annotation.data:
                end = observation.time + observation.duration
                found.append(Event(whole.file_metadata.identifiers.filename, observation.time, end, observation.value))
    tally.compare("jams → jams", labels.events, found, 1e-9)


@check("jams", "coco")
def jams_from_jams(earmark, rng, tally, folder):
    import jams

    labels = Labels(rng, scores=True)
    paths = []
    for name, duration in labels.durations.items():
        whole = jams.JAMS()
        whole.file_metadata.duration = duration
        annotation = jams.Annotation(namespace="segment_open", time=0, duration=duration)
        annotation.annotation_metadata = jams.AnnotationMetadata(annotator={"name": "A"})
        for event in labels.of(name):
            length = round(event.offset - event.onset, 6)
            annotation.append(time=event.onset, duration=length, value=event.label, confidence=event.score)
        whole.annotations.append(annotation)
        paths.append(folder / f"{stem(name)}.jams")
        whole.save(str(paths[-1]))
    found, durations = earmark.events(paths, "jams")
    tally.compare("jams library → jams", renamed(labels.events, stem), found, 1e-9)
    tally.compare_durations("jams library → jams", {stem(name): secs for name, secs in labels.durations.items()}, durations)


def soundevent_objects(labels):
    """Recordings and, of each event, its recording and sound event."""
    from soundevent import data

    recordings = {
        name: data.Recording(path=Path(name), duration=secs, channels=1, samplerate=48_000)
        for name, secs in labels.durations.items()
    }
    pairs = []
    for event in labels.events:
        if event.low is None:
            geometry = data.TimeInterval(coordinates=[event.onset, event.offset])
        else:
            geometry = data.BoundingBox(coordinates=[event.onset, event.low, event.offset, event.high])
        pairs.append((event, data.SoundEvent(recording=recordings[event.filename], geometry=geometry)))
    clips = {name: data.Clip(recording=one, start_time=0, end_time=one.duration) for name, one in recordings.items()}
    return clips, pairs


def tag(label):
    from soundevent import data

    return data.Tag(term=data.term_from_key("species"), value=label)


def soundevent_events(collection, is_run):
    """Events and lengths as soundevent has them."""
    clips = collection.clip_predictions if is_run else collection.clip_annotations
    events, durations = [], {}
    for clip in clips:
        durations[str(clip.clip.recording.path)] = clip.clip.recording.duration
        for said in clip.sound_events:
            geometry = said.sound_event.geometry
            numbers = geometry.coordinates
            if geometry.type == "BoundingBox":
                onset, low, offset, high = numbers
            else:
                (onset, offset), low, high = numbers, None, None
            label = said.tags[0].tag.value if is_run else said.tags[0].value
            score = said.score if is_run else None
            name = str(said.sound_event.recording.path)
            events.append(Event(name, onset, offset, label, low, high, score))
    return events, durations


@check("aoef", "coco")
def soundevent_annotations_both_ways(earmark, rng, tally, folder):
    from soundevent import data, io

    labels = Labels(rng, boxes=rng.random() < 0.5)
    clips, pairs = soundevent_objects(labels)
    user = data.User(name="A")
    said = {name: [] for name in clips}
    for event, sound_event in pairs:
        said[event.filename].append(data.SoundEventAnnotation(sound_event=sound_event, tags=[tag(event.label)], created_by=user))
    annotations = [data.ClipAnnotation(clip=clip, sound_events=said[name]) for name, clip in clips.items()]
    path = folder / "lib.json"
    io.save(data.AnnotationSet(name="set", clip_annotations=annotations), path)
    found, durations = earmark.events(path)
    tally.compare("soundevent annotations → aoef", labels.events, found, 1e-9)
    tally.compare_durations("soundevent annotations → aoef", labels.durations, durations)
    again = io.load(earmark.convert(path, "aoef", folder / "again.json"))
    found, durations = soundevent_events(again, False)
    tally.compare("aoef → soundevent annotations", labels.events, found, 1e-9)
    tally.compare_durations("aoef → soundevent annotations", labels.durations, durations)
    terms = {one.term.name for clip in again.clip_annotations for said in clip.sound_events for one in said.tags}
    if terms != {tag("x").term.name}:
        tally.failures.append(f"aoef → soundevent annotations: the tags' terms are {terms}")


@check("aoef-run", "coco")
def soundevent_predictions_both_ways(earmark, rng, tally, folder):
    from soundevent import data, io

    labels = Labels(rng, boxes=True, scores=True)
    clips, pairs = soundevent_objects(labels)
    said = {name: [] for name in clips}
    for event, sound_event in pairs:
        tags = [data.PredictedTag(tag=tag(event.label), score=event.score)]
        said[event.filename].append(data.SoundEventPrediction(sound_event=sound_event, score=event.score, tags=tags))
    predictions = [data.ClipPrediction(clip=clip, sound_events=said[name]) for name, clip in clips.items()]
    path = folder / "lib.json"
    if rng.random() < 0.5:
        run = data.PredictionSet(name="set", clip_predictions=predictions)
    else:
        model = data.Model(info=data.ModelInfo(name="m"), version="1.2")
        run = data.ModelRun(name="run", model=model, clip_predictions=predictions)
    io.save(run, path)
    found, durations = earmark.events(path)
    tally.compare("soundevent predictions → aoef-run", labels.events, found, 1e-9)
    tally.compare_durations("soundevent predictions → aoef-run", labels.durations, durations)
    again = io.load(earmark.convert(path, "aoef-run", folder / "again.json"))
    if isinstance(run, data.ModelRun) and (again.model.info.name, again.model.version) != ("m", "1.2"):
        tally.failures.append(f"aoef-run → soundevent predictions: the model is {again.model}")
    found, durations = soundevent_events(again, True)
    tally.compare("aoef-run → soundevent predictions", labels.events, found, 1e-9)
    tally.compare_durations("aoef-run → soundevent predictions", labels.durations, durations)


@check("aoef")
def aoef_identifiers_are_those_of_python(earmark, rng, tally, folder):
    labels = Labels(rng)
    path = earmark.convert(write_desed(labels, folder / "in.tsv"), "aoef", folder / "out.json")
    namespace = uuid.uuid5(uuid.NAMESPACE_DNS, "earmark")
    recordings = json.loads(path.read_text())["data"]["recordings"]
    for recording in recordings:
        name = recording["path"]
        expected = str(uuid.uuid5(namespace, f"recording/{len(name.encode())}:{name}"))
        if recording["uuid"] != expected:
            tally.failures.append(f"aoef: the UUID of {name} is {recording['uuid']}, not {expected}")
    tally.rows.append(("aoef → uuid5 of Python", len(recordings), len(recordings), 0.0, 0.0))


@check("simple-seq")
def simple_seq_to_crowsetta(earmark, rng, tally, folder):
    import crowsetta

    labels = Labels(rng, labels=PLAIN, overlap=False)
    out = earmark.convert(write_desed(labels, folder / "in.tsv"), "simple-seq", folder / "out")
    found = []
    for path in sorted(out.glob("*.csv")):
        if len(path.read_text().splitlines()) < 2:
            continue
        for segment in crowsetta.formats.seq.SimpleSeq.from_file(path).to_seq(round_times=False).segments:
            found.append(Event(path.stem, segment.onset_s, segment.offset_s, segment.label))
    tally.compare("simple-seq → crowsetta", renamed(labels.events, stem), found, 1e-9)


@check("generic-seq", "coco")
def generic_seq_both_ways(earmark, rng, tally, folder):
    import crowsetta

    labels = Labels(rng, labels=PLAIN, overlap=False)
    annotations = []
    for index, name in enumerate(name for name in labels.durations if labels.of(name)):
        events = labels.of(name)
        sequence = crowsetta.Sequence.from_keyword(
            labels=[event.label for event in events],
            onsets_s=[event.onset for event in events],
            offsets_s=[event.offset for event in events],
        )
        annotations.append(crowsetta.Annotation(annot_path=f"{stem(name)}.csv", notated_path=name, seq=sequence))
    path = folder / "lib.csv"
    crowsetta.formats.seq.GenericSeq(annots=annotations).to_file(path)
    found, _ = earmark.events(path, "generic-seq")
    tally.compare("crowsetta → generic-seq", labels.events, found, 1e-9)
    path = earmark.convert(write_desed(labels, folder / "in.tsv"), "generic-seq", folder / "again.csv")
    found = []
    for annotation in crowsetta.formats.seq.GenericSeq.from_file(path).to_annot():
        for segment in annotation.seq.segments:
            found.append(Event(str(annotation.notated_path), segment.onset_s, segment.offset_s, segment.label))
    tally.compare("generic-seq → crowsetta", labels.events, found, 1e-9)


@check("audacity", "coco")
def audacity_both_ways(earmark, rng, tally, folder):
    import crowsetta

    labels = Labels(rng, labels=PLAIN, overlap=False, files=2)
    name = next(iter(labels.durations))
    segments = labels.of(name)
    path = folder / "rec_0.txt"
    crowsetta.formats.seq.AudSeq(
        start_times=[event.onset for event in segments],
        end_times=[event.offset for event in segments],
        labels=[event.label for event in segments],
        annot_path=path,
    ).to_file(path)
    found, _ = earmark.events(path, "audacity")
    tally.compare("crowsetta → audacity", renamed(segments, stem), found, 1e-9)
    out = earmark.convert(write_desed(labels, folder / "in.tsv"), "audacity", folder / "out")
    found = []
    for path in sorted(out.glob("*.txt")):
        if not path.read_text().strip():
            continue
        for segment in crowsetta.formats.seq.AudSeq.from_file(path).to_seq(round_times=False).segments:
            found.append(Event(path.stem, segment.onset_s, segment.offset_s, segment.label))
    tally.compare("audacity → crowsetta", renamed(labels.events, stem), found, 1e-9)


@check("raven", "aoef")
def raven_to_crowsetta(earmark, rng, tally, folder):
    import crowsetta

    labels = Labels(rng, labels=PLAIN, boxes=True, files=2)
    path = write_boxes(labels, folder)
    out = earmark.convert(path, "raven", folder / "out.txt", "aoef")
    frame = crowsetta.formats.bbox.Raven.from_file(out).df
    found = [
        Event("rec_0.wav", row.begin_time_s, row.end_time_s, row.annotation, row.low_freq_hz, row.high_freq_hz)
        for row in frame.itertuples()
    ]
    tally.compare("raven → crowsetta", labels.events, found, 1e-6)


@check("raven", "coco")
def crowsetta_to_raven(earmark, rng, tally, folder):
    import crowsetta
    import pandas

    labels = Labels(rng, labels=PLAIN, boxes=True, files=2)
    columns = ["Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)", "Annotation"]
    rows = [(i + 1, "Spectrogram 1", 1, e.onset, e.offset, e.low, e.high, e.label) for i, e in enumerate(labels.events)]
    source = folder / "source.txt"
    pandas.DataFrame(rows, columns=columns).to_csv(source, sep="\t", index=False)
    path = folder / "rec_0.txt"
    crowsetta.formats.bbox.Raven.from_file(source).to_file(path)
    found, _ = earmark.events(path, "raven")
    tally.compare("crowsetta → raven", renamed(labels.events, stem), found, 1e-9)


def write_boxes(labels, folder):
    from soundevent import data, io

    clips, pairs = soundevent_objects(labels)
    said = {name: [] for name in clips}
    for event, sound_event in pairs:
        said[event.filename].append(data.SoundEventAnnotation(sound_event=sound_event, tags=[tag(event.label)]))
    annotations = [data.ClipAnnotation(clip=clip, sound_events=said[name]) for name, clip in clips.items() if said[name]]
    io.save(data.AnnotationSet(clip_annotations=annotations), folder / "boxes.json")
    return folder / "boxes.json"


@check("textgrid", "coco")
def textgrid_both_ways(earmark, rng, tally, folder):
    from praatio import textgrid
    from praatio.data_classes.interval_tier import IntervalTier

    labels = Labels(rng, overlap=False)
    out = earmark.convert(write_desed(labels, folder / "in.tsv"), "textgrid", folder / "out")
    found, paths = [], []
    for path in sorted(out.glob("*.TextGrid")):
        grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
        for name in grid.tierNames:
            found += [Event(path.stem, onset, offset, label) for onset, offset, label in grid.getTier(name).entries]
    tally.compare("textgrid → praatio", renamed(labels.events, stem), found, 1e-9)
    for name, duration in labels.durations.items():
        grid = textgrid.Textgrid()
        # praatio keeps no tier without intervals.
        entries = [(event.onset, event.offset, event.label) for event in labels.of(name)]
        if entries:
            grid.addTier(IntervalTier("events", entries, 0, duration))
            paths.append(folder / f"{stem(name)}.TextGrid")
            form = rng.choice(["short_textgrid", "long_textgrid"])
            grid.save(str(paths[-1]), format=form, includeBlankSpaces=True)
    found, _ = earmark.events(paths, "textgrid")
    tally.compare("praatio → textgrid", renamed(labels.events, stem), found, 1e-9)


@check("elan", "coco")
def elan_both_ways(earmark, rng, tally, folder):
    import pympi

    # ELAN counts in milliseconds.
    labels = Labels(rng, decimals=3, files=2)
    name, duration = next(iter(labels.durations.items()))
    out = earmark.convert(write_desed(labels, folder / "in.tsv"), "elan", folder / "out")
    eaf = pympi.Elan.Eaf(str(out / f"{stem(name)}.eaf"))
    found = []
    for tier in eaf.get_tier_names():
        found += [Event(name, part[0] / 1e3, part[1] / 1e3, part[2]) for part in eaf.get_annotation_data_for_tier(tier)]
    tally.compare("elan → pympi", labels.events, found, 1e-9)
    eaf = pympi.Elan.Eaf()
    eaf.add_linked_file(name, mimetype="audio/x-wav")
    eaf.add_tier("events")
    eaf.add_tier("more")
    for index, event in enumerate(labels.of(name)):
        tier = "events" if index % 2 else "more"
        onset, offset = (int(round(secs * 1e3)) for secs in (event.onset, event.offset))
        eaf.add_annotation(tier, onset, offset, event.label)
    path = folder / "lib.eaf"
    eaf.to_file(str(path))
    found, _ = earmark.events(path, "elan")
    tally.compare("pympi → elan", labels.of(name), renamed(found, lambda found: Path(found).name), 1e-9)


def available(program):
    """The names of formats that the program lists."""
    done = subprocess.run([program, "convert", "--list"], capture_output=True, text=True)
    return {word for line in done.stdout.splitlines() for word in line.split()[:1]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("earmark", help="the program, as built")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--cases", type=int, default=20, help="random cases for each check")
    arguments = parser.parse_args()
    seed = random.randrange(1 << 32) if arguments.seed is None else arguments.seed
    print(f"seed {seed}, {arguments.cases} cases for each check")
    formats, tally, skipped = available(arguments.earmark), Tally(), []
    for name, needed, function in CHECKS:
        missing = [one for one in needed if one not in formats]
        if missing:
            skipped.append(f"{name}: {', '.join(missing)} is not among the program's formats")
            continue
        for case in range(arguments.cases):
            rng = random.Random(f"{seed} {name} {case}")
            with tempfile.TemporaryDirectory() as folder:
                try:
                    function(Earmark(arguments.earmark, Path(folder)), rng, tally, Path(folder))
                except Exception as error:  # One check that cannot be carried out must not hide the others.
                    tally.failures.append(f"{name}, case {case}: {type(error).__name__}: {error}")
    report(tally, skipped)
    sys.exit(1 if tally.failures or skipped else 0)


def report(tally, skipped):
    sums = {}
    for what, events, values, largest, tolerance in tally.rows:
        had = sums.get(what, (0, 0, 0.0, tolerance))
        sums[what] = (had[0] + events, had[1] + values, max(had[2], largest), tolerance)
    for what, (events, values, largest, tolerance) in sums.items():
        print(f"{what:45} {events:6} events {values:7} values, largest difference {largest:.1e} (allowed {tolerance:.0e})")
    print(f"{sum(values for _, values, _, _ in sums.values())} values compared, {len(tally.failures)} failures")
    for failure in tally.failures[:40]:
        print("FAILED", failure)
    for line in skipped:
        print("SKIPPED", line)


if __name__ == "__main__":
    main()
