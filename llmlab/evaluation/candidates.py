"""What to teach once more, and what to ask people next: answers that models draw themselves, to questions like those on which the model failed, the most different pairs first.

A judgement is dear, so it is asked for where it says most: two answers that mean the same teach nothing, and what the model does well already need
not be judged.
"""

import json
import random
from collections import defaultdict

from llmlab.data import tasks
from llmlab.evaluation import asking, failures, judges
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


def drawn(models, prompts, seed=0, temperatures=TEMPERATURES, max_new_tokens=tasks.ANSWER):
    """[{"prompt", "a", "b", "why", "differ", "from"}], the most different pairs first; prompts to which all answers are alike are left out.

    Several models are set against each other, one alone against itself. What was cut before its end is no answer: whoever learnt from it would learn to stop
    in the middle.

    Args:
        models: {name: folder}: checkpoints, or models of several runs; each answers at every temperature. Which answered is kept in "from", and not shown.
        prompts: as `weak` gives them.
    """
    answers, asked = [{} for _ in prompts], [p for p, _ in prompts]
    for name, folder in track.each(list(models.items()), "drawing answers") if prompts else ():
        model, tokenizer = weights.load(folder)
        for n, temperature in enumerate(temperatures):
            for said, (text, whole) in zip(
                answers, asking.answers(model, tokenizer, asked, max_new_tokens, temperature=temperature, seed=seed + n)
            ):
                if whole and text.strip():
                    said.setdefault(text, (name, f"{name} at {temperature:g}"))
    items = [_most_different(prompt, said, why, len(models) > 1) for (prompt, why), said in zip(prompts, answers)]
    return sorted((i for i in items if i["differ"] > 0), key=lambda i: -i["differ"])


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
    """The questions of a sitting, the same in a notebook and on a page: those that were drawn, and some of which is known what is right.

    Args:
        scale: "pair", or "score" or "thumb" for single answers: a right answer should get a high score, and a wrong one a low one.
    """
    if scale == "pair":
        return [*drawn, *gold(tasks_folder, max(4, len(drawn) // 5))]
    asked = [{"prompt": q["prompt"], "a": q[side], "scale": scale} for q in drawn for side in ("a", "b")]
    known = enumerate(gold(tasks_folder, max(4, len(asked) // 5)))
    return [*asked, *({**q, "a": q["ba"[n % 2]], "b": None, "scale": scale, "gold": (1, 5)[n % 2]} for n, q in known)]


def gold(tasks_folder, count=8, seed=0):
    """Questions whose better answer is known, to see whether somebody reads: the right answer of an item against that of another, of the validation half.

    They test the annotator, and no pair is learnt from them. Tasks that are kept for the very end are not among them.
    """
    rng, found = random.Random(seed), []
    for task in (t for t in tasks.read(tasks_folder, "validation") if not t["final"]):
        able = [i for i in task["items"] if "answer" in i and "messages" in i and "target" in i]
        for item in rng.sample(able, min(len(able), count)):
            others = [o["answer"] for o in able if not judges.states(item, o["answer"])]
            if others:
                found.append(
                    {"prompt": item["messages"], "a": item["answer"], "b": rng.choice(others), "gold": "a", "why": "its answer is known"}
                )
    return rng.sample(found, min(len(found), count))
