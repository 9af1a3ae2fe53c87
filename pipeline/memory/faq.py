"""The FAQ: questions that come back, or that were answered well, each with its best answer; the operator's choices survive re-runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pipeline.archive import Archive, StoredChat
from pipeline.extract.cues import CORRECTION, DEFERRAL, GUESS
from pipeline.mask import mask
from pipeline.memory.asking import Told
from pipeline.memory.cues import TOLD_BEFORE
from pipeline.memory.figures import by_member, read_lines
from pipeline.memory.keeping import read_ledger
from pipeline.memory.ledger import Answered, Question
from pipeline.memory.optout import OptedOut, nobody
from pipeline.memory.people import ENOUGH
from pipeline.memory.unfit import unfit_ids

TRUSTED = 10  # the members whose contributions count most
GOOD_VALUE = 0.5  # of an answer that is taken up although nobody asked twice
GOOD_CHARS = 12
MASKED = 600  # characters of a printed answer
CHOICES = ("accept", "reject", "merge")


@dataclass(frozen=True, kw_only=True)
class FaqEntry:
    """One question with its best answer. `contradicted_by` is a later message that says otherwise; `choice` the operator's."""

    id: str
    chat: str
    question: str
    question_ids: tuple[str, ...]
    answer: str
    answer_ids: tuple[str, ...]
    sender: str
    time: datetime
    asked: int
    last_asked: datetime
    contradicted_by: str | None = None
    choice: str | None = None
    edited: bool = False


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the operator decided about one question: accept, reject or merge; texts that were edited."""

    choice: str
    into: str | None = None
    question: str | None = None
    answer: str | None = None


def build_faq(archive: Archive, chat: StoredChat, opted_out: OptedOut = nobody) -> list[FaqEntry]:
    """The chat's FAQ, the most asked first; rejected entries are left out."""
    choices = read_choices(archive, chat)
    trusted = trusted_members(archive, chat)
    unfit = unfit_ids(archive, chat)
    entries = []
    for whole, choice in _merged(read_ledger(archive, chat, None, opted_out), choices):
        question = _fit(whole, unfit)
        if question is None or (choice is not None and choice.choice == "reject"):
            continue
        best = best_answer(question, trusted)
        if best is None or not (choice is not None or _is_worth_it(question, best, trusted)):
            continue
        entries.append(_entry(chat, question, best, choice))
    return sorted(entries, key=lambda e: (-e.asked, -e.last_asked.timestamp(), e.id))


def _fit(question: Question, unfit: frozenset[str]) -> Question | None:
    """The question in words that members may read, with such answers only; None where there is no such wording."""
    asked = next((a for a in question.askings if unfit.isdisjoint(a.message_ids)), None)
    answers = tuple(x for x in question.answers if unfit.isdisjoint(x.told.message_ids))
    return replace(question, text=asked.text, answers=answers) if asked else None


def trusted_members(archive: Archive, chat: StoredChat) -> frozenset[str]:
    """Those who contribute most, and whom the export calls owner or admin."""
    lines = by_member(read_lines(archive, [chat]))
    worth = {s: sum(x.worth for x in own) for s, own in lines.items() if len(own) >= ENOUGH}
    best = sorted((s for s in worth if worth[s] > 0), key=lambda s: (-worth[s], s))[:TRUSTED]
    return frozenset(best) | {s for s, own in lines.items() if own[-1].role in ("owner", "admin")}


def _merged(questions: Iterable[Question], choices: Mapping[str, Choice]) -> list[tuple[Question, Choice | None]]:
    """Each question with the choice made for any of its askings; what the operator merged is one question."""
    found: dict[str, tuple[Question, Choice | None]] = {}
    later: list[tuple[Question, str]] = []
    for question in questions:
        choice = next((choices[a.id] for a in question.askings if a.id in choices), None)
        if choice is not None and choice.choice == "merge" and choice.into:
            later.append((question, choice.into))
        else:
            found[question.id] = (question, choice)
    home = {a.id: q.id for q, _c in found.values() for a in q.askings}
    for question, into in later:
        target = home.get(into)
        if target is None:
            found[question.id] = (question, None)
        else:
            whole, choice = found[target]
            found[target] = (_join(whole, question), choice)
    return list(found.values())


