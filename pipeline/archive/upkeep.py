"""What the archive holds, whether it is sound, and how it is put right."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.analysis import AnalysisOptions
from pipeline.archive.add import bring_up_to_date
from pipeline.archive.refresh import Refreshed
from pipeline.archive.store import DATABASE, INDEX_FOLDER, SQL_BATCH, Archive, content_hash
from pipeline.archive.vectors import WORTH_FINDING, unit_text_of
from pipeline.archive.words import WORDS_VERSION, prepare
from pipeline.embedding import FAST, load_embedder
from pipeline.i18n import _

QUALITY_PER_SECOND, FAST_PER_SECOND = 150.0, 10_000.0  # messages embedded on two cores, for the estimate of a change

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatStatus:
    key: str
    name: str
    messages: int
    members: int
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What `dianti status` tells."""

    folder: Path
    bytes: int
    model: str
    vectors: int
    indexed: int
    pending: int
    chats: tuple[ChatStatus, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"folder": str(self.folder)}


def status(archive: Archive) -> Status:
    from pipeline.index import read_stamp

    db = archive.db
    chats = db.execute(
        """
        SELECT c.key, c.name, count(m.row), count(DISTINCT m.sender_id),
               (SELECT sent_at FROM message WHERE chat = c.id ORDER BY at, row LIMIT 1),
               (SELECT sent_at FROM message WHERE chat = c.id ORDER BY at DESC, row DESC LIMIT 1)
        FROM chat c LEFT JOIN message m ON m.chat = c.id GROUP BY c.id ORDER BY c.id
        """
    )
    stamp = read_stamp(archive.folder / INDEX_FOLDER)
    size = sum(f.stat().st_size for f in sorted(archive.folder.rglob("*")) if f.is_file())
    return Status(
        folder=archive.folder, bytes=size, model=archive.setting("model"), vectors=_one(db, "SELECT count(*) FROM vector"),
        indexed=stamp.count if stamp else 0, pending=_one(db, "SELECT count(*) FROM pending"),
        chats=tuple(ChatStatus(key=k, name=n, messages=c, members=m, first=f or "", last=last or "") for k, n, c, m, f, last in chats),
    )  # fmt: skip


