"""Makes 16-bit and 8-bit variants of the bundled models by ONNX Runtime's own tools, and tells how far their scores are from the models',
beside those of `earmark model variant` on the same two recordings.

    python3 -m venv v && v/bin/pip install -r tests/reference/requirements-variants.txt
    cargo build --no-default-features --features engine
    v/bin/python tests/reference/compare_variants.py [--earmark target/debug/earmark]

Needs a package index and is therefore no part of `cargo xtask test`, whose bounds (tests/it/variants.rs) are the numbers that it prints. The networks'
input is that in tests/data/model, which the reference programs of the models made. The exit code is 1 if one of Earmark's variants is, on average,
further from its model than the reference's.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16

ROOT = Path(__file__).resolve().parents[2]
INPUTS = ROOT / "tests/data/model"
RECORDINGS = ["bell_10s_16k", "mix_16k"]


def patches(levels):
    """YAMNet's input: 96 frames every 48."""
    return np.stack([levels[at : at + 96] for at in range(0, len(levels) - 95, 48)])


MODELS = {
    "yamnet": ("patches", "scores", "log_mel", 64, patches, 0.2),
    "firered-aed": ("fbank", "probs", "fbank", 80, lambda levels: levels, 0.5),
    "bicycle-bell": ("log_mel", "frame_probs", "log_mel", 64, lambda levels: levels[None], 0.5),
}


class Reader(CalibrationDataReader):
    def __init__(self, name, inputs):
        self.feeds = iter([{name: value} for value in inputs])

    def get_next(self):
        return next(self.feeds, None)


def scores(path, name, output, inputs):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run([output], {name: value})[0].ravel() for value in inputs])


def reference(model, precision, folder):
    name, output, kind, bands, cut, threshold = MODELS[model]
    levels = [np.load(INPUTS / f"{recording}.{kind}.npy").reshape(-1, bands) for recording in RECORDINGS]
    inputs = [cut(one.astype(np.float32)) for one in levels]
    network, made = ROOT / "models" / model / "model.onnx", Path(folder) / f"{model}.onnx"
    if precision == "float16":
        onnx.save(convert_float_to_float16(onnx.load(network), keep_io_types=True), made)
    else:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(network, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            made,
            Reader(name, inputs),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    own, varied = scores(network, name, output, inputs), scores(made, name, output, inputs)
    difference = np.abs(own - varied)
    changed = int(((own > threshold) != (varied > threshold)).sum())
    return made.stat().st_size, float(difference.max()), float(difference.mean()), changed, int((own > threshold).sum())


def earmark(program, model, precision, folder):
    recordings = [str(INPUTS / f"{recording}.wav") for recording in RECORDINGS]
    command = [program, "model", "variant", model, f"--{precision}", "--json", "--to", str(Path(folder) / "made"), "--calibrate"]
    environment = {**os.environ, "EARMARK_MODELS": str(ROOT / "models")}
    printed = subprocess.run(command + recordings, capture_output=True, check=True, env=environment).stdout
    variant = json.loads(printed)["variant"]
    change = variant["change"]
    return variant["bytes"], change["largest"], change["mean"], change["changed"], change["above"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--earmark", default=str(ROOT / "target/debug/earmark"))
    arguments = parser.parse_args()
    is_near = True
    print(f"{'model':14}{'numbers':9}{'of':10}{'bytes':>12}{'largest':>10}{'mean':>12}{'changed':>9}{'above':>7}")
    for model in MODELS:
        for precision in ["float16", "int8"]:
            with tempfile.TemporaryDirectory() as folder:
                rows = {
                    "reference": reference(model, precision, folder),
                    "Earmark": earmark(arguments.earmark, model, precision, folder),
                }
            for whose, (size, largest, mean, changed, above) in rows.items():
                print(f"{model:14}{precision:9}{whose:10}{size:12}{largest:10.4f}{mean:12.7f}{changed:9}{above:7}")
            is_near &= rows["Earmark"][2] <= rows["reference"][2]
    sys.exit(0 if is_near else 1)


if __name__ == "__main__":
    main()
