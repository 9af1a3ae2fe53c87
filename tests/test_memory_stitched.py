"""Four weeks stitched from invented chats: repeats are found, questions in the same words about another thing are not.

`tests/data/memory/stitched.jsonl` holds the question threads of six chats on other dates, and in weeks three and four 22
repeats and 30 near misses written for this test; `stitched.gold.json` says which is which.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.analysis import AnalysisOptions
from pipeline.archive import open_archive
from pipeline.memory import asking, keeping
from pipeline.memory.ledger import Question
from pipeline.model import Answer, Chat, Kind, Message, QAPair

DATA = Path(__file__).parent / "data" / "memory"
GOLD: list[dict[str, Any]] = json.loads((DATA / "stitched.gold.json").read_text(encoding="utf-8"))


def messages() -> list[Message]:
    rows = map(json.loads, (DATA / "stitched.jsonl").read_text(encoding="utf-8").splitlines())
    return [
        Message(
            id=r["id"], sender_id=r["sender_id"], sender=r["sender"], sent_at=datetime.fromisoformat(r["time"]), text=r["text"],
            kind=Kind(r["type"]), reply_to=r.get("reply_to"), mentions=tuple(r.get("mentions", ())),
        )
        for r in rows
    ]  # fmt: skip


def known_pairs(day: tuple[Message, ...]) -> list[QAPair]:
    """The annotated questions of a day with the answers of that day: this test is about memory, not about extraction."""
    row, sender = {m.id: i for i, m in enumerate(day)}, {m.id: m.sender_id for m in day}
    found = []
    for q in GOLD:
        if not q["question"] or q["question"][0] not in row:
            continue
        here = sorted((i for i in q["answers"] if i in row and row[i] > row[q["question"][0]]), key=row.__getitem__)
        by_member = {s: tuple(i for i in here if sender[i] == s) for s in dict.fromkeys(sender[i] for i in here)}
        asked = tuple(i for i in q["question"] if i in row)
        answers = tuple(Answer(message_ids=ids) for ids in by_member.values())
        found.append(QAPair(question_ids=asked, answers=answers, status="answered" if answers else "unanswered", confidence=1.0))
    return sorted(found, key=lambda p: row[p.question_ids[0]])


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Question]]:
    with pytest.MonkeyPatch.context() as patch, open_archive(tmp_path_factory.mktemp("stitched")) as archive:
        patch.setattr(asking, "extract_qa", lambda day, *_rest: known_pairs(day))
        chat = archive.new_chat(Chat(name="拼起来的群"))
        archive.insert(chat, messages())
        keeping.keep_days(archive, chat, keeping.changed_days(archive, chat.row), AnalysisOptions())
        yield keeping.read_ledger(archive, chat)


def number(ids: tuple[str, ...]) -> int | None:
    return next((k for k, q in enumerate(GOLD) if set(q["question"]) & set(ids)), None)


def root(k: int) -> int:
    return k if GOLD[k]["same_as"] is None else root(GOLD[k]["same_as"])


def said_pairs(ledger: list[Question]) -> list[tuple[int, int]]:
    found = []
    for question in ledger:
        numbers = [n for a in question.askings if (n := number(a.message_ids)) is not None]
        found += [(a, b) for i, b in enumerate(numbers) for a in numbers[:i] if a != b]
    return found


def test_the_chat_holds_enough_repeats_and_near_misses() -> None:
    assert sum(q["same_as"] is not None for q in GOLD) >= 20
    assert sum(bool(q.get("near_miss")) for q in GOLD) >= 20


def test_what_is_called_a_repeat_is_one(ledger: list[Question]) -> None:
    said = said_pairs(ledger)
    right = sum(root(a) == root(b) for a, b in said)
    assert right / len(said) >= 0.9


def test_most_repeats_are_found(ledger: list[Question]) -> None:
    every = {(a, b) for b in range(len(GOLD)) for a in range(len(GOLD)) if a < b and root(a) == root(b)}
    found = {(min(p), max(p)) for p in said_pairs(ledger)}
    assert len(every & found) / len(every) >= 0.6


def test_the_same_words_about_another_thing_are_another_question(ledger: list[Question]) -> None:
    joined = {k for pair in said_pairs(ledger) if root(pair[0]) != root(pair[1]) for k in pair if GOLD[k].get("near_miss")}
    assert len(joined) <= 1


def test_late_answers_close_old_questions(ledger: list[Question]) -> None:
    closed = {q.id for q in ledger if q.closed_by}
    assert {"exam-m080", "nas-m038", "hike-m112", "teach-m137"} & closed
    assert len(closed) >= 8
