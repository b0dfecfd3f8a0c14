"""A phase in a few lines for programs: `summary.json` beside each report.

{"schema": 1, "phase": "3_pretraining",
 "headline": {label: text or number}             the results that the index page shows
 "parameters": {name: value}                     those that differ from the notebook's
 "artifacts": {"model/config.json": "9f86d0…"}   SHA-256 of every file, as `sha256sum` gives it
 "seconds": 106.3, "finished": "2026-11-27 18:30:21",
 "verdict": "HOLD", "not proven": [criteria]     of phase 7
 "findings": [{"finding", "phase"}]}             of phase 4: what is to be mended, and where
"""

import hashlib

from llmlab.spine.files import read_json
from llmlab.spine.places import shown
from llmlab.workflow.publication import NOT_ARTIFACTS

SCHEMA = 1


def of(folder, record, defaults):
    """The summary of a phase.

    Args:
        folder: of the phase, with its artifacts.
        record: what phase.json holds.
        defaults: {name: value} of the notebook.
    """
    changed = {name: shown(value) for name, value in record["params"].items() if name not in defaults or value != defaults[name]}
    told = {key: record[key] for key in ("phase", "headline", "seconds", "finished")}
    return {"schema": SCHEMA, **told, "parameters": changed, "artifacts": _hashes(folder), **_said(folder)}


def _hashes(folder):
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and str(p.relative_to(folder)) not in NOT_ARTIFACTS]
    seen = [p for p in files if not any(part[0] == "." for part in p.relative_to(folder).parts)]
    return {str(p.relative_to(folder)): _sha256(p) for p in seen}


def _sha256(path):
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _said(folder):
    verdict, findings = (folder / name for name in ("verdict.json", "findings.json"))
    if verdict.exists():
        decision = read_json(verdict)
        return {"verdict": decision["verdict"], "not proven": [c["criterion"] for c in decision["criteria"] if not c["passed"]]}
    rows = read_json(findings) if findings.exists() else None
    return {"findings": [{key: row[key] for key in ("finding", "phase")} for row in rows]} if isinstance(rows, list) else {}
