"""Where documents come from: files of any common kind, web archives, the public web, installed packages, the hub, a material or its maker.

A document is a dict: `id`, `source`, `url` and either `text` or `html`; web pages also carry `licence`. Reading never
interprets what it reads: markup is data here, and stays so in every report.
"""

import itertools
import os
import random
import shutil
import tempfile
from pathlib import Path

from llmlab.data import clean, crawl, formats, guests, hub, installed, material, tables, webarchive
from llmlab.spine import track
from llmlab.spine.errors import UserError
from llmlab.spine.files import jsonl, write_jsonl
from llmlab.spine.params import ROOT
from llmlab.spine.places import shown

LEAST_DOCUMENTS = 25  # fewer leave nothing to hold out
SAMPLE_PAGES = 60  # of a crawl, to compare architectures on
SECOND = 2  # what the first place that is mixed in is counted as: the source is the first


def check(params, name="source", least=LEAST_DOCUMENTS):
    """Before any kernel starts: the source that a parameter names exists and holds enough documents, in files of a kind we read."""
    for text in params.get("mixed_with", ()) if name == "source" else ():
        check({**params, "mixed_with": _share(text).name}, "mixed_with", 1)
    source = params[name]
    if source.strip() in ("", "hub:"):
        raise UserError(
            f"{name} = {source!r} names nothing",
            "a file or a folder, installed, hub:NAME, crawl:ADDRESS, or the dotted path of a maker",
            f"llmlab run RUN -p {name}=FOLDER",
        )
    if material.is_maker(source):
        return material.check_maker(source)
    if source.startswith("installed"):
        return [installed.package(package) for package in installed.names(source)]
    if is_crawl(source):
        return crawl.check(source, params.get("crawl_private", False))
    path = local(source)
    if path is None or is_hub(source, path):
        return
    formats.check_exists(path, name)
    material.described(path)
    problems = formats.Problems(params.get("malformed") == "refuse")
    # Whoever wants broken lines refused is told of the first one now, wherever it is.
    place = path / "documents" if material.is_material(path) else path
    columns = tables.Columns(params.get("text_column", "text"), *params.get("columns", ())[:1])
    found = sum(1 for _ in itertools.islice(_files(place, columns, problems), None if problems.strict else least))
    if found < least:
        raise UserError(
            f"{path} holds {found or 'no'} document{'s' * (found != 1)}{_first(problems)}",
            f"at least {least}, in " + " ".join(formats.KINDS),
            f"llmlab run RUN -p {name}=FOLDER",
        )


def _first(problems):
    """The first problems in words."""
    return "".join(f"; {p['file']}, line {p['line']}: {p['why']}" for p in problems[:3])


def mixed_places(texts):
    """The `places` of all that is mixed into a source, and the code of makers among them, which no parameter names alone."""
    names = [_share(text).name for text in texts]
    return [path for name in names for path in (*places(name), *(material.code(name) if material.is_maker(name) else []))]


def places(source):
    """Files and folders outside the run that a source is read from; of installed packages the record of their version, of a crawl that of
    its beginning, since it grows with the budget but is not made twice."""
    if is_crawl(source):
        return [crawl.home(source) / "begun.json"]
    if source.startswith("installed"):
        return [
            Path(f.locate())
            for n in installed.names(source)
            for f in installed.package(n).files or ()
            if f.name == "METADATA" and f.parent.suffix == ".dist-info"
        ]
    if material.is_maker(source):
        return material.beside(source)
    path = local(source)
    return [] if path is None else [path]


def local(source):
    """Where a source lies on this machine, None if it does not; a relative path is taken from the project's root."""
    if source.startswith("installed") or is_crawl(source) or material.is_maker(source):
        return None
    if source.startswith("hub:"):
        return hub.folder(source)
    return Path(os.path.normpath(ROOT / Path(source).expanduser()))


def is_crawl(source):
    """Whether a source is a list of addresses."""
    return source == "crawl" or source.startswith("crawl:")


def is_hub(source, path):
    """Whether a source is a dataset in the hub's layout, on the hub or on this machine."""
    return source.startswith("hub:") or (path.is_dir() and hub.is_layout(path))


