"""Files, members of zips and folders as readers see them: bytes once through, in whatever encoding."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import cached_property
from typing import Any, BinaryIO

from pipeline.i18n import _
from pipeline.model import Skipped

_CHUNK = 1 << 18
_HEAD = 1 << 16  # enough for text; JSON with pictures inside in base64 is looked at further
_JSON_HEAD = 1 << 22
_DEEPEST = 1000  # characters of a JSON path: arrays in arrays without end make paths whose lengths add up to gigabytes
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What a file is that is no text, by its first bytes: told to the user by name.
_MAGIC = (
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"RIFF", "RIFF (WebP, WAV)"),
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"SQLite format 3", "SQLite"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"\xd0\xcf\x11\xe0", "MS Office (old)"),
    (b"OggS", "Ogg"),
    (b"ID3", "MP3"),
    (b"#!AMR", "AMR"),
    (b"#!SILK", "SILK"),
)
_BAD_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*)\\x([0-9A-Fa-f]{2})")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufeff]")


class Source:
    """One file to read. `name` is what the user is told; `members` are the files of a folder export, by relative name.

    `damage` gathers what the reading of bytes and text itself had to give up.
    """

    def __init__(
        self,
        name: str,
        opener: Callable[[], BinaryIO],
        size: int,
        *,
        members: Mapping[str, Source] | None = None,
        on_bytes: Callable[[int], None] | None = None,
    ) -> None:
        self.name = name
        self.size = size
        self.members = dict(members or {})
        self.on_bytes = on_bytes
        self.damage: list[Skipped] = []
        self._opener = opener

    @property
    def stem(self) -> str:
        """The file's own name without folder and ending."""
        base = self.name.replace("\\", "/").rstrip("/").rpartition("/")[2]
        return base.rpartition(".")[0] or base

    @property
    def ending(self) -> str:
        return self.name.rpartition(".")[2].lower()

    def again(self) -> Source:
        """The same source for a look that is neither counted nor reported."""
        return Source(self.name, self._opener, self.size, members={n: m.again() for n, m in self.members.items()})

    def open(self) -> BinaryIO:
        return self._opener()

    def head(self, size: int) -> bytes:
        with closing(self.open()) as file:
            return _read_fully(file, size)

    def chunks(self) -> Iterator[bytes]:
        """All bytes, a piece at a time."""
        with closing(self.open()) as file:
            while chunk := file.read(_CHUNK):
                if self.on_bytes is not None:
                    self.on_bytes(len(chunk))
                yield chunk

    @cached_property
    def encoding(self) -> str:
        """The text encoding, from the first bytes that tell."""
        with closing(self.open()) as file:
            head = _read_fully(file, _HEAD)
            for bom, name in _BOMS:
                if head.startswith(bom):
                    return name
            rounds = 128  # 8 MB of plain ASCII: whatever follows, reading as UTF-8 shows it
            while head.isascii() and b"\x00" not in head and rounds and (more := file.read(_HEAD)):
                head, rounds = more, rounds - 1
        return _guess_encoding(head)

    def text_chunks(self) -> Iterator[str]:
        """All text, a piece at a time; bytes that are none in the encoding are shown as � and counted in `damage`."""
        decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        line, lost, lost_at = 1, 0, 0
        for chunk in self.chunks():
            text = decoder.decode(chunk)
            if "\ufffd" in text and b"\xef\xbf\xbd" not in chunk:
                lost += text.count("\ufffd")
                lost_at = lost_at or line + text[: text.index("\ufffd")].count("\n")
            line += text.count("\n")
            yield text
        if rest := decoder.decode(b"", final=True):
            yield rest
        if lost:
            reason = _("{n} characters are damaged (not {encoding}) and shown as �").format(n=lost, encoding=self.encoding)
            self.damage.append(Skipped(where=self.name, line=lost_at, reason=reason))

    def lines(self, newline: str = "\n") -> Iterator[tuple[int, str]]:
        """(line number, line without its end). With newline "\\r\\n" a bare \\n stays inside its line."""
        number, rest = 1, ""
        for text in self.text_chunks():
            # an end may be cut in two by the chunks
            *whole, rest = (rest + text).split(newline)
            for line in whole:
                yield number, line
                number += 1 + (line.count("\n") if newline == "\r\n" else 0)
        if rest:
            yield number, rest

    def utf8(self) -> Utf8File:
        """The text as a file of UTF-8 bytes, for a JSON parser."""
        return Utf8File(self)


class Utf8File:
    """A file-like object over a source's text, re-encoded as clean UTF-8 JSON; counts the lines that went through."""

    def __init__(self, source: Source) -> None:
        self._chunks = source.text_chunks()
        self._held = ""
        self._rest = b""
        self.lines = 1

    def read(self, size: int = -1) -> bytes:
        if size == 0:  # ijson asks so whether this is a file of bytes
            return b""
        while not self._rest:
            text = next(self._chunks, None)
            if text is None:
                if not self._held:
                    return b""
                text, self._held = self._held, ""
            else:
                text, self._held = _cut_before_escape(self._held + text)
            self._rest = escape_json(text).encode("utf-8", "replace")
        cut = len(self._rest) if size < 0 else size
        piece, self._rest = self._rest[:cut], self._rest[cut:]
        self.lines += piece.count(b"\n")
        return piece


