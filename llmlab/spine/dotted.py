"""A function chosen by its dotted path: llmlab.training.posttrain.dpo, or my_file.my_method with my_file.py in the project's root."""

import importlib
import inspect
import sys

from llmlab.spine.errors import UserError
from llmlab.spine.params import ROOT, closest, near


def function(path):
    """The function that a dotted path names."""
    module, _, name = path.rpartition(".")
    if str(ROOT) not in sys.path:  # my_file.py lies in the project's root, wherever the kernel started
        sys.path.append(str(ROOT))
    try:
        found = importlib.import_module(module)
    except (ImportError, ValueError):
        raise UserError(
            f"there is no module {module!r}",
            "a dotted path such as llmlab.training.posttrain.dpo",
            "check the path, and that its folder is on PYTHONPATH",
        ) from None
    if not callable(getattr(found, name, None)):
        known = [n for n, f in vars(found).items() if inspect.isfunction(f) and f.__module__ == module and not n.startswith("_")]
        raise UserError(
            f"{module} has no function {name!r}",
            near(name, known),
            f"-p NAME={module}.{(closest(name, known) or known or ['function'])[0]}",
        )
    return getattr(found, name)
