"""Signs that something went wrong on the way to the base model, whatever it was made for: text that repeats itself, a tokenizer of another
domain, training that ran away or ended too soon, a context that cuts what belongs together.

Each is measured against what needs no opinion: a model that only counts, a tokenizer of the same text, the same model with less to look back at.
"""

import tempfile

import torch

from llmlab.data import duplicates, tokens
from llmlab.evaluation import asking, counting
from llmlab.models import weights
from llmlab.spine.files import jsonl

COPIES = 0.7, 0.3  # share of word triples that makes copies; the share of copies that is a sign
FITS = 0.75  # bytes per token of a tokenizer, against those of a small one of the same text
FALLS = 0.1  # by which part bits per byte fall from the last third of training to its end, if it ended too soon
LOOKS_BACK = 0.03, 0.25  # by which part the last quarter of the context is cheaper than the third; the share of documents that are longer
PRE, TEXT, DESIGN = "3_pretraining", "2_dataset_engineering", "1_model_design"


def measure(model, tokenizer, unread, documents, rows, adopted=False, most=2000):
    """What the rules look at.

    Args:
        unread: tokenised validation documents.
        documents: JSON-lines file of the training documents.
        rows: of phase 3's metrics.jsonl.
        adopted: whether the tokenizer came with an adopted model, and was not made of this text.

    Returns: {"bits", "counted": bits per byte of the model that counts, "copies": share of documents, "bytes_per_token", "own_bytes_per_token" or None,
    "by_position": bits per token in four quarters of the context, "longer": share of documents that the context cuts, "curve": [(step, bits)]}.
    """
    train = jsonl(documents)[:most]
    read, context = tokens.tokenise(tokenizer, train), weights.context(model)
    _, dropped = duplicates.near_duplicates(COPIES[0])([dict(d) for d in train])
    own = None
    if adopted:
        with tempfile.TemporaryDirectory() as folder:
            small = tokens.train([d["text"] for d in train], 4096, folder, context)
            own = tokens.judge(small, [{"text": tokenizer.decode(r["input_ids"])} for r in unread])["bytes_per_token"]
    frame = tokens.marks(tokenizer)
    return {
        "bits": asking.bits_per_byte(model, unread, frame)["all"],
        "counted": counting.Counts(read, frame, len(tokenizer)).bits_per_byte(unread),
        "copies": len(dropped) / len(train),
        "bytes_per_token": sum(r["bytes"] for r in unread) / sum(len(r["input_ids"]) for r in unread),
        "own_bytes_per_token": own,
        "by_position": by_position(model, unread, frame, context),
        "longer": sum(len(r["input_ids"]) > context for r in read) / len(read),
        "curve": [(r["step"], r["bits_per_byte/all"]) for r in rows if "bits_per_byte/all" in r],
    }


def by_position(model, rows, frame, context, parts=4):
    """Bits per token in `parts` stretches of the context, over documents that fill it; those that begin a document cost the most. [] without any."""
    filled = [ids[: context + 1] for r in rows if len(ids := [frame.start, *r["input_ids"], frame.end]) > context][:64]
    if not filled:
        return []
    cost_BxT = -torch.stack(asking.token_logprobs(model, filled, frame.pad)) / torch.log(torch.tensor(2.0))
    return [float(part.mean()) for part in cost_BxT.chunk(parts, dim=1)]


def found(signs, reads):
    """(finding, evidence, phase, changes, expected) of the rules that fire.

    Args:
        signs: as `measure` gives them.
        reads: whether pre-training read the text; of a model that was passed on nothing can be said that training did.
    """
    if signs["copies"] > COPIES[1]:
        yield (
            "The text repeats itself",
            f"{signs['copies']:.0%} of the training documents are copies of others, to {COPIES[0]:.0%} of their word triples or more.",
            TEXT,
            {"near_duplicate_threshold": str(COPIES[0])},
            "fewer tokens, and as much to learn from them; what is repeated is learnt by heart",
        )
    own = signs["own_bytes_per_token"]
    if own and signs["bytes_per_token"] < FITS * own:
        yield (
            "The tokenizer was made for other text",
            f"A token of the adopted model covers {signs['bytes_per_token']:.2f} bytes of this text; one of a small tokenizer of this text {own:.2f}.",
            DESIGN,
            {},
            "a model whose tokenizer knows these words: texts get shorter, and all that is done with them cheaper",
        )
    if reads:
        yield from _of_training(signs)


def _of_training(signs):
    """Of what pre-training did."""
    positions, curve = signs["by_position"], signs["curve"]
    if positions and signs["longer"] > LOOKS_BACK[1] and positions[3] < (1 - LOOKS_BACK[0]) * positions[2]:
        yield (
            "The context is too short for this text",
            f"{signs['longer']:.0%} of the documents are longer than the context, and its last quarter costs {positions[3]:.2f} bits per token where the third costs {positions[2]:.2f}: more to look back at still pays.",
            DESIGN,
            {"context_length": "×2"},
            "documents are read whole, and what was said earlier is used",
        )
    if signs["bits"] <= signs["counted"] or len(curve) < 3:
        return
    before = [bits for step, bits in curve if step <= curve[-1][0] * 2 / 3][-1]
    falling = 1 - curve[-1][1] / before
    why = (
        f"{signs['bits']:.3f} bits per byte of unread text; counting which token followed the few before it reaches {signs['counted']:.3f}"
    )
    if falling > FALLS:
        yield (
            "Training ended before the model learnt more than counting",
            f"{why}. The curve still falls: by {falling:.0%} over the last third.",
            PRE,
            {"tokens_seen": "×2"},
            "more of what is read is used; the curve says when it is enough",
        )
    else:
        yield (
            "Training went wrong",
            f"{why}, and over the last third it fell by {max(0.0, falling):.0%} only: more of the same would not help.",
            PRE,
            {"learning_rate": "0.0"},
            "the rate that suits this size, and a curve that falls; if it does not, read the documents that phase 2 shows",
        )
