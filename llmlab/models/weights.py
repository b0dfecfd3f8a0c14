"""Model folders: loading one, what it remembers, how long a text it takes, how large it is."""

import math
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from llmlab.data import lookup, tokens
from llmlab.models import families  # registers our own architectures  # noqa: F401
from llmlab.spine.errors import UserError
from llmlab.spine.files import read_json


def load(path, device="cpu"):
    """(model in evaluation mode, tokenizer) from a folder; only safetensors and ONNX are read, and no code from the folder runs.

    Args:
        device: "auto" takes a GPU where there is one; a graph always runs on the processor.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
        if (Path(path) / "decode.onnx").exists():
            from llmlab.models.graph import OnnxModel

            graph = OnnxModel(path)
            return graph, lookup.equip(tokenizer, path, getattr(graph.config, "grounding", 0))
        model = AutoModelForCausalLM.from_pretrained(path, trust_remote_code=False, use_safetensors=True, dtype=torch.float32)
    except Exception as error:  # safetensors, onnxruntime, json and transformers each raise their own
        made_by = Path(path).parent.name
        raise UserError(
            f"{path} does not load: {(str(error).splitlines() or [type(error).__name__])[0][:200]}",
            "a Hugging Face model folder with model.safetensors, or decode.onnx",
            f"llmlab run RUN --only {made_by} --force",
        ) from error
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return remember(model).eval().to(device), lookup.equip(tokenizer, path, getattr(model.config, "grounding", 0))


def tokenizer(folder):
    """The tokenizer of a model's folder, as `load` gives it: with the rows that the model looks up, if it was taught with some."""
    return lookup.equip(tokens.load(folder), folder, getattr(read_config(folder), "grounding", 0))


def remember(model):
    """Makes a trained model one for use again, since trainers save the settings they train with.

    The cache comes back on, without which each token reads the whole past; the experts' router keeps its scores to itself, which
    a mixture of experts cannot hand out while it generates from padded prompts.
    """
    model.config.use_cache = True
    if hasattr(model.config, "output_router_logits"):
        model.config.output_router_logits = False
    if getattr(model, "generation_config", None) is not None:  # a model that scores writes nothing
        model.generation_config.use_cache = True
    return model


def read_config(path):
    """The config of a folder."""
    return AutoConfig.from_pretrained(path, trust_remote_code=False)


ENDLESS = 1 << 20  # positions of a model that has none to run out of


def window(model):
    """Tokens that a conversation may have for this model: its positions; where it has no limit, four times what it was trained to see, or 2,048."""
    config = model.config.get_text_config()
    known = [n for name in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length") if (n := getattr(config, name, None))]
    positions = known[0] if known else ENDLESS
    return positions if positions < ENDLESS else max(512, 4 * getattr(config, "context_length", 512))


def context(model):
    """Tokens of text that this model is judged on at once: what it was trained to see, and at most 1,024 of an adopted one."""
    return getattr(model.config, "context_length", min(window(model), 1024))


def trained(folder):
    """Whether a folder holds weights, and not a config alone."""
    return any(Path(folder).glob("*.safetensors"))


def was_adopted(model):
    """Whether somebody else trained it: models of our own families note what they were trained to see."""
    return not hasattr(model.config, "context_length") or hasattr(type(model.config), "context_length")  # a field of somebody else's


def begun(folder, vocab_size, seed):
    """The model that training starts from: the weights of a folder, or random ones for its config.

    Args:
        vocab_size: the least that its embeddings must hold.
    """
    if trained(folder):
        return AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=False, use_safetensors=True, dtype=torch.float32)
    config = read_config(folder)
    config.vocab_size = max(config.vocab_size, vocab_size)
    return families.initialise(config, seed)


PARAMETERS = "parameter_count"  # in the config of a graph, whose rounded weights are no parameters to count


def parameter_count(folder):
    """Parameters of a model of safetensors, from the files' headers; of a graph those of the model that it was made of, as its config notes them."""
    from safetensors import safe_open

    files = sorted(Path(folder).glob("*.safetensors"))
    count = 0
    for file in files:
        with safe_open(file, "pt") as stream:
            count += sum(math.prod(stream.get_slice(name).get_shape()) for name in stream.keys())
    return count or read_json(Path(folder) / "config.json").get(PARAMETERS)


def size_bytes(folder):
    """Bytes of a model's weights on disk, whatever their format."""
    return sum(p.stat().st_size for p in Path(folder).iterdir() if p.suffix in (".safetensors", ".onnx", ".data"))
