"""What no notebook, report or run may hold: secrets of the environment, and where things lie on this machine."""

import functools
import os
import re
from pathlib import Path

from llmlab.spine.errors import UserError
from llmlab.spine.params import ROOT
from llmlab.spine.places import shown

SECRET_WORDS = {"KEY", "APIKEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS", "AUTH", "PAT"}
ISSUED = re.compile(  # what services issue: Hugging Face, OpenAI and others, GitHub, GitLab, AWS, Google, Slack, a JSON web token, a private key
    r"hf_\w{20,}|sk-[\w-]{20,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}|A[KS]IA[A-Z\d]{16}|AIza[\w-]{30,}|xox[a-z]-[\w-]{10,}"
    r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*"
)


def is_secret(name, value):
    """Whether the value of an environment variable is a secret: by its form, or because it is no ordinary text and its name calls it one.

    TOKENIZER_LIBRARY=transformers is none, nor are numbers, places of files, and words that our own notebooks use.
    """
    if ISSUED.fullmatch(value):
        return True
    words = set(re.split(r"[\W_]+", name.upper()))
    called_so = SECRET_WORDS & words or (_random(value) and any(secret in name.upper() for secret in SECRET_WORDS))
    ordinary = value.isdigit() or os.path.isabs(value) or re.match(r"\w+://[^@]*$", value) or value in _vocabulary()
    return bool(called_so) and len(value) >= 8 and not ordinary


def _random(value):
    """Whether a value looks drawn: long, of letters and digits, without spaces. Only then MYAPIKEY counts as a name that holds KEY."""
    return len(value) >= 16 and re.search(r"\d", value) and re.search(r"[A-Za-z]", value) and not re.search(r"\s", value)


@functools.cache
def _vocabulary():
    """The words of the notebooks and of the libraries' names."""
    files = [*(ROOT / "notebooks").glob("*.ipynb"), *ROOT.glob("requirements.lock")]
    return {word for file in files for word in re.findall(r"[\w.-]+", file.read_text(encoding="utf-8"))}


def check_secrets(text, where):
    """`text` itself, or an error if the value of a secret environment variable stands in it."""
    secrets = {name: value for name, value in os.environ.items() if value in text and is_secret(name, value)}
    if name := next(iter(secrets), None):
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
    for value in (v for values_ in values.values() for v in (values_ if isinstance(values_, list) else [values_])):
        text = text.replace(value, shown(value)) if shown(value) != value else text
    return text.replace(str(ROOT), ".")
