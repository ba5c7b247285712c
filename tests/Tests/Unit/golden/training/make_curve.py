#!/usr/bin/python3
"""Writes how a small classifier learns in PyTorch, from weights and batches that ours can start from and repeat.

Wants Debian's python3-torch (1.13) and python3-numpy; minutes on two cores.

    dotnet run -c Release --project tests/Bench -- twin-crops --out DIR
    python3 tests/Tests/Unit/golden/training/make_curve.py --data DIR

Order of the pictures: a splitmix64 generator begins with the state 7 and is never begun again. Every epoch starts from
0, 1, .. n-1 and, for i from n-1 down to 1, swaps the one at i with the one at next() mod (i + 1). Batches of 64 are
taken from the front; what is left over at the end (n mod 64) sits that epoch out.

Rate of step s, counted from 0 over all epochs: peak * min(1, (s + 1) / warm-up steps) * (1 + cos(pi * s / steps)) / 2.
"""
import argparse
import hashlib
import json
import math
import os
import platform
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

FOLDER = os.path.dirname(os.path.abspath(__file__))
BATCH, EPOCHS, ORDER_SEED = 64, 12, 7
PEAK, WARM_UP_EPOCHS, MOMENTUM, DECAY = .1, 1, .9, 5e-4
MEAN, DEVIATION = .5, .25
SEEDS = (0, 1, 2)
FIRST_LOSSES = 60


