"""JSON documents record by record: whole files never stand in memory, and damage costs only what is damaged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipeline.i18n import _
from pipeline.model import Skipped
from pipeline.readers._format import Part
from pipeline.readers._source import Source, escape_json

Record = dict[str, Any]
_HALF = re.compile("[\ud800-\udfff]")
_SALVAGEABLE = 256 << 20  # bytes; more is not held in memory to look for what stands behind the damage


def records(source: Source, prefix: str, is_record: Callable[[Record], bool]) -> Iterator[tuple[int, Record] | Skipped]:
    """(number from 1, object) for each object of the array at `prefix`; behind damage, whatever `is_record` knows again."""
    import ijson

    file, count = source.utf8(), 0
    try:
        for value in ijson.items(file, prefix, use_float=True):
            count += 1
            if isinstance(value, dict):
                yield count, value
            else:
                yield Skipped(where=source.name, line=count, reason=_("not a record: {what}").format(what=type(value).__name__))
    except (ijson.JSONError, ValueError, RecursionError):
        yield from _salvage(source, count, is_record)


def json_lines(source: Source) -> Iterator[tuple[int, Record] | Skipped]:
    """(line, object) for each line; comments (#) and empty lines are no lines, broken ones are told."""
    for number, line in source.lines():
        if not line.strip(" \t\r\ufeff\x00") or line.startswith("#"):
            continue
        try:
            value = json.loads(line, strict=False)
        except (ValueError, RecursionError):
            yield Skipped(where=source.name, line=number, reason=_("broken JSON"))
            continue
        if isinstance(value, dict):
            yield number, value
        else:
            yield Skipped(where=source.name, line=number, reason=_("not a JSON object"))


def _salvage(source: Source, already: int, is_record: Callable[[Record], bool]) -> Iterator[tuple[int, Record] | Skipped]:
    if source.size > _SALVAGEABLE:
        yield Skipped(where=source.name, line=already + 1, reason=_("the JSON is broken behind this record; what follows was not read"))
        return
    text = escape_json("".join(source.text_chunks()))
    source.damage.clear()  # told once already
    decoder = json.JSONDecoder(strict=False)
    if (line := _broken_line(decoder, text)) is not None:
        yield Skipped(where=source.name, line=line, reason=_("the JSON is broken here; the whole records behind it were read"))
    count, at = 0, text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        if isinstance(value, dict) and is_record(value):
            count += 1
            if count > already:
                yield count, value
        at = text.find("{", end if isinstance(value, dict) and is_record(value) else at + 1)


def _broken_line(decoder: json.JSONDecoder, text: str) -> int | None:
    """The line where the JSON breaks; None when this parser, unlike the incremental one, takes it whole."""
    try:
        decoder.decode(text)
    except json.JSONDecodeError as error:
        return error.lineno
    except (RecursionError, ValueError):
        return 1
    return None


def text_of(value: Any) -> str:
    """A JSON value as text: ids may be written as numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return _whole(value) if isinstance(value, str) else str(value)


def _whole(text: str) -> str:
    """JSON can escape half a character (an emoji that was cut); no encoder or tokenizer takes that, so it becomes U+FFFD."""
    if text.isascii() or not _HALF.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def mapping(value: Any) -> Mapping[str, Any]:
    """A nested JSON object, or an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """A nested JSON array, or an empty one where there is none."""
    return value if isinstance(value, list) else []


def nested_records(
    source: Source, parents: tuple[str, ...], key: str, is_record: Callable[[Record], bool]
) -> Iterator[tuple[int, Record] | Skipped]:
    """Records of arrays in an array: (0, the parent's plain values) before each parent's (number, record)s.

    The plain values must stand before the array, or they are missing.
    """
    import ijson
    from ijson.common import ObjectBuilder

    item = {f"{parent}.{key}.item": parent for parent in parents}
    arrays = {f"{parent}.{key}": parent for parent in parents}
    values: Record = {}
    builder: Any = None
    count = 0
    try:
        for prefix, event, value in ijson.parse(source.utf8(), use_float=True):
            if builder is not None:
                builder.event(event, value)
                if event == "end_map" and prefix in item:
                    yield count, builder.value
                    builder = None
            elif prefix in item and event == "start_map":
                count += 1
                builder = ObjectBuilder()
                builder.event(event, value)
            elif prefix in arrays and event == "start_array":
                yield 0, values
            elif prefix in parents and event == "start_map":
                values = {}
            elif event in ("string", "number") and prefix.rpartition(".")[0] in parents:
                values[prefix.rpartition(".")[2]] = value
    except (ijson.JSONError, ValueError, RecursionError):
        yield from _salvage(source, count - (builder is not None), is_record)


def number(value: Any) -> float:
    """A number, written as one or as text; ValueError otherwise."""
    if isinstance(value, bool) or value is None:
        raise ValueError(_("no number"))
    return float(value)


def drafts(source: Source, found: Iterator[tuple[int, Record] | Skipped], make: Callable[[int, Record], Part | None]) -> Iterator[Part]:
    """Each record made into a message; one that cannot be made into any is told, the others are read."""
    for one in found:
        if isinstance(one, Skipped):
            yield one
            continue
        try:
            part = make(*one)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            yield Skipped(where=source.name, line=one[0], reason=_("no message: {reason}").format(reason=str(error)[:80] or "?"))
            continue
        if part is not None:
            yield part


def leading_records(source: Source, prefix: str, stop: str) -> Iterator[Record]:
    """The objects of the array at `prefix` that stands before the (long) array at `stop`."""
    import ijson
    from ijson.common import ObjectBuilder

    builder: Any = None
    quiet = source.again()
    try:
        for path, event, value in ijson.parse(quiet.utf8(), use_float=True):
            if builder is not None:
                builder.event(event, value)
                if path == prefix and event == "end_map":
                    yield builder.value
                    builder = None
            elif path == prefix and event == "start_map":
                builder = ObjectBuilder()
                builder.event(event, value)
            elif path == stop and event == "start_array":
                return
    except (ijson.JSONError, ValueError, RecursionError):
        return  # the pass over the messages tells of the damage