def _one(db: sqlite3.Connection, query: str, *values: object) -> int:
    return int(db.execute(query, values).fetchone()[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What another model would cost; `messages` 0: nothing changes."""

    old: str
    new: str
    messages: int
    minutes: float


def change_cost(archive: Archive, model: str | None) -> Cost:
    """Messages to embed again, and the minutes that takes on two cores."""
    old = archive.setting("model")
    if model is None or not old:
        return Cost(old=old, new=old, messages=0, minutes=0.0)
    new = load_embedder(model).name
    if new == old:
        return Cost(old=old, new=new, messages=0, minutes=0.0)
    n = _one(archive.db, f"SELECT count(DISTINCT m.content) FROM message m JOIN analysed a ON a.row = m.row WHERE {WORTH_FINDING}")
    return Cost(old=old, new=new, messages=n, minutes=n / (FAST_PER_SECOND if model == FAST else QUALITY_PER_SECOND) / 60)


def reindex(archive: Archive, options: AnalysisOptions, *, analysis: bool = False, step: Step = lambda name: None) -> list[Refreshed]:
    """Words, vectors (of a new model) and the index anew; with `analysis`, every stage. The caller holds `writing()`.

    Each part can be interrupted: the next run goes on, since a part's mark of completion is set last.
    """
    from pipeline import memory
    from pipeline.search.meaning import update_index

    name = load_embedder(options.model).name
    if archive.setting("model") != name:
        memory.expect_again(archive)
        archive.set_setting("model", name)
        archive.set_setting("model_asked", options.model)
    step("words")
    rebuild_words(archive)
    if analysis:
        archive.db.execute("INSERT OR IGNORE INTO pending SELECT row FROM message")
    done = bring_up_to_date(archive, options, step)
    _drop_other_models(archive, name)
    update_index(archive, force=True)
    return done


def _drop_other_models(archive: Archive, name: str) -> None:
    """Vectors of a model that the archive is no longer searched with."""
    with archive.transaction() as db:
        gone = db.execute("DELETE FROM vector WHERE model IN (SELECT id FROM model WHERE name <> ?)", (name,)).rowcount
        db.execute("DELETE FROM model WHERE name <> ?", (name,))
        if gone:
            next_generation(archive)


def next_generation(archive: Archive) -> None:
    """Vectors were deleted: index files made before are no longer true."""
    archive.set_setting("generation", str(int(archive.setting("generation", "0")) + 1))


def rebuild_words(archive: Archive) -> None:
    """The word index from the messages, in one transaction per batch; searches find what is done so far."""
    archive.set_setting("words_version", "rebuilding")
    archive.db.execute("INSERT INTO words (words) VALUES ('delete-all')")
    for rows in _batches(archive):
        with archive.transaction() as db:
            for row in rows:
                db.execute("INSERT INTO words (rowid, grams, cut, pieces) VALUES (?, ?, ?, ?)", (row[0], *prepare(unit_text_of(row))))
    archive.set_setting("words_version", WORDS_VERSION)


def _batches(archive: Archive) -> Iterator[list[tuple[int, str, str | None, bytes]]]:
    """(row, text, extra, content hash) of every message, in batches."""
    last = 0
    while rows := archive.db.execute(
        "SELECT row, text, extra, content FROM message WHERE row > ? ORDER BY row LIMIT ?", (last, SQL_BATCH)
    ).fetchall():
        last = rows[-1][0]
        yield rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that `verify` found."""

    text: str
    repaired: bool


def verify(archive: Archive, options: AnalysisOptions, *, repair: bool) -> list[Problem]:
    """Everything that is not as it must be. What can be computed from the messages is computed anew when `repair` is set."""
    damage = [r for (r,) in archive.db.execute("PRAGMA integrity_check(20)") if r != "ok"]
    if damage:
        return [
            Problem(text=_("{path}: damaged: {what}").format(path=archive.folder / DATABASE, what=line), repaired=False) for line in damage
        ]
    found = [*_message_problems(archive)]
    if _words_disagree(archive):
        if repair:
            rebuild_words(archive)
        found.append(Problem(text=_("the word index disagrees with the messages"), repaired=repair))
    stale = _repair_analysis(archive, repair)
    pending = _one(archive.db, "SELECT count(*) FROM pending")
    missing = _missing_vectors(archive)
    if pending or missing or stale:
        if repair and archive.count():
            bring_up_to_date(archive, options)
        text = _("{n} messages are not analysed or not embedded yet").format(n=max(pending, missing, stale))
        found.append(Problem(text=text, repaired=repair))
    if _index_disagrees(archive):
        if repair:
            from pipeline.search.meaning import update_index

            update_index(archive, force=True)
        found.append(Problem(text=_("the vector index disagrees with the archive"), repaired=repair))
    return found


def _message_problems(archive: Archive) -> Iterator[Problem]:
    wrong = 0
    for rows in _batches(archive):
        wrong += sum(content_hash(unit_text_of(r)) != r[3] for r in rows)
    if wrong:
        yield Problem(text=_("{n} messages do not have the text that their check sum says").format(n=wrong), repaired=False)


def _words_disagree(archive: Archive) -> bool:
    """Is every message found by its words, and nothing else?"""
    if archive.setting("words_version") != WORDS_VERSION:
        return True
    try:
        archive.db.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    except sqlite3.DatabaseError:
        return True
    indexed = _one(archive.db, "SELECT count(*) FROM words_docsize")
    lost = _one(archive.db, "SELECT count(*) FROM message m WHERE NOT EXISTS (SELECT 1 FROM words_docsize d WHERE d.id = m.row)")
    return lost > 0 or indexed != archive.count()


def _repair_analysis(archive: Archive, repair: bool) -> int:
    """Messages without an analysis, and citations (replies, findings) of messages that are not there: both wait for analysis again."""
    lost = """
        SELECT row FROM message m
        WHERE NOT EXISTS (SELECT 1 FROM analysed a WHERE a.row = m.row) AND m.row NOT IN (SELECT row FROM pending)
    """
    dangling = "SELECT row FROM analysed a WHERE a.reply_row IS NOT NULL AND NOT EXISTS (SELECT 1 FROM message m WHERE m.row = a.reply_row)"
    count = _one(archive.db, f"SELECT count(*) FROM ({lost} UNION {dangling})")
    orphans = _one(archive.db, "SELECT count(*) FROM finding_message fm WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.row = fm.row)")
    if repair and (count or orphans):
        with archive.transaction() as db:
            db.execute(f"INSERT OR IGNORE INTO pending {lost} UNION {dangling}")
            db.execute("DELETE FROM finding WHERE id IN (SELECT finding FROM finding_message WHERE row NOT IN (SELECT row FROM message))")
            db.execute("DELETE FROM finding_message WHERE finding NOT IN (SELECT id FROM finding)")
    return count + orphans


def _missing_vectors(archive: Archive) -> int:
    """Messages worth finding that have no vector; a text that the fast model knows no piece of has none by right."""
    name = archive.setting("model")
    if not name or name == _fast_name():
        return 0
    return _one(
        archive.db,
        f"""
        SELECT count(*) FROM message m JOIN analysed a ON a.row = m.row WHERE {WORTH_FINDING} AND NOT EXISTS (
            SELECT 1 FROM vector v JOIN model o ON o.id = v.model WHERE v.content = m.content AND o.name = ?)
        """,
        name,
    )


def _fast_name() -> str:
    return load_embedder(FAST).name


def _index_disagrees(archive: Archive) -> bool:
    from pipeline.search.meaning import disagrees

    return disagrees(archive)
