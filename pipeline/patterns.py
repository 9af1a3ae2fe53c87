"""Many patterns searched in one text: only those are tried whose matches have something of what stands there.

A message of a chat has some twenty characters, and a set of cues some dozens of patterns of which two or three match. Which
characters or pairs of characters every match must hold is read from the pattern once; a look into one table then says which
patterns are worth a search in a text: half the time, the same result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from operator import add
from typing import Any

_parser: Any = import_module("re._parser")  # what re itself reads patterns with
WIDEST = 64  # characters of a class that are listed; a wider class may begin with anything


class _Symbols(dict[int, str]):
    """Character → one that stands for all that a pattern may not tell apart: upper and lower case, digits, blanks."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = "i" if character == "ı" else character.casefold()[0]
        self[code] = "0" if character.isdecimal() else " " if character.isspace() else folded
        return self[code]


_SYMBOLS = _Symbols()


class Patterns:
    """Patterns by number."""

    def __init__(self, patterns: Sequence[re.Pattern[str]]) -> None:
        self._patterns = list(patterns)
        self._always = 0  # a bit a pattern
        self._begins: dict[str, int] = {}
        for k, pattern in enumerate(self._patterns):
            for piece in _needed(list(_parser.parse(pattern.pattern, pattern.flags))):
                self._begins[piece] = self._begins.get(piece, 0) | 1 << k
        self._always = self._begins.pop("", 0)

    def possible(self, text: str) -> Iterator[int]:
        """The numbers of the patterns that may match, in order."""
        symbols = text.translate(_SYMBOLS)
        bits = self._always
        for beginning in self._begins.keys() & {*symbols, *map(add, symbols, symbols[1:])}:
            bits |= self._begins[beginning]
        while bits:
            lowest = bits & -bits
            yield lowest.bit_length() - 1
            bits ^= lowest

    def found(self, text: str) -> list[float]:
        """For each pattern 1.0 if it is found in the text, else 0.0."""
        marks = [0.0] * len(self._patterns)
        for k in self.possible(text):
            if self._patterns[k].search(text):
                marks[k] = 1.0
        return marks


def _needed(items: Sequence[Any]) -> set[str]:
    """Pieces of which every match holds one, the rarest set of them that is found."""
    if len(items) == 1 and str(items[0][0]) == "BRANCH":
        return set[str]().union(*(_needed(way) for way in items[0][1][1]))
    if len(items) == 1 and str(items[0][0]) == "SUBPATTERN":
        return _needed(items[0][1][3])
    inside = [_needed([item]) for item in items if len(items) > 1 and str(item[0]) in ("BRANCH", "SUBPATTERN")]
    return min([*inside, *(_beginnings(items[k:], 2) for k in range(len(items)))], key=_often, default={""})


def _often(pieces: set[str]) -> float:
    """A guess at how often a text has one of the pieces: figures and blanks are everywhere, Latin letters are few."""
    return sum(
        1000.0 if not piece else 8.0 ** (2 - len(piece)) * math.prod(10 if c in "0 " else 3 if c.isascii() else 1 for c in piece)
        for piece in pieces
    )


def _beginnings(items: Sequence[Any], length: int) -> set[str]:
    """How a match may begin, in symbols: strings of up to `length`; of what follows a shorter one nothing is known."""
    if not items or not length:
        return {""}
    (kind, told), rest = items[0], items[1:]
    match str(kind):
        case "AT" | "ASSERT" | "ASSERT_NOT":  # take no room
            return _beginnings(rest, length)
        case "BRANCH":
            return set[str]().union(*(_beginnings([*way, *rest], length) for way in told[1]))
        case "SUBPATTERN":
            return _beginnings([*told[3], *rest], length)
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, repeated = told
            again = [(kind, (max(least - 1, 0), most - 1, repeated))] if most > 1 else []
            once = _beginnings([*repeated, *again, *rest], length)
            return once if least else once | _beginnings(rest, length)
        case "LITERAL":
            heads = {_SYMBOLS[told]}
        case "IN":
            heads = _listed(told)
        case _:
            heads = {""}
    return {""} if "" in heads else {head + tail for head in heads for tail in _beginnings(rest, length - 1)}


def _listed(members: Sequence[tuple[Any, Any]]) -> set[str]:
    """The symbols of a class of characters; "" among them where they are too many to list."""
    found: set[str] = set()
    for kind, told in members:
        match str(kind):
            case "LITERAL":
                found.add(_SYMBOLS[told])
            case "RANGE" if told[1] - told[0] < WIDEST:
                found.update(_SYMBOLS[code] for code in range(told[0], told[1] + 1))
            case "CATEGORY" if str(told) == "CATEGORY_DIGIT":
                found.add("0")
            case "CATEGORY" if str(told) == "CATEGORY_SPACE":
                found.add(" ")
            case _:
                found.add("")
    return found
