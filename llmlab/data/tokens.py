"""Text to tokens: the tokenizer, the chat template with its loss mask, packing."""

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow
import pyarrow.parquet

from llmlab.data import dialogue
from llmlab.spine import track
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl

SPECIAL = ("<|pad|>", "<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")  # of the tokenizers that we train

# `generation` marks what the assistant says, its end of turn included: the only tokens that supervised training learns.
TEMPLATE = """{{ bos_token }}{%- for m in messages %}{%- if m['role'] == 'assistant' %}<|assistant|>{% generation %}{{ m['content'] }}<|end|>{% endgeneration %}\
{%- else %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{%- endif %}{%- endfor %}{%- if add_generation_prompt %}<|assistant|>{%- endif %}"""


def train(texts, vocab_size, out, context_length):
    """Trains a byte-level BPE tokenizer (Sennrich et al. 2016; Radford et al. 2019) and saves it with the chat template.

    Every byte has a token, so no text is out of vocabulary.

    Args:
        texts: training documents only; the tokenizer must not see what it is judged on.
        vocab_size: number of tokens, at least 256 bytes + 6 special ones.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer, bpe.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=list(SPECIAL), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    bpe.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token=SPECIAL[0],
        bos_token=SPECIAL[1],
        eos_token=SPECIAL[2],
        padding_side="left",
        model_max_length=context_length,
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(str(out))
    return tokenizer


def give_template(tokenizer):
    """Gives a tokenizer without a chat template llmlab's own; returns the special tokens that were added for it."""
    if tokenizer.chat_template:
        return []
    before, roles = len(tokenizer), list(SPECIAL[3:])
    end = [] if tokenizer.eos_token else [SPECIAL[2]]
    tokenizer.add_special_tokens({"additional_special_tokens": [*roles, *end], **({"eos_token": end[0]} if end else {})})
    tokenizer.chat_template = TEMPLATE.replace(SPECIAL[2], tokenizer.eos_token)
    return tokenizer.convert_ids_to_tokens(range(before, len(tokenizer)))


def prepare(adopted, texts, vocab_size, out, context_length):
    """The tokenizer of a run, in the folder `out`: that of the model it starts from, which is kept as it is, or one trained on `texts`."""
    if not (Path(adopted) / "tokenizer_config.json").exists():
        return train(texts, vocab_size, out, context_length)
    tokenizer = load(adopted)
    tokenizer.save_pretrained(str(out))
    return tokenizer


