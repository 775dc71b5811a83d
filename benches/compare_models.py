#!/usr/bin/env python3
"""A network of the EfficientSED family: our ONNX file beside PyTorch's own export of the same weights, in one run.

The peer is what a user of PyTorch would have: the network defined below, filled from CHECKPOINT, exported by
`torch.onnx.export` (TorchScript exporter, opset 17, batch dynamic, weak head left out) and run by Python's onnxruntime.
Ours is the network of MODEL_FOLDER, which `earmark model import CHECKPOINT` wrote. Both run in turn in one process
with the same number of threads on the same features. Knows the plain networks, tf and gru, of every width and
dimension. Needs Python with torch, onnx, onnxruntime and numpy:

    cargo build --release
    target/release/earmark model import fmn10_strong.pt -o FOLDER
    python benches/compare_models.py fmn10_strong.pt FOLDER [--threads 1 2] [--batch 1 8] [--runs 40] [--earmark target/release/earmark]

With --earmark, `earmark model bench` measures MODEL_FOLDER too, and its clips a second stand beside the peer's.
Prints medians in milliseconds a 10-s clip, the ratio (below 1: ours is faster) and the largest difference of the
strong logits; ends with status 1 if they differ.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import tomllib
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

# Stride over frequency of stages 1 to 15; over time only the first convolution and stage 2 step by two.
FREQUENCY_STRIDES = [1, 2, 2, 1, 1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 2]
BANDS, MEL_FRAMES = 128, 1000


def convolution(weight, stride=1, activation=None, groups=1):
    """Convolution, batch norm and activation, if any, for a weight [out, in / groups, k, k]."""
    outputs, inputs, size, _ = weight.shape
    layer = nn.Conv2d(inputs * groups, outputs, size, stride, size // 2, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs, eps=1e-3), activation or nn.Identity())


class Squeeze(nn.Module):
    """Squeeze-and-excitation: channels scaled by what their means over the clip say."""

    def __init__(self, weight):
        super().__init__()
        squeezed, channels = weight.shape
        fc = nn.ModuleDict({"fc1": nn.Linear(channels, squeezed), "fc2": nn.Linear(squeezed, channels)})
        self.conc_se_layers = nn.ModuleList([fc])

    def forward(self, x):
        fc = self.conc_se_layers[0]
        scale = torch.sigmoid(fc["fc2"](torch.relu(fc["fc1"](x.mean((2, 3))))))
        return x * scale[:, :, None, None]


class Stage(nn.Module):
    """Inverted residual: expand, filter by channel, squeeze and excite, project; the first and third only where stored."""

    def __init__(self, tensors, name, stride, activation):
        super().__init__()
        self.block = nn.Sequential()
        parts = len({key.split(".")[3] for key in tensors if key.startswith(f"{name}.block.")})
        for part in range(parts):
            weight = tensors.get(f"{name}.block.{part}.0.weight")
            if weight is None:
                self.block.append(Squeeze(tensors[f"{name}.block.{part}.conc_se_layers.0.fc1.weight"]))
            elif weight.shape[-1] > 1:
                self.block.append(convolution(weight, stride, activation(), groups=len(weight)))
            else:
                self.block.append(convolution(weight, 1, activation() if part == 0 else None))
        inputs, outputs = self.block[0][0].in_channels, self.block[-1][0].out_channels
        self.residual = stride == (1, 1) and inputs == outputs

    def forward(self, x):
        return x + self.block(x) if self.residual else self.block(x)


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x / x.norm(dim=-1, keepdim=True).clamp_min(1e-12) * (self.gamma * len(self.gamma) ** 0.5)


class Attention(nn.Module):
    """Softmax attention with rotary positions and a gate for each head and frame."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.norm = heads, Norm(width)
        self.pos_encoding = nn.ParameterDict({"freqs": nn.Parameter(torch.ones(width // heads // 2))})
        self.to_qkv, self.to_gates = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, heads)
        self.to_out = nn.Sequential(nn.Linear(width, width, bias=False))

    def rotated(self, x):
        angles = torch.arange(x.shape[-2])[:, None] * self.pos_encoding["freqs"]
        even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
        cos, sin = angles.cos(), angles.sin()
        return torch.stack((even * cos - odd * sin, odd * cos + even * sin), -1).flatten(-2)

    def forward(self, x):
        x = self.norm(x)
        query, key, value = self.to_qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(self.rotated(query), self.rotated(key), value)
        mixed = mixed.transpose(1, 2) * torch.sigmoid(self.to_gates(x))[..., None]
        return self.to_out(mixed.flatten(-2))


class FeedForward(nn.Module):
    def __init__(self, width):
        super().__init__()
        wide, narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.net = nn.Sequential(Norm(width), wide, nn.GELU(), nn.Identity(), narrow)

    def forward(self, x):
        return self.net(x)


class Transformer(nn.Module):
    def __init__(self, width, heads, depth):
        super().__init__()
        layer = lambda: nn.ModuleList([Attention(width, heads), FeedForward(width)])
        self.layers = nn.ModuleList([layer() for _ in range(depth)])
        self.norm = Norm(width)

    def forward(self, x):
        for attention, feed_forward in self.layers:
            x = x + attention(x)
            x = x + feed_forward(x)
        return self.norm(x)


class Recurrent(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.gru = nn.GRU(weight.shape[1], weight.shape[0] // 3, 2, batch_first=True, bidirectional=True)

    def forward(self, x):
        return self.gru(x)[0]


class Network(nn.Module):
    """Log-mel [batch, 1, band, frame] to strong logits [batch, class, output frame]; sizes are those of `tensors`."""

    def __init__(self, tensors):
        super().__init__()
        self.features = nn.Sequential(convolution(tensors["features.0.0.weight"], 2, nn.Hardswish()))
        for i, frequency_stride in enumerate(FREQUENCY_STRIDES, start=1):
            stride = (frequency_stride, 2 if i == 2 else 1)
            self.features.append(Stage(tensors, f"features.{i}", stride, nn.ReLU if i < 7 else nn.Hardswish))
        self.features.append(convolution(tensors["features.16.0.weight"], activation=nn.Hardswish()))
        self.seq_model = nn.Sequential()
        gates = tensors.get("seq_model.1.layers.0.0.to_gates.weight")
        if "seq_model.0.gru.weight_ih_l0" in tensors:
            self.seq_model.append(Recurrent(tensors["seq_model.0.gru.weight_ih_l0"]))
        elif gates is not None:
            width, inputs = tensors["seq_model.0.weight"].shape
            depth = sum(name.endswith("to_gates.weight") for name in tensors)
            self.seq_model.extend([nn.Linear(inputs, width), Transformer(width, gates.shape[0], depth)])
        self.strong_head = nn.Linear(*reversed(tensors["strong_head.weight"].shape))
        self.load_state_dict(tensors)

    def forward(self, mel):
        x = self.features(mel).squeeze(2).transpose(1, 2)
        return self.strong_head(self.seq_model(x)).transpose(1, 2)


def read_checkpoint(path):
    """Tensors of a state dict or training checkpoint by their names within the network, without the weak head."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    found = {}
    for name, tensor in state.get("state_dict", state).items():
        for start in ("features.", "seq_model.", "strong_head."):
            if start in name and not name.startswith("online_teacher."):
                found[name[name.index(start) :]] = tensor
                break
    return found


def export(checkpoint, path):
    network = Network(read_checkpoint(checkpoint)).eval()
    dynamic = {"mel": {0: "batch"}, "strong": {0: "batch"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (torch.zeros(1, 1, BANDS, MEL_FRAMES),), path, dynamo=False, opset_version=17,
                          input_names=["mel"], output_names=["strong"], dynamic_axes=dynamic)


def ours_in(folder):
    """Network file of a model folder, and its output of strong logits."""
    network = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))["network"]
    return folder / network["file"], "strong"


def runner(path, output, threads, mel):
    """A function that runs the network once on `mel` [batch, 1, band, frame], and gives what is named `output`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    wanted = session.get_inputs()[0]
    if len(wanted.shape) == 3:
        mel = mel[:, 0] if wanted.shape[1] == BANDS else np.ascontiguousarray(mel[:, 0].transpose(0, 2, 1))
    return lambda: session.run([output], {wanted.name: mel})[0]


def race(peer, ours, runs):
    """Median seconds of both, run in turn; who begins changes each time."""
    spent = {peer: [], ours: []}
    for turn in range(runs + 3):
        for run in (peer, ours) if turn % 2 else (ours, peer):
            began = time.perf_counter()
            run()
            spent[run].append(time.perf_counter() - began)
    return [float(np.median(spent[run][3:])) for run in (peer, ours)]


def bench(program, folder, threads, batch):
    """Clips a second as `earmark model bench` measures them."""
    command = [program, "model", "bench", str(folder), "--json", "--no-memory"]
    command += ["--threads", str(threads), "--batch", str(batch)]
    [model] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return max(row["clips_per_sec"] for row in model["measured"]["throughput"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8], help="clips a run")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--earmark", help="program whose `model bench` is to measure as well")
    arguments = parser.parse_args()
    network, output = ours_in(arguments.folder)
    different = False
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "export.onnx"
        export(arguments.checkpoint, exported)
        print(f"{arguments.checkpoint.name}, onnxruntime {onnxruntime.__version__}, export of torch {torch.__version__}")
        for threads in arguments.threads:
            for batch in arguments.batch:
                shape = (batch, 1, BANDS, MEL_FRAMES)
                mel = np.random.default_rng(1).normal(-0.5, 0.8, shape).astype(np.float32)
                peer, ours = runner(exported, "strong", threads, mel), runner(network, output, threads, mel)
                logits, our_logits = peer(), ours().transpose(0, 2, 1)
                difference = float(np.abs(logits - our_logits).max())
                different |= not difference <= 1e-3 * max(2.0, float(np.abs(logits).max()))
                peer_secs, our_secs = race(peer, ours, arguments.runs)
                line = f"  {threads} thread(s), batch {batch}: export {peer_secs / batch * 1e3:7.2f} ms a clip, ours "
                line += f"{our_secs / batch * 1e3:7.2f}, ratio {our_secs / peer_secs:.3f}, difference {difference:.1e}"
                if arguments.earmark:
                    rate = bench(arguments.earmark, arguments.folder, threads, batch)
                    line += f"; bench {rate:.1f} clips/s, export {batch / peer_secs:.1f}"
                print(line, flush=True)
    if different:
        sys.exit("the strong logits differ: these are not the same weights")


if __name__ == "__main__":
    main()
