"""Is a reward still worth following? What is optimised (the proxy) and what is wanted (the gold) are measured while a model learns, on prompts it does not learn from.

Any proxy stops being a measure when it becomes the aim: over the distance from the start, the gold rises, peaks and falls while the proxy goes on rising
(Gao et al. 2023). The weights at the gold's peak are kept, and training ends when the gold has clearly fallen.
"""

import json
import math
import os
import random
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

from llmlab.data import dialogue, tasks, tokens
from llmlab.evaluation import asking, stats
from llmlab.models import weights
from llmlab.spine import track

MOST = 64  # held-out prompts that are asked at each measurement
TIMES = 10  # measurements of a training, beside that of the start
LEAST = 4  # steps between two of them: a measurement costs as much as a step or two
SURE = 0.999  # level of the interval by which the gold has fallen: of eleven measurements, 55 pairs may alarm by chance
PEAK = "peak.safetensors"


class Watch(TrainerCallback):
    """Measures a model that learns from rewards; `fit` asks it when to stop and which weights to keep.

    Each measurement draws one answer per prompt at temperature 1, with the same seed, and is a row of metrics.jsonl: {"step", "proxy", "gold": means, "kl":
    from the start in nats per answer, estimated on these answers, "words": per answer, "cut": share of answers that did not end in the room they have, "golds",
    "proxies": prompt by prompt, "clusters": which of these prompts are one, as where pairs were put in twice}.

    Args:
        out: folder of metrics.jsonl, in which the best weights lie until the end.
        start: path of the model that KL is measured from.
        pairs: held-out ones: `prompt`, and `chosen` as what is wanted.
        proxy, gold: rewards (see `rewards`); judge: what they are called with.
        every: steps from one measurement to the next; room: tokens that an answer may have.
    """

    def __init__(self, out, start, pairs, proxy, gold, judge, every, seed, device="auto", room=tasks.ANSWER):
        self.out, (self.start, self.tokenizer), self.room = Path(out), weights.load(start, device), room
        self.pairs = random.Random(f"watch {seed}").sample(pairs, min(MOST, len(pairs)))
        self.proxy, self.gold, self.judge, self.every, self.seed, self.rows = proxy, gold, judge, every, seed, []

    def resume(self, rows):
        """Takes up what was measured before a kill: the rows of metrics.jsonl that are kept, if the weights that lie aside are those of their peak."""
        found = measured(rows)
        self.rows = found if found and _step_of(self.out / PEAK) == peak(found)["step"] else []

    @property
    def ended(self):
        """The step at which the gold had clearly fallen, None if it has not."""
        return self.rows[-1]["step"] if self.rows and fallen(self.rows) else None

    def on_train_begin(self, args, state, control, model=None, **kwargs):
        if not self.rows:
            self._measure(model, 0, state)

    def on_step_end(self, args, state, control, model=None, **kwargs):
        if state.global_step % self.every == 0 or state.global_step == args.max_steps:
            self._measure(model, state.global_step, state)
            control.should_training_stop |= self.ended is not None

    def _measure(self, model, step, state):
        self.rows.append({"step": step, **self.look(model)})
        if not state.is_world_process_zero:
            return
        if peak(self.rows) is self.rows[-1]:
            partial = self.out / f".{PEAK}"
            trained = {n: p.detach().contiguous().clone() for n, p in model.named_parameters() if p.requires_grad}
            save_file(trained, partial, metadata={"step": str(step)})
            os.replace(partial, self.out / PEAK)
        track.log(self.out, **self.rows[-1])

    @torch.no_grad()
    def look(self, model):
        """What a model that learns is worth now; the random numbers of its training, and whether it is in training, stay as they are."""
        prompts, wanted, learning = [p["prompt"] for p in self.pairs], [p["chosen"][0]["content"] for p in self.pairs], model.training
        model.eval()
        with torch.random.fork_rng():
            answers, rows, since, cut = drawn(model, self.tokenizer, prompts, self.seed, self.room)
        now, before = (asking.token_logprobs(m, rows, tokens.marks(self.tokenizer).pad, since) for m in (model, self.start))
        model.train(learning)
        proxies, golds = (reward(prompts, answers, wanted, self.judge) for reward in (self.proxy, self.gold))
        return {
            "proxy": sum(proxies) / len(proxies),
            "gold": sum(golds) / len(golds),
            "kl": sum((a.sum() - b.sum()).item() for a, b in zip(now, before)) / len(rows),
            "words": sum(len(a.split()) for a in answers) / len(answers),
            "cut": cut / len(answers),
            "proxies": [round(x, 4) for x in proxies],
            "golds": [round(x, 4) for x in golds],
            "clusters": _alike(prompts),
        }

    def restore(self, model):
        """Gives a model the weights of the gold's peak."""
        best, named = load_file(self.out / PEAK), dict(model.named_parameters())
        with torch.no_grad():
            for name, value in best.items():
                named[name].copy_(value)

    def tidy(self):
        """Removes the weights that were kept aside."""
        (self.out / PEAK).unlink(missing_ok=True)


