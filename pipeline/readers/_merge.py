"""Two exports of one chat → one log: the same message is found in both by its minute, its text and who sent it.

Exports of different exporters agree on little: ids, names, even the text of a picture differ. What they agree on is the order,
the minute and the words; a few messages that surely match tell which name in one is which id in the other, and then the rest fits.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pipeline.model import Kind, Message
from pipeline.readers._finish import SYSTEM
from pipeline.readers._ids import is_stable_id, stable_id
from pipeline.readers._kinds import placeholder
from pipeline.readers._pairing import NOBODY, Pairing, is_day, time_of

# What an exporter that knows no names gives as the name: not to be taken for one.
_PLATFORM_ID = re.compile(r"^(?:wxid_\w+|gh_\w+|\d{5,}|u_\w+|U[A-Z0-9]{5,}|o[ucn]_\w+|w[mo]\w{8,}|@[^\s:]+:\S+|\S+@chatroom)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePlan:
    """What adding an export to a chat changes.

    `updated`: messages of the chat, under their own ids, with what the new export knows better. `added`: messages that are new,
    their references already to ids of the chat. `aliases`: id in the new export → id in the chat, of every message that is in both.
    `same_chat`: do the two overlap so much that they must be the same chat?
    """

    updated: tuple[Message, ...]
    added: tuple[Message, ...]
    aliases: Mapping[str, str]
    same_chat: bool

    def apply(self, old: Sequence[Message]) -> list[Message]:
        """The merged chat in time order."""
        better = {m.id: m for m in self.updated}
        merged = [better.get(m.id, m) for m in old] + list(self.added)
        return sorted(merged, key=lambda m: m.sent_at.timestamp())


def merge_overlap(old: Sequence[Message], new: Sequence[Message]) -> MergePlan:
    """How `new`, another export of the chat of `old`, fits into it. Both may be in any order."""
    pairing = Pairing(sorted(old, key=time_of), sorted(new, key=time_of))
    pairs = pairing.pairs()
    aliases = {pairing.new[j].id: pairing.old[i].id for i, j in pairs}
    people = _People(pairing, pairs)
    taken = {m.id for m in pairing.old}
    matched = {j for __, j in pairs}
    added: list[Message] = []
    for j, message in enumerate(pairing.new):
        if j in matched:
            continue
        if message.id in taken:  # two exporters' ids that mean different messages
            fresh = stable_id("", message.sender_id, message.sent_at, message.text, 0)
            twin = 0
            while fresh in taken:
                twin += 1
                fresh = stable_id("", message.sender_id, message.sent_at, message.text, twin)
            aliases[message.id] = fresh
            message = replace(message, id=fresh)
        taken.add(message.id)
        added.append(message)
    added = [people.renamed(_redirected(m, aliases), people.of_new) for m in added]
    partner = {i: pairing.new[j] for i, j in pairs}
    updated = []
    for i, message in enumerate(pairing.old):
        better = people.renamed(message, people.of_old)
        if i in partner:
            other = people.renamed(_redirected(partner[i], aliases), people.of_new)
            better = _richer(better, other)
        if better != message:
            updated.append(better)
    same = _convincing(pairing, pairs)
    return MergePlan(updated=tuple(updated), added=tuple(added), aliases=aliases, same_chat=same)


class _People:
    """Which sender ids become which: a name that is one exporter's only id becomes the platform id that the other knows."""

    def __init__(self, pairing: Pairing, pairs: list[tuple[int, int]]) -> None:
        self.of_old: dict[str, str] = {}
        self.of_new: dict[str, str] = {}
        votes: dict[tuple[str, str], int] = Counter()
        names_old, names_new = _nominal(pairing.old), _nominal(pairing.new)
        for i, j in pairs:
            a, b = pairing.old[i].sender_id, pairing.new[j].sender_id
            if a != b and SYSTEM not in (a, b):
                votes[a, b] += 1
        partners_old, partners_new = defaultdict(set), defaultdict(set)
        for a, b in votes:
            partners_old[a].add(b)
            partners_new[b].add(a)
        for a, b in sorted(votes):
            if a in names_old and b not in names_new and len(partners_old[a]) == 1:
                self.of_old[a] = b
            elif b in names_new and len(partners_new[b]) == 1:
                self.of_new[b] = a

    def renamed(self, message: Message, ids: Mapping[str, str]) -> Message:
        sender = ids.get(message.sender_id, message.sender_id)
        mentions = tuple(ids.get(m, m) for m in message.mentions)
        if sender == message.sender_id and mentions == message.mentions:
            return message
        return replace(message, sender_id=sender, mentions=mentions)


