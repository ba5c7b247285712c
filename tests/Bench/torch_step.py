#!/usr/bin/python3
"""Measures what a training step of the twin's detector costs in PyTorch, to compare ours with.

    python3 tests/Bench/torch_step.py --threads 2 --seconds 20 [--layout default]

Network and loss are those of cloud-sync/Retrain/Training/twin_detector.py; pictures and boxes are made up, and stay in
memory. A step is forward, loss, backward and AdamW; forward alone is measured without gradients and with norms as after
training. Prints one JSON line: means, and the best of all calls, which says what the machine can do when others share
it.
"""
import argparse
import json
import os
import sys
import time
import types

import numpy as np
import torch

TRAINING = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../cloud-sync/Retrain/Training")


def twin_detector():
    # It reads pictures with OpenCV; none are read here, so it need not be installed.
    sys.modules.setdefault("cv2", types.ModuleType("cv2"))
    sys.path.insert(0, TRAINING)
    import twin_detector as module
    return module


def made_up(twin, batch):
    """Pictures of noise, and eight boxes in each."""
    random = np.random.default_rng(1)
    pixels = torch.from_numpy(random.uniform(0, 255, (batch, 3, twin.HEIGHT, twin.WIDTH)).astype(np.float32))
    truths = []
    for _ in range(batch):
        size = random.uniform(12, 140, (8, 2)).astype(np.float32)
        corner = random.random((8, 2)).astype(np.float32) * (np.float32([twin.WIDTH, twin.HEIGHT]) - size)
        kind = random.integers(0, 2, (8, 1)).astype(np.float32)
        truths.append(np.concatenate((corner, corner + size, kind, np.ones((8, 1), np.float32)), 1))
    return pixels * twin.INPUT_SCALE, truths, np.stack([twin.targets(truth) for truth in truths])


def seconds_each(act, seconds):
    """Mean and least over calls that together take as long, after two to warm up."""
    for _ in range(2):
        act()
    took = []
    while len(took) < 3 or sum(took) < seconds:
        begun = time.perf_counter()
        act()
        took.append(time.perf_counter() - begun)
    return sum(took) / len(took), min(took)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=20, help="for steps; a third of it for forward alone")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--layout", choices=["channels-last", "default"], default="channels-last")
    args = parser.parse_args()
    torch.manual_seed(7)
    torch.set_num_threads(args.threads)
    twin = twin_detector()
    layout = torch.channels_last if args.layout == "channels-last" else torch.contiguous_format
    model = twin.Detector().to(memory_format=layout)
    pixels, truths, owners = made_up(twin, args.batch)
    pixels = pixels.contiguous(memory_format=layout)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=.03)

    def step():
        loss = twin.loss_of(model(pixels), truths, owners)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def forward():
        with torch.no_grad():
            model(pixels)

    step_s, best_step_s = seconds_each(step, args.seconds)
    model.eval()
    forward_s, best_forward_s = seconds_each(forward, args.seconds / 3)
    print(json.dumps({
        "imagesPerSecond": round(args.batch / step_s, 2), "forwardMsPerImage": round(forward_s / args.batch * 1e3, 2),
        "stepMsPerImage": round(step_s / args.batch * 1e3, 2), "torch": torch.__version__, "threads": args.threads,
        "bestForwardMsPerImage": round(best_forward_s / args.batch * 1e3, 2),
        "bestStepMsPerImage": round(best_step_s / args.batch * 1e3, 2), "batch": args.batch, "layout": args.layout,
    }))


if __name__ == "__main__":
    main()
