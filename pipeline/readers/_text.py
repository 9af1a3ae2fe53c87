"""Text logs: "a header line, then the body until the next header", and which header-looking lines are none."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from pipeline.i18n import _
from pipeline.model import Skipped
from pipeline.readers._format import Draft, Part
from pipeline.readers._source import Source

H = TypeVar("H")

# No header is longer; patterns with a free name in them take too long on endless lines made to harm.
LONGEST_HEADER = 400
ANY_LENGTH = 1 << 62  # for headers that have the text itself behind them

# Blocks are judged so many at a time; the last of them again with the next batch, since what follows decides.
_BATCH = 4_000
_CARRIED = 400
# Logs are sorted but for late deliveries; that much disorder is no sign of a pasted log.
_JITTER = timedelta(minutes=10)
# If fewer of the headers than this fit into one order of time, the log is not sorted, and its order says nothing.
_SORTED_SHARE = 0.9


@dataclass(slots=True)
class Block(Generic[H]):
    """A header as its format's `parse` understood it, and the lines below it. `head` is the header as it stands in the log."""

    line: int
    head: str
    header: H
    sent_at: datetime
    body: list[str]
    blank_before: bool


def blocks(
    lines: Iterator[tuple[int, str]],
    parse: Callable[[str], tuple[H, datetime] | None],
    *,
    preface: list[tuple[int, str]] | None = None,
    blank_before: bool = True,
    longest: int = LONGEST_HEADER,
) -> Iterator[Block[H]]:
    """The messages of a text log.

    `parse` says what a header line says, naive local time included, or None for any other line. With `blank_before` a header
    counts only behind an empty line, as its exporter writes it. A log pasted into a message brings header-looking lines along:
    they are told by their times, which do not fit into the order of the others. Lines beyond `longest` are no header.
    `preface` gathers the lines before the first header.
    """
    pending: list[Block[H]] = []
    current: Block[H] | None = None
    last_blank = True
    for number, line in lines:
        blank = not line.strip()
        found = parse(line) if not blank and (last_blank or not blank_before) and len(line) <= longest else None
        if found is not None:
            current = Block(number, line, found[0], found[1], [], last_blank)
            pending.append(current)
            if len(pending) >= _BATCH:
                settled, pending = _settle(pending, final=False)
                yield from settled
        elif current is not None:
            current.body.append(line)
        elif preface is not None and line.strip("\r\t \ufeff\x00"):
            preface.append((number, line))
        last_blank = blank
    yield from _settle(pending, final=True)[0]


def body_text(body: list[str]) -> str:
    """The body without the empty lines around it, which belong to the layout."""
    start, end = 0, len(body)
    while end > start and not body[end - 1].strip():
        end -= 1
    while start < end and not body[start].strip():
        start += 1
    return "\n".join(line.rstrip("\r") for line in body[start:end])


def _settle(pending: list[Block[H]], *, final: bool) -> tuple[list[Block[H]], list[Block[H]]]:
    """(blocks that are messages for good, blocks to be judged again with what follows)."""
    true_header = _in_order([block.sent_at for block in pending])
    kept: list[Block[H]] = []
    for block, is_header in zip(pending, true_header, strict=True):
        if is_header or not kept:
            kept.append(block)
        else:
            kept[-1].body += [block.head, *block.body]
    if final:
        return kept, []
    return kept[:-_CARRIED], kept[-_CARRIED:]


def _in_order(times: list[datetime]) -> list[bool]:
    """Which of the times belong to the longest run that never goes back; all of them when the log is not sorted."""
    tails: list[datetime] = []  # the earliest end of a run of each length
    tail_at: list[int] = []
    before: list[int] = []
    for i, time in enumerate(times):
        at = bisect_right(tails, time)
        before.append(tail_at[at - 1] if at else -1)
        if at == len(tails):
            tails.append(time)
            tail_at.append(i)
        else:
            tails[at], tail_at[at] = time, i
    if len(tails) < _SORTED_SHARE * len(times):
        return [True] * len(times)
    chosen = [False] * len(times)
    at = tail_at[-1] if tail_at else -1
    while at >= 0:
        chosen[at] = True
        at = before[at]
    return _with_jitter(times, chosen)


def _with_jitter(times: list[datetime], chosen: list[bool]) -> list[bool]:
    """Also those that are off by little from the chosen ones around them."""
    if all(chosen):
        return chosen
    previous: datetime | None = None
    near = list(chosen)
    for i, time in enumerate(times):
        if chosen[i]:
            previous = time
        elif previous is not None:
            near[i] = abs(time - previous) <= _JITTER
    return near


def each_draft(source: Source, header: Callable[[str], tuple[H, datetime] | None], draft: Callable[[Block[H]], Draft]) -> Iterator[Part]:
    """The blocks of a text as drafts; then what stood before the first one, which is no message."""
    preface: list[tuple[int, str]] = []
    for block in blocks(source.lines(), header, preface=preface):
        yield draft(block)
    for line, __ in preface:
        yield Skipped(where=source.name, line=line, reason=_("text before the first message"))