def collect(
    source,
    out,
    seed,
    pages=2600,
    text_column="text",
    malformed="skip",
    max_documents=0,
    megabytes=100,
    private=False,
    columns=(),
    mixed_with=(),
):
    """Brings the raw documents of `source` into the folder `out`, as they come; cleaning is somebody else's job.

    Args:
        source: a file or folder, of documents or a material; "installed" or "installed:numpy,pandas" for the documentation of those
            packages on this machine; "hub:NAME:CONFIGURATION:SPLIT", of which the last two may be left out, or a folder in the hub's layout;
            "crawl:ADDRESS ADDRESS" of pages or sitemaps; or the dotted path of a maker of material.
        out: folder for `documents.jsonl`, and for what a maker makes.
        pages: how much a maker makes, or the most pages of a crawl.
        text_column: of tables and JSON lines.
        malformed: "skip" a broken line and count it, or "refuse" to go on.
        max_documents: so many, drawn at random over all of the source; 0 for all.
        megabytes, private: the most bytes of a crawl, and whether it may visit private addresses.
        columns: of questions and answers; where a table has no text_column, the questions are its text.
        mixed_with: further places, each as `source` and with " * SHARE" behind it where not all of its documents are wanted.

    Returns: {"documents", "bytes", "problems", "notes", "mixed", "material": its folder or None}; each problem names its file and line, a note what was
    assumed of a file, and `mixed` says of each further place how many of its documents were wanted.
    """
    out, problems = Path(out), formats.Problems(malformed == "refuse")
    shutil.rmtree(out, ignore_errors=True)  # of a former attempt, perhaps from another source
    out.mkdir(parents=True)
    made = material.opened(source, local(source), out / "material", seed, pages)
    limits, columns = crawl.Limits(pages, megabytes, private), tables.Columns(text_column, *columns[:1])
    rows = _documents(source, made, columns, problems, max_documents, seed, limits)
    shares = []
    more = _mixed(mixed_with, out, seed, columns, problems, max_documents, limits, shares)
    rows = _sample(itertools.chain(rows, more), max_documents, seed)
    for n, share in enumerate(shares, SECOND):  # after the drawing: what it left out is left out as well
        share["taken"] = sum(row["id"].startswith(f"{n}:") and row["source"].startswith(f"{n} ") for row in rows)
        share["left out"] = share["documents"] - share["taken"]
    if not rows:
        raise UserError(
            f"{source} holds no document{_first(problems)}",
            "text in one of " + " ".join(formats.KINDS),
            "llmlab run RUN -p source=FOLDER",
        )
    rows = [webarchive.under_rules(row, problems.sites) for row in rows]
    write_jsonl(out / "documents.jsonl", rows)
    size = sum(len(r.get("text", r.get("html", ""))) for r in rows)
    return {"documents": len(rows), "bytes": size, "problems": list(problems), "notes": problems.notes, "mixed": shares, "material": made}


def _sample(documents, most, seed):
    """All documents, or `most` of them drawn over all sources alike, in the order in which they came (reservoir; Vitter 1985)."""
    if not most:
        return list(documents)
    rng, drawn = random.Random(f"documents {seed}"), []
    for n, document in enumerate(documents):
        if n < most:
            drawn.append((n, document))
        elif (at := rng.randrange(n + 1)) < most:
            drawn[at] = (n, document)
    return [document for _, document in sorted(drawn, key=lambda d: d[0])]


def read(folder):
    """All documents of a raw folder that `collect` made."""
    return jsonl(Path(folder) / "documents.jsonl")


def forget(folder):
    """Removes the raw text: personal data are masked in everything else that a run keeps."""
    shutil.rmtree(folder, ignore_errors=True)


def truth(folder):
    """What was planted in the documents of a material, for evaluation only; [] where nobody knows."""
    path = Path(folder) / "truth" / "pages.jsonl" if folder else None
    return jsonl(path) if path and path.exists() else []


def write_documents(folder, parts):
    """`train.jsonl`, `validation.jsonl`, `test.jsonl`: what `datasets.load_dataset` reads as a dataset with three splits."""
    for part, documents in parts.items():
        write_jsonl(
            Path(folder) / f"{part}.jsonl", [{k: d[k] for k in ("id", "source", "url", "licence", "text") if k in d} for d in documents]
        )


def write_dropped(folder, dropped):
    """`dropped.jsonl`: every document that was dropped, at which step and why. Personal data are masked here too."""
    from llmlab.data.personal import masked

    rows = []
    for d in dropped:
        text = masked((d.get("text") or d.get("html", ""))[:4000])[:2000]
        where = {k: masked(d[k]) for k in ("id", "source", "url")}
        rows.append({**where, "step": d["step"], "reason": d["reason"], "text": text})
    write_jsonl(Path(folder) / "dropped.jsonl", rows)


