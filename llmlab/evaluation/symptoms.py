"""Signs that something went wrong on the way to the base model, whatever it was made for: text that repeats itself, a tokenizer of another
domain, training that ran away or ended too soon, a context that cuts what belongs together.

Each is measured against what needs no opinion: a model that only counts, a small tokenizer of the same text, the same tokens with half as much to
look back at.
"""

import math
import random
import tempfile

from llmlab.data import duplicates, tokens
from llmlab.evaluation import asking, counting, stats
from llmlab.models import weights
from llmlab.spine.files import jsonl

COPIES = 0.7, 0.3  # share of word triples that makes copies; the share of copies that is a sign
FITS = 0.75  # bytes per token of a tokenizer, against those of a small one of the same text
FALLS = 0.05  # by which part bits per byte fell between the last two scores before the rate was lowered, if training ended too soon
KNOWS = 0.9  # of ln(vocabulary), nats per token: who finds a text more surprising knows next to nothing of it
WILD = 1.2  # of what a guess among all tokens costs, above which no training ends in good order
STEADY = 0.6  # share of the steps after which `pretrain` lowers the rate: a curve that falls then falls for that
LOOKS_BACK = 0.03, 0.25  # what the second half of the context must gain at least; the share of documents that are longer
PRE, TEXT, DESIGN = "3_pretraining", "2_dataset_engineering", "1_model_design"


def measure(model, tokenizer, unread, documents, rows, adopted=False, words="regex", most=20_000, seed=0):
    """What the rules look at.

    Args:
        unread: tokenised validation documents.
        documents: JSON-lines file of the training documents; `most` of them are looked at, drawn at random, so copies may be more than are found.
        rows: of phase 3's metrics.jsonl.
        adopted: whether the tokenizer came with an adopted model, and was not made of this text.
        words: what counts as a word, as phase 2 was told.

    Returns: {"bits", "counted": bits per byte of the model that counts, "copies": share of documents, "bytes_per_token", "own_bytes_per_token" or None,
    "look_back": as `look_back` gives it, of what was trained here, "by_position": as `by_position` does, "longer": share of documents that the context cuts,
    "curve": [(share of the steps, bits per byte)], "chance": nats per token as a share of ln(vocabulary), of which a model that knows nothing reaches 1}.
    """
    train, context = jsonl(documents), weights.context(model)
    train = random.Random(seed).sample(train, most) if len(train) > most else train
    read, frame = tokens.tokenise(tokenizer, train), tokens.marks(tokenizer)
    _, dropped = duplicates.near_duplicates(COPIES[0], words=words)([dict(d) for d in train])
    own = None
    if adopted:
        with tempfile.TemporaryDirectory() as folder:
            small = tokens.train([d["text"] for d in train], 4096, folder, context)
            own = tokens.judge(small, [{"text": tokenizer.decode(r["input_ids"])} for r in unread])["bytes_per_token"]
    last = max(1, *(r["step"] for r in rows), 0)  # of a model that was passed on there is no step
    bits, trained = asking.bits_per_byte(model, unread, frame)["all"], any("loss" in r for r in rows)
    per_token = bits * math.log(2) * sum(r["bytes"] for r in unread) / sum(len(r["input_ids"]) + 1 for r in unread)
    return {
        "bits": bits,
        "counted": counting.Counts(read, frame, len(tokenizer)).bits_per_byte(unread),
        "copies": len(dropped) / len(train),
        "bytes_per_token": sum(r["bytes"] for r in unread) / sum(len(r["input_ids"]) for r in unread),
        "own_bytes_per_token": own,
        "look_back": look_back(model, [*unread, *read], frame, context) if trained else {},
        "by_position": by_position(model, unread, frame, context),
        "longer": sum(len(r["input_ids"]) > context for r in read) / len(read),
        "curve": [(r["step"] / last, r["bits_per_byte/all"]) for r in rows if "bits_per_byte/all" in r],
        "chance": per_token / math.log(model.config.get_text_config().vocab_size),
    }


