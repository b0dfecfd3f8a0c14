"""Model folders: loading one, what it remembers, how long a text it takes, how large it is."""

from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from llmlab.models import families  # registers our own architectures  # noqa: F401
from llmlab.spine.errors import UserError


def load(path, device="cpu"):
    """(model in evaluation mode, tokenizer) from a folder; only safetensors and ONNX are read, and no code from the folder runs.

    Args:
        device: "auto" takes a GPU where there is one; a graph always runs on the processor.
    """
    from pathlib import Path

    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False)
        if (Path(path) / "decode.onnx").exists():
            from llmlab.models.graph import OnnxModel

            return OnnxModel(path), tokenizer
        model = AutoModelForCausalLM.from_pretrained(path, trust_remote_code=False, use_safetensors=True)
    except Exception as error:  # safetensors, onnxruntime, json and transformers each raise their own
        made_by = Path(path).parent.name
        raise UserError(
            f"{path} does not load: {(str(error).splitlines() or [type(error).__name__])[0][:200]}",
            "a Hugging Face model folder with model.safetensors, or decode.onnx",
            f"llmlab run RUN --only {made_by} --force",
        ) from error
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return remember(model).eval().to(device), tokenizer


def remember(model):
    """Makes a trained model one for use again, since trainers save the settings they train with.

    The cache comes back on, without which each token reads the whole past; the experts' router keeps its scores to itself, which
    a mixture of experts cannot hand out while it generates from padded prompts.
    """
    model.config.use_cache = True
    if hasattr(model.config, "output_router_logits"):
        model.config.output_router_logits = False
    if model.generation_config is not None:
        model.generation_config.use_cache = True
    return model


def read_config(path):
    """The config of a folder."""
    return AutoConfig.from_pretrained(path, trust_remote_code=False)


def window(model):
    """Tokens that a conversation may have for this model: its positions, and at most 512 where it has no limit (RNN, CNN) or a long one."""
    return min(getattr(model.config, "max_position_embeddings", 512), 512)


def context(model):
    """Tokens of text that this model was trained to see at once: what it is fairly judged on."""
    return getattr(model.config, "context_length", window(model))


def size_bytes(folder):
    """Bytes of a model's weights on disk, whatever their format."""
    return sum(p.stat().st_size for p in Path(folder).iterdir() if p.suffix in (".safetensors", ".onnx", ".data"))
