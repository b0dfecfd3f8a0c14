"""The model door: a decoder that somebody else trained, from a folder, a GGUF file, a file of an installed package, or the hub.

It is read from safetensors or GGUF, without any code of its own, and becomes an ordinary model folder with its tokenizer. Where the tokenizer
has no chat template it gets llmlab's: its marks are added, each beginning as the mean of all tokens.
"""

import importlib.util
import json
import tempfile
import time
from pathlib import Path

from llmlab.data import dialogue, introduction
from llmlab.models import admission, reach
from llmlab.models.admission import FIX, SOURCES, wrong
from llmlab.spine import places as named

PICKLES = (".bin", ".pt", ".pth", ".ckpt")
CONVERT = (
    "python -c \"from transformers import AutoModelForCausalLM as M, AutoTokenizer as T; [x.from_pretrained('FOLDER').save_pretrained('NEW') for x in (M, T)]\""
    "   (if you trust it)"
)


def place(start_from):
    """Where a model lies on this machine: a folder or a .gguf file; None on the hub. A UserError says what is there instead."""
    return named.model(start_from, "start_from", FIX)


def places(start_from):
    """Files outside the run that an adopted model is read from."""
    path = place(start_from) if start_from else None
    return [] if path is None else [path]


def check(start_from, trust_tokenizer=False):
    """Before any kernel starts: what is named is there, is a decoder with its own tokenizer, and needs neither pickles nor code of its own. Of a model of the
    hub the small files are fetched, and its weights are not."""
    path = place(start_from)
    if path is not None and path.is_file():
        if path.suffix != ".gguf" or _begins(path) != b"GGUF":
            raise wrong(f"start_from: {path.name} is no GGUF file", SOURCES)
        if importlib.util.find_spec("gguf") is None:
            raise wrong("start_from: reading GGUF needs the package gguf", "it is no part of llmlab", "pip install gguf==0.19.0")
        return admission.gguf_file(path)
    folder, names = reach.files(_on_hub(start_from)) if path is None else (path, sorted(p.name for p in path.iterdir()))
    name = _called(start_from, path)
    if "config.json" not in names:
        raise wrong(f"start_from: {name} holds no config.json", f"it holds {', '.join(names[:6]) or 'nothing'}; wanted: {SOURCES}")
    if not any(n.endswith(".safetensors") for n in names):
        pickles = [n for n in names if n.endswith(PICKLES)]
        held = f"only pickles ({', '.join(pickles[:3])}), which may run code" if pickles else "no weights"
        raise wrong(f"start_from: {name} holds {held}", "weights in safetensors", CONVERT if pickles else admission.FIX)
    if gone := sorted({*_said(folder, "model.safetensors.index.json").get("weight_map", {}).values()} - {*names}):
        raise wrong(f"start_from: {name} lacks {', '.join(gone[:3])}, which its index names", "all parts of the weights")
    told = _said(folder, "config.json")
    admission.config(told, name)
    _check_tokenizer(folder, told, name, trust_tokenizer)


def depth(start_from):
    """How many layers an adopted model has, as its configuration tells; None where only loading it would tell."""
    path = place(start_from) or reach.copied(_on_hub(start_from))
    if path is None:
        return None
    if path.is_file():
        return next((value for name, value in admission.gguf(path).items() if name.endswith(".block_count")), None)
    told = _said(path, "config.json")
    return next((told[name] for name in ("num_hidden_layers", "n_layer", "num_layers") if name in told), None)


def templateless(start_from):
    """Whether a model has no chat template and gets ours, whose marks it has to learn; False of one of the hub that is not here yet."""
    path = place(start_from) or reach.copied(_on_hub(start_from))
    return path is not None and not admission.templates(path)[0]


def blueprint(start_from):
    """A model before its weights are read, by its configuration; None where that alone does not tell."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    where, how = _named(start_from, place(start_from))
    try:
        config = AutoConfig.from_pretrained(where, trust_remote_code=False, **how)
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except Exception:  # of the hub, of a config: who adopts the model says what is wrong
        return None


def configuration(start_from):
    """The configuration of a model before it comes in; None if it cannot be read here, as of the hub without a network."""
    from transformers import AutoConfig

    where, how = _named(start_from, place(start_from))
    try:
        return AutoConfig.from_pretrained(where, trust_remote_code=False, **how).get_text_config()
    except Exception:  # of the hub, of a config: who adopts the model says what is wrong
        return None


def told_before(start_from, grounding, system):
    """What a model was used to, and what it will be shown from phase 5 on instead, in sentences.

    Args:
        grounding, system: parameters of phase 5. Raises UserError for a system turn that the model's template has no place for.
    """
    path = (place(start_from) or reach.copied(_on_hub(start_from))) if start_from else None
    if path is None:
        return []
    name, (used, other, marks) = _called(start_from, place(start_from)), admission.templates(path)
    if system and used and system.strip() not in admission.says(used, marks, [{"role": "system", "content": system}, *dialogue.PROBE]):
        raise introduction.placeless(system)
    rows, turn = 0 if path.is_file() else _said(path, "config.json").get("grounding", 0), introduction.introduced(used)
    said = [f"{name} has two chat templates: that of chat_template.jinja is used, that of tokenizer_config.json is not"] * bool(other)
    if rows and rows != grounding:
        said.append(
            f"{name} was taught with {rows} rows of a knowledge base beside each question, which do not come along; grounding = {grounding}"
        )
    if turn and system and turn != system:
        said.append(f"{name} was taught after the system turn {turn!r}; from phase 5 on it is another: {system!r}")
    return said


def _said(folder, file):
    """What a JSON file of a model says; {} where there is none."""
    path = Path(folder) / file
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError as error:
        raise wrong(f"start_from: {file} of {path.parent.name} is no JSON: {error}", SOURCES) from None


def _check_tokenizer(folder, told, name, trusted):
    """Refuses a tokenizer that is not the model's, or whose template does not show what the assistant says."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # a broken file, none at all, or a class of its own
        raise wrong(
            f"start_from: the tokenizer of {name} does not load: {admission.line(error)}",
            "a tokenizer that transformers reads, beside the weights",
        ) from error
    if not tokenizer.is_fast or not len(tokenizer):
        raise wrong(f"start_from: {name} holds no tokenizer that transformers' fast ones read", "tokenizer.json beside the weights")
    admission.one_template(tokenizer, name)
    known = told.get("vocab_size") or (told.get("text_config") or {}).get("vocab_size")
    if known:
        admission.tokenizer(tokenizer, known, [told, _said(folder, "generation_config.json")], name, trusted)
    if tokenizer.chat_template:
        dialogue.check(tokenizer, [dialogue.PROBE])


