"""Confidential sources: what a run keeps of their text lies sealed, under a key that is not in the run, and no report shows it.

Sealing is AES-SIV (RFC 5297): whoever lacks the key reads nothing and changes nothing unnoticed, and equal texts give equal files, so that a
phase made twice is still the same.
"""

import functools
import os
from pathlib import Path

from llmlab.spine.errors import UserError

CONFIDENTIAL = "LLMLAB_CONFIDENTIAL"  # set where a phase of a confidential run is at work, for its processes too
MARK = b"llmlab sealed 1\n"
TEXTS = ("probe.json", "problems.json")  # beside all JSON lines, which hold documents, lessons, questions and answers


def confidential(yes=None):
    """Whether this process works on a confidential source; says so to this process and its children if `yes` is given."""
    if yes is not None:
        os.environ[CONFIDENTIAL] = "1" if yes else ""
    return bool(os.environ.get(CONFIDENTIAL))


def seal(path, content):
    """The bytes to write for a file: sealed if it holds text and the source is confidential."""
    name = Path(path).name
    holds_text = name in TEXTS or (name.endswith(".jsonl") and name != "metrics.jsonl")
    return MARK + _cipher().encrypt(content, [name.encode()]) if confidential() and holds_text and content else content


def unseal(path, content):
    """The bytes of a file, readable; a UserError where the key is missing or another one."""
    if not content.startswith(MARK):
        return content
    from cryptography.exceptions import InvalidTag

    if _file().exists():
        try:
            return _cipher().decrypt(content[len(MARK) :], [Path(path).name.encode()])
        except (InvalidTag, ValueError):  # another key, or none at all
            pass
    raise UserError(
        f"{Path(path).name} is sealed, since its source is confidential, and the key on this machine does not open it",
        "the key of whoever made the run",
        f"put that key into {_shown(_file())}",
    )


def withheld(text):
    """A text as reports show it: of a confidential source its length alone."""
    return f"(withheld: {len(str(text))} characters)" if confidential() else text


def _file():
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "llmlab" / "key"


def _shown(path):
    return str(path).replace(str(Path.home()), "~", 1)


@functools.cache
def _cipher():
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

    path = _file()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".key.{os.getpid()}")
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(AESSIV.generate_key(512))
        try:
            os.link(partial, path)  # two kernels may make one at once: the first one counts
        except FileExistsError:
            pass
        partial.unlink()
    return AESSIV(path.read_bytes())
