"""Proof: every piece of a printed text stands, in order, in a message that it cites (contract, "Verbatim").

Pieces are what lies between "…", line ends and masks. Both sides are compared without white space, so that
folding lines or blanks proves nothing away. A message's title, URL and file name count as its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pipeline.model import Entry, Message

_CUT = re.compile(r"…|\n|\*{3}")
_SPACE = re.compile(r"\s+")


def printable_text(message: Message) -> str:
    """All of a message that may be quoted: text, title, URL, file name."""
    return "\n".join(part for part in (message.text, message.title, message.url, message.file_name) if part)


def is_proved(entry: Entry, masked: Mapping[str, str]) -> bool:
    """Does each piece of the entry's text (and of its context's) stand in the cited messages, in order?

    `masked` maps message id → its masked printable text; an entry that cites an unknown message is not proved.
    """
    if entry.context is not None and not is_proved(entry.context, masked):
        return False
    if not entry.message_ids or any(i not in masked for i in entry.message_ids):
        return False
    sources = [_squeeze(part) for i in entry.message_ids for part in _parts(masked[i])]
    return _in_order(entry.text, sources)


def _parts(text: str) -> list[str]:
    return _CUT.split(text)


def _squeeze(text: str) -> str:
    return _SPACE.sub("", text)


def _in_order(text: str, sources: Iterable[str]) -> bool:
    """Greedy: the earliest place for each piece leaves most room for the next."""
    rest = list(sources)
    at, offset = 0, 0
    for piece in (_squeeze(p) for p in _CUT.split(text)):
        if not piece:
            continue
        while at < len(rest):
            found = rest[at].find(piece, offset)
            if found >= 0:
                offset = found + len(piece)
                break
            at, offset = at + 1, 0
        else:
            return False
    return True
