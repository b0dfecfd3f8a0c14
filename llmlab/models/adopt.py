"""The model door: a decoder that somebody else trained, from a folder, a GGUF file, a file of an installed package, or the hub.

It is read from safetensors or GGUF, without any code of its own, and becomes an ordinary model folder with its tokenizer. Where the tokenizer
has no chat template it gets llmlab's: its marks are added, each beginning as the mean of all tokens.
"""

import importlib.util
import json
import time
from pathlib import Path

from llmlab.spine.errors import UserError
from llmlab.spine.params import ROOT, near

SOURCES = "a folder with config.json and safetensors, a .gguf file, package:NAME/FILE.gguf, or hub:NAME"
PICKLES = (".bin", ".pt", ".pth", ".ckpt")


def place(start_from):
    """Where a model lies on this machine: a folder or a .gguf file; None on the hub. A UserError says what is there instead."""
    if start_from.startswith("hub:"):
        return None
    if start_from.startswith("package:"):
        return _in_package(start_from.removeprefix("package:"))
    path = (ROOT / Path(start_from).expanduser()).resolve()
    if not path.exists():
        beside = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
        raise _wrong(f"start_from = {start_from!r}: there is no {path.name}", near(path.name, beside) if beside else SOURCES)
    return path


def places(start_from):
    """Files outside the run that an adopted model is read from."""
    path = place(start_from) if start_from else None
    return [] if path is None else [path]


def _in_package(name):
    """A file of an installed package, which is found and not imported."""
    package, _, file = name.partition("/")
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        found = None
    if found is None or not found.submodule_search_locations:
        raise _wrong(
            f"start_from: the package {package!r} is not installed",
            "an installed package that holds a model",
            f"pip install {package.replace('_', '-')}",
        )
    folder = Path(next(iter(found.submodule_search_locations)))
    if not (folder / file).is_file():
        there = sorted(p.name for p in folder.rglob("*.gguf"))
        raise _wrong(f"start_from: {package} has no file {file!r}", f"there are: {', '.join(there) or 'no .gguf files'}")
    return folder / file


def check(start_from):
    """Before any kernel starts: what is named is there, is a decoder, and needs neither pickles nor code of its own."""
    path = place(start_from)
    if path is None:
        return
    if path.is_file():
        if path.suffix != ".gguf" or _begins(path) != b"GGUF":
            raise _wrong(f"start_from: {path.name} is no GGUF file", SOURCES)
        if importlib.util.find_spec("gguf") is None:
            raise _wrong("start_from: reading GGUF needs the package gguf", "an extra of llmlab", "pip install -e .[smollm2]")
        return
    names = sorted(p.name for p in path.iterdir())
    if "config.json" not in names:
        raise _wrong(f"start_from: {path.name} holds no config.json", f"it holds {', '.join(names[:6]) or 'nothing'}; wanted: {SOURCES}")
    if not any(n.endswith(".safetensors") for n in names):
        pickles = [n for n in names if n.endswith(PICKLES)]
        held = f"only pickles ({', '.join(pickles[:3])}), which may run code" if pickles else "no weights"
        raise _wrong(
            f"start_from: {path.name} holds {held}",
            "weights in safetensors",
            "convert them where you trust them: model.save_pretrained(FOLDER)",
        )
    if not {"tokenizer.json", "tokenizer.model", "vocab.json"} & set(names):
        raise _wrong(f"start_from: {path.name} holds no tokenizer", "tokenizer.json beside the weights")
    _check_config(path)
    _check_tokenizer(path)


def depth(start_from):
    """How many layers an adopted model has, as its configuration tells; None where only loading it would tell."""
    path = place(start_from)
    if path is None:
        return None
    if path.is_file():
        import gguf

        fields = gguf.GGUFReader(path).fields
        return next((int(field.contents()) for name, field in fields.items() if name.endswith(".block_count")), None)
    told = json.loads((path / "config.json").read_text())
    return next((told[name] for name in ("num_hidden_layers", "n_layer", "num_layers") if name in told), None)


def _check_tokenizer(path):
    """Refuses a tokenizer that knows more tokens than the model, or whose template does not show what the assistant says."""
    from transformers import AutoTokenizer

    from llmlab.data import dialogue

    try:
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
    except Exception as error:  # a broken file, or a class of its own
        raise _wrong(
            f"start_from: the tokenizer of {path.name} does not load: {(str(error).splitlines() or [''])[0][:150]}", "tokenizer.json"
        ) from error
    known = json.loads((path / "config.json").read_text()).get("vocab_size")
    if known and len(tokenizer) > known:
        raise _wrong(f"the tokenizer has {len(tokenizer):,} tokens, the model {known:,}", "a tokenizer that fits its model")
    if tokenizer.chat_template:
        dialogue.check(tokenizer, [dialogue.PROBE])