def sample(source, seed, documents=400, text_column="text", private=False, columns=()):
    """Some raw texts of a source, before any cleaning: enough to compare architectures on."""
    limits, columns = crawl.Limits(SAMPLE_PAGES, private=private), tables.Columns(text_column, *columns[:1])
    with tempfile.TemporaryDirectory() as folder:
        made = material.opened(source, local(source), Path(folder) / "material", seed, documents)
        rows = _documents(source, made, columns, formats.Problems(), documents, seed, limits)
        rows = _sample(rows, documents, seed) if made else list(itertools.islice(rows, documents))
    return [d["text"] for d in clean.extract(rows)[0]]


def general(source, folder, seed, held_out=60, read=()):
    """Text of another kind, `train.jsonl` and `test.jsonl` in a folder; both are empty without a source.

    Args:
        read: documents that the model learns from anyway; those are of its own kind, and left out.

    Returns: (how many documents to learn from, how many are held out, problems as `collect` gives them).
    """
    documents, problems = [], formats.Problems()
    if source:
        with tempfile.TemporaryDirectory() as made:
            given = material.opened(source, local(source), Path(made), seed, 200)
            found = clean.extract(list(_documents(source, given, tables.Columns(), problems, 0, seed, crawl.Limits(SAMPLE_PAGES))))[0]
        begins = lambda d: (d.get("url"), d["text"][:40])  # noqa: E731  cleaning changes hardly more of a text than what comes later
        own = set(map(begins, read))
        documents = [{k: d[k] for k in ("id", "source", "text")} for d in found if len(d["text"]) > 100 and begins(d) not in own]
    documents = random.Random(f"general {seed}").sample(documents, len(documents))
    cut = min(held_out, len(documents) // 4)
    write_jsonl(Path(folder) / "test.jsonl", documents[:cut])
    write_jsonl(Path(folder) / "train.jsonl", documents[cut:])
    return len(documents) - cut, cut, list(problems)


def _mixed(texts, out, seed, columns, problems, most, limits, shares):
    """Documents of further places, under names of their own: two places may call their files alike. What a place holds is noted in `shares`."""
    for n, guest in enumerate(map(_share, texts), SECOND):
        made = material.opened(guest.name, local(guest.name), out / f"material-{n}", seed, limits.pages)
        found = list(_documents(guest.name, made, columns, problems, most, seed, limits))
        drawn = guests.drawn(found, guest.weight, seed)
        shares.append({"place": shown(guest.name), "share": guest.weight, "documents": len(found)})
        for times, document in zip(drawn, found):
            if times:
                yield {**document, "id": f"{n}:{document['id']}", "source": f"{n} {Path(guest.name).name}: {document['source']}"}


def _share(text):
    """The place that a text names, and which share of it is wanted."""
    guest = guests.named(text)
    if not 0 < guest.weight <= 1:
        raise UserError(
            f"mixed_with: {text!r} asks for {guest.weight:g} times its documents",
            "a share above 0, at most 1: of a document that comes twice, cleaning drops the copy",
            f"llmlab run RUN -p 'mixed_with=[{guest.name} * 0.5]'   (whatever shall weigh less gets the smaller share)",
        )
    return guest


def _documents(source, made, columns, problems, most, seed, limits):
    """The documents of any source; `made` is the folder of its material, or None."""
    if made is not None:
        return _files(made / "documents", columns, problems)
    if is_crawl(source):
        return _crawled(source, problems, limits)
    if source.startswith("installed"):
        return installed.documents(installed.names(source))
    path = local(source)
    if path is None or is_hub(source, path):
        return hub.documents(source, path, columns, problems, most, seed)
    return _files(path, columns, problems)


def _crawled(source, problems, limits):
    """Documents of a crawl, as far as they lie within the limits."""
    folder, taken, left_out = crawl.crawl(source, limits)
    problems.extend(left_out)  # what a site does not give is nothing malformed
    return [d for d in _files(folder, tables.Columns(), problems) if d["url"] in taken]


def _files(path, columns, problems):
    """Documents of a file or of the files in a folder."""
    for file in track.each(formats.files(path, problems), "reading files"):
        yield from formats.read(file, columns, problems, path)