def _join(a: Question, b: Question) -> Question:
    return replace(
        a,
        askings=tuple(sorted((*a.askings, *b.askings), key=lambda x: (x.at, x.id))),
        answers=tuple(sorted((*a.answers, *b.answers), key=lambda x: (x.told.at, x.told.message_ids))),
        status=b.status if a.status == "open" else a.status,
    )


def best_answer(question: Question, trusted: frozenset[str]) -> Answered | None:
    """The answer to print: valued, from somebody trusted, confirmed, not a guess; a correction beats what it corrects."""
    confirmed = {a.resolved_by for a in question.askings if a.resolved_by} != set()
    own = {a.sender_id for a in question.askings}
    fit = [x for x in question.answers if x.sure and (x.told.sender_id not in own or len(own) > 1)]
    if not fit:
        return None

    def rank(i: int) -> float:
        told = fit[i].told
        score = told.value + 0.25 * (told.sender_id in trusted) + 0.1 * i / len(fit) + 0.1 * (confirmed and i == len(fit) - 1)
        score += 0.3 * bool(i and CORRECTION.search(told.text[:30]))
        score -= 0.2 * bool(GUESS.search(told.text)) + 0.4 * bool(DEFERRAL.search(told.text)) + 0.3 * _only_points_back(told)
        return score

    return fit[max(range(len(fit)), key=lambda i: (rank(i), -i))]


def _only_points_back(told: Told) -> bool:
    return bool(TOLD_BEFORE.search(told.text)) and len(told.text) < 40


def _is_worth_it(question: Question, best: Answered, trusted: frozenset[str]) -> bool:
    if len(question.askings) >= 2:
        return True
    told = best.told
    confirmed = any(a.resolved_by for a in question.askings)
    return (
        question.status == "answered"
        and told.value >= GOOD_VALUE
        and len(told.text) >= GOOD_CHARS
        and (told.sender_id in trusted or confirmed)
    )


def _entry(chat: StoredChat, q: Question, best: Answered, choice: Choice | None) -> FaqEntry:
    told = best.told
    against = next(
        (
            x.told.message_ids[0]
            for x in q.answers
            if x.told.at > told.at and x.sure and x.told.sender_id != told.sender_id and CORRECTION.search(x.told.text[:20])
        ),
        None,
    )
    text = (choice and choice.question) or mask(q.text)
    answer = (choice and choice.answer) or mask(told.text)[:MASKED]
    return FaqEntry(
        id=f"{chat.key}/{q.id}",
        chat=chat.chat.name,
        question=text,
        question_ids=tuple(f"{chat.key}/{i}" for a in q.askings for i in a.message_ids),
        answer=answer,
        answer_ids=tuple(f"{chat.key}/{i}" for i in told.message_ids),
        sender=mask(told.sender),
        time=told.at,
        asked=len(q.askings),
        last_asked=q.last_asked,
        contradicted_by=f"{chat.key}/{against}" if against else None,
        choice=choice.choice if choice else None,
        edited=bool(choice and (choice.question or choice.answer)),
    )


def read_choices(archive: Archive, chat: StoredChat) -> dict[str, Choice]:
    """Message id of a question → what the operator decided."""
    rows = archive.db.execute("SELECT question, choice, body FROM faq_choice WHERE chat = ?", (chat.row,))
    return {q: Choice(choice=c, **json.loads(body)) for q, c, body in rows}


def write_choices(archive: Archive, chat: StoredChat, choices: Mapping[str, Choice]) -> None:
    """Keeps the operator's decisions; the caller holds `archive.writing()`."""
    with archive.transaction() as db:
        for question, c in sorted(choices.items()):
            body = json.dumps({"into": c.into, "question": c.question, "answer": c.answer}, ensure_ascii=False)
            db.execute("INSERT OR REPLACE INTO faq_choice VALUES (?, ?, ?, ?)", (chat.row, question, c.choice, body))


def faq_json(e: FaqEntry) -> dict[str, Any]:
    return {
        "id": e.id, "chat": e.chat, "question": {"text": e.question, "message_ids": e.question_ids},
        "answer": {"text": e.answer, "message_ids": e.answer_ids, "sender": e.sender, "time": e.time.isoformat()},
        "asked": e.asked, "last_asked": e.last_asked.isoformat(), "contradicted_by": e.contradicted_by, "choice": e.choice,
    } | ({"written_by": "operator"} if e.edited else {})  # fmt: skip
