"""A week or a month of a chat, put together from what the archive found in its sessions and what its ledger knows of them since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from pipeline.archive import Archive, StoredChat
from pipeline.archive.analysed import stored_analysis
from pipeline.archive.store import micros
from pipeline.memory.cues import DAY_STARTS, chat_day
from pipeline.memory.keeping import read_ledger
from pipeline.memory.ledger import Question
from pipeline.memory.optout import OptedOut, nobody
from pipeline.model import Analysis, Answer, QAPair


@dataclass(frozen=True, kw_only=True)
class Span:
    """A half-open stretch of time."""

    since: datetime
    until: datetime


def span_of(period: str, moment: datetime) -> Span:
    """The calendar "week" (from Monday) or "month" that holds a moment, in the moment's own zone; days begin at four in the morning."""
    day = chat_day(moment)
    first = day - timedelta(days=day.weekday()) if period == "week" else day.replace(day=1)
    after = first + timedelta(days=7) if period == "week" else (first + timedelta(days=31)).replace(day=1)

    def begins(day: date) -> datetime:
        return datetime.combine(day, time(), moment.tzinfo) + DAY_STARTS

    return Span(since=begins(first), until=begins(after))


def newest_before(archive: Archive, chat: StoredChat, until: datetime | None) -> datetime | None:
    """When the chat's newest message (before that instant) was sent; None where there is none."""
    limit = micros(until) if until else 2**62
    found = archive.db.execute(
        "SELECT sent_at FROM message WHERE chat = ? AND at < ? ORDER BY at DESC, row DESC LIMIT 1", (chat.row, limit)
    ).fetchone()
    return datetime.fromisoformat(found[0]) if found else None


def period_analysis(archive: Archive, chat: StoredChat, span: Span, opted_out: OptedOut = nobody) -> Analysis:
    """What `add` found in the period, with its questions as the ledger has them: answered where an answer came on a later day of it,
    and each only once, however often it was asked."""
    analysis = stored_analysis(archive, chat, span.since, span.until)
    return replace(analysis, qa=tuple(_as_the_ledger_has_them(analysis, read_ledger(archive, chat, None, opted_out))))


def _as_the_ledger_has_them(analysis: Analysis, ledger: Sequence[Question]) -> list[QAPair]:
    of_message = {i: q for q in ledger for a in q.askings for i in a.message_ids}
    found: dict[str, QAPair] = {}
    for pair in analysis.qa:
        question = next((of_message[i] for i in pair.question_ids if i in of_message), None)
        if question is None:
            found[pair.question_ids[0]] = pair
            continue
        late = _answered_late(pair, question, analysis)
        before = found.get(question.id)
        if before is None or _better(late, before):
            found[question.id] = late
    return sorted(found.values(), key=lambda p: analysis.row[p.question_ids[0]])


def _answered_late(pair: QAPair, question: Question, analysis: Analysis) -> QAPair:
    """An unanswered question of the period with the answers that the ledger found for it in the period."""
    told = [x.told for x in question.answers if x.sure and all(i in analysis.row for i in x.told.message_ids)]
    if pair.status != "unanswered" or question.status == "open" or not told:
        return pair
    return replace(pair, answers=tuple(Answer(message_ids=t.message_ids) for t in told), status=question.status, confidence=1.0)


def _better(a: QAPair, b: QAPair) -> bool:
    """Of two askings of one question the one that was answered, surely; else the first."""
    return (a.status != "unanswered", a.confidence) > (b.status != "unanswered", b.confidence)
