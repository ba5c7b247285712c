#!/usr/bin/python3
"""Writes the gradients that ours are compared with: small networks, and what PyTorch says of them.

Wants Debian's python3-torch (1.13) and python3-numpy; takes seconds, and gives the same files every time.

    python3 tests/Tests/Unit/golden/gradients/make_gradients.py

The networks are exported with float32 weights; what is stored was computed in double from those very weights, so that
a difference is the other side's. The loss of a gradient fixture is sum(output * coefficient) over all outputs: no loss
code is needed to compare.
"""
import copy
import json
import os
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

FOLDER = os.path.dirname(os.path.abspath(__file__))
# Nearest a value may come to where a slope jumps: rounding to float32 must not choose the other side.
KINK = 2e-4


class Pyramid(nn.Module):
    """One of each kind of layer a detector has. 16 x 16 in; boxes at strides 4 and 8, scores at stride 4."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1, bias=False)
        self.stem_norm = nn.BatchNorm2d(8)
        self.down_each = nn.Conv2d(8, 8, 3, 2, 1, groups=8, bias=False)  # depthwise
        self.down_norm = nn.BatchNorm2d(8, eps=1e-3)
        self.down_mix = nn.Conv2d(8, 12, 1)
        self.same_each = nn.Conv2d(12, 12, 5, 1, 2, groups=12)  # depthwise
        self.grouped = nn.Conv2d(12, 12, 3, 1, 1, groups=3)
        self.wide = nn.Conv2d(12, 8, 3, 1, 2, dilation=2)
        self.uneven = nn.Conv2d(8, 8, (1, 3), (1, 1), (0, 1), bias=False)
        self.uneven_norm = nn.BatchNorm2d(8)
        self.deep = nn.Conv2d(8, 12, 3, 2, 1)
        self.grow = nn.ConvTranspose2d(12, 6, 2, 2)
        self.grow_over = nn.ConvTranspose2d(6, 4, 3, 2, 1, output_padding=1, groups=2, bias=False)
        self.box = nn.Conv2d(18, 4, 1)
        self.box_deep = nn.Conv2d(12, 4, 1)
        self.score = nn.Conv2d(18, 3, 1)
        self.six, self.hard, self.smooth, self.rectify = nn.ReLU6(), nn.Hardswish(), nn.SiLU(), nn.ReLU()
        self.leaky = nn.LeakyReLU(.1)

    def forward(self, image):
        at2 = self.smooth(self.stem_norm(self.stem(image)))
        pooled = F.max_pool2d(at2, 3, 2, 1)
        at4 = self.six(self.down_norm(self.down_each(at2)) * 2)
        at4 = self.down_mix(at4 + pooled)
        at4 = at4 + self.hard(self.same_each(at4) * 2)
        first, second = torch.split(self.grouped(at4), (5, 7), 1)
        mixed = torch.cat((second, first * torch.sigmoid(second[:, 2:])), 1)
        wide = self.rectify(self.wide(mixed))
        wide = wide + self.leaky(self.uneven_norm(self.uneven(wide)))
        at8 = torch.tanh(self.deep(wide))
        grown = self.grow(at8)
        nearest = F.interpolate(at8[:, 3:9], scale_factor=2.0, mode="nearest")
        linear = F.interpolate(at8[:, ::2], scale_factor=2.0, mode="bilinear", align_corners=False)
        even = F.avg_pool2d(self.grow_over(grown), 2)
        averaged = F.avg_pool2d(wide, 3, 1, 1, count_include_pad=False)[:, -2:]
        both = torch.cat((grown + nearest, linear, even, averaged), 1)
        whole = both * torch.sigmoid(F.adaptive_avg_pool2d(both, 1))
        boxes = torch.cat((self.box(whole).flatten(2), self.box_deep(at8).flatten(2)), 2).transpose(1, 2)
        return boxes, torch.sigmoid(self.score(whole))


class Attention(nn.Module):
    """One block of a vision transformer over 3 x 3 patches of 4 x 4."""

    WIDE, HEADS, PATCHES, KINDS = 12, 3, 9, 5

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, self.WIDE, 4, 4)
        self.place = nn.Parameter(torch.zeros(1, self.PATCHES, self.WIDE))
        self.before = nn.LayerNorm(self.WIDE)
        self.three = nn.Linear(self.WIDE, 3 * self.WIDE)
        self.join = nn.Linear(self.WIDE, self.WIDE)
        self.between = nn.LayerNorm(self.WIDE, eps=1e-6)
        self.grow = nn.Linear(self.WIDE, 2 * self.WIDE)
        self.shrink = nn.Linear(2 * self.WIDE, self.WIDE, bias=False)
        self.after = nn.LayerNorm(self.WIDE)
        self.kinds = nn.Linear(self.WIDE, self.KINDS)  # two axes in: Gemm

    def attend(self, x):
        batch = x.shape[0]
        three = self.three(x).reshape(batch, self.PATCHES, 3, self.HEADS, self.WIDE // self.HEADS)
        query, key, value = three.permute(2, 0, 3, 1, 4).unbind(0)
        weights = torch.softmax(torch.matmul(query, key.transpose(-2, -1)) / (self.WIDE // self.HEADS) ** .5, -1)
        joined = torch.matmul(weights, value).transpose(1, 2).reshape(batch, self.PATCHES, self.WIDE)
        return self.join(joined)

    def forward(self, image):
        x = self.patch(image).flatten(2).transpose(1, 2) + self.place
        x = x + self.attend(self.before(x))
        x = x + self.shrink(F.gelu(self.grow(self.between(x))))
        return torch.log_softmax(self.kinds(self.after(x).mean(1)), -1)


class Small(nn.Module):
    """Convolution, normalisation by the batch, and a linear layer: what a training step must get right."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        # No bias: before a norm its gradient is nothing but rounding, and AdamW would make a full step of that.
        self.down = nn.Conv2d(4, 6, 3, 2, 1, bias=False)
        self.down_norm = nn.BatchNorm2d(6, eps=1e-3, momentum=.03)
        self.linear = nn.Linear(6 * 9, 3)

    def forward(self, image):
        x = F.relu(self.norm(self.conv(image)))
        return self.linear(F.relu(self.down_norm(self.down(x))).flatten(1))


