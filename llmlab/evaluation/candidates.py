"""What to teach once more, and what to ask people next: answers that models draw themselves, to questions like those on which the model failed, those pairs first
that differ most and between which the model is least decided.

A judgement is dear, so it is asked for where it says most: two answers that mean the same teach nothing, what the model does well already need not be
judged, and where it finds one answer far likelier than the other it seldom gives the other.
"""

import bisect
import json
import random
from collections import defaultdict

from llmlab.data import lengths, tasks, tokens
from llmlab.evaluation import asking, failures, judges, known
from llmlab.models import weights
from llmlab.spine import track

TEMPERATURES = (0.0, 0.8, 1.2)
QUERIES = 200  # failed answers of one task that lessons are looked for with


def weak(prompts, samples, results, count, seed=0):
    """[(prompt, why it is asked)]: half of the `count` like those on which a model failed, as BM25 (Robertson et al. 1994) finds them, the others at random.

    Args:
        prompts: lists of messages that may be asked.
        samples, results: of the validation half, as `evaluate` writes them.
    """
    prompts = list({json.dumps(p): p for p in prompts}.values())
    rng, asked = random.Random(seed), [p[-1]["content"] for p in prompts]
    failed = [s["asked"] for s in samples if failures.failed(s, results[s["task"]]["better"])]
    near = _nearest(rng.sample(failed, min(len(failed), count)), _index(asked))[: count // 2] if failed else []
    rest = [n for n in range(len(prompts)) if n not in set(near)]
    chosen = near + rng.sample(rest, min(len(rest), count - len(near)))
    return [(prompts[n], "like one that was failed" if n in set(near) else "drawn at random") for n in chosen]


def again(texts, samples, results, share, seed=0):
    """{number of a text: the task that asks for it}: `share` of the texts, the nearest to what a model failed at, a task having the more of them the worse its score.

    Args:
        texts: what the lessons ask; samples, results: of the validation half, as `evaluate` writes them.
    """
    rng, wanted, failed = random.Random(seed), round(share * len(texts)), defaultdict(list)
    for s in samples:
        if failures.failed(s, results[s["task"]]["better"]):
            failed[s["task"]].append(s["asked"])
    parts = {task: len(of) / results[task]["n"] for task, of in failed.items()}
    found, index = {}, _index(texts) if parts else None
    for task, part in sorted(parts.items(), key=lambda p: -p[1]):
        most = round(wanted * part / sum(parts.values()))
        queries = rng.sample(failed[task], min(len(failed[task]), most, QUERIES))
        near = _nearest(queries, index, len(found) + most) if queries else []
        found |= dict.fromkeys([n for n in near if n not in found][:most], task)
    return found


def _index(texts):
    import bm25s

    index = bm25s.BM25()
    index.index(bm25s.tokenize(texts, show_progress=False), show_progress=False)
    return index


def _nearest(queries, index, each=5):
    """Numbers of the texts of an index that are nearest to the queries and share a word with them, each once: the nearest of every query before the second nearest of any."""
    import bm25s

    found, scores = index.retrieve(bm25s.tokenize(queries, show_progress=False), k=min(each, index.scores["num_docs"]), show_progress=False)
    return list(dict.fromkeys(int(n) for rank in range(found.shape[1]) for n, s in zip(found[:, rank], scores[:, rank]) if s > 0))


def drawn(models, prompts, seed=0, temperatures=TEMPERATURES, max_new_tokens=lengths.LONGER * tasks.ANSWER, left_out=None):
    """[{"prompt", "a", "b", "why", "differ", "margin", "from"}], the most wanted pairs first: by the sum of two ranks, that of how much the answers
    differ and that of how near to each other the models find them (uncertainty sampling, Lewis & Gale 1994).

    Several models are set against each other, one alone against itself. What was cut before its end is no answer: whoever learnt from it would learn to stop
    in the middle. Prompts to which all answers are alike are left out.

    Args:
        models: {name: folder}: checkpoints, or models of several runs; each answers at every temperature. Which answered is kept in "from", and not shown.
        prompts: as `weak` gives them.
        left_out: a Counter that gets the reasons for which nothing is asked of a prompt.

    "margin" is in nats per token, the mean over the models: how much likelier than the other the likelier answer is.
    """
    answers, cut, asked = [{} for _ in prompts], [0] * len(prompts), [p for p, _ in prompts]
    loaded = {name: weights.load(folder) for name, folder in models.items()} if prompts else {}
    for name, (model, tokenizer) in track.each(list(loaded.items()), "drawing answers") if loaded else ():
        for n, temperature in enumerate(temperatures):
            found = asking.answers(model, tokenizer, asked, max_new_tokens, temperature=temperature, seed=seed + n)
            for at, (text, whole) in enumerate(found):
                cut[at] += not whole
                if whole and text.strip():
                    answers[at].setdefault(text, (name, f"{name} at {temperature:g}"))
    items = [_most_different(prompt, said, why, len(models) > 1) for (prompt, why), said in zip(prompts, answers)]
    reasons = [f"fewer than two answers that ended within {max_new_tokens} tokens" if n else "all answers alike" for n in cut]
    if left_out is not None:
        left_out.update(reason for item, reason in zip(items, reasons) if not item["differ"])
    items = [item for item in items if item["differ"] > 0]
    for item, margin in zip(items, _margins(loaded, items)):
        item["margin"] = margin
    return _most_wanted(items)


def _margins(loaded, items):
    """How much likelier the likelier answer of each item is, in nats per token, the mean over models that are loaded."""
    leads = [0.0] * len(items)
    for model, tokenizer in loaded.values() if items else ():
        each = [(item["prompt"], item[side]) for item in items for side in ("a", "b")]
        sizes = map(len, tokens.encode(tokenizer, [text for _, text in each]))
        likely = [nats / max(1, size) for nats, size in zip(asking.loglikelihood(model, tokenizer, each), sizes)]
        leads = [lead + (a - b) / len(loaded) for lead, a, b in zip(leads, likely[::2], likely[1::2])]
    return [round(abs(lead), 3) for lead in leads]


def _most_wanted(items):
    """Items by the sum of their ranks: the most different first, and those between whose answers the models are least decided."""
    both = [[-item["differ"] for item in items], [item["margin"] for item in items]]
    ordered = [sorted(values) for values in both]
    ranks = [sum(bisect.bisect_left(order, value) for order, value in zip(ordered, two)) for two in zip(*both)]
    return [items[n] for n in sorted(range(len(items)), key=lambda n: ranks[n])]


def _most_different(prompt, said, why, several):
    """The pair of answers of about one length that have the fewest words in common: people shall judge what is said, and not how much.

    Args:
        said: {answer: (model, model and temperature)}; several: whether both are to be of different models.
    """
    texts = list(said)
    pairs = [(_differ(a, b), a, b) for n, a in enumerate(texts) for b in texts[n + 1 :] if not several or said[a][0] != said[b][0]]
    differ, a, b = max(pairs, default=(0.0, "", ""))
    return {"prompt": prompt, "a": a, "b": b, "why": why, "differ": differ, "from": [said[t][1] for t in (a, b) if t in said]}


def _differ(a, b):
    short, long = sorted((len(a), len(b)))
    return (1 - judges.f1(a, b)) * short / long


def with_gold(drawn, tasks_folder, scale="pair"):
    """The questions of a sitting, the same in a notebook and on a page: those that were drawn, and some of which is known what is right, if the tasks say.

    Args:
        drawn: pairs, or single answers, which are asked as such.
        scale: "pair", or "score" or "thumb" for single answers: a right answer should get a high score, and a wrong one a low one.
    """
    if scale == "pair" and (not drawn or any("b" in q for q in drawn)):
        return [*drawn, *known.gold(tasks_folder, max(4, len(drawn) // 5))]
    scale = "score" if scale == "pair" else scale
    asked = [{"prompt": q["prompt"], "a": q[side], "scale": scale} for q in drawn for side in ("a", "b") if side in q]
    sure = enumerate(known.gold(tasks_folder, max(4, len(asked) // 5)))
    return [*asked, *({**q, "a": q["ba"[n % 2]], "b": None, "scale": scale, "gold": (1, 5)[n % 2]} for n, q in sure)]


def told(asked):
    """How many questions a sitting has, and how many of them test whoever judges, in words. asked: as `with_gold` gives them."""
    sure = sum("gold" in q for q in asked)
    none = "no gold items: no task that is asked before the end says in words what is right"
    return f"{len(asked) - sure}, and " + (f"{sure} gold items, whose answer is known" if sure else none)