def _nominal(messages: Sequence[Message]) -> set[str]:
    """Sender ids that are but names."""
    return {m.sender_id for m in messages if _is_nominal(m)}


def _is_nominal(message: Message) -> bool:
    return message.sender_id == message.sender and not _PLATFORM_ID.match(message.sender_id)


def _redirected(message: Message, aliases: Mapping[str, str]) -> Message:
    if message.reply_to is None or message.reply_to not in aliases:
        return message
    return replace(message, reply_to=aliases[message.reply_to])


def _richness(message: Message) -> tuple[int, int]:
    fields = sum(bool(x) for x in (message.reply_to, message.mentions, message.reactions, message.url, message.title, message.file_name))
    known = (not is_stable_id(message.id)) * 4 + (not _is_nominal(message)) * 4 + (message.sent_at.second != 0) * 2
    return known + fields, len(message.text)


def _richer(old: Message, new: Message) -> Message:
    """One record of two: the richer one, completed from the other; the id stays the old one."""
    first, second = (old, new) if _richness(old) >= _richness(new) else (new, old)
    kind = first.kind if first.kind not in (Kind.TEXT, Kind.OTHER) or second.kind is Kind.OTHER else second.kind
    text = first.text
    if (not text or (placeholder(text) and not placeholder(second.text))) and second.text:
        text = second.text
    unsure = _is_nominal(first) or first.sender_id in NOBODY
    who = second if unsure and not _is_nominal(second) and second.sender_id not in NOBODY else first
    sent_at = second.sent_at if _coarser(first.sent_at, second.sent_at) else first.sent_at
    return Message(
        id=old.id,
        sender_id=who.sender_id,
        sender=who.sender if who.sender != who.sender_id or second.sender_id in NOBODY else second.sender,
        sent_at=sent_at,
        text=text,
        kind=kind,
        reply_to=first.reply_to or second.reply_to,
        mentions=first.mentions or second.mentions,
        reactions=first.reactions or second.reactions,
        url=first.url or second.url,
        title=first.title or second.title,
        file_name=first.file_name or second.file_name,
        role=first.role or second.role,
    )


def _coarser(first: datetime, second: datetime) -> bool:
    """Does the first give less of the time than the second?"""
    return (first.second == 0 and second.second != 0) or (is_day(first) and not is_day(second))


def _convincing(pairing: Pairing, pairs: list[tuple[int, int]]) -> bool:
    """Within the time that both cover, most messages of the smaller side match, and some of them say something."""
    if not pairs:
        return False
    start = max(pairing.old[0].sent_at, pairing.new[0].sent_at).astimezone(UTC) - timedelta(minutes=1)
    end = min(pairing.old[-1].sent_at, pairing.new[-1].sent_at).astimezone(UTC) + timedelta(minutes=1)
    smaller = min(sum(start <= m.sent_at <= end for m in side) for side in (pairing.old, pairing.new))
    telling = {pairing.old_keys[i] for i, j in pairs if pairing.old_keys[i] == pairing.new_keys[j] and len(pairing.old_keys[i]) >= 4}
    telling = {key for key in telling if not key.startswith("\x00")}
    return len(pairs) * 2 >= smaller and len(telling) >= min(3, max(1, smaller // 2))
