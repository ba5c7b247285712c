#!/usr/bin/python3
"""Trains the small detector that ships with the twin (runtime/models/twin).

Wants Debian's python3-torch (1.13), python3-numpy and python3-opencv; a CPU is enough.

    dotnet run -c Release --project tests/Bench -- twin-export --out DIR/train --seeds 1000-1059 --frames 20 --every 29.3
    dotnet run -c Release --project tests/Bench -- twin-export --out DIR/val --seeds 2000-2009 --frames 15 --every 37.7
    python3 cloud-sync/Retrain/Training/twin_detector.py --data DIR --out runtime/models/twin

The export writes frames that went through the H.264 encoder (quantiser 20 + 7 * seed mod 21) and decoder, day and dusk,
beside their truth. Training is seeded: the same frames on the same machine give the same weights.

Network: a plain convolutional pyramid in the manner of YOLOX (anchor-free, strides 8, 16, 32), convolution and ReLU
only. Input 1 x 3 x 256 x 448, RGB 0 to 255, letterboxed to the top left, padded with 114. Output 1 x 2352 x 7 for each
cell: offset x, y, log width, log height (all in strides), objectness, person, vehicle (sigmoids inside the graph).
"""
import argparse
import glob
import hashlib
import json
import math
import os
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

CLASSES = ["person", "vehicle"]
WIDTH, HEIGHT, PAD = 448, 256, 114
FRAME = (1280, 720)
STRIDES = (8, 16, 32)
# Longer box side, input pixels, that each stride is answerable for. They overlap: a box near a border has two homes.
SIZES = ((0, 52), (36, 112), (84, 1e9))
INPUT_SCALE = 1 / 64  # folded into the first convolution on export
SCORES = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
# Of two boxes of one class that overlap more the better is kept. At 0.6 many an actor had two boxes, and a track of each
# kept the other in doubt: 14 seeds of 60 s gave label recall 0.741 with 0.6 and 0.769 with 0.45.
OVERLAP = 0.45
VISIBLE, IGNORED = 0.5, 0.25  # below the first a box is not scored, below the second it is not learned either


def block(inputs, outputs, kernel=3, stride=1):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
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
        self.stem = block(3, 16, 3, 2)
        self.to4 = block(16, 32, 3, 2)
        self.to8 = nn.Sequential(block(32, 64, 3, 2), Residual(64), Residual(64))
        self.to16 = nn.Sequential(block(64, 96, 3, 2), Residual(96), Residual(96))
        self.to32 = nn.Sequential(block(96, 96, 3, 2), Residual(96), nn.MaxPool2d(5, 1, 2), block(96, 96, 1))
        self.side8, self.side16, self.side32 = block(64, 48, 1), block(96, 48, 1), block(96, 48, 1)
        self.merge16, self.merge8 = block(48, 48), block(48, 48)
        self.down16, self.down32 = block(48, 48, 3, 2), block(48, 48, 3, 2)
        self.heads = nn.ModuleList(Head(48) for _ in STRIDES)

    def forward(self, x):
        at8 = self.to8(self.to4(self.stem(x)))
        at16 = self.to16(at8)
        at32 = self.side32(self.to32(at16))
        up16 = self.merge16(self.side16(at16) + F.interpolate(at32, scale_factor=2.0, mode="nearest"))
        up8 = self.merge8(self.side8(at8) + F.interpolate(up16, scale_factor=2.0, mode="nearest"))
        down16 = up16 + self.down16(up8)
        down32 = at32 + self.down32(down16)
        out = [head(level).flatten(2) for head, level in zip(self.heads, (up8, down16, down32))]
        return torch.cat(out, 2).transpose(1, 2)


class Exported(nn.Module):
    """The detector with its sigmoids, as the card's head "yolox" reads it."""

    def __init__(self, detector):
        super().__init__()
        self.detector = detector

    def forward(self, images):
        out = self.detector(images)
        return torch.cat((out[..., :4], torch.sigmoid(out[..., 4:])), 2)


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


