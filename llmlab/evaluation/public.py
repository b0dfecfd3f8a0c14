"""Public tasks, asked of any model of a run: lm-evaluation-harness asks and judges, and what it asks for, likelihoods and answers, comes from here.

A graph is asked like a model of weights. Texts are cut into tokens as the harness's own models do it, after whatever the tokenizer begins a text with;
what looks like a special token in them stays text.
"""

import functools
import json
from collections import defaultdict

import torch

from llmlab.data import harness, tokens
from llmlab.evaluation import asking
from llmlab.models import heads, weights

AT_ONCE = 2048  # tokens of a batch: a graph scores all of them by the whole vocabulary
SEED = 1234  # of the examples that stand before a question, the harness's own


def scores(model, tokenizer, asked):
    """{name of a task: (what the model said, its score), a list each with an entry per item}, as the harness judges it; all tasks are asked at once.

    Args:
        model: of weights, or a graph.
        asked: [(head, items)] of public tasks, as `harness.brought` gives them.
    """
    from lm_eval import evaluate

    known = {head["name"]: harness.loaded(head["place"])[head["name"]] for head, _ in asked}
    for task in known.values():
        if task.get_config("num_fewshot") is None:
            task.set_config(key="num_fewshot", value=0)
        task.set_fewshot_seed(seed=SEED)
    with harness.quiet():
        found = evaluate(
            lm=_asker()(model, tokenizer),
            task_dict={"tasks": known, "groups": {}},
            samples={head["name"]: [item["doc_id"] for item in items] for head, items in asked},
            bootstrap_iters=0,
        )
    return {head["name"]: _told(head, items, found["samples"][head["name"]]) for head, items in asked}


def _told(head, items, samples):
    """(answers, scores) of a task's items, by the metric and the filter that its head names."""
    metric, _, wanted = head["metric"].partition(",")
    said = {s["doc_id"]: s for s in samples if not wanted or s["filter"] == wanted}
    return [_answer(said[i["doc_id"]]) for i in items], [float(said[i["doc_id"]][metric]) for i in items]


def _answer(sample):
    """What the model said, as samples.jsonl keeps it: a text, or the log-likelihood of each choice."""
    told = sample["filtered_resps"]
    return str(told[0]) if told and isinstance(told[0], str) else [r[0] if isinstance(r, list | tuple) else r for r in told]


@functools.cache
def _asker():
    """The class of the harness's that asks models of ours; made when it is needed, since the harness is an extra."""
    from lm_eval.api.model import TemplateLM
    from lm_eval.models.utils import normalize_gen_kwargs, postprocess_generated_text
    from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

    class Asker(TemplateLM):
        """A model of a run, as the harness wants to speak to it."""

        def __init__(self, model, tokenizer):
            super().__init__()
            self.model, self.tokenizer, self.frame = model, tokenizer, tokens.marks(tokenizer)
            self.beginning = tokenizer("")["input_ids"]

        @property
        def eot_token_id(self):
            return self.frame.end

        @property
        def prefix_token_id(self):
            return self.frame.start

        def tok_encode(self, string, add_special_tokens=None, **_):
            ids = tokens.encode(self.tokenizer, [string])[0]
            return ids if add_special_tokens is False else [*self.beginning, *ids]

        def _loglikelihood_tokens(self, requests, **_):
            return likelihoods(self.model, [(before, after) for _, before, after in requests], self.frame.pad)

        def loglikelihood_rolling(self, requests, **_):
            length, found = weights.window(self.model), []
            for request in requests:
                windows = get_rolling_token_windows(self.tok_encode(request.args[0]), self.prefix_token_id, length, 1)
                parts = likelihoods(self.model, [make_disjoint_window(window) for window in windows], self.frame.pad)
                found.append(sum(nats for nats, _ in parts))
            return found

        def generate_until(self, requests, **_):
            alike, found = defaultdict(list), {}
            for n, request in enumerate(requests):
                alike[json.dumps(request.args[1], sort_keys=True)].append(n)
            for told, places in alike.items():
                how = normalize_gen_kwargs(json.loads(told))
                ends = [text for text in how["until"] if text]
                stop = tuple(ids[0] for ids in tokens.encode(self.tokenizer, ends) if len(ids) == 1)  # others are cut off behind
                prompts = [self.tok_encode(requests[n].args[0]) or [self.prefix_token_id] for n in places]
                drawn = {"temperature": how.get("temperature", 0.0), "seed": SEED}
                said = asking.generate_ids(self.model, prompts, how["max_gen_toks"], self.frame, 16, stop, **drawn)
                for n, ids in zip(places, said):
                    found[n] = postprocess_generated_text(self.tokenizer.decode(ids, skip_special_tokens=True), ends, None)
            return [found[n] for n in range(len(requests))]

    return Asker


@torch.no_grad()
def likelihoods(model, pairs, pad):
    """[(log p in nats, whether no other token is likelier at any place)] of continuations; what does not fit into the window is cut off in front.

    Args:
        pairs: (ids before, ids of the continuation), neither of them empty.
    """
    most = weights.window(model) + 1  # the last token is predicted, and not read
    rows = [((before + after)[-most:], len(after)) for before, after in pairs]
    order, found, start = sorted(range(len(rows)), key=lambda n: -len(rows[n][0])), {}, 0
    while start < len(order):
        batch = order[start : start + max(1, AT_ONCE // len(rows[order[start]][0]))]
        start += len(batch)
        longest = len(rows[batch[0]][0])
        ids_BxT = torch.tensor([rows[n][0] + [pad] * (longest - len(rows[n][0])) for n in batch], device=model.device)
        at_T = torch.arange(longest - 1, device=model.device)
        ends_B = torch.tensor([len(rows[n][0]) - 1 for n in batch], device=model.device)[:, None]
        counts = [min(rows[n][1], len(rows[n][0]) - 1) for n in batch]
        where_BxT = (at_T < ends_B) & (at_T >= ends_B - torch.tensor(counts, device=model.device)[:, None])
        logits_NxV, wanted_N = heads.logits_at(model, ids_BxT[:, :-1], where_BxT).float(), ids_BxT[:, 1:][where_BxT]
        nats_N = torch.log_softmax(logits_NxV, -1).gather(-1, wanted_N[:, None])[:, 0]
        best_N = logits_NxV.argmax(-1) == wanted_N
        for n, nats, best in zip(batch, nats_N.split(counts), best_N.split(counts)):
            found[n] = nats.sum().item(), bool(best.all())
    return [found[n] for n in range(len(rows))]