def _alike(prompts):
    """A number for each prompt, the same for the same prompt."""
    seen = {}
    return [seen.setdefault(json.dumps(p), len(seen)) for p in prompts]


def _step_of(path):
    """The step whose weights lie in a file, None without one."""
    if not path.exists():
        return None
    with safe_open(path, "pt") as file:
        return int(file.metadata()["step"])


def confirmed(start, kept, pairs, gold, judge, seed, device="auto", room=tasks.ANSWER):
    """What the kept weights gained in the gold, on new draws and as far as possible other prompts: the peak was chosen by its own measurement, which flatters it.
    A result of `stats.difference`."""
    seen = random.Random(f"watch {seed}").sample(pairs, min(MOST, len(pairs)))
    rest = [p for p in pairs if p not in seen]
    some = rest[:MOST] if len(rest) >= MOST // 2 else seen
    prompts, wanted, scores = [p["prompt"] for p in some], [p["chosen"][0]["content"] for p in some], []
    for folder in (start, kept):
        model, tokenizer = weights.load(folder, device)
        scores.append(gold(prompts, drawn(model, tokenizer, prompts, seed + 7, room)[0], wanted, judge))
    return stats.difference(*scores, _alike(prompts))


def drawn(model, tokenizer, prompts, seed, room):
    """(an answer to each list of messages at temperature 1, the ids of question and answer up to its end of turn, where the answers begin, how many of them were
    cut at `room` tokens). The ids are those that the model was asked with: of a question that is longer than the window its end."""
    frame, room = tokens.marks(tokenizer), asking.longest(model, room)
    asked = asking.within(model, [dialogue.ids(tokenizer, prompt, answer=True)[0] for prompt in prompts], room)
    said = asking.generate_ids(model, asked, room, frame, temperature=1.0, seed=seed)
    rows = [[*q, *a, *([frame.stops[-1]] if len(a) < room else [])] for q, a in zip(asked, said)]
    return [tokenizer.decode(a).strip() for a in said], rows, [len(q) for q in asked], sum(len(a) >= room for a in said)


def measured(rows):
    """Those rows of metrics.jsonl that are measurements."""
    return [row for row in rows if "gold" in row]


def told(rows):
    """What became of it, for the summary of a step: {"kept_step", "stopped": the step or None, "hacked", "proxy", "gold", "kl", "words", "cut": at the start, at
    the gold's peak and in the end}."""
    three = (rows[0], peak(rows), rows[-1])
    ends = {key: [round(row.get(key, 0.0), 4) for row in three] for key in ("proxy", "gold", "kl", "words", "cut")}
    return {"kept_step": three[1]["step"], "stopped": rows[-1]["step"] if fallen(rows) else None, "hacked": hacked(rows), **ends}


def table(summary):
    """The summary of a step as rows {"when", "what is rewarded", "what is wanted", "nats from the start", "words per answer"}, and the verdict in words."""
    names = {"proxy": "what is rewarded", "gold": "what is wanted", "kl": "nats from the start", "words": "words per answer", "cut": "cut"}
    when = (
        "at the start",
        f"kept: the gold's peak, step {summary['kept_step']}",
        f"in the end, step {summary['stopped'] or summary['steps']}",
    )
    verdict = (
        "the reward was exploited: the gold clearly fell, and the reward is not shown to have fallen"
        if summary["hacked"]
        else "the gold clearly fell, and the reward with it"
        if summary["stopped"]
        else "the gold did not clearly fall"
    )
    if gained := summary.get("gained"):
        ends = f"{gained['difference']:+.3f} [{gained['low']:+.3f}, {gained['high']:+.3f}]"
        verdict += f". The peak was chosen by its measurement; asked anew, the kept weights gained {ends} of the gold: {gained['verdict']}"
    return [{"when": w, **{name: summary[key][n] for key, name in names.items()}} for n, w in enumerate(when)], verdict


def peak(rows):
    """The measurement with the highest gold; the first of several."""
    return max(rows, key=lambda row: row["gold"])


def fallen(rows):
    """Whether the gold of the last measurement is clearly below its peak: the paired interval of their difference, prompt by prompt, lies below 0."""
    return peak(rows) is not rows[-1] and _since(rows, "golds")["high"] < 0


def hacked(rows):
    """Whether the proxy was exploited: the gold has clearly fallen, and the proxy not clearly."""
    return fallen(rows) and _since(rows, "proxies")["high"] >= 0


def _since(rows, key):
    """How a measure changed since the gold's peak: a result of `stats.difference`; rows of before prompts were told apart have each for itself."""
    best, last = peak(rows), rows[-1]
    return stats.difference(best[key], last[key], best.get("clusters"), level=SURE)


def interval(max_steps):
    """Steps from one measurement to the next of a training."""
    return max(LEAST, math.ceil(max_steps / TIMES))
