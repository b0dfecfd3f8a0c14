"""What no notebook, report or run may hold: secrets of the environment, and where things lie on this machine."""

import os
import re
from pathlib import Path

from llmlab.spine.errors import UserError
from llmlab.spine.params import ROOT, shown

SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.I)


def check_secrets(text, where):
    """`text` itself, or an error if the value of a secret environment variable stands in it."""
    for name, value in os.environ.items():
        if SECRET_NAME.search(name) and len(value) >= 8 and value in text:
            raise UserError(
                f"the value of the environment variable {name} is about to be written to {Path(where).name}",
                "reports without secrets",
                "remove it from the notebook's cells and outputs",
            )
    return text


def anonymous(text, runs, values):
    """A notebook's text without places of this machine: runs become their names, the project a dot.

    Args:
        values: parameters, of which files outside the project keep their names alone.
    """
    for run in runs:
        relative = os.path.relpath(run.path, ROOT)
        for place in (str(run.path), *([relative] if relative.startswith("..") else [])):
            text = text.replace(place, run.path.name)
    for value in values.values():
        text = text.replace(value, shown(value)) if shown(value) != value else text
    return text.replace(str(ROOT), ".")
