"""Parameters that name files: taken from where somebody stands, and shown without where they lie."""

import os
from pathlib import Path

from llmlab.spine.params import ROOT

PLACES = (
    "source",
    "annotations",
    "instructions",
    "preferences",
    "tasks",
    "labels",
    "knowledge",
    "start_from",
    "general",
    "judge",
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