def shaken(model, seed):
    """The model with weights drawn from the seed; norms as after training, so that nothing is 0 or 1 by luck."""
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for name, value in [*model.named_parameters(), *model.named_buffers()]:
            if not value.is_floating_point():
                continue
            fan = max(1, value[0].numel()) if value.ndim > 1 else 1
            drawn = torch.from_numpy(random.standard_normal(tuple(value.shape)))
            if name.endswith("running_var"):
                drawn = .5 + drawn.abs()
            elif value.ndim > 1:
                drawn = drawn * (1.2 / fan ** .5)
            elif name.endswith("bias") or name.endswith("running_mean"):
                drawn = drawn * .3
            else:
                drawn = 1 + drawn * .2
            value.copy_(drawn.float())
    return model.eval()


def export(model, inputs, input_names, output_names, name, opset=13):
    """
    Writes NAME.onnx. Norms stay nodes of their own and nothing is folded, so every initializer has its parameter's
    name: the training mode is preserved (and is eval), which is what leaves them alone.
    """
    path = os.path.join(FOLDER, name + ".onnx")
    torch.onnx.export(model, inputs, path, opset_version=opset, input_names=input_names, output_names=output_names,
                      training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    with open(path, "rb") as file:
        written = file.read()
    for parameter in model.state_dict():
        if not parameter.endswith("num_batches_tracked") and parameter.encode() not in written:
            raise SystemExit(f"{path}: no initializer {parameter}")
    return len(written)


def plain(tensor):
    """Shape and values, nine significant digits: what names a float32 without doubt."""
    values = tensor.detach().double().flatten().tolist()
    return {"shape": list(tensor.shape), "data": [float(f"{value:.9g}") for value in values]}


def write(name, content):
    """One line a tensor, so that a change is seen in review."""
    def lines(value, deep):
        if isinstance(value, dict) and "data" not in value:
            inner = ",\n".join("  " * (deep + 1) + json.dumps(key) + ": " + lines(one, deep + 1)
                               for key, one in value.items())
            return "{\n" + inner + "\n" + "  " * deep + "}"
        if isinstance(value, list) and value and isinstance(value[0], dict):
            inner = ",\n".join("  " * (deep + 1) + lines(one, deep + 1) for one in value)
            return "[\n" + inner + "\n" + "  " * deep + "]"
        return json.dumps(value, separators=(",", ":"))

    path = os.path.join(FOLDER, name + ".json")
    with open(path, "w") as file:
        file.write(lines(content, 0) + "\n")
    return os.path.getsize(path)


def gradients(model, inputs, coefficients):
    """Outputs, loss, and the gradients to inputs and weights, in the precision of the model."""
    given = [value.detach().clone().requires_grad_() for value in inputs]
    model.zero_grad()
    outputs = model(*given)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    loss = sum((out * coefficient).sum() for out, coefficient in zip(outputs, coefficients))
    loss.backward()
    return outputs, loss, [value.grad for value in given], {n: p.grad for n, p in model.named_parameters()}


def nearest_kink(model, inputs):
    """How near any value comes to where a slope jumps."""
    near, hooks = [], []
    kinks = {nn.ReLU: (0,), nn.LeakyReLU: (0,), nn.ReLU6: (0, 6), nn.Hardswish: (-3, 3)}
    for module in model.modules():
        for at in kinks.get(type(module), ()):
            hooks.append(module.register_forward_hook(
                lambda _, given, __, at=at: near.append((given[0] - at).abs().min().item())))
    pooled = F.max_pool2d

    def watched(x, kernel, stride, padding):
        filled = F.pad(x, (padding,) * 4, value=-1e9)
        best = filled.unfold(2, kernel, stride).unfold(3, kernel, stride).flatten(4).topk(2, -1)[0]
        near.append((best[..., 0] - best[..., 1]).min().item())
        return pooled(x, kernel, stride, padding)

    F.max_pool2d = watched
    with torch.no_grad():
        model(*inputs)
    F.max_pool2d = pooled
    for hook in hooks:
        hook.remove()
    return min(near, default=1.)


def gradient_fixture(name, make, input_name, shape, output_names, seed, opsets):
    for seed in range(seed, seed + 100):
        model = shaken(make(), seed)
        random = np.random.default_rng(seed + 1000)
        image = torch.from_numpy(random.standard_normal(shape)).float()
        exact = copy.deepcopy(model).double()
        kink = nearest_kink(exact, [image.double()])
        if kink > KINK:
            break
    else:
        raise SystemExit(f"{name}: every seed comes near a kink")
    outputs = exact(image.double())
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    coefficients = [torch.from_numpy(random.standard_normal(tuple(out.shape))).float() for out in outputs]
    outputs, loss, to_inputs, to_weights = gradients(exact, [image.double()], [c.double() for c in coefficients])
    _, _, rough_inputs, rough_weights = gradients(model, [image], coefficients)
    # What float32 costs PyTorch itself, by the largest gradient of each tensor.
    gap = max(((rough.double() - fine).abs().max() / fine.abs().max()).item() for fine, rough in
              [*zip(to_inputs, rough_inputs), *((to_weights[n], rough_weights[n]) for n in to_weights)])
    sizes = [export(model, (image,), [input_name], output_names, name if opset == 13 else f"{name}-{opset}", opset)
             for opset in opsets]
    size = write(name, {
        "torch": torch.__version__, "seed": seed, "opset": opsets,
        "nearestKink": float(f"{kink:.3g}"), "float32Gap": float(f"{gap:.3g}"),
        "inputs": {input_name: plain(image)},
        "coefficients": {key: plain(value) for key, value in zip(output_names, coefficients)},
        "outputs": {key: plain(value) for key, value in zip(output_names, outputs)},
        "loss": float(f"{loss.item():.12g}"),
        "inputGradients": {input_name: plain(to_inputs[0])},
        "weightGradients": {key: plain(value) for key, value in to_weights.items()},
    })
    print(f"{name}: seed {seed}, {sum(p.numel() for p in model.parameters())} weights, onnx {sizes}, json {size} bytes,"
          f" float32 is {gap:.1e} off, nearest kink {kink:.1e}")


def steps(model, optimiser, batches):
    """What three steps in a row leave behind."""
    told = []
    model.train()
    for images, labels in batches:
        optimiser.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimiser.step()
        told.append({
            "loss": float(f"{loss.item():.12g}"),
            "gradients": {name: plain(p.grad) for name, p in model.named_parameters()},
            "weights": {name: plain(p) for name, p in model.named_parameters()},
            "statistics": {name: plain(b) for name, b in model.named_buffers() if b.is_floating_point()},
        })
    return told


def training_fixture(name, seed):
    model = shaken(Small(), seed)
    random = np.random.default_rng(seed + 1000)
    batches = [(torch.from_numpy(random.standard_normal((4, 2, 6, 6))).float(),
                torch.from_numpy(random.integers(0, 3, 4))) for _ in range(3)]
    exact_batches = [(images.double(), labels) for images, labels in batches]
    rules = {
        "sgd": {"rate": .1, "momentum": .9, "weightDecay": 5e-4},
        "adamw": {"rate": 1e-2, "beta1": .9, "beta2": .999, "epsilon": 1e-8, "weightDecay": .01},
    }
    told, gap = {}, 0
    for key, rule in rules.items():
        runs = []
        for start, given in ((copy.deepcopy(model).double(), exact_batches), (copy.deepcopy(model), batches)):
            optimiser = torch.optim.SGD(start.parameters(), lr=rule["rate"], momentum=rule["momentum"],
                                        weight_decay=rule["weightDecay"]) if key == "sgd" else \
                torch.optim.AdamW(start.parameters(), lr=rule["rate"], betas=(rule["beta1"], rule["beta2"]),
                                  eps=rule["epsilon"], weight_decay=rule["weightDecay"])
            runs.append(steps(start, optimiser, given))
        for fine, rough in zip(*runs):
            for part in ("weights", "statistics"):
                for one in fine[part]:
                    a, b = np.array(fine[part][one]["data"]), np.array(rough[part][one]["data"])
                    gap = max(gap, np.abs(a - b).max() / np.abs(a).max())
        told[key] = {"rule": rule, "steps": runs[0]}
    onnx = export(model, (batches[0][0],), ["image"], ["logits"], name)
    size = write(name, {
        "torch": torch.__version__, "seed": seed, "opset": [13], "float32Gap": float(f"{gap:.3g}"),
        "loss": "cross-entropy of logits, mean over the batch",
        "decayed": "every weight, norms and biases too",
        # PyTorch: running = running * (1 - momentum) + batch * momentum. ONNX's momentum is 1 minus that.
        "normMomentum": {"norm": model.norm.momentum, "down_norm": model.down_norm.momentum},
        "runningVariance": "unbiased: divided by n - 1",
        "logitsBefore": plain(copy.deepcopy(model).double()(batches[0][0].double())),
        "batches": [{"images": plain(images), "labels": {"shape": [4], "data": labels.tolist()}}
                    for images, labels in batches],
        **told,
    })
    print(f"{name}: seed {seed}, {sum(p.numel() for p in model.parameters())} weights, onnx {onnx}, json {size} bytes,"
          f" float32 is {gap:.1e} off after three steps")


def main():
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", "(?s).*shape inference")
    gradient_fixture("pyramid", Pyramid, "image", (1, 3, 16, 16), ["boxes", "scores"], 1, [13])
    gradient_fixture("attention", Attention, "image", (2, 3, 12, 12), ["chances"], 1, [13, 17])
    training_fixture("bn_train", 1)


if __name__ == "__main__":
    main()
