"""The surroundings of candidates: their threads, the messages beside them, what they answer and what answers them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.archive import Archive

THREAD_REACH = 15  # rows before and after a candidate that are read of its thread
BESIDE = 2  # messages before and after it in the chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A message as ranking sees it."""

    row: int
    chat: int
    at: int
    sender_id: str
    sender: str
    text: str
    kind: str
    session: int
    thread: int | None
    value: float
    question: float
    noise: str | None
    reply_row: int | None
    vector: NDArray[np.float32] | None


_LINES = """
    SELECT m.row, m.chat, m.at, m.sender_id, m.sender, m.text, m.kind, m.extra,
           a.session, a.thread, a.value, a.question, a.noise, a.reply_row, v.data
    FROM message m LEFT JOIN analysed a ON a.row = m.row LEFT JOIN vector v ON v.content = m.content AND v.model = ?
    WHERE m.row IN
"""


def load_lines(archive: Archive, model: int, rows: Iterable[int]) -> dict[int, Line]:
    """Row → line."""
    wanted = sorted(set(rows))
    found: dict[int, Line] = {}
    for start in range(0, len(wanted), 5_000):
        part = wanted[start : start + 5_000]
        for r in archive.db.execute(_LINES + f"({','.join('?' * len(part))})", (model, *part)):
            found[r[0]] = _line(r)
    return found


def _line(r: Sequence[Any]) -> Line:
    text = str(r[5])
    if r[7]:
        extra = json.loads(str(r[7]))
        text = " ".join([text, *(extra[k] for k in ("title", "file_name", "url") if extra.get(k) and extra[k] not in text)])
    data = r[14]
    return Line(
        row=r[0], chat=r[1], at=r[2], sender_id=r[3], sender=r[4], text=text, kind=r[6], session=r[8] or 0, thread=r[9],

        value=r[10] or 0.0, question=r[11] or 0.0, noise=r[12], reply_row=r[13],
        vector=None if data is None else np.frombuffer(data, dtype=np.float16).astype(np.float32),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the stages made of the messages around: which Q&A pairs they are in, and as what kind of item they are kept."""

    answers_of: dict[int, list[int]]  # question row → its answers' rows
    questions_of: dict[int, list[int]]  # answer row → its question's rows
    items: dict[int, set[str]]  # row → kinds


def load_findings(archive: Archive, rows: Iterable[int]) -> Findings:
    wanted = sorted(set(rows))
    marks = ",".join("?" * len(wanted))
    query = f"""
        SELECT fm.finding, f.kind, fm.row, fm.role FROM finding_message fm JOIN finding f ON f.id = fm.finding
        WHERE fm.finding IN (SELECT finding FROM finding_message WHERE row IN ({marks})) ORDER BY fm.finding, fm.row
    """
    members: dict[int, list[tuple[int, str]]] = {}
    kinds: dict[int, str] = {}
    for finding, kind, row, role in archive.db.execute(query, wanted):
        members.setdefault(finding, []).append((row, role))
        kinds[finding] = kind
    found = Findings(answers_of={}, questions_of={}, items={})
    for finding, pairs in members.items():
        if kinds[finding] == "qa":
            asked, answered = [r for r, role in pairs if role == "question"], [r for r, role in pairs if role == "answer"]
            for q in asked:
                found.answers_of.setdefault(q, []).extend(answered)
            for a in answered:
                found.questions_of.setdefault(a, []).extend(asked)
        else:
            for row, _role in pairs:
                found.items.setdefault(row, set()).add(kinds[finding])
    return found


def thread_rows(archive: Archive, lines: Iterable[Line]) -> dict[tuple[int, int], list[int]]:
    """(chat, thread) → rows of that thread near its candidates, in order."""
    spans: dict[tuple[int, int], list[int]] = {}
    for line in lines:
        if line.thread is not None:
            spans.setdefault((line.chat, line.thread), []).append(line.row)
    found: dict[tuple[int, int], list[int]] = {}
    for (chat, thread), rows in spans.items():
        ranges = _ranges(rows)
        query = " UNION ALL ".join(["SELECT row FROM analysed WHERE chat = ? AND thread = ? AND row BETWEEN ? AND ?"] * len(ranges))
        found[chat, thread] = sorted(
            r for (r,) in archive.db.execute(query, [v for low, high in ranges for v in (chat, thread, low, high)])
        )
    return found


def _ranges(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Stretches of rows around the candidates, overlapping ones joined."""
    joined: list[tuple[int, int]] = []
    for row in sorted(rows):
        low, high = row - THREAD_REACH, row + THREAD_REACH
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined


def replies_to(archive: Archive, rows: Sequence[int]) -> list[int]:
    """Rows that answer those rows."""
    marks = ",".join("?" * len(rows))
    return [r for (r,) in archive.db.execute(f"SELECT row FROM analysed WHERE reply_row IN ({marks})", rows)]


def beside(archive: Archive, line: Line) -> list[int]:
    """The rows just before and after in the chat."""
    before = archive.db.execute(
        "SELECT row FROM message WHERE chat = ? AND (at, row) < (?, ?) ORDER BY at DESC, row DESC LIMIT ?",
        (line.chat, line.at, line.row, BESIDE),
    )
    after = archive.db.execute(
        "SELECT row FROM message WHERE chat = ? AND (at, row) > (?, ?) ORDER BY at, row LIMIT ?", (line.chat, line.at, line.row, BESIDE)
    )
    return [r for (r,) in before] + [r for (r,) in after]