def load(path):
    """The tokenizer of a folder."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(path), trust_remote_code=False)


# --- what a tokenizer calls its marks ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Marks:
    """Ids that frame texts and turns, as the tokenizer has them: nothing else in llmlab knows a token's number.

    Attributes:
        start: what a text begins with, from which its first token is predicted.
        end: what closes a text.
        pad: what fills a batch; always masked.
        stops: what ends an answer: the end of a text, and of a turn in the chat template.
    """

    start: int
    end: int
    pad: int
    stops: tuple


def marks(tokenizer):
    """The Marks of a tokenizer; worked out once."""
    known = getattr(tokenizer, "_llmlab_marks", (None, None))
    if known[0] != (tokenizer.chat_template, len(tokenizer)):
        end = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else tokenizer.pad_token_id
        if end is None:
            raise UserError(
                "the tokenizer has no end-of-text token", "eos_token in its tokenizer_config.json", "$EDITOR tokenizer_config.json"
            )
        start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else end
        pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else end
        turn = dialogue.end_of_turn(tokenizer) if tokenizer.chat_template else None
        found = Marks(start, end, pad, tuple(dict.fromkeys((end, end if turn is None else turn))))
        known = tokenizer._llmlab_marks = ((tokenizer.chat_template, len(tokenizer)), found)
    return known[1]


def encode(tokenizer, texts):
    """Token ids of texts, without special tokens: markup such as `<|end|>` in a text stays text."""
    fast = tokenizer.backend_tokenizer
    fast.encode_special_tokens = True
    try:
        return [e.ids for e in fast.encode_batch(list(texts), add_special_tokens=False)]
    finally:
        fast.encode_special_tokens = False


def check_size(rows, context_length, tokens_seen, most_passes=40):
    """Raises UserError if the text cannot carry the training that phase 1 planned.

    Repeating a text four times is nearly as good as new text, and beyond forty passes nothing more is learnt (Muennighoff et al. 2023).

    Args:
        rows: of `tokenise`, the training part.
        tokens_seen: training tokens, repeats included; 0 passes an adopted model on, which learns nothing of this text.
    """
    if not tokens_seen:
        return
    longest, total = max((len(r["input_ids"]) for r in rows), default=0), sum(len(r["input_ids"]) + 2 for r in rows)
    if longest + 2 < context_length:
        raise UserError(
            f"context_length = {context_length} tokens, but the longest document has {longest}",
            f"{len(rows)} documents; what no document is long enough to show cannot be learnt",
            f"llmlab run RUN -p context_length={max(16, 1 << (longest.bit_length() - 1))}",
        )
    if tokens_seen > most_passes * total:
        raise UserError(
            f"the corpus is too small: {tokens_seen:,} training tokens would be {tokens_seen / max(1, total):.0f} passes over {total:,}",
            f"at most {most_passes} passes teach anything",
            f"llmlab run RUN -p 1_model_design.tokens_seen={10 * total}   (or more text)",
        )


def pack(documents, context_length, seed, frame):
    """Blocks of `context_length` tokens: documents in random order, each between a start and an end, one after the other.

    No token is lost but the last incomplete block's.

    Args:
        documents: token ids per document.
        frame: Marks of the tokenizer.

    Returns: (blocks, number of tokens left over).
    """
    documents = random.Random(seed).sample(documents, len(documents))
    stream = [token for ids in documents for token in (frame.start, *ids, frame.end)]
    whole = len(stream) // context_length * context_length
    return [stream[i : i + context_length] for i in range(0, whole, context_length)], len(stream) - whole


def write(folder, blocks, validation):
    """`train.parquet` (input_ids) and `validation.parquet` (input_ids, source, bytes), which `datasets` reads as a folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(
        pyarrow.table({"input_ids": pyarrow.array(blocks, pyarrow.list_(pyarrow.int32()))}), folder / "train.parquet"
    )
    columns = {
        "input_ids": pyarrow.array([v["input_ids"] for v in validation], pyarrow.list_(pyarrow.int32())),
        "source": [v["source"] for v in validation],
        "bytes": pyarrow.array([v["bytes"] for v in validation], pyarrow.int64()),
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "validation.parquet")


def read(folder, part):
    """The rows of `train` or `validation` as a dict of columns."""
    return pyarrow.parquet.read_table(Path(folder) / f"{part}.parquet").to_pydict()


def some_validation(data, count=150):
    """At most `count` random validation documents, always the same: rows for `asking.bits_per_byte`.

    Args:
        data: folder that `write` filled.
    """
    columns = read(data, "validation")
    chosen = sorted(random.Random(0).sample(range(len(columns["bytes"])), min(count, len(columns["bytes"]))))
    return [{key: values[i] for key, values in columns.items()} for i in chosen]


def like(rows, tokenizer, path, seed):
    """Random documents of a JSON-lines file, tokenised: as many as `rows`, of the same sources as far as there are some."""
    wanted, found, others, documents = Counter(r["source"] for r in rows), [], [], jsonl(path)
    for document in random.Random(seed).sample(documents, len(documents)):
        (found if wanted[document["source"]] > 0 else others).append(document)
        wanted[document["source"]] -= 1
    return tokenise(tokenizer, (found + others)[: len(rows)])


def tokenise(tokenizer, documents):
    """[{"input_ids", "source", "bytes"}] of documents; bytes are those of the text in UTF-8."""
    rows = []
    for start in track.each(range(0, len(documents), 512), "tokenising"):
        part = documents[start : start + 512]
        for document, ids in zip(part, encode(tokenizer, [d["text"] for d in part])):
            rows.append({"input_ids": ids, "source": document["source"], "bytes": len(document["text"].encode())})
    return rows


def judge(tokenizer, documents):
    """What the tokenizer is worth on documents it has not seen.

    Returns: {"bytes_per_token", "tokens_per_word", "used": share of the vocabulary that occurs, "words_in_one_token"}.
    """
    texts = [d["text"] for d in documents]
    ids = encode(tokenizer, texts)
    words = [w for t in texts for w in t.split()]
    single = sum(len(i) == 1 for i in encode(tokenizer, [" " + w for w in words]))
    total = sum(map(len, ids))
    return {
        "bytes_per_token": round(sum(len(t.encode()) for t in texts) / total, 3),
        "tokens_per_word": round(total / len(words), 3),
        "used": round(len({t for i in ids for t in i}) / len(tokenizer), 3),
        "words_in_one_token": round(single / len(words), 3),
    }
