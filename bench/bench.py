"""What llmlab costs, as ratios measured side by side in one run: `make bench`, or `python bench/bench.py [RUN]`.

Three questions: where do the demo's minutes go, what does the Trainer cost against a plain loop, and what does `generate` cost
against a plain loop? Each pair takes turns, so that a busy machine slows both; the median of the ratios is printed.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("LLMLAB_PROGRESS", os.path.join(tempfile.gettempdir(), "llmlab-bench.progress"))  # no bars

import torch

from llmlab.data import tokens
from llmlab.evaluation import asking
from llmlab.models import cost, design, export, families, weights
from llmlab.spine.run import Run
from llmlab.training import optim
from llmlab.training.pretrain import pretrain
from llmlab.world.company import World

STEPS, BATCH, CONTEXT, TURNS = 60, 8, 128, 3


def demo(path):
    """Seconds per phase of a finished run."""
    run = Run(path)
    records = [run.done(p) for p in sorted(p.name for p in run.path.glob("[1-7]_*"))]
    if not records:
        print(f"{path} has no finished phase; `make demo` first.\n")
        return
    total = sum(r["seconds"] for r in records)
    for r in records:
        print(
            f"{r['phase']:26}{r['seconds']:7.0f} s {r['seconds'] / total:5.0%}   learning {r['learning_seconds']:5.0f} s   {r['peak_memory_mb']:6,} MB"
        )
    learning = sum(r["learning_seconds"] for r in records)
    print(f"{'all':26}{total:7.0f} s         learning {learning:5.0f} s = {learning / total:.0%}\n")


def material(folder):
    """A tokenizer, packed blocks and the demo's model, of a little forum."""
    from llmlab.world.forum import Forum

    texts = [p.text for p in Forum(World(1), 1).pages(900)]
    tokenizer = tokens.train(texts, 2048, folder / "tokenizer", CONTEXT)
    rows = tokens.tokenise(tokenizer, [{"text": t, "source": "forum"} for t in texts])
    blocks, _ = tokens.pack([r["input_ids"] for r in rows[40:]], CONTEXT, 1, tokens.marks(tokenizer))
    tokens.write(folder / "tokens", blocks, rows[:40])
    config = families.configure("transformer", len(tokenizer), 128, 6, 4, CONTEXT)
    config.save_pretrained(str(folder / "config"))
    return config, tokenizer, blocks


def plain_training(config, blocks):
    """Tokens per second of the loop that everybody writes first: same model, same optimizer, same batches."""
    model = families.initialise(config, 1).train()
    optimizer = optim.MuonAdamW(model, 4e-3)
    started = time.perf_counter()
    for step in range(STEPS):
        ids = torch.tensor(blocks[step * BATCH : (step + 1) * BATCH])
        model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return STEPS * BATCH * CONTEXT / (time.perf_counter() - started)


def our_training(folder, out):
    """Tokens per second of `pretrain`, checkpoints and metrics included."""
    out.mkdir()
    summary = pretrain(folder / "config", folder / "tokenizer", folder / "tokens", out, STEPS * BATCH * CONTEXT, BATCH, 4e-3, evaluations=1)
    return summary["tokens_per_second"]


@torch.no_grad()
def plain_generation(model, prompts, new):
    """Tokens per second of greedy decoding with a cache, written by hand."""
    started = time.perf_counter()
    ids = torch.tensor(prompts)
    out = model(input_ids=ids, use_cache=True)
    for _ in range(new):
        ids = out.logits[:, -1:].argmax(-1)
        out = model(input_ids=ids, past_key_values=out.past_key_values, use_cache=True)
    return len(prompts) * new / (time.perf_counter() - started)


def our_generation(model, prompts, new):
    """Tokens per second of `asking.generate_ids`, which every task uses."""
    started = time.perf_counter()
    asking.generate_ids(model, prompts, new, tokens.Marks(1, 2, 0, (-1,)))
    return len(prompts) * new / (time.perf_counter() - started)


def side_by_side(name, ours, plain, note=""):
    """Runs both in turns and prints medians and the median ratio."""
    pairs = [(ours(turn), plain(turn)) for turn in range(TURNS)]
    a, b = (statistics.median(x) for x in zip(*pairs))
    ratio = statistics.median(x / y for x, y in pairs)
    print(f"{name:34}{a:9,.0f}{b:12,.0f}{ratio:9.2f}   {note(a) if callable(note) else note}", flush=True)
    return a


def main(run="runs/demo"):
    demo(str(Path(run).absolute()))
    print(f"{'':34}{'llmlab':>9}{'by hand':>12}{'ratio':>9}   (tokens per second, median of {TURNS} turns)")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        config, tokenizer, blocks = material(folder)
        gflops, work = design.matmul_gflops("cpu", 2.0), 3 * cost.flops_per_token(config, CONTEXT)
        share = lambda rate: f"{rate * work / 1e9 / gflops:.0%} of the {gflops:.0f} GFLOP/s of matrix products measured now"  # noqa: E731
        side_by_side("training", lambda t: our_training(folder, folder / f"out{t}"), lambda t: plain_training(config, blocks), share)
        model = weights.load(folder / "out0")[0]
        prompts = [b[:24] for b in blocks[:64]]
        for batch in (1, 64):
            name = f"generation, batch {batch}"
            side_by_side(name, lambda t: our_generation(model, prompts[:batch], 48), lambda t: plain_generation(model, prompts[:batch], 48))  # noqa: B023
        export.quantised(folder / "out0", folder / "int8")
        graph = weights.load(folder / "int8")[0]
        side_by_side(
            "generation, batch 1, int8 graph",
            lambda t: our_generation(graph, prompts[:1], 48),
            lambda t: plain_generation(model, prompts[:1], 48),
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
