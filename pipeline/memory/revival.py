"""旧话重提: one good old discussion of a subject that is talked about again.

Two conversations are of one subject when the mean vectors of their best messages and the rare words that they share agree:
the sum of the cosine and of the shared weight as a part of the lighter one's. Precision first (docs/memory.md): a digest
without an old discussion has lost nothing, one with the wrong one has lost a reader.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from pipeline.archive import Archive, StoredChat
from pipeline.archive.store import micros, unit_text
from pipeline.archive.vectors import CachedEmbedder, knows_model, unit_text_of
from pipeline.digest import OldTalk
from pipeline.embedding import QUALITY, Embedder, load_embedder
from pipeline.memory.figures import Line
from pipeline.memory.match import Learned, centred, embed, read_learned
from pipeline.memory.optout import OptedOut, nobody
from pipeline.memory.unfit import unfit_ids
from pipeline.model import Analysis, Message
from pipeline.text import grams

OLD = timedelta(days=14)
SAME_SUBJECT = 0.75
WORTH_AGAIN, ALSO_WORTH = 0.6, 0.5  # value of an old discussion's best message, and of one more at least
WORTH_NOW = 0.3  # value of a message that says what is talked about now
SAID_LEAST = 3  # messages of that value before a conversation has a subject
BEST = 8  # messages by which a conversation is compared
SHOWN = 3
NOW_MOST, OLD_MOST, NEAR_MOST = 12, 1000, 12  # conversations of now; valuable old messages; old conversations compared wholly
PASSING = ("announcement", "opportunity", "action", "decision")  # findings that were of their day: never told again
DIGESTS_READ = 60  # so many digests back an old discussion is not told twice


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """A conversation as it is compared."""

    centre: NDArray[np.float32]
    words: frozenset[str]


def old_discussion(archive: Archive, chat: StoredChat, analysis: Analysis, opted_out: OptedOut = nobody) -> OldTalk | None:
    """At most one discussion that ended OLD before the analysis and is of a subject of it; None where nothing fits without doubt.

    Needs an archive of the quality model: the vectors of no other are centred alike.
    """
    quality = load_embedder(QUALITY)
    if archive.setting("model_asked") != QUALITY or not knows_model(archive, quality):
        return None
    learned, embedder = read_learned(), CachedEmbedder(archive, quality)
    now = _subjects_of(analysis, learned, embedder)
    if not now:
        return None
    told = _told_before(archive, chat)
    ranked = []
    for thread in _near_threads(archive, chat, now, analysis.messages[0].sent_at - OLD, learned, embedder):
        lines = _lines(archive, chat, thread)
        if lines[-1][0].at > analysis.messages[0].sent_at - OLD or any(x.id in told for x, _m in lines):
            continue
        fit = _fit(archive, chat, lines, opted_out)
        if fit and (old := _subject([m for _x, m in fit], learned, embedder)):
            likeness = max(_likeness(old, one, learned) for one in now)
            if likeness >= SAME_SUBJECT:
                ranked.append((-likeness, thread, fit, lines))
    for _likeness_of, thread, fit, lines in sorted(ranked, key=lambda r: r[:2]):
        if found := _talk(archive, chat, thread, fit, lines):
            return found
    return None


def _subjects_of(analysis: Analysis, learned: Learned, embedder: Embedder) -> list[_Subject]:
    """What is talked about now: the conversations that hold most."""
    held = []
    for thread in analysis.threads:
        good = [m for m in thread.messages if (s := analysis.score(m.id)).noise is None and s.value >= WORTH_NOW]
        if len(good) >= SAID_LEAST:
            ranked = sorted(good, key=lambda m: (-analysis.score(m.id).value, analysis.row[m.id]))[:BEST]
            held.append((-sum(analysis.score(m.id).value ** 2 for m in ranked), analysis.row[thread.messages[0].id], ranked))
    held.sort(key=lambda h: h[:2])
    return [found for _worth, _row, messages in held[:NOW_MOST] if (found := _subject(messages, learned, embedder))]


def _subject(messages: Sequence[Message], learned: Learned, embedder: Embedder) -> _Subject | None:
    texts = [t for m in messages if (t := unit_text(m))]
    if not texts:
        return None
    centre = centred(embed(texts, embedder), texts, learned).mean(0)
    length = float(np.linalg.norm(centre))
    return _Subject(centre=centre / length, words=frozenset(g for t in texts for g in grams(t))) if length else None


def _likeness(a: _Subject, b: _Subject, learned: Learned) -> float:
    common = sum(learned.rareness(g) for g in a.words & b.words)
    lighter = min(sum(learned.rareness(g) for g in words) for words in (a.words, b.words))
    return float(a.centre @ b.centre) + (common / lighter if lighter else 0.0)


def _near_threads(
    archive: Archive, chat: StoredChat, now: Sequence[_Subject], before: datetime, learned: Learned, embedder: Embedder
) -> list[int]:
    """The old conversations of whose valuable messages one is nearest to a subject of now."""
    rows = archive.db.execute(
        """
        SELECT a.thread, m.text, m.extra FROM analysed a JOIN message m ON m.row = a.row
        WHERE a.chat = ? AND a.value >= ? AND a.noise IS NULL AND a.thread IS NOT NULL AND a.topic IS NOT NULL AND m.at <= ?
        ORDER BY a.value DESC, m.at, m.row LIMIT ?
        """,
        (chat.row, WORTH_AGAIN, micros(before), OLD_MOST),
    ).fetchall()
    if not rows:
        return []
    texts = [unit_text_of(r) for r in rows]
    near = centred(embed(texts, embedder), texts, learned) @ np.stack([s.centre for s in now]).T
    best: dict[int, float] = {}
    for (thread, _text, _extra), row in zip(rows, near, strict=True):
        best[thread] = max(best.get(thread, -1.0), float(row.max()))
    return sorted(best, key=lambda t: (-best[t], t))[:NEAR_MOST]


def _lines(archive: Archive, chat: StoredChat, thread: int) -> list[tuple[Line, Message]]:
    """All of a conversation, in time order."""
    rows = archive.db.execute(
        "SELECT a.row, a.value, a.noise FROM analysed a JOIN message m ON m.row = a.row WHERE a.chat = ? AND a.thread = ?"
        " ORDER BY m.at, m.row",
        (chat.row, thread),
    ).fetchall()
    by_row = archive.by_rows([r[0] for r in rows])
    found = []
    for row, value, noise in rows:
        m = by_row[row][1]
        line = Line(
            row=row, chat=chat.row, id=m.id, at=m.sent_at, sender_id=m.sender_id, sender=m.sender, kind=str(m.kind), text=m.text,
            value=value, noise=noise, thread=thread, reply_row=None,
        )  # fmt: skip
        found.append((line, m))
    return found


def _fit(archive: Archive, chat: StoredChat, lines: Sequence[tuple[Line, Message]], opted_out: OptedOut) -> list[tuple[Line, Message]]:
    """The best messages that may be told again, in time order; none where too little is left of the discussion."""
    unfit, passing = unfit_ids(archive, chat), _passing(archive, [x.row for x, _m in lines])
    said = [
        (x, m)
        for x, m in lines
        if x.is_said and x.row not in passing and x.id not in unfit and unit_text(m) and not opted_out(x.sender_id, x.sender)
    ]
    best = sorted(said, key=lambda p: (-p[0].value, p[0].at, p[0].row))[:BEST]
    if len(said) < SAID_LEAST or best[0][0].value < WORTH_AGAIN or best[1][0].value < ALSO_WORTH:
        return []
    return sorted(best, key=lambda p: (p[0].at, p[0].row))


def _passing(archive: Archive, rows: Sequence[int]) -> set[int]:
    """Rows of announcements, offers, to-dos and decisions: what they say has passed."""
    marks, kinds = ",".join("?" * len(rows)), ",".join("?" * len(PASSING))
    query = (
        f"SELECT fm.row FROM finding_message fm JOIN finding f ON f.id = fm.finding"  # noqa: S608  (marks)
        f" WHERE fm.row IN ({marks}) AND f.kind IN ({kinds})"
    )
    return {int(r) for (r,) in archive.db.execute(query, (*rows, *PASSING))}


def _told_before(archive: Archive, chat: StoredChat) -> set[str]:
    """Messages of old discussions that earlier digests told."""
    rows = archive.db.execute("SELECT body FROM digest WHERE chat = ? ORDER BY last_at DESC LIMIT ?", (chat.row, DIGESTS_READ))
    return {i for (body,) in rows for talk in json.loads(body).get("again", ()) for e in talk["highlights"] for i in e["message_ids"]}


def _talk(
    archive: Archive, chat: StoredChat, thread: int, fit: Sequence[tuple[Line, Message]], lines: Sequence[tuple[Line, Message]]
) -> OldTalk | None:
    found = archive.db.execute(
        "SELECT t.title, t.keywords FROM analysed a JOIN topic t ON t.chat = a.chat AND t.id = a.topic"
        " WHERE a.chat = ? AND a.thread = ? LIMIT 1",
        (chat.row, thread),
    ).fetchone()
    if found is None:
        return None
    shown = sorted(fit, key=lambda p: (-p[0].value, p[0].at, p[0].row))[:SHOWN]
    return OldTalk(
        title=found[0],
        keywords=tuple(json.loads(found[1])),
        message_ids=tuple(m.id for _x, m in sorted(shown, key=lambda p: (p[0].at, p[0].row))),
        thread=f"t{thread}",
        participants=len({x.sender_id for x, _m in lines}),
        messages=len(lines),
    )
