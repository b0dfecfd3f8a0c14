"""Documents of word processors, publishers and mail programs to text, by maintained libraries, with limits on size, pages and time.

Pandoc reads .docx, .odt, .epub, .rst and .tex in its sandbox, PDFium reads .pdf; both in a process of their own, so that a hostile file
costs that process and no more.
"""

import email
import email.policy
import json
import mailbox
import subprocess
import sys
import zipfile

from llmlab.data import encodings

SECONDS, PAGES, MEGABYTES = 60, 5000, 200  # per file; megabytes after expansion
PANDOC = {".docx": "docx", ".odt": "odt", ".epub": "epub", ".rst": "rst", ".tex": "latex"}
CODE = tuple(
    ".py .pyi .js .mjs .ts .tsx .jsx .java .c .h .cc .cpp .hpp .cs .go .rs .rb .php .swift .kt .scala .sh .bash .sql .r .jl .lua .pl .hs .ml .ex .erl .clj .dart "
    ".css .scss .yaml .yml .toml .ini .cfg .xml .makefile .cmake .proto .graphql".split()
)
PDF = """
import json, resource, sys, pypdfium2
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
file, most = pypdfium2.PdfDocument(sys.argv[1]), int(sys.argv[2])
pages = [file[n].get_textpage().get_text_range() for n in range(min(len(file), most))]
json.dump({"pages": pages, "all": len(file)}, sys.stdout)
"""


class Unreadable(ValueError):
    """A file that cannot be read, or must not; the message says why."""


def read_pandoc(path, columns, book):
    """The text of a file in one of pandoc's formats; code keeps its indentation, tables their columns."""
    import pypandoc

    if zipfile.is_zipfile(path):
        size = sum(member.file_size for member in zipfile.ZipFile(path).infolist())
        if size > MEGABYTES * 1_000_000:
            raise Unreadable(f"expands to {size / 1e6:,.0f} MB; at most {MEGABYTES} are read")
    options = ["--sandbox", "--from", PANDOC[path.suffix.lower()], "--to", "plain", "--wrap=none", "+RTS", "-M2g", "-RTS"]
    out, said = _run([pypandoc.get_pandoc_path(), *options, str(path)])
    for warning in said.splitlines()[:3]:
        book.note(f"pandoc: {warning.removeprefix('[WARNING] ')[:100]}")
    yield 1, {"text": out}


def read_pdf(path, columns, book):
    """The text of a PDF, a blank line between pages. Pages that are pictures have none, and are counted."""
    out, _ = _run([sys.executable, "-c", PDF, str(path), str(PAGES)])
    found = json.loads(out)
    texts = [
        page.replace("\r\n", "\n").replace("\ufffe", "-").strip("\n") for page in found["pages"]
    ]  # its mark for a hyphen at a line's end
    if empty := sum(not text.strip() for text in texts):
        book.problem(0, f"{empty} of {found['all']} pages hold no text (pictures of pages?)")
    if found["all"] > PAGES:
        book.problem(PAGES + 1, f"{found['all'] - PAGES} pages after the first {PAGES} are not read")
    if any(text.strip() for text in texts):
        yield 1, {"text": "\n\n".join(texts)}


def _run(command):
    """(standard output, standard error) of a reader in its own process, within the limits."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Unreadable(f"takes more than {SECONDS} s to read") from None
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode:
        raise Unreadable((said.splitlines() or [f"its reader ended with {done.returncode}"])[-1][:120])
    if len(done.stdout) > MEGABYTES * 1_000_000:
        raise Unreadable(f"holds more than {MEGABYTES} MB of text")
    return done.stdout.decode("utf-8"), said


def read_notebook(path, columns, book):
    """Prose and code of a Jupyter notebook, cell by cell, without outputs."""
    import nbformat

    cells = nbformat.reads(encodings.decode(path.read_bytes(), book), as_version=4).cells
    yield 1, {"text": "\n\n".join(cell.source.strip("\n") for cell in cells if cell.cell_type in ("markdown", "code", "raw"))}


def read_mail(path, columns, book):
    """One message."""
    yield from _message(1, email.message_from_bytes(path.read_bytes(), policy=email.policy.default), book)


def read_mailbox(path, columns, book):
    """The messages of an mbox."""
    box = mailbox.mbox(path, factory=lambda stream: email.message_from_binary_file(stream, policy=email.policy.default), create=False)
    for n, message in enumerate(box, 1):
        yield from _message(n, message, book)


def _message(n, message, book):
    """A message's subject and body, as it was written, else as a page; what is attached is counted."""
    if not message.keys():
        return book.problem(n, "no message: it has no headers")
    body = message.get_body(("plain", "html"))
    for part in message.iter_attachments():
        if part is not body:
            book.problem(n, f"attachment of type {part.get_content_type()}, not read")
    if body is None:
        return book.problem(n, "a message without a body")
    try:
        text = encodings.decode(body.get_payload(decode=True) or b"", book, body.get_content_charset())
    except encodings.Undecodable as error:
        return book.problem(n, str(error))
    if body.get_content_subtype() == "html":
        yield n, {"html": text}
    else:
        subject = str(message.get("subject", "")).strip()
        yield n, {"text": f"{subject}\n\n{text}" if subject else text}


READERS = {
    **dict.fromkeys(PANDOC, read_pandoc),
    ".pdf": read_pdf,
    ".ipynb": read_notebook,
    ".eml": read_mail,
    ".mbox": read_mailbox,
}
