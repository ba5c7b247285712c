#!/usr/bin/python3
"""Measures what a training step of the twin's detector costs in PyTorch, to compare ours with.

    python3 tests/Bench/torch_step.py --threads 2 --seconds 20 [--layout default] [--device cuda]

Network and loss are those of cloud-sync/Retrain/Training (TwinNetwork, DetectionTargets, DetectionLoss); pictures and
boxes are made up, and stay in memory. A step is forward, loss, backward and AdamW; forward alone is measured without
gradients and with norms as after training. Prints one JSON line: means, and the best of all calls, which says what the
machine can do when others share it.
"""
import argparse
import json
import math
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

CLASSES = ["person", "vehicle"]
WIDTH, HEIGHT = 448, 256
STRIDES = (8, 16, 32)
# Longer box side, input pixels, that each stride is answerable for. They overlap: a box near a border has two homes.
SIZES = ((0, 52), (36, 112), (84, 1e9))
INPUT_SCALE = 1 / 64
IGNORED = 0.25  # a box of which less shows is not learned


def block(inputs, outputs, kernel=3, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 if kernel % 2 else 1, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03), nn.ReLU(inplace=True))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.squeeze = block(channels, channels // 2, 1)
        self.grow = block(channels // 2, channels)

    def forward(self, x):
        return x + self.grow(self.squeeze(x))


class Head(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.body = block(channels, channels)
        self.box = nn.Conv2d(channels, 4, 1)
        self.score = nn.Conv2d(channels, 1 + len(CLASSES), 1)
        nn.init.constant_(self.score.bias, -math.log(99))  # one cell in a hundred at the start

    def forward(self, x):
        x = self.body(x)
        return torch.cat((self.box(x), self.score(x)), 1)


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        # Channels are multiples of 16: with them laid innermost a step costs a quarter on a processor with AVX-512.
        self.stem = block(3, 32, 6, 4)
        self.to8 = nn.Sequential(block(32, 64, 3, 2), Residual(64), Residual(64))
        self.to16 = nn.Sequential(block(64, 96, 3, 2), Residual(96), Residual(96))
        self.to32 = nn.Sequential(block(96, 96, 3, 2), Residual(96), nn.MaxPool2d(5, 1, 2), block(96, 96, 1))
        self.side8, self.side16, self.side32 = block(64, 48, 1), block(96, 48, 1), block(96, 48, 1)
        self.merge16, self.merge8 = block(48, 48), block(48, 48)
        self.down16, self.down32 = block(48, 48, 3, 2), block(48, 48, 3, 2)
        self.heads = nn.ModuleList(Head(48) for _ in STRIDES)

    def forward(self, x):
        at8 = self.to8(self.stem(x))
        at16 = self.to16(at8)
        at32 = self.side32(self.to32(at16))
        up16 = self.merge16(self.side16(at16) + F.interpolate(at32, scale_factor=2.0, mode="nearest"))
        up8 = self.merge8(self.side8(at8) + F.interpolate(up16, scale_factor=2.0, mode="nearest"))
        down16 = up16 + self.down16(up8)
        down32 = at32 + self.down32(down16)
        out = [head(level).flatten(2) for head, level in zip(self.heads, (up8, down16, down32))]
        return torch.cat(out, 2).transpose(1, 2)


def cells():
    """Centre x, centre y in input pixels, and stride of every cell, in output order."""
    rows = []
    for stride in STRIDES:
        y, x = np.mgrid[0:HEIGHT // stride, 0:WIDTH // stride]
        rows.append(np.stack((x.ravel(), y.ravel(), np.full(x.size, stride)), 1))
    return np.concatenate(rows).astype(np.float32)


CELLS = cells()
CELLS_T = torch.from_numpy(CELLS)


def decode(out):
    """Boxes left, top, right, bottom in input pixels."""
    stride = CELLS_T[:, 2:3]
    centre = (out[..., :2] + CELLS_T[:, :2]) * stride
    half = torch.exp(out[..., 2:4].clamp(max=5)) * stride / 2
    return torch.cat((centre - half, centre + half), -1)


def targets(truth):
    """For each cell the box it answers for (-1 none, -2 must not be judged)."""
    owner = np.full(len(CELLS), -1, np.int64)
    x, y, stride = (CELLS[:, 0] + 0.5) * CELLS[:, 2], (CELLS[:, 1] + 0.5) * CELLS[:, 2], CELLS[:, 2]
    low = np.repeat([s[0] for s in SIZES], [(WIDTH // s) * (HEIGHT // s) for s in STRIDES])
    high = np.repeat([s[1] for s in SIZES], [(WIDTH // s) * (HEIGHT // s) for s in STRIDES])
    # Small ones last: they win a cell from the large box they stand in front of.
    for i in np.argsort(-(truth[:, 2] - truth[:, 0]) * (truth[:, 3] - truth[:, 1])):
        left, top, right, bottom, _, visible = truth[i]
        inside = (x > left) & (x < right) & (y > top) & (y < bottom)
        if visible < IGNORED:
            owner[inside & (owner == -1)] = -2
            continue
        side = max(right - left, bottom - top)
        cx, cy = (left + right) / 2, (top + bottom) / 2
        level = (side >= low) & (side < high)
        # The cell that holds the centre always; its neighbours where their centres lie inside as well.
        holds = (np.abs(x - cx) <= stride / 2) & (np.abs(y - cy) <= stride / 2)
        near = (np.abs(x - cx) < 1.1 * stride) & (np.abs(y - cy) < 1.1 * stride) & inside
        owner[level & (holds | near)] = i
    return owner


def loss_of(out, truths, owners):
    boxes = decode(out)
    judged = torch.from_numpy(owners != -2).to(out.device)
    where = torch.from_numpy(owners >= 0).to(out.device)
    batch = np.nonzero(owners >= 0)
    truth = torch.from_numpy(np.stack([truths[b][owners[b, c]] for b, c in zip(*batch)])).to(out.device)
    mine, want = boxes[where], truth[:, :4]
    low, high = torch.maximum(mine[:, :2], want[:, :2]), torch.minimum(mine[:, 2:], want[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    union = (mine[:, 2:] - mine[:, :2]).prod(1) + (want[:, 2:] - want[:, :2]).prod(1) - shared
    hull = (torch.maximum(mine[:, 2:], want[:, 2:]) - torch.minimum(mine[:, :2], want[:, :2])).prod(1)
    iou = shared / union.clamp(min=1e-6)
    giou = iou - (hull - union) / hull.clamp(min=1e-6)
    there = torch.zeros(out.shape[:2], device=out.device)
    there[where] = iou.detach().clamp(0, 1)
    kinds = F.one_hot(truth[:, 4].long(), len(CLASSES)).float()
    count = max(1, len(want))
    objectness = F.binary_cross_entropy_with_logits(out[..., 4], there, reduction="none")
    return (5 * (1 - giou).sum() + objectness[judged].sum()
            + F.binary_cross_entropy_with_logits(out[where][:, 5:], kinds, reduction="sum")) / count


def made_up(batch):
    """Pictures of noise, and eight boxes in each."""
    random = np.random.default_rng(1)
    pixels = torch.from_numpy(random.uniform(0, 255, (batch, 3, HEIGHT, WIDTH)).astype(np.float32))
    truths = []
    for _ in range(batch):
        size = random.uniform(12, 140, (8, 2)).astype(np.float32)
        corner = random.random((8, 2)).astype(np.float32) * (np.float32([WIDTH, HEIGHT]) - size)
        kind = random.integers(0, 2, (8, 1)).astype(np.float32)
        truths.append(np.concatenate((corner, corner + size, kind, np.ones((8, 1), np.float32)), 1))
    return pixels * INPUT_SCALE, truths, np.stack([targets(truth) for truth in truths])


def seconds_each(act, seconds, done):
    """Mean and least over calls that together take as long, after two to warm up."""
    for _ in range(2):
        act()
    took = []
    while len(took) < 3 or sum(took) < seconds:
        begun = time.perf_counter()
        act()
        done()
        took.append(time.perf_counter() - begun)
    return sum(took) / len(took), min(took)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=20, help="for steps; a third of it for forward alone")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--layout", choices=["channels-last", "default"], default="channels-last")
    args = parser.parse_args()
    torch.manual_seed(7)
    torch.set_num_threads(args.threads)
    layout = torch.channels_last if args.layout == "channels-last" else torch.contiguous_format
    model = Detector().to(device=args.device, memory_format=layout)
    global CELLS_T
    CELLS_T = CELLS_T.to(args.device)
    pixels, truths, owners = made_up(args.batch)
    pixels = pixels.to(args.device).contiguous(memory_format=layout)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=.03)

    def step():
        loss = loss_of(model(pixels), truths, owners)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    def forward():
        with torch.no_grad():
            model(pixels)

    done = torch.cuda.synchronize if args.device == "cuda" else lambda: None
    step_s, best_step_s = seconds_each(step, args.seconds, done)
    model.eval()
    forward_s, best_forward_s = seconds_each(forward, args.seconds / 3, done)
    print(json.dumps({
        "imagesPerSecond": round(args.batch / step_s, 2), "forwardMsPerImage": round(forward_s / args.batch * 1e3, 2),
        "stepMsPerImage": round(step_s / args.batch * 1e3, 2), "torch": torch.__version__, "threads": args.threads,
        "bestForwardMsPerImage": round(best_forward_s / args.batch * 1e3, 2),
        "bestStepMsPerImage": round(best_step_s / args.batch * 1e3, 2), "batch": args.batch, "layout": args.layout,
        "device": args.device,
    }))


if __name__ == "__main__":
    main()
