"""Where documents come from: the embedded world, files of any common kind, web archives, installed packages, the hub.

A document is a dict: `id`, `source`, `url` and either `text` or `html`; web pages also carry `licence`. Reading never
interprets what it reads: markup is data here, and stays so in every report.
"""

import ast
import csv
import json
import sys
from importlib import metadata
from pathlib import Path

from llmlab import track
from llmlab.errors import UserError
from llmlab.params import near
from llmlab.run import jsonl, write_json, write_jsonl

KINDS = (".txt", ".md", ".rst", ".html", ".htm", ".jsonl", ".csv", ".parquet", ".warc", ".warc.gz")
DEFAULT_PACKAGES = ("numpy", "pandas", "datasets", "trl", "matplotlib")


def check(params):
    """Before any kernel starts: the source exists, holds files of a kind we read, and its first document has text."""
    source = params["source"]
    if source == "world" or source.startswith(("installed", "hub:")):
        return
    files = _files(Path(source).expanduser())
    first = next(_read_file(files[0], params["text_column"], "skip", []), None)
    if first is None and len(files) == 1:
        raise UserError(f"{files[0]} holds no document", "text in one of " + " ".join(KINDS), "llmlab run RUN -p source=FOLDER")


def collect(source, out, seed, pages=2600, text_column="text", malformed="skip", max_documents=0):
    """Brings the raw material of `source` into the folder `out`, as it comes; cleaning is somebody else's job.

    Args:
        source: "world"; "installed" or "installed:numpy,pandas" for the documentation of those packages on this machine; a file
            or folder; "hub:NAME", or a folder in the hub's layout, for a Hugging Face dataset.
        out: folder. For the world it holds what a crawler and the company would have, `documents.jsonl` otherwise.
        pages: size of the world's forum.
        text_column: of tables and JSON lines.
        malformed: "skip" a broken line and count it, or "refuse" to go on.
        max_documents: 0 for all.

    Returns: {"documents", "bytes", "problems"}; each problem names its file and line.
    """
    out, problems = Path(out), []
    out.mkdir(parents=True, exist_ok=True)
    if source == "world":
        return _write_world(out, seed, pages)
    documents = _external(source, text_column, malformed, problems)
    rows = []
    for document in documents:
        rows.append(document)
        if max_documents and len(rows) >= max_documents:
            break
    if not rows:
        raise UserError(f"{source} holds no document", "text in one of " + " ".join(KINDS), "llmlab run RUN -p source=FOLDER")
    write_jsonl(out / "documents.jsonl", rows)
    write_json(out / "problems.json", problems)
    return {"documents": len(rows), "bytes": sum(len(r.get("text", r.get("html", ""))) for r in rows), "problems": problems}


def read(folder):
    """All documents of a raw folder that `collect` made, in a fixed order."""
    folder = Path(folder)
    if (folder / "documents.jsonl").exists():
        return [json.loads(line) for line in (folder / "documents.jsonl").read_text(encoding="utf-8").splitlines()]
    documents, problems = [], []
    for path in track.each(_files(folder, ignore=("moderation.jsonl", "truth.jsonl")), "reading the archive"):
        source = path.parent.name if path.parent != folder else path.name.split(".")[0]
        for document in _read_file(path, "text", "skip", problems):
            documents.append({**document, "source": source, "id": f"{source}:{document['url'] if source == 'forum' else document['id']}"})
    return documents


def truth(folder):
    """What was planted, if the source is the embedded world; for evaluation only. [] otherwise."""
    path = Path(folder) / "truth.jsonl"
    return jsonl(path) if path.exists() else []


def write_documents(folder, parts):
    """`train.jsonl`, `validation.jsonl`, `test.jsonl`: what `datasets.load_dataset` reads as a dataset with three splits."""
    for part, documents in parts.items():
        write_jsonl(Path(folder) / f"{part}.jsonl", [{k: d[k] for k in ("id", "source", "url", "text")} for d in documents])


def write_dropped(folder, dropped):
    """`dropped.jsonl`: every document that was dropped, at which step and why. Personal data are masked here too."""
    from llmlab.clean import PERSONAL

    rows = []
    for d in dropped:
        text = d.get("text") or d.get("html", "")
        for kind, pattern in PERSONAL.items():
            text = pattern.sub(f"[{kind}]", text)
        rows.append({"id": d["id"], "source": d["source"], "url": d["url"], "step": d["step"], "reason": d["reason"], "text": text[:2000]})
    write_jsonl(Path(folder) / "dropped.jsonl", rows)


