"""Brings what was computed up to date with what was imported: only the stretch around new messages is analysed again.

A *stretch* is the new messages with the sessions that they touch; the CONTEXT messages before it are read along, so
that a thread may resume, but keep what was found about them. Long stretches are worked off in windows, each committed
by itself: an interruption loses one window's work and no message.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.analysis import AnalysisOptions, analyze
from pipeline.archive.store import Archive, StoredChat, as_message, unit_text
from pipeline.archive.topics import goes_on_with
from pipeline.archive.vectors import TELLING, CachedEmbedder
from pipeline.embedding import FAST, MessageVectors, load_embedder
from pipeline.model import Analysis, Export, Message

WINDOW = 12_000  # messages analysed at once: some 200 MB, a minute
FAST_WINDOW = 4_000  # … with the fast model: whoever asks for it has a long history and little memory
CONTEXT = 300  # messages read along before a window; a conversation hardly ever resumes after more
UNFIT_LISTED = 0.1  # P(private or embarrassing) from which it is written down; a digest prints nothing above .5
SESSION_MOST = 3_000  # how far a stretch may reach back into a session that never ends

Step = Callable[[str], None]
Row = tuple[int, Message]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """One window that was analysed: its chat, the rows written, and the analysis with its context in front."""

    chat: StoredChat
    rows: tuple[int, ...]
    analysis: Analysis
    context: int  # the first so many messages of the analysis are context


def refresh(archive: Archive, options: AnalysisOptions, step: Step = lambda name: None) -> Iterator[Refreshed]:
    """Analyses what waits for it, window by window; the caller holds `archive.writing()`."""
    chats = {c.row: c for c in archive.chats()}
    for chat_row, first, last in list(_stretches(archive)):
        for rows in _windows(archive, chat_row, first, last, FAST_WINDOW if options.model == FAST else WINDOW):
            yield _refresh_window(archive, chats[chat_row], rows, options, step)


Position = tuple[int, int]  # (at, row): the order of messages in a chat


def _stretches(archive: Archive) -> Iterator[tuple[int, Position, Position]]:
    """Runs of waiting messages with fewer than CONTEXT others between them, reaching back to the start of their session."""
    pending = "FROM pending p CROSS JOIN message m ON m.row = p.row"  # CROSS: what waits is few among many
    for (chat,) in archive.db.execute(f"SELECT DISTINCT m.chat {pending} ORDER BY m.chat").fetchall():
        # One after the other: a long history's would fill the memory.
        waiting = archive.db.execute(f"SELECT m.at, m.row {pending} WHERE m.chat = ? ORDER BY m.at, m.row", (chat,))
        first = last = next(waiting)
        for one in waiting:
            if _between(archive, chat, last, one) >= CONTEXT:
                yield chat, _session_start(archive, chat, first), _session_end(archive, chat, last)
                first = one
            last = one
        yield chat, _session_start(archive, chat, first), _session_end(archive, chat, last)


def _between(archive: Archive, chat: int, a: Position, b: Position) -> int:
    """How many messages stand between two, counted up to CONTEXT."""
    if b[1] == a[1] + 1:
        return 0  # imported one after the other: the common case, without a query
    counted = archive.db.execute(
        "SELECT count(*) FROM (SELECT 1 FROM message WHERE chat = ? AND (at, row) > (?, ?) AND (at, row) < (?, ?) LIMIT ?)",
        (chat, *a, *b, CONTEXT),
    )
    return int(counted.fetchone()[0])


def _session_start(archive: Archive, chat: int, first: Position) -> Position:
    """The first message of the session that goes on before `first`; `first` itself when nothing is before it."""
    return _session_border(archive, chat, first, "<", "DESC")


def _session_end(archive: Archive, chat: int, last: Position) -> Position:
    return _session_border(archive, chat, last, ">", "ASC")


def _session_border(archive: Archive, chat: int, start: Position, side: str, order: str) -> Position:
    rows = archive.db.execute(
        f"""
        SELECT m.at, m.row, a.session FROM message m JOIN analysed a ON a.row = m.row
        WHERE m.chat = ? AND (m.at, m.row) {side} (?, ?) ORDER BY m.at {order}, m.row {order} LIMIT ?
        """,
        (chat, *start, SESSION_MOST),
    )
    border, session = start, None
    for at, row, number in rows:
        if session is not None and number != session:
            break
        session, border = number, (at, row)
    return border


def _windows(archive: Archive, chat: int, first: Position, last: Position, most: int) -> Iterator[list[Row]]:
    """The stretch in windows, each cut at the longest pause of its last fifth."""
    while True:
        rows = _read(
            archive, "chat = ? AND (at, row) >= (?, ?) AND (at, row) <= (?, ?) ORDER BY at, row LIMIT ?", (chat, *first, *last, most)
        )
        if len(rows) == most:
            pauses = [(rows[i][1].sent_at - rows[i - 1][1].sent_at, i) for i in range(most * 4 // 5, most)]
            rows = rows[: max(pauses)[1]]
            following = archive.db.execute("SELECT at FROM message WHERE row = ?", (rows[-1][0],)).fetchone()
            last_done = (int(following[0]), rows[-1][0])
        else:
            last_done = last
        if rows:
            yield rows
        if last_done == last:
            return
        first = (last_done[0], last_done[1] + 1)


def _read(archive: Archive, where: str, values: Sequence[object]) -> list[Row]:
    query = f"SELECT row, chat, id, sent_at, sender_id, sender, text, kind, reply_to, extra FROM message WHERE {where}"
    return [(int(r[0]), as_message(r)) for r in archive.db.execute(query, values)]


def _refresh_window(archive: Archive, chat: StoredChat, rows: list[Row], options: AnalysisOptions, step: Step) -> Refreshed:
    at = archive.db.execute("SELECT at FROM message WHERE row = ?", (rows[0][0],)).fetchone()[0]
    context = _read(
        archive,
        "row IN (SELECT m.row FROM message m JOIN analysed a ON a.row = m.row WHERE m.chat = ? AND (m.at, m.row) < (?, ?)"
        " ORDER BY m.at DESC, m.row DESC LIMIT ?)"
        " ORDER BY at, row",
        (chat.row, at, rows[0][0], CONTEXT),
    )
    every = context + rows
    messages = tuple(m for _row, m in every)
    embedder = CachedEmbedder(archive, load_embedder(options.model))
    vectors = MessageVectors(messages, load_embedder(FAST), embedder)
    with embedder.ahead([t for _row, m in rows if len(t := unit_text(m)) >= TELLING]):
        analysis = analyze(Export(chat=chat.chat, format="archive", messages=messages), options, step, vectors)
    step("archive")
    with archive.transaction() as db:
        _write(db, chat.row, analysis, [r for r, _m in every], len(context))
        db.executemany("DELETE FROM pending WHERE row = ?", ((r,) for r, _m in rows))
    embedder.flush()
    return Refreshed(chat=chat, rows=tuple(r for r, _m in rows), analysis=analysis, context=len(context))


def _write(db: sqlite3.Connection, chat: int, a: Analysis, rows: Sequence[int], context: int) -> None:
    row_of = {m.id: rows[i] for i, m in enumerate(a.messages)}
    old = {r: (s, t, k) for r, s, t, k in _old_numbers(db, rows)}
    sessions = _Numbers(db, chat, "next_session", [old.get(r, (None,))[0] for r in rows[:context]])
    threads = _Numbers(db, chat, "next_thread", [old[r][1] if r in old else None for r in rows[:context]])
    topics = _Numbers(db, chat, "next_topic", [old[r][2] if r in old else None for r in rows[:context]])
    session_of: dict[str, int] = {}
    for s in a.sessions:
        number = sessions.number([old.get(row_of[m.id], (None,))[0] for m in s.messages])
        session_of |= dict.fromkeys((m.id for m in s.messages), number)
    segment_of = {m.id: int(g.id.rpartition(".")[2]) for g in a.segments for m in g.messages}
    thread_number = {t.id: threads.number([old[r][1] for m in t.messages if (r := row_of[m.id]) in old]) for t in a.threads}
    members = {t.id: [row_of[m.id] for m in t.messages] for t in a.threads}
    topic_of_thread: dict[str, int] = {}
    had = {k.id: [old[r][2] for t in k.thread_ids for r in members[t] if r in old] for k in a.topics}
    fresh = [k for k, numbers in had.items() if all(n is None for n in numbers)]
    earlier = goes_on_with(db, chat, a, fresh, frozenset(n for numbers in had.values() for n in numbers if n is not None))
    for k in a.topics:
        number = topics.number([*had[k.id], earlier.get(k.id)])
        topic_of_thread |= dict.fromkeys(k.thread_ids, number)
        db.execute(
            "INSERT INTO topic VALUES (?, ?, ?, ?)"
            " ON CONFLICT (chat, id) DO UPDATE SET title = excluded.title, keywords = excluded.keywords",
            (chat, number, k.title, json.dumps(k.keywords, ensure_ascii=False)),
        )
    values = []
    for i in range(context, len(rows)):
        message, link, scored = a.messages[i], a.links[i], a.scored[i]
        thread = a.thread_of.get(message.id)
        why = json.dumps({k: round(v, 3) for k, v in scored.why.items()}, ensure_ascii=False, separators=(",", ":"))
        values.append(
            (
                rows[i], chat, session_of[message.id], segment_of.get(message.id, 1), thread_number[thread.id] if thread else None,
                topic_of_thread.get(thread.id) if thread else None, round(scored.value, 5), round(scored.question, 4),
                str(scored.noise) if scored.noise else None, row_of.get(link.parent_id) if link.parent_id else None, link.by, why,
            )
        )  # fmt: skip
    db.executemany("INSERT OR REPLACE INTO analysed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
    _write_unfit(db, {rows[i]: a.scored[i].unfit for i in range(context, len(rows))})
    _write_findings(db, chat, a, row_of, set(rows[context:]))


def _write_unfit(db: sqlite3.Connection, unfit: dict[int, float]) -> None:
    """Most messages show nothing private: only the others are listed."""
    db.executemany("DELETE FROM unfit WHERE row = ?", ((r,) for r in unfit))
    db.executemany("INSERT INTO unfit VALUES (?, ?)", ((r, round(p, 4)) for r, p in unfit.items() if p >= UNFIT_LISTED))


def _old_numbers(db: sqlite3.Connection, rows: Sequence[int]) -> Iterator[tuple[int, int, int | None, int | None]]:
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        yield from db.execute(f"SELECT row, session, thread, topic FROM analysed WHERE row IN ({','.join('?' * len(part))})", part)


class _Numbers:
    """Numbers for a window's sessions, threads or topics: a group keeps the number that its messages had, else gets the next one."""

    def __init__(self, db: sqlite3.Connection, chat: int, counter: str, of_context: Sequence[int | None]) -> None:
        self._db, self._chat, self._counter = db, chat, counter
        self._shared = {n for n in of_context if n is not None}  # still held by messages that are not written again
        self._taken: set[int] = set()

    def number(self, before: Sequence[int | None]) -> int:
        for n in before:
            if n is not None and n not in self._taken:
                self._taken.add(n)
                return n
        for n in before:
            if n is not None and n in self._shared:
                return n
        n = int(self._db.execute(f"SELECT {self._counter} FROM chat WHERE id = ?", (self._chat,)).fetchone()[0])
        self._db.execute(f"UPDATE chat SET {self._counter} = ? WHERE id = ?", (n + 1, self._chat))
        self._taken.add(n)
        return n


