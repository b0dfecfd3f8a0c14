"""Files that are there whole or not at all: JSON, JSON lines and text, written beside their place and renamed into it."""

import io
import json
import math
import os
from pathlib import Path

from llmlab.spine import sealed
from llmlab.spine.errors import UserError


def write_json(path, data):
    """Writes JSON so that the file is either the old one or the new one, whatever happens meanwhile."""
    write_text(path, plain(data, indent=1) + "\n")


def plain(data, **how):
    """Data as JSON that any program reads: what is infinite, or no number, is null."""
    try:
        return json.dumps(data, ensure_ascii=False, allow_nan=False, **how)
    except ValueError:
        return json.dumps(_finite(data), ensure_ascii=False, **how)


def _finite(data):
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


def write_text(path, text):
    """Writes a file whole: beside it first, then in its place with a rename."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with open(partial, "wb") as stream:
        stream.write(sealed.seal(path, text.encode()))
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, path)


def read_json(path):
    path = Path(path)
    try:
        return json.loads(sealed.unseal(path, path.read_bytes()))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        after = "then give --parent and -p again" if path.name == "run.json" else "the phase that makes it then runs again"
        raise UserError(f"{path} is damaged: {error}", "a JSON file", f"rm {path}   ({after})") from None


def jsonl(path):
    """The rows of a JSON-lines file."""
    with open(path, "rb") as stream:
        whole = stream.read(len(sealed.MARK)) == sealed.MARK
        stream.seek(0)
        lines = io.BytesIO(sealed.unseal(path, stream.read())) if whole else stream
        return [json.loads(line) for line in lines if line.strip()]


def write_jsonl(path, rows):
    """Writes JSON lines as they are: of a sentence that cannot be, the log-probability is -Infinity, which only Python reads."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
