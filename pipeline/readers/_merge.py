"""Two exports of one chat → one log: the same message is found in both by its minute, its text and who sent it.

Exports of different exporters agree on little: ids, names, even the text of a picture differ. What they agree on is the order,
the minute and the words; a few messages that surely match tell which name in one is which id in the other, and then the rest fits.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from difflib import SequenceMatcher
from itertools import pairwise

from pipeline.model import Kind, Message
from pipeline.readers._finish import SYSTEM, UNKNOWN
from pipeline.readers._ids import is_stable_id, stable_id
from pipeline.readers._kinds import placeholder
from pipeline.text import fold

# Larger groups within one minute (floods of equal lines) are matched first to first instead of best to best.
_CELLS = 20_000
# Messages whose export gives no time of their own stand near the one before; further away it is another message.
_DRIFT = timedelta(minutes=30)
# Where both exports know the seconds, the same message has the same ones but for rounding.
_SECONDS = 2.0
_MEDIA = frozenset(Kind) - {Kind.TEXT, Kind.SYSTEM, Kind.RECALL, Kind.PAT}
_NOBODY = frozenset({SYSTEM, UNKNOWN})
# What an exporter that knows no names gives as the name: not to be taken for one.
_PLATFORM_ID = re.compile(r"^(?:wxid_\w+|gh_\w+|\d{5,}|u_\w+|U[A-Z0-9]{5,}|o[ucn]_\w+|w[mo]\w{8,}|@[^\s:]+:\S+|\S+@chatroom)$")
_NOTICES = frozenset({Kind.SYSTEM, Kind.RECALL, Kind.PAT})


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
    pairing = _Pairing(sorted(old, key=_time), sorted(new, key=_time))
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


def _time(message: Message) -> float:
    return message.sent_at.timestamp()


def _minute(message: Message) -> int:
    return int(_time(message) // 60)


def _key(message: Message) -> str:
    """What two exporters agree on about a message's content."""
    if message.kind in _NOTICES:
        return f"\x00{Kind.SYSTEM}" if message.kind is Kind.SYSTEM else f"\x00{message.kind}"
    text = message.text
    if message.kind in _MEDIA and (not text or placeholder(text)):
        return f"\x00{message.kind}"
    return _words(text)


def _words(text: str) -> str:
    """The text without the "@name " by which some exporters show a quote, and without blanks."""
    folded = fold(text)
    if folded.startswith("@") and " " in folded:
        folded = folded.partition(" ")[2] or folded
    return folded.replace(" ", "")


