"""Whom the model door lets in. What a config, a GGUF file's metadata, a chat template and a tokenizer tell is known before any kernel starts; whether all
weights are there, and none of them looks ahead, when they are loaded.
"""

import functools
import json

from llmlab.data import dialogue
from llmlab.spine.errors import UserError
from llmlab.spine.params import near
from llmlab.spine.places import MODELS as SOURCES

OWN = ("llmlab_rnn", "llmlab_cnn")
CAUSAL = ("gpt_neox", "gpt_neox_japanese")  # whose configs have is_decoder = false, at which their code does not look
SPARE = 1024, 50  # rows of the embeddings without a token: so many, or one in so many, since some pad them to a round number


FIX = f"llmlab run RUN -p start_from=…   ({SOURCES})"


def wrong(what, instead, fix=FIX):
    """The error of a model that cannot come in."""
    return UserError(what, instead, fix)


def line(error):
    """What somebody else's error says, in a line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


# --- configs ----------------------------------------------------------------------------------------------------------------------------
def config(told, name):
    """Refuses what is no decoder, or a class that stands outside transformers.

    Args:
        told: the model's config.json; name: what the model is called.
    """
    architectures, kind = told.get("architectures") or [], told.get("model_type")
    if told.get("is_encoder_decoder") or (architectures and not any("CausalLM" in a or "LMHead" in a for a in architectures)):
        raise wrong(f"start_from: {name} is a {', '.join(architectures) or 'encoder and decoder'}", "a decoder, …ForCausalLM")
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING, CONFIG_MAPPING_NAMES
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as DECODERS

    if kind not in {*CONFIG_MAPPING_NAMES, *OWN}:
        own = " and brings code of its own, which is never run" if told.get("auto_map") else ""
        raise wrong(f"start_from: transformers knows no {kind!r}{own}", near(kind, {*CONFIG_MAPPING_NAMES, *OWN}))
    if kind in OWN:
        return
    if kind not in DECODERS:
        raise wrong(f"start_from: {name} is a {kind!r}, of which transformers has no decoder", near(kind, DECODERS))
    try:
        made = CONFIG_MAPPING[kind].from_dict(told)
        ahead = made.is_encoder_decoder or _sees_ahead(made.get_text_config(decoder=True))
    except Exception as error:  # each config has rules of its own
        raise wrong(f"start_from: the config of {name} cannot be: {line(error)}", SOURCES) from error
    if ahead:
        raise wrong(f"start_from: {name} is an encoder ({kind}): its tokens see those that follow them", "a decoder, …ForCausalLM")


def _sees_ahead(config):
    """Whether a config says that tokens see those that follow them; that an encoder might be a decoder (`is_decoder`) makes it none."""
    return (
        (getattr(type(config), "is_decoder", None) is False and not config.is_decoder and config.model_type not in CAUSAL)
        or getattr(config, "is_encoder", False) is True
        or getattr(config, "use_bidirectional_attention", None) in (True, "all")
        or getattr(config, "attn_type", "") == "bi"
    )


# --- GGUF and templates -----------------------------------------------------------------------------------------------------------------
def gguf(path):
    """{name: value} of a GGUF file's metadata, without its tensors: of the vocabulary how many tokens there are, for how many the embeddings have rows, and the
    tokens that its marks name, as `bos_token` and so on."""
    return _gguf(path, path.stat().st_mtime_ns)


@functools.lru_cache(4)
def _gguf(path, changed):
    from gguf import GGUFReader, GGUFValueType

    try:
        reader = GGUFReader(path)
    except Exception as error:  # numpy's, of a file that ends too soon or holds something else
        raise wrong(f"start_from: {path.name} is damaged: {line(error)}", "a whole GGUF file") from error
    fields = reader.fields
    told = {k: f.contents() for k, f in fields.items() if f.types and f.types[0] != GGUFValueType.ARRAY}
    told["tokens"] = len(fields["tokenizer.ggml.tokens"].data) if "tokenizer.ggml.tokens" in fields else 0
    told["rows"] = next((int(t.shape[-1]) for t in reader.tensors if t.name == "token_embd.weight"), told["tokens"])
    for role in ("bos", "eos"):
        if (at := told.get(f"tokenizer.ggml.{role}_token_id")) is not None and at < told["tokens"]:
            told[f"{role}_token"] = fields["tokenizer.ggml.tokens"].contents(at)
    return told


def gguf_file(path):
    """Refuses a GGUF file of an architecture that transformers reads no decoder of, or whose chat template does not show the assistant."""
    from transformers.integrations.ggml import GGUF_CONFIG_MAPPING
    from transformers.integrations.gguf import GGUF_CONFIG_ARCHS

    known = {*GGUF_CONFIG_MAPPING, *GGUF_CONFIG_ARCHS} - {"general", "tokenizer", "t5", "umt5"}
    kind, plain = gguf(path).get("general.architecture"), lambda text: str(text).replace("-", "").replace("_", "")
    if plain(kind) not in map(plain, known):
        raise wrong(f"start_from: {path.name} is a {kind!r}, of which transformers reads no decoder from GGUF", near(kind, sorted(known)))
    if gguf(path)["tokens"] > gguf(path)["rows"]:
        raise too_many(gguf(path)["tokens"], gguf(path)["rows"])
    used, _, marks = templates(path)
    if used and dialogue.PROBE[1]["content"] not in says(used, marks, dialogue.PROBE):
        raise wrong(
            f"start_from: the chat template of {path.name} does not show what the assistant says",
            "a template that renders the turns one after the other; without any, llmlab's own is used",
        )


def templates(path):
    """(the chat template that is used, another one that stands beside it, what both may call marks) of a folder or a GGUF file; "" where there is none."""
    if path.is_file():
        told = gguf(path)
        return told.get("tokenizer.chat_template", ""), "", {k: told[k] for k in ("bos_token", "eos_token") if k in told}
    file, beside = path / "chat_template.jinja", path / "tokenizer_config.json"
    told = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
    inside = told.get("chat_template") or ""
    if isinstance(inside, list):  # several by name
        inside = {t["name"]: t["template"] for t in inside}.get("default", "")
    used = file.read_text(encoding="utf-8") if file.exists() else inside
    named = {k: v["content"] if isinstance(v, dict) else v for k in ("bos_token", "eos_token") if (v := told.get(k))}
    return used, inside if inside.strip() != used.strip() else "", named


def one_template(tokenizer, name):
    """Of several chat templates by name (for tools, for documents) the one called default stays, by which everything is rendered here."""
    several = tokenizer.chat_template
    if isinstance(several, dict):
        if "default" not in several:
            raise wrong(f"start_from: {name} has chat templates for {', '.join(several)}, and none is the default", "one called default")
        tokenizer.chat_template = several["default"]


def says(template, marks, messages):
    """A conversation as a chat template shows it, "" if it refuses it."""
    from transformers.utils.chat_template_utils import render_jinja_template

    try:
        return render_jinja_template(conversations=[messages], chat_template=template, **marks)[0][0]
    except Exception:  # a template raises what it likes
        return ""


# --- tokenizers and weights -------------------------------------------------------------------------------------------------------------
def tokenizer(found, rows, told, name, trusted=False):
    """Refuses a tokenizer that is not the model's: with more tokens than rows of the embeddings, or far fewer, or with other marks.

    Args:
        rows: of the embeddings; told: what config.json and generation_config.json say.
        trusted: whether to go on with what only seems wrong.

    Returns: what seems wrong and is taken on trust, "" if nothing does.
    """
    if len(found) > rows:
        raise too_many(len(found), rows)
    doubts = [f"the tokenizer has {len(found):,} tokens, the model {rows:,}"] * _far_fewer(len(found), rows) + _other_marks(found, told)
    if doubts and not trusted:
        raise wrong(
            f"start_from: this may not be the tokenizer of {name}: {'; '.join(doubts)}",
            f"the tokenizer that the model was trained with; {SPARE[0]:,} rows without a token, or {1 / SPARE[1]:.0%} of them, are no sign",
            "llmlab run RUN -p trust_tokenizer=true   (if you know that it is)",
        )
    return "; ".join(doubts)


def too_many(tokens, rows):
    return wrong(f"the tokenizer has {tokens:,} tokens, the model {rows:,}", "a tokenizer that fits its model")


def _far_fewer(tokens, rows):
    return rows - tokens > max(SPARE[0], rows // SPARE[1]) or 2 * tokens < rows


def _other_marks(found, told):
    """What configs call a mark, and the tokenizer an ordinary token, none at all, or a mark of another kind."""
    special = {*found.all_special_ids, *(i for i, token in found.added_tokens_decoder.items() if token.special)}
    odd = []
    for role in ("bos", "eos", "pad"):
        said = [said.get(f"{role}_token_id") for said in told]
        ids = {i for one in said for i in (one if isinstance(one, list) else [one]) if isinstance(i, int) and i >= 0}
        mine, others = getattr(found, f"{role}_token_id"), {found.bos_token_id, found.eos_token_id} - {getattr(found, f"{role}_token_id")}
        if ids and mine not in ids and not ids & (special if mine is None or role == "pad" else special - others):
            called = repr(found.convert_ids_to_tokens(min(ids))) if min(ids) < len(found) else "nothing"
            odd.append(f"{role}_token_id = {min(ids)} is {called} there")
    return odd


def weights(model, loading, name, own_code=False):
    """Refuses a model of which weights are missing, that has more of them than transformers' own class if it brings code of its own, or that looks ahead.

    Args:
        loading: what `from_pretrained` says with output_loading_info.
    """
    import torch

    model.eval()
    missing, more = sorted(loading["missing_keys"]), sorted(loading["unexpected_keys"]) if own_code else []
    for what, keys in (("are missing", missing), (f"have no place in {type(model).__name__}, since its own code is never run", more)):
        if keys:
            raise wrong(f"start_from: weights of {name} {what}: {', '.join(keys[:3])}, {len(keys)} in all", "a model that is whole")
    ids = torch.arange(1, 9)[None] % model.get_input_embeddings().weight.shape[0]
    with torch.no_grad():
        first, other = (model(input_ids=torch.cat([ids[:, :-1], last], 1)).logits[0, 0].float() for last in (ids[:, -1:], ids[:, :1]))
    if (first - other).abs().max() > 1e-5 * first.abs().max():  # what batches of experts alone change is a hundredth of that
        raise wrong(f"start_from: {name} looks ahead: what it says of a token changes with those that follow", "a decoder, …ForCausalLM")