def _begins(path):
    with open(path, "rb") as stream:
        return stream.read(4)


def _check_config(path):
    """Refuses what is no decoder, or a class that stands outside transformers."""
    try:
        config = json.loads((path / "config.json").read_text())
    except ValueError as error:
        raise _wrong(f"start_from: {path.name}/config.json is no JSON: {error}", SOURCES) from None
    architectures = config.get("architectures") or []
    if config.get("is_encoder_decoder") or (architectures and not any("CausalLM" in a or "LMHead" in a for a in architectures)):
        raise _wrong(f"start_from: {path.name} is a {', '.join(architectures) or 'encoder and decoder'}", "a decoder, …ForCausalLM")
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    known = {*CONFIG_MAPPING_NAMES, "llmlab_rnn", "llmlab_cnn"}
    if config.get("model_type") not in known:
        own = " and brings code of its own, which is never run" if config.get("auto_map") else ""
        raise _wrong(f"start_from: transformers knows no {config.get('model_type')!r}{own}", near(config.get("model_type"), known))


def _wrong(what, instead, fix=f"llmlab run RUN -p start_from=…   ({SOURCES})"):
    return UserError(what, instead, fix)


# --- adopting ---------------------------------------------------------------------------------------------------------------------------
def adopt(start_from, out):
    """Writes the model, in fp32, and its tokenizer into the folder `out`.

    Returns: {"name", "licence": what it says of its own, "seconds", "template": whose chat template it has, "tokens added"}.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    from llmlab.data import dialogue, tokens

    check(start_from)
    started, path = time.time(), place(start_from)
    where, how = _named(start_from, path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, trust_remote_code=False, **how)
        model = AutoModelForCausalLM.from_pretrained(
            where, trust_remote_code=False, dtype=torch.float32, **(how or {"use_safetensors": True})
        )
    except Exception as error:  # transformers, safetensors, gguf and the hub each raise their own
        raise _wrong(
            f"start_from = {start_from!r} does not load: {(str(error).splitlines() or [type(error).__name__])[0][:200]}", SOURCES
        ) from error
    if how:
        model = _unquantised(model)
    added = tokens.give_template(tokenizer)
    if added:
        _make_room(model, len(tokenizer), added)
    dialogue.check(tokenizer, [dialogue.PROBE])
    model.config.pad_token_id = tokens.marks(tokenizer).pad
    frame = tokens.marks(tokenizer)  # how it generates is asked for, call by call: a penalty of its own would work against what it looks up
    model.generation_config = GenerationConfig(bos_token_id=frame.start, eos_token_id=list(frame.stops), pad_token_id=frame.pad)
    model.save_pretrained(str(out))
    tokenizer.save_pretrained(str(out))
    return {
        "name": _called(start_from, path),
        "licence": _licence(start_from, path),
        "seconds": round(time.time() - started, 1),
        "template": "llmlab's" if added else "its own",
        "tokens added": added,
    }


def _make_room(model, size, added):
    """Gives the last `added` of `size` tokens a row each, the mean of the others: the same on every machine, whatever was drawn before."""
    model.resize_token_embeddings(max(size, model.get_input_embeddings().weight.shape[0]), mean_resizing=False)
    for table in {id(t.weight): t.weight for t in (model.get_input_embeddings(), model.get_output_embeddings())}.values():
        table.data[size - added : size] = table.data[: size - added].mean(0)


def _named(start_from, path):
    if path is None:
        return start_from.removeprefix("hub:"), {}
    return (path.parent, {"gguf_file": path.name}) if path.is_file() else (path, {})


def _called(start_from, path):
    """What a model is called in reports: never where it lies."""
    return start_from.removeprefix("hub:") if path is None else path.stem if path.is_file() else path.name


def _licence(start_from, path):
    """What a GGUF file, or the card of a folder or of the hub, says of a licence."""
    if path is not None and path.is_file():
        from gguf import GGUFReader

        field = GGUFReader(path).get_field("general.license")
        return str(field.contents()) if field else "not stated"
    from huggingface_hub import ModelCard

    try:
        card = ModelCard.load(path / "README.md" if path else start_from.removeprefix("hub:"), ignore_metadata_errors=True)
    except Exception:  # of a file, of YAML, of the hub
        return "no card that can be read"
    return str(card.data.license or "not stated")


def _unquantised(model):
    """A model like one that was read from GGUF, whose own object refuses to be saved; the weights are those that were unpacked."""
    import copy

    from transformers import AutoModelForCausalLM

    config = copy.deepcopy(model.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    fresh = AutoModelForCausalLM.from_config(config, trust_remote_code=False).float()
    fresh.load_state_dict(model.state_dict())
    fresh.generation_config = copy.deepcopy(model.generation_config)
    return fresh