class _Pairing:
    """Finds (row in old, row in new) of the messages that both have."""

    def __init__(self, old: list[Message], new: list[Message]) -> None:
        self.old, self.new = old, new
        self.old_keys, self.new_keys = [_key(m) for m in old], [_key(m) for m in new]
        self.in_seconds = _has_seconds(old) and _has_seconds(new)
        self.votes: Counter[tuple[str, str]] = Counter()
        self.best_of_old: dict[str, tuple[str, int]] = {}
        self.best_of_new: dict[str, tuple[str, int]] = {}

    def pairs(self) -> list[tuple[int, int]]:
        by_id = self._by_id()
        if by_id and self._ids_decide():
            return by_id
        self._vote()
        done_old, done_new = {i for i, __ in by_id}, {j for __, j in by_id}
        found = list(by_id)
        buckets: dict[int, list[int]] = defaultdict(list)
        for i, message in enumerate(self.old):
            if i not in done_old:
                buckets[_minute(message)].append(i)
        asked: dict[int, list[int]] = defaultdict(list)
        for j, message in enumerate(self.new):
            if j not in done_new:
                asked[_minute(message)].append(j)
        for minute, rows in asked.items():
            found += self._align(buckets.get(minute, []), rows)
        found += self._drifted(found)
        if self._learn(found):
            found += self._drifted(found)
        found += self._days_only(found)
        return sorted(found)

    def _by_id(self) -> list[tuple[int, int]]:
        rows = {m.id: i for i, m in enumerate(self.old)}
        found = []
        for j, message in enumerate(self.new):
            i = rows.get(message.id)
            if i is not None and (abs(_time(message) - _time(self.old[i])) < 86_400 or self.old_keys[i] == self.new_keys[j]):
                found.append((i, j))
        return found

    def _ids_decide(self) -> bool:
        """Both sides carry the platform's own ids throughout: then a different id is a different message."""
        return not any(is_stable_id(m.id) for m in (*self.old, *self.new))

    def _vote(self) -> None:
        """Which sender is which, by messages that are the only ones of their minute and text on both sides."""
        places: dict[tuple[int, str], list[list[int]]] = defaultdict(lambda: [[], []])
        for side, (messages, keys) in enumerate(((self.old, self.old_keys), (self.new, self.new_keys))):
            for row, (message, key) in enumerate(zip(messages, keys, strict=True)):
                if len(key) >= 2 and not key.startswith("\x00"):
                    places[_minute(message), key][side].append(row)
        for left, right in places.values():
            if len(left) == len(right) == 1 and not _NOBODY & {self.old[left[0]].sender_id, self.new[right[0]].sender_id}:
                self.votes[self.old[left[0]].sender_id, self.new[right[0]].sender_id] += 1
        self._count()

    def _learn(self, found: list[tuple[int, int]]) -> bool:
        """Further votes from messages that were matched without their time; was there anything to learn?"""
        before = len(self.votes)
        for i, j in found:
            pair = self.old[i].sender_id, self.new[j].sender_id
            if self.old_keys[i] == self.new_keys[j] and len(self.old_keys[i]) >= 2 and not _NOBODY & set(pair):
                self.votes[pair] += 1
        self._count()
        return len(self.votes) > before

    def _count(self) -> None:
        for (a, b), n in sorted(self.votes.items(), key=lambda vote: (vote[1], vote[0])):
            self.best_of_old[a] = (b, n)
            self.best_of_new[b] = (a, n)

    def _other_person(self, a: str, b: str) -> bool:
        """Surely two different people? Known only once each has been seen to be somebody else."""
        if a == b or _NOBODY & {a, b}:
            return False
        left, right = self.best_of_old.get(a), self.best_of_new.get(b)
        return bool(left and right and left[0] != b and right[0] != a and (a, b) not in self.votes)

    def _likeness(self, i: int, j: int, *, between: bool = False) -> int:
        """How surely two messages of one minute are the same; 0: they are not.

        `between`: their neighbours are known to match, so that even what says little must be the same.
        """
        old, new, a, b = self.old[i], self.new[j], self.old_keys[i], self.new_keys[j]
        notice = old.kind in _NOTICES or new.kind in _NOTICES
        if not notice and self._other_person(old.sender_id, new.sender_id):
            return 0
        exact = self.in_seconds and not _is_untimed(old) and not _is_untimed(new)
        if exact and abs(_time(old) - _time(new)) > _SECONDS:
            return 0
        known = old.sender_id == new.sender_id or (self.best_of_old.get(old.sender_id, ("", 0))[0] == new.sender_id)
        bonus = 2 if known else 0
        if a == b:
            return 6 + bonus
        if notice and old.kind in _NOTICES and new.kind in _NOTICES and fold(old.text) == fold(new.text):
            return 4
        if not notice and old.kind is new.kind and old.kind in _MEDIA:
            return 4 + bonus
        if not notice and (known or exact or between) and _contains(old, new, a, b):
            return 4 + bonus
        if not exact and not between:
            return 0
        unclear = _is_unclear(old) or _is_unclear(new)
        if notice:
            return 1 if unclear else 0
        if unclear and (known or old.kind is not new.kind):
            return 1 + bonus
        one_is_media = old.kind in _MEDIA or new.kind in _MEDIA
        return 1 + bonus if known and one_is_media and old.kind is not new.kind else 0

    def _align(self, left: list[int], right: list[int], *, between: bool = False) -> list[tuple[int, int]]:
        """The best pairing of a few messages that keeps the order of both."""
        if not left or not right:
            return []
        if len(left) * len(right) > _CELLS:
            return self._first_to_first(left, right)
        rows, columns = len(left), len(right)
        best = [[0] * (columns + 1) for __ in range(rows + 1)]
        like = [[self._likeness(i, j, between=between) for j in right] for i in left]
        for r in range(rows - 1, -1, -1):
            for c in range(columns - 1, -1, -1):
                take = like[r][c] + best[r + 1][c + 1] if like[r][c] else 0
                best[r][c] = max(take, best[r + 1][c], best[r][c + 1])
        found, r, c = [], 0, 0
        while r < rows and c < columns:
            if like[r][c] and best[r][c] == like[r][c] + best[r + 1][c + 1]:
                found.append((left[r], right[c]))
                r, c = r + 1, c + 1
            elif best[r][c] == best[r + 1][c]:
                r += 1
            else:
                c += 1
        return found

    def _first_to_first(self, left: list[int], right: list[int]) -> list[tuple[int, int]]:
        waiting: dict[str, deque[int]] = defaultdict(deque)
        for i in left:
            waiting[self.old_keys[i]].append(i)
        return [(waiting[self.new_keys[j]].popleft(), j) for j in right if waiting.get(self.new_keys[j])]

    def _drifted(self, found: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Messages whose time one exporter does not know, between the neighbours that are known to match."""
        anchors = _increasing(sorted(found))
        done_old, done_new = {i for i, __ in found}, {j for __, j in found}
        edges = [(-1, -1), *anchors, (len(self.old), len(self.new))]
        for (i0, j0), (i1, j1) in pairwise(edges):
            left = [i for i in range(i0 + 1, i1) if i not in done_old]
            right = [j for j in range(j0 + 1, j1) if j not in done_new]
            if not left or not right or len(left) * len(right) > 4_000_000:
                continue
            if len(left) * len(right) <= _CELLS:
                between = i0 >= 0 and i1 < len(self.old)
                yield from ((i, j) for i, j in self._align(left, right, between=between) if self._may_drift(i, j, between))
                continue
            matcher = SequenceMatcher(None, [self.old_keys[i] for i in left], [self.new_keys[j] for j in right], autojunk=False)
            for a, b, size in matcher.get_matching_blocks():
                for k in range(size):
                    i, j = left[a + k], right[b + k]
                    if self._may_drift(i, j, False):
                        yield i, j

    def _days_only(self, found: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """An export without times may have glued messages together: it is matched with the one that holds its first line,
        if the other side has all its lines on that day."""
        done_old, done_new = {i for i, __ in found}, {j for __, j in found}
        yield from ((i, j) for j, i in _first_lines(self.new, done_new, self.old, done_old))
        yield from _first_lines(self.old, done_old, self.new, done_new)

    def _may_drift(self, i: int, j: int, between: bool) -> bool:
        """May two messages that look alike be the same although they are not of one minute?"""
        old, new = self.old[i], self.new[j]
        if self._other_person(old.sender_id, new.sender_id):
            return False
        if _is_day(old.sent_at) or _is_day(new.sent_at):
            return old.sent_at.date() == new.sent_at.astimezone(old.sent_at.tzinfo).date()
        if between and _minute(old) == _minute(new):
            return True
        return (_is_untimed(old) or _is_untimed(new)) and abs(old.sent_at - new.sent_at) <= _DRIFT


def _first_lines(glued: Sequence[Message], done: set[int], others: Sequence[Message], taken: set[int]) -> Iterator[tuple[int, int]]:
    """(row of a glued message, row of the other message with its first line)."""
    rows = [row for row, m in enumerate(glued) if row not in done and _is_day(m.sent_at)]
    if not rows:
        return
    by_line: dict[tuple[date, str], list[int]] = defaultdict(list)
    for row, message in enumerate(others):
        for line in _lines(message.text):
            by_line[message.sent_at.date(), line].append(row)
    for row in rows:
        day, lines = glued[row].sent_at.date(), _lines(glued[row].text)
        if lines and all((day, line) in by_line for line in lines):
            first = next((other for other in by_line[day, lines[0]] if other not in taken), None)
            if first is not None:
                taken.add(first)
                yield row, first


def _lines(text: str) -> list[str]:
    return [folded for line in text.split("\n") if (folded := _words(line))]


def _has_seconds(messages: Sequence[Message]) -> bool:
    """Does the export know more than the minute?"""
    return sum(m.sent_at.second != 0 for m in messages) * 4 > len(messages)


def _is_untimed(message: Message) -> bool:
    """May its time be but its neighbour's, as text exports write notices and quotes?"""
    return message.sender_id == UNKNOWN or message.kind in _NOTICES or _is_day(message.sent_at)


def _is_unclear(message: Message) -> bool:
    """A message of which the export shows nothing at all."""
    return message.kind is Kind.OTHER or (message.kind is Kind.TEXT and not message.text.strip())


def _is_day(when: datetime) -> bool:
    """Midnight sharp: the export knows the day only."""
    return (when.hour, when.minute, when.second) == (0, 0, 0)


def _contains(old: Message, new: Message, a: str, b: str) -> bool:
    """Does one exporter show more of the same text (a quote behind it, an address; or cut it short)?"""
    if a.startswith("\x00") or b.startswith("\x00"):
        left, right = ({fold(m.text), fold(m.title or "")} - {""} for m in (old, new))
        return any(min(len(x), len(y)) >= 4 and (x in y or y in x) for x in left for y in right)
    short, long = sorted((a, b), key=len)
    return len(short) >= 4 and (long.startswith(short) or long.endswith(short))


def _increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pairs that keep the order on both sides, greedily."""
    kept: list[tuple[int, int]] = []
    for pair in pairs:
        if not kept or pair[1] > kept[-1][1]:
            kept.append(pair)
    return kept


class _People:
    """Which sender ids become which: a name that is one exporter's only id becomes the platform id that the other knows."""

    def __init__(self, pairing: _Pairing, pairs: list[tuple[int, int]]) -> None:
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
    unsure = _is_nominal(first) or first.sender_id in _NOBODY
    who = second if unsure and not _is_nominal(second) and second.sender_id not in _NOBODY else first
    sent_at = second.sent_at if _coarser(first.sent_at, second.sent_at) else first.sent_at
    return Message(
        id=old.id,
        sender_id=who.sender_id,
        sender=who.sender if who.sender != who.sender_id or second.sender_id in _NOBODY else second.sender,
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
    return (first.second == 0 and second.second != 0) or (_is_day(first) and not _is_day(second))


def _convincing(pairing: _Pairing, pairs: list[tuple[int, int]]) -> bool:
    """Within the time that both cover, most messages of the smaller side match, and some of them say something."""
    if not pairs:
        return False
    start = max(pairing.old[0].sent_at, pairing.new[0].sent_at).astimezone(UTC) - timedelta(minutes=1)
    end = min(pairing.old[-1].sent_at, pairing.new[-1].sent_at).astimezone(UTC) + timedelta(minutes=1)
    smaller = min(sum(start <= m.sent_at <= end for m in side) for side in (pairing.old, pairing.new))
    telling = {pairing.old_keys[i] for i, j in pairs if pairing.old_keys[i] == pairing.new_keys[j] and len(pairing.old_keys[i]) >= 4}
    telling = {key for key in telling if not key.startswith("\x00")}
    return len(pairs) * 2 >= smaller and len(telling) >= min(3, max(1, smaller // 2))
