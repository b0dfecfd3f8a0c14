"""What can be known to fail before any kernel starts: sizes that do not fit together, data that is not there, a missing GPU."""

import ast
import importlib.util
import os

from llmlab.errors import UserError
from llmlab.params import ROOT, closest, near


def check(phase, params):
    """Raises UserError for parameters of a phase that cannot work; cheap, and without torch unless a GPU is asked for."""
    if "device" in params:
        device(params)
    if phase == "1_model_design":
        design(params)
    if "source" in params:
        from llmlab import corpus

        corpus.check(params)
    if phase == "5_post_training":
        method("preference", params["preference"])
    if phase == "5_post_training" and params["annotations"]:
        from llmlab import feedback

        feedback.preferences(params["annotations"], None)


def design(params):
    """Widths, heads and positions fit together."""
    width, heads = params["hidden_size"], params["num_attention_heads"]
    if width % heads:
        near = [w for w in range(max(heads, width - heads), width + heads + 1) if w % heads == 0]
        raise UserError(
            f"hidden_size = {width} is not a multiple of num_attention_heads = {heads}",
            f"multiples near it: {near}",
            f"llmlab run RUN -p hidden_size={near[-1]}",
        )
    if params["family"] in ("transformer", "moe") and (width // heads) % 2:
        raise UserError(
            f"each head would be {width // heads} wide",
            "an even number, since positions are rotated in pairs",
            f"llmlab run RUN -p hidden_size={2 * heads * max(1, width // (2 * heads))}",
        )


def method(parameter, path):
    """A step that is chosen by its dotted path exists; its file is read, not imported."""
    module, _, name = path.rpartition(".")
    file = ROOT / f"{module.replace('.', '/')}.py"
    if not file.exists():
        if not module or importlib.util.find_spec(module.split(".")[0]) is None:
            raise UserError(
                f"{parameter} = {path!r}: there is no module {module!r}",
                "a dotted path such as llmlab.posttrain.dpo, or my_file.my_method with my_file.py in the project's root",
                f"llmlab run RUN -p {parameter}=llmlab.posttrain.dpo",
            )
        return
    known = [n.name for n in ast.parse(file.read_text()).body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
    if name not in known:
        raise UserError(
            f"{parameter}: {module} has no function {name!r}",
            near(name, known),
            f"llmlab run RUN -p {parameter}=" + (f"{module}.{closest(name, known)[0]}" if closest(name, known) else "llmlab.posttrain.dpo"),
        )


def device(params):
    """Refuses a GPU that is not there, or more processes than the machine has cores."""
    if params.get("device") == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise UserError(
                "device = 'cuda', but torch sees no GPU",
                f"this machine has {os.cpu_count()} processor cores (device = 'cpu')",
                "llmlab run RUN -p device=cpu",
            )
    if params.get("device") != "cuda" and params.get("devices", 1) > (os.cpu_count() or 1):
        raise UserError(f"devices = {params['devices']}", f"{os.cpu_count()} cores", "llmlab run RUN -p devices=1")