def _write_findings(db: sqlite3.Connection, chat: int, a: Analysis, row_of: dict[str, int], written: set[int]) -> None:
    """Q&A pairs, items and talks that touch the window replace those that were there."""
    found: list[tuple[str, dict[str, object], list[tuple[int, str]]]] = []
    for pair in a.qa:
        body: dict[str, object] = {
            "question": pair.question_ids, "answers": [x.message_ids for x in pair.answers], "status": pair.status,
            "confidence": round(pair.confidence, 4), "resolved_by": pair.resolved_by,
        }  # fmt: skip
        roles = [(row_of[i], "question") for i in pair.question_ids] + [(row_of[i], "answer") for x in pair.answers for i in x.message_ids]
        found.append(("qa", body, roles))
    for item in a.items:
        body = {
            "kind": item.kind, "messages": item.message_ids, "confidence": round(item.confidence, 4), "context": item.context_id,
            "url": item.url,
            "title": item.title, "when": item.when, "place": item.place, "due": item.due, "who": item.who, "replaces": item.replaces,
        }  # fmt: skip
        found.append((item.kind, body, [(row_of[i], "item") for i in item.message_ids]))
    for talk in a.talks:
        body = {"kind": talk.kind, "title": talk.title_id, "speaker": talk.speaker_id, "outline": talk.outline_ids}
        found.append(("talk", body, [(row_of[i], "outline") for i in talk.outline_ids]))
    _drop_findings(
        db,
        written
        | {r for _k, _b, roles in found if not written.isdisjoint(r for r, _role in roles) for r, role in roles if role == "question"},
    )
    for kind, body, roles in found:
        if written.isdisjoint(r for r, _role in roles):
            continue
        number = db.execute(
            "INSERT INTO finding (chat, kind, body) VALUES (?, ?, ?)", (chat, kind, json.dumps(body, ensure_ascii=False))
        ).lastrowid
        db.executemany("INSERT OR IGNORE INTO finding_message VALUES (?, ?, ?)", ((r, number, role) for r, role in roles))


def _drop_findings(db: sqlite3.Connection, rows: set[int]) -> None:
    """Removes the findings that touch those rows, and with each the lines that tie it to other rows."""
    numbers: set[int] = set()
    ordered = sorted(rows)
    for start in range(0, len(ordered), 500):
        part = ordered[start : start + 500]
        numbers |= {n for (n,) in db.execute(f"SELECT finding FROM finding_message WHERE row IN ({','.join('?' * len(part))})", part)}
    db.executemany("DELETE FROM finding_message WHERE finding = ?", ((n,) for n in sorted(numbers)))
    db.executemany("DELETE FROM finding WHERE id = ?", ((n,) for n in sorted(numbers)))