def look_back(model, rows, frame, context, most=12_288):
    """What more to look back at is worth: the last quarter of the context, read with all of it and with its second half alone.

    Both times the same tokens are predicted, so their kind does not matter; documents are compared in pairs.

    Args:
        most: tokens that are read of a context below 128, where more than 96 documents are, since each of them tells less.

    Returns: {"whole", "half": bits per token, "gain", "low", "high": of their difference, with its interval}; {} if hardly any document is so long.
    """
    filled = [ids[: context + 1] for r in rows if len(ids := [frame.start, *r["input_ids"], frame.end]) > context]
    filled = filled[: max(96, most // context)]
    if len(filled) < 8:
        return {}
    late, half = context - context // 4, context // 2
    whole = _bits(model, filled, frame.pad, late + 1)
    short = _bits(model, [[ids[0], *ids[half:]] for ids in filled], frame.pad, late + 2 - half)
    change = stats.difference(whole, short)
    mean = lambda values: sum(values) / len(values)  # noqa: E731
    return {"whole": mean(whole), "half": mean(short), "gain": change["difference"], "low": change["low"], "high": change["high"]}


def _bits(model, rows, pad, since, at_once=8):
    """Bits per token of each row from a position on, a few rows at a time: a layer keeps what it makes of all tokens that it reads at once."""
    parts = [rows[n : n + at_once] for n in range(0, len(rows), at_once)]
    return [-float(c.mean()) / math.log(2) for part in parts for c in asking.token_logprobs(model, part, pad, [since] * len(part))]


def knows(share):
    """What an adopted model knows of a text before it is trained on it, in a sentence. share: nats per token, as a share of ln(vocabulary)."""
    told = f"Its tokens cost {share:.2f} of ln(vocabulary)"
    if share <= KNOWS:
        return f"{told}: it knows such text."
    return (
        f"{told}, which is what they cost a model that knows next to nothing: it was hardly trained, has read other text, or its tokenizer is not its own. "
        "What follows is mostly chance."
    )


def by_position(model, rows, frame, context, most=64, least=8):
    """Loss by position: what a token costs after so many others of its document were read.

    The same documents stand behind all positions, cut to one length, so that the later ones are not those of longer documents alone: the longest of the
    context, its half, its quarter … that at least `least` documents have.

    Returns: rows {"from", "to": positions, counted from 1, each step twice as long as the one before, "bits": per token, "documents"}; [] if
    hardly any document has 16 tokens.
    """
    ids, length = [[frame.start, *r["input_ids"], frame.end] for r in rows], context
    while length >= 16 and sum(len(i) > length for i in ids) < least:
        length //= 2
    if length < 16:
        return []
    read = [i[: length + 1] for i in ids if len(i) > length][:most]
    parts = [read[n : n + least] for n in range(0, len(read), least)]  # a large model keeps much of all that it reads at once
    bits = [(-costs / math.log(2)).tolist() for part in parts for costs in asking.token_logprobs(model, part, frame.pad)]
    found, start = [], 0
    while start < length:
        end = min(length, max(1, 2 * start))
        each = [sum(b[start:end]) / (end - start) for b in bits]
        found.append({"from": start + 1, "to": end, "bits": sum(each) / len(each), "documents": len(read)})
        start = end
    return found


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
            {"near_duplicate_threshold": str(COPIES[0])} if reads else {},
            "fewer tokens, and as much to learn from them; what is repeated is learnt by heart"
            if reads
            else "nothing as long as pre-training reads none of it; what is repeated would be learnt by heart",
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
    if not reads and signs.get("chance", 0) > KNOWS:
        yield (
            "The adopted model knows next to nothing of this text",
            f"A token of unread text costs it {signs['chance']:.2f} times what it costs a model that finds all tokens equally likely.",
            DESIGN,
            {},
            "a model that has read such text, in its language, and whose tokenizer is its own; or tokens_seen above 0, which goes on training it",
        )
    if reads:
        yield from _of_training(signs)


def _of_training(signs):
    """Of what pre-training did."""
    back = signs["look_back"]
    if back and signs["longer"] > LOOKS_BACK[1] and back["low"] > LOOKS_BACK[0] * back["whole"]:
        yield (
            "The context is too short for this text",
            f"{signs['longer']:.0%} of the documents are longer than the context. Its last quarter costs {back['whole']:.2f} bits per token, and {back['half']:.2f} with half as much to look back at (a gain of {back['gain']:.2f} [{back['low']:.2f}, {back['high']:.2f}]): more may pay as well.",
            DESIGN,
            {"context_length": "×2"},
            "documents are read whole, and what was said earlier is used",
        )
    steady = [bits for share, bits in signs["curve"] if 0 < share <= STEADY]  # what it cost before the first step, training did not do
    if signs["bits"] <= signs["counted"] or len(steady) < 2:
        return
    falling = 1 - steady[-1] / steady[-2]
    why = (
        f"{signs['bits']:.3f} bits per byte of unread text; counting which token followed the few before it reaches {signs['counted']:.3f}"
    )
    guess = signs["bits"] / signs["chance"]  # of a model that finds all tokens equally likely
    if max(steady) > WILD * guess:
        told = f"and on the way it cost up to {max(steady):.1f}, where a model that finds all tokens equally likely costs {guess:.1f}: it was thrown about."
        yield (
            "Training went wrong",
            f"{why}, {told}",
            PRE,
            {"learning_rate": "0.0"},
            "the rate that suits this size, and a curve that falls",
        )
    elif falling > FALLS:
        yield (
            "Training ended before the model learnt more than counting",
            f"{why}. The curve was still falling before the rate was lowered: by {falling:.0%} from one score to the next.",
            PRE,
            {"tokens_seen": "×2"},
            "more of what is read is used; the curve says when it is enough",
        )
    else:
        yield (
            "Training went wrong",
            f"{why}, and between the last scores before the rate was lowered the curve fell by {max(0.0, falling):.0%} only: more of the same would not help.",
            PRE,
            {"learning_rate": "0.0"},
            "the rate that suits this size, and a curve that falls; if it does not, read the documents that phase 2 shows",
        )