def escape_json(text: str) -> str:
    r"""Makes JSON of what is nearly JSON: Telegram writes control characters as \xNN, others write them raw."""
    if "\\x" in text:
        text = _BAD_ESCAPE.sub(r"\1\\u00\2", text)
    return _CONTROLS.sub("", text) if _CONTROLS.search(text) else text


def _cut_before_escape(text: str) -> tuple[str, str]:
    """The text, and an escape at its end that may go on in the next piece."""
    at = text.rfind("\\", max(0, len(text) - 4))
    if at < 0:
        return text, ""
    while at > 0 and text[at - 1] == "\\":
        at -= 1
    return text[:at], text[at:]


def _read_fully(file: BinaryIO, size: int) -> bytes:
    pieces = []
    while size > 0 and (piece := file.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _guess_encoding(head: bytes) -> str:
    """The encoding of bytes without a BOM: UTF-8 if it nearly fits, else what a detection library says."""
    if head.count(0) > len(head) // 8:
        return "utf-16-be" if head[::2].count(0) > head[1::2].count(0) else "utf-16-le"
    text = head.decode("utf-8", "replace")
    strange, broken = sum(b > 127 for b in head), text[:-3].count("\ufffd")
    if not broken or broken * 50 <= strange:  # a few damaged bytes in UTF-8 are still UTF-8
        return "utf-8"
    from charset_normalizer import from_bytes

    usual = ["gb18030", "big5", "utf_16", "shift_jis", "euc_kr", "cp1252", "cp1251"]
    best = from_bytes(head, cp_isolation=usual).best()
    if best is None:
        return "utf-8"
    # Small GB18030 texts are now and then taken for Big5; what decodes whole as GB18030 is that on nearly every machine.
    if best.encoding != "gb18030" and _decodes(head, "gb18030"):
        return "gb18030"
    return str(best.encoding)


def _decodes(head: bytes, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        decoder.decode(head)
    except UnicodeDecodeError:
        return False
    return True


class Probe:
    """What can be told about a source from its beginning: all that a format's `sniff` may look at."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.name = source.name
        self.head = source.head(_HEAD)

    @cached_property
    def magic(self) -> str | None:
        """The kind of file, if it is one of those that are no text."""
        found = next((name for start, name in _MAGIC if self.head.startswith(start)), None)
        if found is None and self.head[4:8] == b"ftyp":
            return "MP4/HEIC"
        return found

    @cached_property
    def text(self) -> str:
        """The decoded beginning; empty for files that are no text."""
        if self.magic:
            return ""
        return codecs.getincrementaldecoder(self.source.encoding)("replace").decode(self.head).lstrip("\ufeff")

    @cached_property
    def lines(self) -> list[str]:
        """The first lines, whole ones, without their ends."""
        lines = self.text.replace("\r\n", "\n").split("\n")
        return lines[:-1] if len(self.head) >= _HEAD and len(lines) > 1 else lines

    @cached_property
    def is_json(self) -> bool:
        return self.text.lstrip()[:1] in ("{", "[") and bool(self.paths)

    @cached_property
    def paths(self) -> Mapping[str, Any]:
        """JSON path (ijson's prefix) → the first plain value seen there; maps and arrays as None."""
        if self.text.lstrip()[:1] not in ("{", "["):
            return {}
        import ijson

        text = codecs.getincrementaldecoder(self.source.encoding)("replace").decode(self.source.head(_JSON_HEAD)).lstrip("\ufeff")
        found: dict[str, Any] = {}
        file = io.BytesIO(escape_json(text).encode("utf-8", "replace"))
        try:
            # Little at a time: the parser makes all paths of a piece before it gives the first.
            for count, (prefix, event, value) in enumerate(ijson.parse(file, use_float=True, buf_size=1 << 12)):
                if event in ("string", "number", "boolean", "null"):
                    found.setdefault(prefix, value)
                elif event in ("start_map", "start_array"):
                    found.setdefault(prefix, None)
                if count > 20_000 or len(prefix) > _DEEPEST:
                    break
        except (ijson.JSONError, ValueError):
            pass
        return found

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        """The JSON objects among the first lines, for formats with one a line."""
        found = []
        for line in [line for line in self.lines if line.strip() and not line.startswith("#")][:40]:
            if line.lstrip().startswith("{"):
                try:
                    value = json.loads(line, strict=False)
                except ValueError:
                    continue
                if isinstance(value, dict):
                    found.append(value)
        return found

    def has(self, *paths: str) -> bool:
        return all(path in self.paths for path in paths)
