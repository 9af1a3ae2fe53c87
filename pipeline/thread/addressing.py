"""Who a message speaks to: names in its text, resolved to the senders who bear them.

@小鱼 中午我整理一版发群里哈          an at-sign and a name
HrdwrBoB: /deb/hdb1 ext3             a name and a colon or comma at the beginning, the custom of IRC
Rex把 sms.py 31行上下贴一下           a bare name, or its part before "-城市" or "@公司"
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from pipeline.model import Message
from pipeline.text import cjk_share, fold, short_name

_TOKEN_END = ":,;.!?)>'\"：，。！？、"
_TOKEN = re.compile(r"[^\s\u3400-\u9fff：，。！？、]+")
MIN_LATIN, MIN_CHINESE = 3, 2
MAX_TEXT = 2000  # a pasted log names everybody


class How(IntEnum):
    """How plainly a name addresses somebody."""

    NAMED = 1  # the bare name somewhere in the text
    LEADING = 2  # "name:" or "name," at the beginning
    AT = 3  # "@name", or a mention that the export itself records


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """The sender (row in the chat's list of senders) whom a message names."""

    sender: int
    how: How


def number_senders(messages: Sequence[Message]) -> list[int]:
    """Each message's sender as a number, by first appearance."""
    known: dict[str, int] = {}
    return [known.setdefault(m.sender_id or m.sender, len(known)) for m in messages]


def find_addressees(messages: Sequence[Message], senders: Sequence[int]) -> list[tuple[Addressee, ...]]:
    """For each message whom it names, most plainly named first; never its own sender."""
    names = _Names(messages, senders)
    found = []
    for m, own in zip(messages, senders, strict=True):
        by_sender = {} if m.is_system else names.in_message(m)
        by_sender.pop(own, None)
        ranked = sorted(by_sender.items(), key=lambda x: (-x[1], x[0]))
        found.append(tuple(Addressee(sender=s, how=h) for s, h in ranked))
    return found


class _Names:
    """The chat's names and their short forms, looked up in a text in time linear in its length."""

    def __init__(self, messages: Sequence[Message], senders: Sequence[int]) -> None:
        self._by_id: dict[str, int] = {}
        self._latin: dict[str, set[int]] = {}
        self._chinese: dict[str, set[int]] = {}
        for m, s in zip(messages, senders, strict=True):
            if m.is_system:
                continue
            self._by_id.setdefault(m.sender_id, s)
        for name, s in sorted({(name, s) for m, s in zip(messages, senders, strict=True) for name in m.names if not m.is_system and name}):
            for form in {fold(name), fold(short_name(name))}:
                if cjk_share(form) > 0 and len(form) >= MIN_CHINESE:
                    self._chinese.setdefault(form, set()).add(s)
                elif len(form) >= MIN_LATIN:
                    self._latin.setdefault(form, set()).add(s)
        self._starts: dict[str, list[str]] = {}
        for form in sorted(self._chinese, key=lambda f: (-len(f), f)):
            self._starts.setdefault(form[:2], []).append(form)

    def in_message(self, m: Message) -> dict[int, How]:
        found: dict[int, How] = {self._by_id[i]: How.AT for i in m.mentions if i in self._by_id}
        text = fold(m.text[:MAX_TEXT])
        for token in _TOKEN.finditer(text):
            self._take_latin(token.group(), token.start() == 0, found)
        if self._starts:
            self._take_chinese(text, found)
        return found

    def _take_latin(self, token: str, first: bool, found: dict[int, How]) -> None:
        at = token.startswith("@")
        bare = token[1:] if at else token
        stripped = bare.rstrip(_TOKEN_END)
        for form in (bare, stripped):
            if senders := self._latin.get(form):
                how = How.AT if at else How.LEADING if first and form != bare and bare[len(form)] in ":,：，" else How.NAMED
                for s in senders:
                    found[s] = max(found.get(s, How.NAMED), how)
                return

    def _take_chinese(self, text: str, found: dict[int, How]) -> None:
        at = 0
        while at < len(text) - 1:
            form = next((f for f in self._starts.get(text[at : at + 2], ()) if text.startswith(f, at)), None)
            if form is None:
                at += 1
                continue
            how = (
                How.AT
                if at and text[at - 1] == "@"
                else How.LEADING
                if at == 0 and text[len(form) : len(form) + 1] in set(":,")
                else How.NAMED
            )
            for s in self._chinese[form]:
                found[s] = max(found.get(s, How.NAMED), how)
            at += len(form)
