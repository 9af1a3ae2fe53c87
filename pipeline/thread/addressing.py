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
        by_sender = {} if m.is_system else names.in_message(m, own)
        names.spoke(own)
        ranked = sorted(by_sender.items(), key=lambda x: (-x[1], x[0]))
        found.append(tuple(Addressee(sender=s, how=h) for s, h in ranked))
    return found


class _Names:
    """The chat's names and their short forms, looked up in a text in time linear in its length.

    A name that several bear (two people called 小王, one person under two ids) is the one of them who spoke last.
    """

    def __init__(self, messages: Sequence[Message], senders: Sequence[int]) -> None:
        self._by_id: dict[str, int] = {}
        self._bearers: dict[str, list[int]] = {}  # form → its two bearers who spoke last, the later one first
        self._forms: dict[int, set[str]] = {}
        for m, s in zip(messages, senders, strict=True):
            if not m.is_system:
                self._by_id.setdefault(m.sender_id, s)
        called = {(s, name) for m, s in zip(messages, senders, strict=True) for name in m.names if not m.is_system and name}
        for s, name in sorted(called):
            for form in sorted({fold(name), fold(short_name(name))}):
                if len(form) >= (MIN_CHINESE if cjk_share(form) > 0 else MIN_LATIN):
                    self._forms.setdefault(s, set()).add(form)
                    known = self._bearers.setdefault(form, [])
                    if s not in known and len(known) < 2:
                        known.append(s)
        self._starts: dict[str, list[str]] = {}
        for form in sorted((f for f in self._bearers if cjk_share(f) > 0), key=lambda f: (-len(f), f)):
            self._starts.setdefault(form[:2], []).append(form)
        # Finds the places where a name may begin much faster than a loop over all characters.
        firsts = "".join(sorted({f[0] for f in self._starts}))
        self._may_begin = re.compile(f"[{re.escape(firsts)}]") if firsts else None

    def spoke(self, sender: int) -> None:
        for form in self._forms.get(sender, ()):
            known = self._bearers[form]
            if known[0] != sender:
                self._bearers[form] = [sender, known[0]]

    def in_message(self, m: Message, own: int) -> dict[int, How]:
        """Whom the message of sender `own` names; nobody names themselves."""
        found: dict[int, How] = {self._by_id[i]: How.AT for i in m.mentions if i in self._by_id}
        text = fold(m.text[:MAX_TEXT])
        for token in _TOKEN.finditer(text):
            self._take_latin(token.group(), None if token.start() else text[token.end() :].lstrip()[:1], own, found)
        if self._may_begin:
            self._take_chinese(text, own, found)
        found.pop(own, None)
        return found

    def _take(self, form: str, how: How, own: int, found: dict[int, How]) -> None:
        meant = next((s for s in self._bearers[form] if s != own), own)
        found[meant] = max(found.get(meant, How.NAMED), how)

    def _take_latin(self, token: str, after: str | None, own: int, found: dict[int, How]) -> None:
        """`after`: what follows the first token of a text ("name , …" in tokenised logs), None for the others."""
        at = token.startswith("@")
        bare = token[1:] if at else token
        stripped = bare.rstrip(_TOKEN_END)
        for form in (bare, stripped):
            if form in self._bearers:
                leads = after is not None and (bare[len(form) : len(form) + 1] or after) in set(":,：，")
                self._take(form, How.AT if at else How.LEADING if leads else How.NAMED, own, found)
                return

    def _take_chinese(self, text: str, own: int, found: dict[int, How]) -> None:
        assert self._may_begin
        after = 0
        for place in self._may_begin.finditer(text):
            at = place.start()
            form = next((f for f in self._starts.get(text[at : at + 2], ()) if text.startswith(f, at)), None) if at >= after else None
            if form is None:
                continue
            after = at + len(form)
            leads = at == 0 and text[after : after + 1] in set(":,")
            self._take(form, How.AT if at and text[at - 1] == "@" else How.LEADING if leads else How.NAMED, own, found)
