"""Which messages of two exports of one chat are the same: pairs of rows that keep the order of both."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from difflib import SequenceMatcher
from itertools import pairwise

from pipeline.model import Kind, Message
from pipeline.readers._finish import SYSTEM, UNKNOWN
from pipeline.readers._ids import is_stable_id
from pipeline.readers._kinds import placeholder
from pipeline.text import fold

# Larger groups within one minute (floods of equal lines) are matched first to first instead of best to best.
_CELLS = 20_000
# Messages whose export gives no time of their own stand near the one before; further away it is another message.
_DRIFT = timedelta(minutes=30)
# Where both exports know the seconds, the same message has the same ones but for rounding.
_SECONDS = 2.0
_MEDIA = frozenset(Kind) - {Kind.TEXT, Kind.SYSTEM, Kind.RECALL, Kind.PAT}
NOBODY = frozenset({SYSTEM, UNKNOWN})
_NOTICES = frozenset({Kind.SYSTEM, Kind.RECALL, Kind.PAT})


def time_of(message: Message) -> float:
    """Seconds since 1970, by which both exports are ordered."""
    return message.sent_at.timestamp()


def _minute(message: Message) -> int:
    return int(time_of(message) // 60)


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


class Pairing:
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
            if i is not None and (abs(time_of(message) - time_of(self.old[i])) < 86_400 or self.old_keys[i] == self.new_keys[j]):
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
            if len(left) == len(right) == 1 and not NOBODY & {self.old[left[0]].sender_id, self.new[right[0]].sender_id}:
                self.votes[self.old[left[0]].sender_id, self.new[right[0]].sender_id] += 1
        self._count()

    def _learn(self, found: list[tuple[int, int]]) -> bool:
        """Further votes from messages that were matched without their time; was there anything to learn?"""
        before = len(self.votes)
        for i, j in found:
            pair = self.old[i].sender_id, self.new[j].sender_id
            if self.old_keys[i] == self.new_keys[j] and len(self.old_keys[i]) >= 2 and not NOBODY & set(pair):
                self.votes[pair] += 1
        self._count()
        return len(self.votes) > before

    def _count(self) -> None:
        for (a, b), n in sorted(self.votes.items(), key=lambda vote: (vote[1], vote[0])):
            self.best_of_old[a] = (b, n)
            self.best_of_new[b] = (a, n)

    def _other_person(self, a: str, b: str) -> bool:
        """Surely two different people? Known only once each has been seen to be somebody else."""
        if a == b or NOBODY & {a, b}:
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
        if exact and abs(time_of(old) - time_of(new)) > _SECONDS:
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
        if is_day(old.sent_at) or is_day(new.sent_at):
            return old.sent_at.date() == new.sent_at.astimezone(old.sent_at.tzinfo).date()
        if between and _minute(old) == _minute(new):
            return True
        return (_is_untimed(old) or _is_untimed(new)) and abs(old.sent_at - new.sent_at) <= _DRIFT


def _first_lines(glued: Sequence[Message], done: set[int], others: Sequence[Message], taken: set[int]) -> Iterator[tuple[int, int]]:
    """(row of a glued message, row of the other message with its first line)."""
    rows = [row for row, m in enumerate(glued) if row not in done and is_day(m.sent_at)]
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
    return message.sender_id == UNKNOWN or message.kind in _NOTICES or is_day(message.sent_at)


def _is_unclear(message: Message) -> bool:
    """A message of which the export shows nothing at all."""
    return message.kind is Kind.OTHER or (message.kind is Kind.TEXT and not message.text.strip())


def is_day(when: datetime) -> bool:
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