def _begins(path):
    with open(path, "rb") as stream:
        return stream.read(4)


# --- adopting ---------------------------------------------------------------------------------------------------------------------------
def adopt(start_from, out, trust_tokenizer=False):
    """Writes the model, in fp32, and its tokenizer into the folder `out`.

    Args:
        trust_tokenizer: goes on with a tokenizer that does not seem to be the model's own.

    Returns: {"name", "licence": what it says of its own, "seconds", "template": whose chat template it has, "tokens added"}, and what else should be known
    of it: code that is not run, a template that is not used, a tokenizer that is taken on trust.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    from llmlab.data import tokens

    check(start_from, trust_tokenizer)
    started, path = time.time(), place(start_from)
    where, how = _named(start_from, path)
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, trust_remote_code=False, **how)
        model, loading = AutoModelForCausalLM.from_pretrained(
            where, trust_remote_code=False, dtype=torch.float32, output_loading_info=True, **(how or {"use_safetensors": True})
        )
        folder = reach.copied(where) if path is None else path
        told = [] if how or folder is None else [_said(folder, file) for file in ("config.json", "generation_config.json")]
    except Exception as error:  # transformers, safetensors, gguf and the hub each raise their own
        raise wrong(f"start_from = {start_from!r} does not load: {admission.line(error)}", SOURCES) from error
    name, own_code = _called(start_from, path), any(said.get("auto_map") for said in told)
    if how:
        model = _unquantised(model)
    admission.weights(model, loading, name, own_code)
    doubts = admission.tokenizer(tokenizer, model.get_input_embeddings().weight.shape[0], told, name, trust_tokenizer)
    admission.one_template(tokenizer, name)
    added = tokens.give_template(tokenizer)
    if added:
        _make_room(model, len(tokenizer), len(added))
    model.config.new_marks = added  # by name, since a vocabulary may be trimmed
    dialogue.check(tokenizer, [dialogue.PROBE])
    model.config.pad_token_id = tokens.marks(tokenizer).pad
    frame = tokens.marks(tokenizer)  # how it generates is asked for, call by call: a penalty of its own would work against what it looks up
    model.generation_config = GenerationConfig(bos_token_id=frame.start, eos_token_id=list(frame.stops), pad_token_id=frame.pad)
    model.save_pretrained(str(out))
    tokenizer.save_pretrained(str(out))
    rows = getattr(model.config, "grounding", 0)
    more = {
        "was taught with": f"{rows} rows of a knowledge base beside each question, which do not come along" if rows else "",
        "its system turn": introduction.introduced(tokenizer.chat_template),
        "its own code": f"not run; read as transformers' {type(model).__name__}" if own_code else "",
        "another template": "that of tokenizer_config.json is not used" if folder is not None and admission.templates(folder)[1] else "",
        "taken on trust": doubts,
    }
    return {
        "name": name,
        "licence": _licence(start_from, path),
        "seconds": round(time.time() - started, 1),
        "template": "llmlab's" if added else "its own",
        "tokens added": len(added),
        **{what: said for what, said in more.items() if said},
    }


def opened(start_from):
    """(model, tokenizer) of any model that this door lets in, such as one that judges: as it lies there, or adopted first where it has no template."""
    from llmlab.models import weights

    path = place(start_from)
    if path is not None and path.is_dir() and ((path / "decode.onnx").exists() or admission.templates(path)[0]):
        return weights.load(path)
    with tempfile.TemporaryDirectory() as folder:
        adopt(start_from, folder, trust_tokenizer=True)  # whoever names a judge was told of doubts before
        return weights.load(folder)


def _make_room(model, size, added):
    """Gives the last `added` of `size` tokens a row each, the mean of the others: the same on every machine, whatever was drawn before."""
    model.resize_token_embeddings(max(size, model.get_input_embeddings().weight.shape[0]), mean_resizing=False)
    for table in {id(t.weight): t.weight for t in (model.get_input_embeddings(), model.get_output_embeddings())}.values():
        table.data[size - added : size] = table.data[: size - added].mean(0)


def _named(start_from, path):
    if path is None:
        return _on_hub(start_from), {}
    return (path.parent, {"gguf_file": path.name}) if path.is_file() else (path, {})


def _on_hub(start_from):
    """OWNER/NAME of a model of the hub."""
    return start_from.removeprefix("hub:")


def _called(start_from, path):
    """What a model is called in reports: never where it lies."""
    return _on_hub(start_from) if path is None else path.stem if path.is_file() else path.name


def _licence(start_from, path):
    """What a GGUF file, or the card of a folder or of the hub, says of a licence."""
    if path is not None and path.is_file():
        return str(admission.gguf(path).get("general.license", "not stated"))
    from huggingface_hub import ModelCard

    try:
        card = ModelCard.load(path / "README.md" if path else _on_hub(start_from), ignore_metadata_errors=True)
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
