"""Forgetting: messages with everything made of them, overwritten on disk, checked by searching for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.analysis import AnalysisOptions
from pipeline.archive.add import bring_up_to_date
from pipeline.archive.store import Archive, micros
from pipeline.archive.upkeep import next_generation
from pipeline.archive.vectors import unit_text_of
from pipeline.archive.words import prepare
from pipeline.errors import ArchiveError
from pipeline.i18n import _
from pipeline.memory import forget as forget_in_memory

BATCH = 400

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """What is to go: all given conditions together."""

    member: str | None = None
    before: datetime | None = None
    chat: str | None = None


def count(archive: Archive, what: Forget) -> int:
    return len(_rows(archive, what))


def forget(archive: Archive, what: Forget, options: AnalysisOptions, step: Step = lambda name: None) -> int:
    """Removes the messages; how many of them a search for their own words would still find (0, or something is wrong).

    Batch by batch, so that an interruption leaves a sound archive with less in it. The caller holds `writing()`.
    """
    rows = _rows(archive, what)
    step("archive")
    for start in range(0, len(rows), BATCH):
        _remove(archive, rows[start : start + BATCH])
    _remove_traces(archive)
    forget_in_memory(archive)
    left = _still_found(archive, rows)
    archive.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    archive.db.execute("VACUUM")
    archive.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if archive.setting("model"):
        bring_up_to_date(archive, options, step)
    return left


def _rows(archive: Archive, what: Forget) -> list[int]:
    where, values = ["1"], list[object]()
    if what.chat:
        chat = archive.find_chat(what.chat)
        if chat is None:
            raise ArchiveError(_("no chat called {name} in the archive; `dianti status` lists them").format(name=what.chat))
        where.append("chat = ?")
        values.append(chat.row)
    if what.member:
        where.append("(sender_id = ? OR sender_id IN (SELECT sender_id FROM message WHERE sender = ?))")
        values += [what.member, what.member]
    if what.before:
        where.append("at < ?")
        values.append(micros(what.before))
    return [r for (r,) in archive.db.execute(f"SELECT row FROM message WHERE {' AND '.join(where)} ORDER BY row", values)]


def _remove(archive: Archive, rows: Sequence[int]) -> None:
    marks = ",".join("?" * len(rows))
    with archive.transaction() as db:
        gone = db.execute(f"SELECT row, text, extra, content FROM message WHERE row IN ({marks})", rows).fetchall()
        # What stood in one session or thread with them is judged anew without them; their questions and answers go.
        db.execute(
            f"""
            INSERT OR IGNORE INTO pending SELECT o.row FROM analysed o WHERE (o.chat, o.session) IN
                (SELECT chat, session FROM analysed WHERE row IN ({marks})) AND o.row NOT IN ({marks})
            """,
            (*rows, *rows),
        )
        db.execute(
            f"DELETE FROM digest WHERE id IN (SELECT d.id FROM digest d JOIN message m"
            f" ON m.chat = d.chat AND m.at BETWEEN d.first_at AND d.last_at"
            f" WHERE m.row IN ({marks}))",
            rows,
        )
        findings = [f for (f,) in db.execute(f"SELECT DISTINCT finding FROM finding_message WHERE row IN ({marks})", rows)]
        for number in findings:
            db.execute("DELETE FROM finding_message WHERE finding = ?", (number,))
            db.execute("DELETE FROM finding WHERE id = ?", (number,))
        for row in gone:
            # A table without content is told what to forget; the text is still here to say it.
            db.execute(
                "INSERT INTO words (words, rowid, grams, cut, pieces) VALUES ('delete', ?, ?, ?, ?)", (row[0], *prepare(unit_text_of(row)))
            )
        db.execute(f"UPDATE analysed SET reply_row = NULL WHERE reply_row IN ({marks})", rows)
        db.execute(f"DELETE FROM pending WHERE row IN ({marks})", rows)
        db.execute(f"DELETE FROM analysed WHERE row IN ({marks})", rows)
        db.execute(f"DELETE FROM unfit WHERE row IN ({marks})", rows)
        db.execute(f"DELETE FROM message WHERE row IN ({marks})", rows)
        for content in {row[3] for row in gone}:
            db.execute("DELETE FROM vector WHERE content = ? AND NOT EXISTS (SELECT 1 FROM message WHERE content = ?)", (content, content))
        next_generation(archive)


def _remove_traces(archive: Archive) -> None:
    """What tells of forgotten messages without holding them: topics without threads, empty chats, index files, FTS leftovers."""
    from pipeline.archive.store import INDEX_FOLDER

    with archive.transaction() as db:
        db.execute("DELETE FROM topic WHERE NOT EXISTS (SELECT 1 FROM analysed a WHERE a.chat = topic.chat AND a.topic = topic.id)")
        db.execute("DELETE FROM chat WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.chat = chat.id)")
        db.execute("DELETE FROM meta WHERE key = 'usual_queries'")
        db.execute("INSERT INTO words (words) VALUES ('optimize')")  # merges away the marks that deleted terms leave
    for file in sorted((archive.folder / INDEX_FOLDER).glob("*")):
        file.unlink()


def _still_found(archive: Archive, rows: Sequence[int]) -> int:
    """Rows that any of the archive's tables still knows."""
    tables = ("message", "analysed", "unfit", "pending", "finding_message")
    left: set[int] = set()
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        marks = ",".join("?" * len(part))
        for name in tables:
            left |= {r for (r,) in archive.db.execute(f"SELECT row FROM {name} WHERE row IN ({marks})", part)}
        left |= {r for (r,) in archive.db.execute(f"SELECT id FROM words_docsize WHERE id IN ({marks})", part)}
    return len(left)
