"""The list items of a digest's Markdown or text file, as raw lines: what review compares and rewrites."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ITEM = re.compile(r"\s*(?:[-*+] |\d{1,3}[.)] |· |▸ |问：|問：|答：|Q: |A: )")
_BORDER = re.compile(r"\s*(?:#{1,6} |---|> |\Z)")
_MARK = re.compile(r"^\s*(?:\d{1,3}[.)]|[-*+·▸]) ")
_ANSWER = re.compile(r"\s*(?:答：|A: )")
_ESCAPE = re.compile(r"\\([\\`*_\[\]<>|~$&#+=.)-])")
_LINK = re.compile(r"\]\([^)]*\)")
_DECORATION = re.compile(r"[\s\\*_`\[\]()<>|~$&#]+")
_QUOTES = {"「": "」", "“": "”"}


@dataclass(frozen=True, kw_only=True)
class Group:
    """One item with the lines that go on under it, or one line that is no item (`folded` is then empty).

    `parent` is the folded text of the item it stands under: an answer's question, what a nested item belongs to.
    """

    rows: tuple[str, ...]
    section: str = ""
    folded: str = ""
    parent: str = ""

    @property
    def text(self) -> str:
        return "\n".join(self.rows)


def groups(text: str, headings: Mapping[str, str]) -> list[Group]:
    """The file in order; `headings` maps a heading line to the name of the section that it opens."""
    found: list[Group] = []
    section = ""
    above: list[tuple[int, str]] = []  # indentation and folded text of the items that may still have children
    for rows in _rows(text):
        if not _ITEM.match(rows[0]):
            if name := headings.get(rows[0].strip()):
                section, above = name, []
            found.append(Group(rows=tuple(rows), section=section))
            continue
        folded, depth = fold("\n".join(rows)), _depth(rows[0])
        above = [a for a in above if a[0] < depth]
        found.append(Group(rows=tuple(rows), section=section, folded=folded, parent=above[-1][1] if above else ""))
        above.append((depth, folded))
    return found


def _rows(text: str) -> list[list[str]]:
    """An item's first line with those that go on under it; every other line alone."""
    found: list[list[str]] = []
    for line in text.split("\n"):
        last = found[-1] if found else [""]
        if _ITEM.match(last[0]) and line.strip() and not _ITEM.match(line) and not _BORDER.match(line):
            last.append(line)
        else:
            found.append([line])
    return found


def _depth(row: str) -> int:
    """How deep an item stands; an answer of the text form stands under its question."""
    return len(row) - len(row.lstrip()) + (1 if _ANSWER.match(row) else 0)


def fold(text: str) -> str:
    """An item for comparing: no list mark (moving an item changes its number), blanks folded."""
    return " ".join(_MARK.sub("", text, count=1).split())


def bare(text: str) -> str:
    """Letters and signs only: Markdown's escapes, links and list marks do not count."""
    return _DECORATION.sub("", _LINK.sub("", text))


def unescaped(text: str) -> str:
    """Markdown text as it reads."""
    return _ESCAPE.sub(r"\1", text).replace("**", "")


def unquote(text: str) -> str:
    """The text without its outer quotation marks; marks inside a quotation stay."""
    found: list[str] = []
    awaited: list[str] = []
    for character in text:
        if awaited and character == awaited[-1]:
            awaited.pop()
            if awaited:
                found.append(character)
        elif character in _QUOTES:
            if awaited:
                found.append(character)
            awaited.append(_QUOTES[character])
        else:
            found.append(character)
    return "".join(found)
