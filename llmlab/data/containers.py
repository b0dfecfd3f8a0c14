"""Files within files: .zip and .tar, and compression by gzip, bzip2, xz and zstd. What is in them is read as if it lay in a folder."""

import bz2
import gzip
import lzma
import tarfile
import zipfile
from pathlib import PurePosixPath

MEMBERS, GIGABYTES, TIMES, CHUNK = 100_000, 4, 1000, 1 << 20  # at most so many files, so much after expansion, so many times the size
STREAMS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zst": None}
TARS = (".tar", ".tgz", ".txz", *(f".tar{end}" for end in STREAMS))
KINDS = (".zip", *TARS, *STREAMS)


class Unpackable(ValueError):
    """What must not or cannot be unpacked; the message says why."""


def unpack(path, out, book):
    """Writes the files of a container into the folder `out`, and notes those that it passes over."""
    budget, name = _Budget(path), path.name.lower()
    if name.endswith(".zip"):
        _unzip(path, out, budget, book)
    elif name.endswith(TARS):
        _untar(path, out, budget, book)
    else:
        _write(out / path.stem, _expanded(path), budget)


class _Budget:
    """How much may still be written. A small file that becomes a huge one is an attack, or no text."""

    def __init__(self, path):
        self.most = min(GIGABYTES << 30, max(path.stat().st_size, 1 << 16) * TIMES)
        self.left, self.files = self.most, 0

    def spend(self, size):
        self.left -= size
        if self.left < 0:
            raise Unpackable(f"expands to more than {self.most / 1e6:,.0f} MB")

    def count(self):
        self.files += 1
        if self.files > MEMBERS:
            raise Unpackable(f"holds more than {MEMBERS:,} files")


def _unzip(path, out, budget, book):
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.is_dir():
                continue
            if member.flag_bits & 1:
                book.problem(0, f"{member.filename}: encrypted")
            elif (member.external_attr >> 16) & 0o170000 == 0o120000:
                book.problem(0, f"{member.filename}: a link")
            elif (place := _place(member.filename, out, book)) is not None:
                budget.count()
                try:
                    with archive.open(member) as stream:
                        _write(place, iter(lambda s=stream: s.read(CHUNK), b""), budget)
                except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
                    book.problem(0, f"{member.filename}: damaged: {str(error)[:100]}")


def _untar(path, out, budget, book):
    plain = path.name.lower().endswith(".tar")
    stream = open(path, "rb") if plain else _Readable(_expanded(path))  # noqa: SIM115
    with stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            if member.isdir():
                continue
            if not member.isreg():
                book.problem(0, f"{member.name}: a link or no file")
            elif (place := _place(member.name, out, book)) is not None:
                budget.count()
                content = archive.extractfile(member)
                _write(place, iter(lambda s=content: s.read(CHUNK), b""), budget)


def _place(name, out, book):
    """Where a member goes; None, and noted, if it would leave the folder."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or ".." in parts or parts[0] == "/" or ":" in parts[0]:
        return book.problem(0, f"{name[:80]}: its name leaves the archive")
    place = out.joinpath(*(part[:120] for part in parts))
    if place.exists():
        return book.problem(0, f"{name[:80]}: a second file of this name")
    return place


def _write(place, chunks, budget):
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(place, "wb") as stream:
            for chunk in chunks:
                budget.spend(len(chunk))
                stream.write(chunk)
    except BaseException:
        place.unlink()  # half a file is no file
        raise


def _expanded(path):
    """The content of a compressed file, chunk by chunk; an error if it ends early."""
    end = {".tgz": ".gz", ".txz": ".xz"}.get(path.suffix.lower(), path.suffix.lower())
    if end == ".zst":
        yield from _zstd(path)
        return
    with STREAMS[end](path) as stream:
        yield from iter(lambda: stream.read(CHUNK), b"")


def _zstd(path):
    import zstandard

    frame = None
    with open(path, "rb") as stream:
        while chunk := stream.read(CHUNK):
            while chunk:
                frame = frame or zstandard.ZstdDecompressor().decompressobj()
                yield frame.decompress(chunk)
                chunk, frame = (frame.unused_data, None) if frame.eof else (b"", frame)
    if frame is not None:
        raise EOFError("Compressed file ended before the end of a frame was reached")


class _Readable:
    """Chunks as a stream, which is what tarfile reads."""

    def __init__(self, chunks):
        self.chunks, self.rest = chunks, b""

    def read(self, size):
        while len(self.rest) < size and (chunk := next(self.chunks, None)) is not None:
            self.rest += chunk
        found, self.rest = self.rest[:size], self.rest[size:]
        return found

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.chunks.close()