def load(folder):
    """Frames shrunk in two ways (a receiver may average or not), and the truth in input pixels."""
    images, truths = [], []
    scale = min(WIDTH / FRAME[0], HEIGHT / FRAME[1])
    size = (round(FRAME[0] * scale), round(FRAME[1] * scale))
    bytes_each = FRAME[0] * FRAME[1] * 3 // 2
    for path in sorted(glob.glob(os.path.join(folder, "*.i420"))):
        with open(path, "rb") as pixels, open(path[:-5] + ".jsonl") as lines:
            for line in lines:
                planes = np.frombuffer(pixels.read(bytes_each), np.uint8).reshape(FRAME[1] * 3 // 2, FRAME[0])
                frame = cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420)
                images.append([cv2.resize(frame, size, interpolation=how) for how in (cv2.INTER_LINEAR, cv2.INTER_AREA)])
                truths.append(np.array(
                    [[v * scale for v in one["box"]] + [CLASSES.index(one["class"]), one["visibility"]]
                     for one in json.loads(line)], np.float32).reshape(-1, 6))
    return images, truths


def letterboxed(image):
    canvas = np.full((HEIGHT, WIDTH, 3), PAD, np.uint8)
    canvas[:image.shape[0], :image.shape[1]] = image
    return canvas


def augmented(pair, truth, random):
    image, truth = pair[random.integers(2)], truth.copy()
    if random.random() < 0.5:
        image = image[:, ::-1]
        truth[:, [0, 2]] = image.shape[1] - truth[:, [2, 0]]
    if random.random() < 0.6:
        zoom = random.uniform(0.8, 1.35)
        room = np.array([WIDTH - WIDTH * zoom, HEIGHT - HEIGHT * zoom])
        dx, dy = room * random.random(2)
        image = cv2.warpAffine(np.ascontiguousarray(image), np.float32([[zoom, 0, dx], [0, zoom, dy]]), (WIDTH, HEIGHT),
                               borderValue=(PAD, PAD, PAD))
        truth[:, :4] = truth[:, :4] * zoom + np.array([dx, dy, dx, dy])
        area = (truth[:, 2] - truth[:, 0]) * (truth[:, 3] - truth[:, 1])
        truth[:, [0, 2]] = truth[:, [0, 2]].clip(0, WIDTH)
        truth[:, [1, 3]] = truth[:, [1, 3]].clip(0, HEIGHT)
        left = (truth[:, 2] - truth[:, 0]) * (truth[:, 3] - truth[:, 1])
        truth[:, 5] *= np.where(left < 0.35 * area, 0.1, 1)
        truth = truth[left > 4]
    pixels = letterboxed(image).astype(np.float32)
    pixels = pixels * random.uniform(0.75, 1.25) * random.uniform(0.95, 1.05, 3) + random.uniform(-15, 15)
    return pixels.clip(0, 255).transpose(2, 0, 1), truth


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
    judged = torch.from_numpy(owners != -2)
    where = torch.from_numpy(owners >= 0)
    batch = np.nonzero(owners >= 0)
    truth = torch.from_numpy(np.stack([truths[b][owners[b, c]] for b, c in zip(*batch)]))
    mine, want = boxes[where], truth[:, :4]
    low, high = torch.maximum(mine[:, :2], want[:, :2]), torch.minimum(mine[:, 2:], want[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    union = (mine[:, 2:] - mine[:, :2]).prod(1) + (want[:, 2:] - want[:, :2]).prod(1) - shared
    hull = (torch.maximum(mine[:, 2:], want[:, 2:]) - torch.minimum(mine[:, :2], want[:, :2])).prod(1)
    iou = shared / union.clamp(min=1e-6)
    giou = iou - (hull - union) / hull.clamp(min=1e-6)
    there = torch.zeros(out.shape[:2])
    there[where] = iou.detach().clamp(0, 1)
    kinds = F.one_hot(truth[:, 4].long(), len(CLASSES)).float()
    count = max(1, len(want))
    objectness = F.binary_cross_entropy_with_logits(out[..., 4], there, reduction="none")
    return (5 * (1 - giou).sum() + objectness[judged].sum()
            + F.binary_cross_entropy_with_logits(out[where][:, 5:], kinds, reduction="sum")) / count


def kept(boxes, scores, threshold):
    """Non-maximum suppression; indices, best first."""
    order, keep = np.argsort(-scores), []
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while len(order):
        best, rest = order[0], order[1:]
        keep.append(best)
        side = np.minimum(boxes[best, 2:], boxes[rest, 2:]) - np.maximum(boxes[best, :2], boxes[rest, :2])
        shared = side.clip(0).prod(1)
        order = rest[shared / (area[best] + area[rest] - shared) < threshold]
    return keep


def detections(model, images, overlap=OVERLAP, floor=0.02):
    """Per image: left, top, right, bottom, class, score."""
    found = []
    with torch.no_grad():
        for image in images:
            pixels = torch.from_numpy(letterboxed(image).astype(np.float32).transpose(2, 0, 1))[None] * INPUT_SCALE
            out = model(pixels)
            boxes, scores = decode(out)[0].numpy(), torch.sigmoid(out[0, :, 4:]).numpy()
            rows = []
            for kind in range(len(CLASSES)):
                score = scores[:, 0] * scores[:, 1 + kind]
                some = score > floor
                keep = kept(boxes[some], score[some], overlap)
                rows += [[*boxes[some][k], kind, score[some][k]] for k in keep]
            found.append(np.array(rows, np.float32).reshape(-1, 6))
    return found


def judged(found, truths, kind, overlap=0.5):
    """Score, whether right, and overlap of every detection that counts; how many boxes there were to find."""
    rows, wanted = [], 0
    for boxes, truth in zip(found, truths):
        boxes, truth = boxes[boxes[:, 4] == kind], truth[truth[:, 4] == kind]
        wanted += (truth[:, 5] >= VISIBLE).sum()
        taken = set()
        for box in boxes[np.argsort(-boxes[:, 5])]:
            best, at = overlap, -1
            for i, one in enumerate(truth):
                side = np.minimum(box[2:4], one[2:4]) - np.maximum(box[:2], one[:2])
                shared = side.clip(0).prod()
                iou = shared / ((box[2:4] - box[:2]).prod() + (one[2:4] - one[:2]).prod() - shared)
                if iou >= best and i not in taken:
                    best, at = iou, i
            if at >= 0:
                taken.add(at)
            if at >= 0 and truth[at, 5] < VISIBLE:
                continue  # hardly to be seen: neither asked for nor wrong
            rows.append((box[5], at >= 0, best if at >= 0 else 0))
    rows.sort(key=lambda row: -row[0])
    return np.array(rows, np.float32).reshape(-1, 3), int(wanted)


def average_precision(rows, wanted):
    """101-point interpolated."""
    right = np.cumsum(rows[:, 1])
    recall, precision = right / wanted, right / np.arange(1, len(rows) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.mean([best[recall >= r][0] if (recall >= r).any() else 0 for r in np.linspace(0, 1, 101)]))


def figures(model, images, truths):
    found = detections(model, images)
    report = {}
    for kind, name in enumerate(CLASSES):
        rows, wanted = judged(found, truths, kind)
        right = rows[:, 1] > 0
        row = {"boxes": wanted, "ap50": round(average_precision(rows, wanted), 4),
               "iouMedian": round(float(np.median(rows[right & (rows[:, 0] > 0.3), 2])), 3)}
        for at in SCORES:
            some = rows[rows[:, 0] >= at]
            row[f"precision{at}"] = round(float(some[:, 1].mean()) if len(some) else 0, 4)
            row[f"recall{at}"] = round(float(some[:, 1].sum() / wanted), 4)
        report[name] = row
    return report


def train(images, truths, check, args):
    random = np.random.default_rng(args.seed)
    model = Detector().to(memory_format=torch.channels_last)
    smooth = {k: v.clone() for k, v in model.state_dict().items()}
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.03}, {"params": plain, "weight_decay": 0}],
                                  lr=args.rate)
    steps, per = args.epochs * (len(images) // args.batch), len(images) // args.batch
    begun = time.time()
    for step in range(steps):
        if step % per == 0:
            order = random.permutation(len(images))
        part = min(1, (step + 1) / 100) * (0.02 + 0.98 * (1 + math.cos(math.pi * step / steps)) / 2)
        for group in optimiser.param_groups:
            group["lr"] = args.rate * part
        picked = [augmented(images[i], truths[i], random)
                  for i in order[(step % per) * args.batch:(step % per + 1) * args.batch]]
        boxes = [truth for _, truth in picked]
        owners = np.stack([targets(truth) for truth in boxes])
        if not (owners >= 0).any():
            continue
        pixels = torch.from_numpy(np.stack([pixels for pixels, _ in picked]).astype(np.float32)) * INPUT_SCALE
        out = model(pixels.contiguous(memory_format=torch.channels_last))
        loss = loss_of(out, boxes, owners)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 20)
        optimiser.step()
        keep = min(0.998, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            smooth[name] = smooth[name] * keep + value * (1 - keep) if value.is_floating_point() else value.clone()
        if step % 50 == 0:
            print(f"step {step} of {steps}, loss {loss.item():.3f}, {time.time() - begun:.0f} s", flush=True)
        if (step + 1) % (per * args.look) == 0:
            looked = Detector()
            looked.load_state_dict(smooth)
            print(json.dumps(figures(looked.eval(), *check)), flush=True)
            torch.save(smooth, os.path.join(args.data, "checkpoint.pt"))
    model.load_state_dict(smooth)
    return model.eval()


def export(model, path):
    with torch.no_grad():
        model.stem[0].weight *= INPUT_SCALE
        torch.onnx.export(Exported(model), torch.zeros(1, 3, HEIGHT, WIDTH), path, opset_version=11,
                          input_names=["images"], output_names=["output"])
        model.stem[0].weight /= INPUT_SCALE


def card(path, report, args, frames):
    """The model's card, as the appliance reads it."""
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    # The lowest score at which nine of ten detections of either class are right on seeds never trained on. A tracker
    # that asks for more to begin a track still gets the weaker ones to go on with it.
    score = next((at for at in SCORES if all(row[f"precision{at}"] >= 0.9 for row in report.values())), SCORES[-1])
    found = "; ".join(
        f"{name}: AP50 {row['ap50']}, at score {score} precision {row[f'precision{score}']}, recall {row[f'recall{score}']}"
        for name, row in report.items())
    return {
        "name": "twin-detector",
        "sha256": digest,
        "task": "detect",
        "input": {
            "name": "images", "layout": "NCHW", "width": WIDTH, "height": HEIGHT, "colour": "RGB", "scale": 1,
            "mean": [0, 0, 0], "deviation": [1, 1, 1], "resize": "letterbox-top-left", "pad": PAD,
        },
        "output": {"head": "yolox", "names": ["output"], "strides": list(STRIDES)},
        "classes": CLASSES,
        "thresholds": {"score": score, "nmsIou": OVERLAP},
        "provenance": {
            "source": "trained for this project: cloud-sync/Retrain/Training/twin_detector.py, from scratch",
            "licence": "MIT",
            "training": f"{args.epochs} epochs over {frames} frames of the simulated yards (twin-export, day and dusk, "
                        f"seeds 1000-1059, quantisers 20 to 40), seed {args.seed}, batch {args.batch}; on unseen "
                        f"seeds 2000-2009 (what shows by half or more) {found}",
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with train and val from twin-export")
    parser.add_argument("--out", required=True, help="folder of the model: model.onnx and model.json")
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--look", type=int, default=2, help="epochs between two looks at the validation seeds")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    images, truths = load(os.path.join(args.data, "train"))
    unseen, unseen_truths = load(os.path.join(args.data, "val"))
    check = ([pair[0] for pair in unseen], unseen_truths)
    print(f"{len(images)} frames to learn from, {len(unseen)} to check, "
          f"{sum(p.numel() for p in Detector().parameters())} parameters", flush=True)
    model = train(images, truths, check, args)
    os.makedirs(args.out, exist_ok=True)
    path = os.path.join(args.out, "model.onnx")
    export(model, path)
    report = figures(model, *check)
    with open(os.path.join(args.out, "model.json"), "w") as file:
        json.dump(card(path, report, args, len(images)), file, indent=2)
        file.write("\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