def block(inputs, outputs, kernel=3, stride=1, groups=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
                         nn.BatchNorm2d(outputs), nn.ReLU())


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = block(3, 16)
        self.to2 = block(16, 24, 3, 2)
        self.each2, self.mix2 = block(24, 24, 3, 1, 24), block(24, 32, 1)
        self.to4 = block(32, 48, 3, 2)
        self.each4, self.mix4 = block(48, 48, 3, 1, 48), block(48, 64, 1)
        self.linear = nn.Linear(64, 3)

    def forward(self, images):
        x = self.mix2(self.each2(self.to2(self.stem(images))))
        x = self.mix4(self.each4(self.to4(x)))
        return self.linear(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Order:
    """splitmix64 and the shuffle it drives."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        keep = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & keep
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & keep
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & keep
        return z ^ (z >> 31)

    def epoch(self, count):
        order = list(range(count))
        for i in range(count - 1, 0, -1):
            j = self.next() % (i + 1)
            order[i], order[j] = order[j], order[i]
        return order


def load(folder, name):
    """Pictures as they go into the network, labels, and the hash of the bytes with the red plane first."""
    pixels = np.load(os.path.join(folder, name + "-images.npy")).transpose(0, 3, 1, 2)
    labels = torch.from_numpy(np.load(os.path.join(folder, name + "-labels.npy")))
    digest = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
    return torch.from_numpy((pixels.astype(np.float32) / 255 - MEAN) / DEVIATION), labels, digest


def export(model, path):
    """
    Norms stay nodes of their own and nothing is folded, so initializers have their parameters' names. At the start many
    norms hold the same numbers; the pass that would make one initializer of them is left out.
    """
    torch._C._jit_pass_onnx_deduplicate_initializers = lambda graph, parameters, training: parameters
    model.eval()
    torch.onnx.export(model, torch.zeros(2, 3, 32, 32), path, opset_version=13, input_names=["images"],
                      output_names=["logits"], training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
                      dynamic_axes={"images": {0: "batch"}, "logits": {0: "batch"}})
    with open(path, "rb") as file:
        written = file.read()
    for name in model.state_dict():
        if not name.endswith("num_batches_tracked") and name.encode() not in written:
            raise SystemExit(f"{path}: no initializer {name}")


def accuracy(model, images, labels):
    model.eval()
    with torch.no_grad():
        right = sum((model(images[i:i + 500]).argmax(1) == labels[i:i + 500]).sum().item()
                    for i in range(0, len(images), 500))
    return right / len(images)


def train(model, data, check, told):
    images, labels = data
    per = len(images) // BATCH
    steps = per * EPOCHS
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimiser = torch.optim.SGD([{"params": decayed, "weight_decay": DECAY}, {"params": plain, "weight_decay": 0}],
                                lr=PEAK, momentum=MOMENTUM)
    order, epochs, first = Order(ORDER_SEED), [], []
    for epoch in range(EPOCHS):
        model.train()
        begun, losses, shuffled = time.time(), [], order.epoch(len(images))
        for batch in range(per):
            step = epoch * per + batch
            warm = min(1, (step + 1) / (WARM_UP_EPOCHS * per))
            for group in optimiser.param_groups:
                group["lr"] = PEAK * warm * (1 + math.cos(math.pi * step / steps)) / 2
            picked = shuffled[batch * BATCH:(batch + 1) * BATCH]
            loss = F.cross_entropy(model(images[picked]), labels[picked])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        first += losses[:FIRST_LOSSES - len(first)]
        epochs.append({"trainLoss": round(sum(losses) / len(losses), 6),
                       "testAccuracy": round(accuracy(model, *check), 6)})
        told(epoch, epochs[-1], time.time() - begun)
    return epochs, [round(loss, 7) for loss in first]


def processor():
    with open("/proc/cpuinfo") as file:
        return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder written by twin-crops")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    images, labels, digest = load(args.data, "train")
    unseen, unseen_labels, unseen_digest = load(args.data, "test")
    runs = {}
    for seed in SEEDS:
        torch.manual_seed(seed)
        model = Classifier()
        if seed == SEEDS[0]:
            export(model, os.path.join(FOLDER, "initial.onnx"))
        runs[seed] = train(model, (images, labels), (unseen, unseen_labels), lambda epoch, row, took: print(
            f"seed {seed}, epoch {epoch + 1}: {json.dumps(row)}, {took:.1f} s", flush=True))
    epochs, first = runs[SEEDS[0]]
    finals = [runs[seed][0][-1]["testAccuracy"] for seed in SEEDS]
    content = {
        "torch": torch.__version__, "numpy": np.__version__, "threads": args.threads,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores of {processor()}",
        "weights": sum(p.numel() for p in model.parameters()),
        "data": {"train": len(images), "test": len(unseen), "trainSha256": digest, "testSha256": unseen_digest,
                 "classes": ["ground", "person", "vehicle"]},
        "input": {"mean": MEAN, "deviation": DEVIATION, "scale": "(x / 255 - mean) / deviation"},
        "batch": BATCH, "stepsPerEpoch": len(images) // BATCH, "epochCount": EPOCHS,
        "order": {"generator": "splitmix64, Fisher and Yates from the end; see make_curve.py", "seed": ORDER_SEED,
                  "firstOfEpochs": [order[:8] for shuffle in [Order(ORDER_SEED)]
                                    for order in (shuffle.epoch(len(images)), shuffle.epoch(len(images)))]},
        "optimiser": {"rule": "sgd", "peakRate": PEAK, "warmUpSteps": WARM_UP_EPOCHS * (len(images) // BATCH),
                      "schedule": "cosine to 0", "momentum": MOMENTUM, "weightDecay": DECAY,
                      "decayed": "weights of convolutions and of the linear layer; no bias, no norm"},
        "normMomentum": .1, "seed": SEEDS[0],
        "firstLosses": first,
        "epochs": epochs,
        "spread": {"seeds": list(SEEDS), "testAccuracy": finals,
                   "trainLoss": [runs[seed][0][-1]["trainLoss"] for seed in SEEDS]},
    }
    with open(os.path.join(FOLDER, "curve.json"), "w") as file:
        # A line for each key, and one for each epoch.
        lines = [f"  {json.dumps(key)}: " + ("[\n" + ",\n".join("    " + json.dumps(row) for row in value) + "\n  ]"
                                             if key == "epochs" else json.dumps(value))
                 for key, value in content.items()]
        file.write("{\n" + ",\n".join(lines) + "\n}\n")
    print(json.dumps(content["spread"]))


if __name__ == "__main__":
    main()
