"""The question ledger: what was asked, how often, what was answered, and when an old question was closed.

`fold` makes it from the stored facts and links alone, always the same way: it has no state of its own that an
import in another order, or the same export twice, could change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from pipeline.memory.asking import Asking, Note, Told
from pipeline.memory.cues import HEADED, chat_day
from pipeline.memory.shelf import Link

Status = Literal["open", "answered", "partial", "disputed"]


@dataclass(frozen=True, kw_only=True)
class LedgerOptions:
    """Probabilities from which a link counts. Precision first: a wrong "asked before" is worse than none."""

    same: float = 0.4  # of one earlier question being meant, where somebody says "asked before"
    same_overheard: float = 0.9  # the same, where the earlier one may be no question; of the later one somebody has said that it is
    rival: float = 0.4  # of its odds, at most, may another earlier question have
    turn: float = 0.9  # of a question asked near the best one, from which both are turns of one conversation
    turns_within: timedelta = timedelta(minutes=15)
    late: float = 0.3  # for a question that is still open: held-out chats show no wrong one above .23
    late_addition: float = 0.9  # for a question that was answered already, or that was only overheard
    confidence: float = 0.7  # of an answer found on the question's own day: below, it is shown, but the question stays open
    broadcast: float = 0.9  # the same, of what is headed as if it were told to everybody ("【定了】七月微讲座……")
    listed: float = 0.3  # of an unanswered question: below, it may be no question, and is nobody's repeat


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An answer in the ledger; `late`: given on a later day than the question; not `sure`: it may belong to something else."""

    told: Told
    late: bool = False
    sure: bool = True


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
    candidates = _candidates(late, askings, options)
    told_late = {i for number, note in notes.items() if number in candidates for i in note.message_ids}
    askings = {i: a for i, a in askings.items() if a.id not in told_late}  # "昨天有人问的……：可以" asks nothing itself
    repeats = _repeats({i: a for i, a in askings.items() if a.overheard or _is_sure(a, options)}, same)
    root: dict[int, int] = {}
    ledger: dict[int, _Open] = {}
    events = sorted([(a.at, 0, a.id, i) for i, a in askings.items()] + [(n.at, 1, n.id, i) for i, n in notes.items()])
    for _at, kind, _id, number in events:
        if kind == 0:
            root[number] = _meant(repeats.get(number, ()), root, askings, options, number)
            _ask(ledger.setdefault(root[number], _Open(askings=[])), askings[number], options)
        else:
            chosen = _what_it_answers(candidates.get(number, ()), root, ledger, options)
            if chosen is not None:
                _answer_late(ledger[chosen], notes[number])
    kept = ((n, q) for n, q in ledger.items() if q.is_answered or any(_is_sure(a, options) for a in q.askings))
    return [_question(q) for _n, q in sorted(kept, key=lambda item: (item[1].askings[0].at, item[1].askings[0].id))]


def _is_sure(asking: Asking, options: LedgerOptions) -> bool:
    return asking.status != "unanswered" or asking.confidence >= options.listed


def _repeats(askings: Mapping[int, Asking], same: Sequence[Link]) -> dict[int, list[Link]]:
    """Later asking → its links to earlier ones, the most probable first."""
    found: dict[int, list[Link]] = {}
    for link in same:
        if link.first in askings and link.second in askings:
            found.setdefault(link.first, []).append(link)
    for links in found.values():
        links.sort(key=lambda x: (not x.by_words, -x.probability, askings[x.second].at, askings[x.second].id))
    return found


def _meant(links: Sequence[Link], root: Mapping[int, int], askings: Mapping[int, Asking], options: LedgerOptions, own: int) -> int:
    """The question that an asking repeats; itself where none is, or where two might be meant."""
    known = [(link, root[link.second]) for link in links if link.second in root]
    if not known:
        return own
    best, question = known[0]
    if best.by_words:
        return question
    # What was asked first in a conversation is its question; a turn of it that reads like another one is no rival.
    at = askings[best.second].at
    turns = [(a, x) for a, x in known if a.probability >= options.turn and abs(askings[a.second].at - at) <= options.turns_within]
    best, question = min(turns, key=lambda x: askings[x[0].second].at, default=known[0])
    least = options.same_overheard if askings[best.second].overheard else options.same
    own_turns = {x for _a, x in turns}
    rival = next((link.probability for link, other in known if other != question and other not in own_turns), 0.0)
    clear = best.probability >= least and _odds(rival) <= options.rival * _odds(best.probability)
    return question if clear else own


def _odds(probability: float) -> float:
    return probability / max(1e-6, 1 - probability)


def _candidates(late: Sequence[Link], askings: Mapping[int, Asking], options: LedgerOptions) -> dict[int, list[Link]]:
    """Note → the askings that it may answer, the most probable first."""
    found: dict[int, list[Link]] = {}
    for link in sorted(late, key=lambda x: -x.probability):
        overheard = link.second in askings and askings[link.second].overheard
        if link.probability >= (options.late_addition if overheard else options.late):
            found.setdefault(link.first, []).append(link)
    return found


def _ask(question: _Open, asking: Asking, options: LedgerOptions) -> None:
    if asking.status != "unanswered" and asking.answers:
        told_to_all = any(HEADED.search(t.text) for t in asking.answers)
        sure = asking.confidence >= (options.broadcast if told_to_all else options.confidence)
        if sure:
            if question.askings and not question.is_answered:
                question.closed_by = asking.answers[0].message_ids[0]
            question.statuses.append(asking.status)
        question.answers += [Answered(told=t, sure=sure) for t in asking.answers]
    question.askings.append(asking)


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
