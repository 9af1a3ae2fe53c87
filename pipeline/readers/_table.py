"""Rows of CSV, TSV and workbooks, one at a time; a quote that is never closed costs one row, not the rest of the file."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.i18n import _
from pipeline.model import Skipped
from pipeline.readers._source import Probe, Source

Row = tuple[int, list[str]]
_LONGEST = 2_000  # lines of one cell; beyond, its quote was never closed
csv.field_size_limit(1 << 24)


def header_of(probe: Probe) -> list[str]:
    """The cells of the first line, or of the first row of a workbook's first sheet; [] for what is no table."""
    if probe.source.ending in ("xlsx", "xlsm"):
        return next((cells for __, cells in rows_of(probe.source.again())), [])
    if probe.magic or not probe.lines:
        return []
    first = probe.lines[0].replace("\r", " ")
    try:
        return next(csv.reader([first], delimiter=delimiter_of(first)), [])
    except csv.Error:
        return []


def rows_of(source: Source) -> Iterator[Row]:
    """(line, cells) of every row; `source.damage` gets the rows that are none."""
    if source.ending in ("xlsx", "xlsm"):
        yield from _sheet_rows(source)
        return
    delimiter = ""
    for line, text in _records(source):
        delimiter = delimiter or delimiter_of(text)
        try:
            cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        except csv.Error as error:
            source.damage.append(Skipped(where=source.name, line=line, reason=_("broken row: {reason}").format(reason=error)))
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells


def delimiter_of(line: str) -> str:
    return max(",\t;", key=lambda d: (line.count(d), d == ","))


def _records(source: Source) -> Iterator[tuple[int, str]]:
    """(line, text) of every row, line ends inside quotes kept."""
    held: list[str] = []
    start, open_quote = 1, False
    lines = source.lines()
    again: list[tuple[int, str]] = []
    while True:
        number, line = again.pop(0) if again else next(lines, (0, ""))
        if not number:
            if held:
                again = _give_up(source, start, held)
                held, open_quote = [], False
                if again:
                    continue
            return
        line = line.replace("\x00", "").rstrip("\r")
        if '"' not in line and not held:
            line = line.replace("\r", " ")  # a bare CR outside of quotes is no end of a row
        start = start if held else number
        held.append(line)
        if line.count('"') % 2:
            open_quote = not open_quote
        if not open_quote:
            yield start, "\n".join(held)
            held = []
        elif len(held) > _LONGEST:
            again = _give_up(source, start, held) + again
            held, open_quote = [], False


def _give_up(source: Source, start: int, held: list[str]) -> list[tuple[int, str]]:
    """Reports the row whose quote was never closed; the lines behind it are tried again as rows."""
    source.damage.append(Skipped(where=source.name, line=start, reason=_("a quotation mark is never closed")))
    return [(start + i, line) for i, line in enumerate(held) if i]


def _sheet_rows(source: Source) -> Iterator[Row]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with source.open() as file:
        held = file if file.seekable() else io.BytesIO(file.read())
        if source.on_bytes is not None:
            source.on_bytes(source.size)
        try:
            book = load_workbook(held, read_only=True, data_only=True)
            for sheet in book.worksheets:
                for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
                    cells = [_cell(value) for value in row]
                    if any(cells):
                        yield number, cells
        except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, SyntaxError, OSError, EOFError, TypeError) as error:
            reason = _("damaged workbook: {reason}").format(reason=type(error).__name__)
            source.damage.append(Skipped(where=source.name, line=0, reason=reason))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat(sep=" ") if hasattr(value, "isoformat") else str(value)


class Columns:
    """Cells by the names in the header; a missing column or cell is empty."""

    def __init__(self, header: Sequence[str]) -> None:
        self._at = {name.strip().lstrip("\ufeff"): i for i, name in reversed(list(enumerate(header)))}

    def __contains__(self, name: str) -> bool:
        return name in self._at

    def __call__(self, cells: Sequence[str], *names: str) -> str:
        """The first non-empty cell of the named columns."""
        for name in names:
            at = self._at.get(name)
            if at is not None and at < len(cells) and cells[at].strip():
                return cells[at]
        return ""


def true_id(cell: str) -> str:
    """An id of a platform; a spreadsheet that rounded it to 7.42E+18 has destroyed it."""
    cell = cell.strip().strip("'`")
    return cell if cell and "E+" not in cell.upper() else ""
