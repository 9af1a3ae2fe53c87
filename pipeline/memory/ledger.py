"""The question ledger: what was asked, how often, what was answered, and when an old question was closed.

`fold` makes it from the stored facts and links alone, always the same way: it has no state of its own that an
import in another order, or the same export twice, could change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pipeline.memory.asking import Asking, Note, Told
from pipeline.memory.cues import chat_day
from pipeline.memory.shelf import Link

Status = Literal["open", "answered", "partial", "disputed"]


@dataclass(frozen=True, kw_only=True)
class LedgerOptions:
    """Probabilities from which a link counts. Precision first: a wrong "asked before" is worse than none."""

    same: float = 0.3  # where somebody says "asked before", one of the earlier ones is meant: held-out chats show 17 right, 1 wrong
    late: float = 0.3  # for a question that is still open: held-out chats show no wrong one above .23
    late_addition: float = 0.9  # for a question that was answered already
    confidence: float = 0.5  # of an answer found on the question's own day


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An answer in the ledger; `late`: given on a later day than the question it answers."""

    told: Told
    late: bool = False


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of a chat. `id` is the first message of its first asking; `closed_by` the answer of a later day that closed it."""

    id: str
    text: str
    status: Status
    askings: tuple[Asking, ...]
    answers: tuple[Answered, ...]
    closed_by: str | None = None

    @property
    def last_asked(self) -> datetime:
        return self.askings[-1].at


@dataclass(kw_only=True)
class _Open:
    """A question while the chat is read through once more."""

    askings: list[Asking]
    answers: list[Answered] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    closed_by: str | None = None

    @property
    def is_answered(self) -> bool:
        return bool(self.statuses)


def fold(
    askings: Mapping[int, Asking],
    notes: Mapping[int, Note],
    same: Sequence[Link],
    late: Sequence[Link],
    options: LedgerOptions | None = None,
) -> list[Question]:
    """The ledger of one chat, oldest question first."""
    options = options or LedgerOptions()
    before = _same_as(askings, same, options.same)
    candidates = _candidates(late, options.late)
    root: dict[int, int] = {}
    ledger: dict[int, _Open] = {}
    events = sorted([(a.at, 0, a.id, i) for i, a in askings.items()] + [(n.at, 1, n.id, i) for i, n in notes.items()])
    for _at, kind, _id, number in events:
        if kind == 0:
            root[number] = root[before[number]] if number in before else number
            _ask(ledger.setdefault(root[number], _Open(askings=[])), askings[number], options)
        else:
            chosen = _what_it_answers(candidates.get(number, ()), root, ledger, options)
            if chosen is not None:
                _answer_late(ledger[chosen], notes[number])
    return [_question(q) for _n, q in sorted(ledger.items(), key=lambda item: (item[1].askings[0].at, item[1].askings[0].id))]


def _same_as(askings: Mapping[int, Asking], same: Sequence[Link], least: float) -> dict[int, int]:
    """Later asking → the earlier one that it most probably repeats."""
    best: dict[int, tuple[float, float, str, int]] = {}
    for link in same:
        if (link.by_words or link.probability >= least) and link.first in askings and link.second in askings:
            earlier = askings[link.second]
            rank = (-link.by_words - link.probability, earlier.at.timestamp(), earlier.id, link.second)
            if link.first not in best or rank < best[link.first]:
                best[link.first] = rank
    return {later: rank[3] for later, rank in best.items()}


def _candidates(late: Sequence[Link], least: float) -> dict[int, list[Link]]:
    found: dict[int, list[Link]] = {}
    for link in sorted(late, key=lambda x: -x.probability):
        if link.probability >= least:
            found.setdefault(link.first, []).append(link)
    return found


def _ask(question: _Open, asking: Asking, options: LedgerOptions) -> None:
    good = asking.status != "unanswered" and asking.answers and asking.confidence >= options.confidence
    if good and question.askings and not question.is_answered:
        question.closed_by = asking.answers[0].message_ids[0]
    question.askings.append(asking)
    if good and asking.status != "unanswered":
        question.answers += [Answered(told=t) for t in asking.answers]
        question.statuses.append(asking.status)


def _what_it_answers(links: Sequence[Link], root: Mapping[int, int], ledger: Mapping[int, _Open], options: LedgerOptions) -> int | None:
    """The open question that a note most probably answers; else an answered one, when there is no doubt."""
    known = [(link, root[link.second]) for link in links if link.second in root]
    for _link, question in known:
        if not ledger[question].is_answered:
            return question
    return next((question for link, question in known if link.probability >= options.late_addition), None)


def _answer_late(question: _Open, note: Note) -> None:
    if not question.is_answered:
        question.closed_by = note.id
        question.statuses.append("answered")
    told = Told(message_ids=note.message_ids, sender_id=note.sender_id, sender=note.sender, at=note.at, text=note.text, value=note.value)
    question.answers.append(Answered(told=told, late=chat_day(question.askings[-1].at) < chat_day(note.at)))


def _question(q: _Open) -> Question:
    seen: set[tuple[str, ...]] = set()
    answers = []
    for answer in sorted(q.answers, key=lambda x: (x.told.at, x.told.message_ids)):
        if answer.told.message_ids not in seen:
            seen.add(answer.told.message_ids)
            answers.append(answer)
    first = q.askings[0]
    return Question(
        id=first.id, text=first.text, status=_status(q.statuses), askings=tuple(q.askings), answers=tuple(answers), closed_by=q.closed_by
    )


def _status(statuses: Sequence[Status]) -> Status:
    """The newest word counts, except that half an answer does not undo a whole one."""
    if not statuses:
        return "open"
    if statuses[-1] == "partial" and "answered" in statuses:
        return "answered"
    return statuses[-1]
