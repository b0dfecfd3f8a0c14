"""Choosing a model: what this machine can do, what a time budget affords, and which family learns fastest on the text."""

import math
import os
import time

import torch

from llmlab.models import cost, families, weights
from llmlab.spine.files import read_json, write_json
from llmlab.spine.params import ROOT

NARROW, WIDE = 128, 576  # widths that are probed
MACHINE = ROOT / "runs" / ".machine.json"


def probe(seconds=5.0):
    """What this machine does: fp32 matrix products, and training steps of a small and of a wide transformer.

    Measured once per machine and torch version and kept in runs/.machine.json, so that a run repeated later plans alike; delete
    the file to measure again.

    Returns: {"gflops": of large matrix products, "training_share": of it that a training step of a small model reaches, "large_share": of a model as
    wide as those that others trained, "threads"}.
    """
    key = {
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "cuda": torch.cuda.is_available(),
        "of": 2,
    }
    known = read_json(MACHINE) if MACHINE.exists() else {}
    if known.get("key") == key:
        return known["probe"]
    device = "cuda" if key["cuda"] else "cpu"
    gflops = matmul_gflops(device, seconds / 2)
    found = {"gflops": round(gflops, 1)}
    for name, width, depth in (("training_share", NARROW, 4), ("large_share", WIDE, 2)):
        config = families.configure("transformer", 2048, width, depth)
        rate = _training_rate(families.initialise(config, 0).to(device), seconds / 2, device)
        found[name] = round(3 * cost.flops_per_token(config, 128) * rate / 1e9 / gflops, 3)
    found |= {"threads": key["threads"], "device": device}
    write_json(MACHINE, {"key": key, "probe": found})
    return found


def matmul_gflops(device, seconds):
    """fp32 matrix products of this machine, in 10⁹ floating-point operations per second: the peak that training is a share of."""
    size = 1024 if device == "cpu" else 8192
    a = torch.randn(size, size, device=device)
    a @ a
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        (a @ a).sum().item()  # .item() waits for a GPU
        count += 1
    return 2 * size**3 * count / (time.perf_counter() - started) / 1e9


def _training_rate(model, seconds, device):
    """Training tokens per second with batches of 8 × 128."""
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    ids = torch.randint(6, 2000, (8, 128), device=device)
    count, started = -2, time.perf_counter()
    while count < 1 or time.perf_counter() - started < seconds:
        loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        loss.item()
        count += 1
        started = time.perf_counter() if count == 0 else started  # the first two steps warm up
    return count * ids.numel() / (time.perf_counter() - started)


ADAPTED = 0.8  # of a step with all weights, one with an adapter takes (see the log)


def predicted_seconds(config, context_length, tokens_seen, machine, adapter="full", frozen=0, said=1.0):
    """Training time from the probe. Other families than the probed one reach another share; the bake-off shows by how much.

    Args:
        adapter: "full", or a kind of adapter; frozen: so many of the lowest layers are passed through and not taught.
        said: share of the tokens that has a loss, and meets the head.
    """
    head = 2 * config.vocab_size * config.hidden_size
    layers = cost.flops_per_token(config, context_length) - head
    forward, backward = layers + said * head, 2 * (layers * (1 - frozen / config.num_hidden_layers) + said * head)
    work = (forward + backward) * (1.0 if adapter == "full" else ADAPTED) * tokens_seen
    return work / (machine["gflops"] * 1e9 * _share(config.hidden_size, machine))


def _share(width, machine):
    """The share of large matrix products that training reaches at a width: between those that were probed, evenly on a log scale."""
    at = min(1.0, max(0.0, math.log(width / NARROW) / math.log(WIDE / NARROW)))
    return (1 - at) * machine["training_share"] + at * machine.get("large_share", machine["training_share"])


def plan(family, vocab_size, depth, heads, context_length, minutes, machine):
    """What `minutes` of training afford: for widths from about 32 to 1,024 the parameters, and the tokens there is time for.

    Widths are multiples of twice the heads, since positions are rotated in pairs.

    Returns: rows {"hidden_size", "parameters" without embeddings, "tokens", "tokens_per_parameter"}.
    """
    rows, step = [], 2 * heads
    steps = (round(size * 2**power / step) for power in range(5) for size in (32, 48))
    for width in sorted({max(1, n) * step for n in (*steps, round(1024 / step))}):
        config = families.configure(family, vocab_size, width, depth, heads, context_length)
        counts = cost.parameters(config)
        rate = 1 / predicted_seconds(config, context_length, 1, machine)
        inner = counts["active"] - counts["embeddings"]
        rows.append(
            {
                "hidden_size": width,
                "parameters": inner,
                "tokens": round(60 * minutes * rate),
                "tokens_per_parameter": round(60 * minutes * rate / inner, 2),
            }
        )
    return rows


def designed(adopted, family, vocab_size, width, depth, heads, context_length, minutes, machine):
    """(config, rows of the plan): of the model in the folder `adopted`, which leaves nothing to plan, or of one that begins with random weights.

    Args:
        width: 0 lets the planner choose.
    """
    if adopted:
        return weights.read_config(adopted), []
    rows = plan(family, vocab_size, depth, heads, context_length, minutes, machine)
    width = width or choose(rows, tokens_per_parameter=1.0)["hidden_size"]
    return families.configure(family, vocab_size, width, depth, heads, context_length), rows


def choose(rows, tokens_per_parameter):
    """The planned size whose tokens per parameter come closest to the wanted ratio (on a log scale)."""
    return min(rows, key=lambda r: abs(math.log(max(r["tokens_per_parameter"], 1e-9) / tokens_per_parameter)))


def rival(family, config, context_length, heads):
    """A config of another family with about as many parameters outside the embeddings, and the same depth."""
    want = cost.parameters(config)
    want = want["active"] - want["embeddings"]

    def size(width):
        counts = cost.parameters(families.configure(family, config.vocab_size, width, config.num_hidden_layers, heads, context_length))
        return counts["active"] - counts["embeddings"]

    widths = range(2 * heads, 2 * config.hidden_size + 1, 2 * heads)
    best = min(widths, key=lambda w: abs(size(w) - want))
    return families.configure(family, config.vocab_size, best, config.num_hidden_layers, heads, context_length)


def family(config):
    """The name of the family that a config belongs to."""
    return {"llama": "transformer", "mixtral": "moe", "llmlab_rnn": "rnn", "llmlab_cnn": "cnn", "mamba2": "ssm"}[config.model_type]