def sample(source, seed, documents=400, text_column="text"):
    """Some raw texts of a source, before any cleaning: enough to compare architectures on."""
    if source == "world":
        from llmlab.forum import Forum
        from llmlab.world import World

        return [p.text for p in Forum(World(seed=seed), "sample").pages(documents) if p.kind in ("thread", "review")]
    texts = []
    for document in _external(source, text_column, "skip", []):
        texts.append(document.get("text") or document.get("html", ""))
        if len(texts) >= documents:
            break
    return texts


def _external(source, text_column, malformed, problems):
    """Documents of everything that is not the embedded world."""
    if source.startswith("installed"):
        names = source.partition(":")[2]
        return _installed([n.strip() for n in names.split(",")] if names else DEFAULT_PACKAGES)
    if (
        source.startswith("hub:")
        or (Path(source).expanduser() / "dataset_info.json").exists()
        or (Path(source).expanduser() / "dataset_dict.json").exists()
    ):
        return _hub(source.removeprefix("hub:"), text_column)
    files = _files(Path(source).expanduser())
    return (d for path in track.each(files, "reading files") for d in _read_file(path, text_column, malformed, problems))


# --- the embedded world -----------------------------------------------------------------------------------------------------------
def _write_world(out, seed, pages):
    """forum.warc.gz, manuals/, policies/, tickets.jsonl, knowledge_base.csv, moderation.jsonl; and truth.jsonl, for evaluation only."""
    from llmlab import proprietary, webarchive, world_tasks
    from llmlab.forum import Forum
    from llmlab.world import World

    world = World(seed=seed)
    forum_pages = Forum(world, seed).pages(pages, leaks=world_tasks.leakable(world, seed))
    webarchive.write(out / "forum.warc.gz", forum_pages)
    write_jsonl(out / "truth.jsonl", [page.truth() for page in forum_pages])
    proprietary.write_all(world, out, seed, tickets=max(40, pages // 3))
    return {"documents": len(forum_pages), "bytes": sum(p.stat().st_size for p in out.rglob("*") if p.is_file()), "problems": []}


# --- files ------------------------------------------------------------------------------------------------------------------------
def _files(path, ignore=()):
    """The readable files at `path`, in order of name."""
    if not path.exists():
        beside = [p.name for p in path.parent.iterdir()] if path.parent.exists() else []
        raise UserError(
            f"there is no {path}",
            near(path.name, beside) if beside else f"{path.parent} does not exist either",
            "llmlab run RUN -p source=FOLDER",
        )
    try:
        files = (
            [path]
            if path.is_file()
            else sorted(p for p in path.rglob("*") if p.is_file() and p.name.endswith(KINDS) and p.name not in ignore)
        )
        other = [] if files or path.is_file() else [p.name for p in path.iterdir()][:5]
    except PermissionError:
        raise UserError(f"{path} cannot be read", "a folder you may read", f"chmod -R u+rX {path}") from None
    if not files or not files[0].name.endswith(KINDS):
        raise UserError(
            f"{path} holds no file that we read",
            f"found {', '.join(other) or path.name}; we read {' '.join(KINDS)}",
            "llmlab run RUN -p source=FOLDER",
        )
    return files


def _read_file(path, text_column, malformed, problems):
    """Documents of one file; what cannot be read lands in `problems`, or raises when `malformed` is "refuse"."""
    reader = {".jsonl": _read_jsonl, ".csv": _read_csv, ".parquet": _read_parquet, ".warc": _read_warc, ".gz": _read_warc}.get(
        path.suffix, _read_text
    )
    try:
        yield from reader(path, text_column, malformed, problems)
    except PermissionError:
        raise UserError(f"{path} cannot be read", "a file you may read", f"chmod u+r {path}") from None


def _document(path, n, **content):
    return {"id": f"{path.name}:{n}", "source": path.parent.name or "files", "url": path.name, **content}


def _problem(path, line, why, malformed, problems):
    if malformed == "refuse":
        raise UserError(
            f"{path}, line {line}: {why}", "well-formed lines only, since malformed = 'refuse'", "llmlab run RUN -p malformed=skip"
        )
    problems.append({"file": path.name, "line": line, "why": why})


def _read_text(path, text_column, malformed, problems):
    raw = path.read_bytes()
    if b"\0" in raw[:4096]:
        return _problem(path, 1, "binary, not text", malformed, problems)
    text = raw.decode("utf-8", errors="replace")
    if not text.strip():
        return _problem(path, 1, "empty", malformed, problems)
    yield _document(path, 1, **({"html": text} if path.suffix in (".html", ".htm") else {"text": text}))


def _read_jsonl(path, text_column, malformed, problems):
    with open(path, encoding="utf-8", errors="replace") as stream:
        for n, line in enumerate(stream, 1):
            try:
                row = json.loads(line)
                assert isinstance(row, dict)
            except (json.JSONDecodeError, AssertionError):
                _problem(path, n, "not a JSON object", malformed, problems)
                continue
            yield from _row(path, n, row, text_column)


def _read_csv(path, text_column, malformed, problems):
    with open(path, encoding="utf-8", errors="replace", newline="") as stream:
        for n, row in enumerate(csv.DictReader(stream), 2):
            yield from _row(path, n, row, text_column)


def _read_parquet(path, text_column, malformed, problems):
    import pyarrow.parquet

    for n, row in enumerate(pyarrow.parquet.read_table(path).to_pylist()):
        yield from _row(path, n, row, text_column)


def _row(path, n, row, text_column):
    """A document of a table's row: its text column, or customer and agent of a ticket."""
    if "customer" in row and "agent" in row:
        text = f"{row.get('subject', '')}\nCustomer: {row['customer']}\nSupport: {row['agent']}"
    elif text_column not in row:
        raise UserError(f"{path.name} has no column {text_column!r}", near(text_column, row), "llmlab run RUN -p text_column=NAME")
    else:
        text = row[text_column] or ""
    yield _document(path, n, text=str(text), **{k: row[k] for k in ("licence", "license") if k in row})


def _read_warc(path, text_column, malformed, problems):
    from llmlab import webarchive

    robots, pages = {}, []
    for url, kind, body in webarchive.read(path):
        if url.endswith("/robots.txt"):
            robots[url.removesuffix("/robots.txt")] = body
        elif "html" in kind:
            pages.append((url, body))
    for n, (url, body) in enumerate(pages):
        host = "/".join(url.split("/")[:3])
        yield {**_document(path, n, html=body), "url": url, "robots": robots.get(host, "")}


# --- documentation of installed packages ----------------------------------------------------------------------------------------------
def _installed(names):
    """Docstrings of the packages' modules, and their README, with the package as source and its licence."""
    for name in names:
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            known = sorted({d.metadata["Name"] for d in metadata.distributions()})
            raise UserError(f"the package {name!r} is not installed", near(name, known), f"pip install {name}") from None
        licence = package.metadata.get("License-Expression") or (package.metadata.get("License") or "unknown").splitlines()[0]
        body = package.metadata.get_payload() if package.metadata.get_payload() else ""
        if isinstance(body, str) and body.strip():
            yield {"id": f"{name}:README", "source": name, "url": f"{name}/README", "text": body, "licence": licence}
        files = [f for f in package.files or [] if f.suffix == ".py" and "test" not in str(f)]
        for file in track.each(sorted(files, key=str), f"reading {name}"):
            yield from _docstrings(name, Path(package.locate_file(file)), str(file), licence)
    yield from _standard_library()


def _standard_library():
    folder = Path(sys.modules["json"].__file__).parent.parent
    for path in track.each(sorted(folder.glob("*.py")), "reading the standard library"):
        yield from _docstrings("python", path, path.name, "PSF-2.0")


def _docstrings(source, path, relative, licence):
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and (text := ast.get_docstring(node)) and len(text) >= 200:
            name = getattr(node, "name", relative.removesuffix(".py").replace("/", "."))
            yield {
                "id": f"{relative}:{name}:{node.body[0].lineno}",
                "source": source,
                "url": f"{relative}:{name}",
                "text": f"{name}\n{text}",
                "licence": licence,
            }


# --- the hub ----------------------------------------------------------------------------------------------------------------------------
def _hub(name, text_column):
    """A Hugging Face dataset by name, or from a local folder in the same layout; streamed, and never with its own code."""
    import datasets

    if Path(name).expanduser().exists():
        data = datasets.load_from_disk(str(Path(name).expanduser()))
        data = data["train"] if isinstance(data, datasets.DatasetDict) else data
    else:
        try:
            data = datasets.load_dataset(name, split="train", streaming=True)
        except Exception as error:  # no network, no such name, no access: the hub's own message says which
            raise UserError(
                f"hub:{name} cannot be loaded: {str(error).splitlines()[0][:160]}",
                "a dataset's name, and a network",
                "llmlab run RUN -p source=FOLDER",
            ) from error
    for n, row in enumerate(data):
        yield from _row(Path(name), n, row, text_column)
