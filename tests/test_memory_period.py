"""From an archive: a week or a month on one page, what is due, one old discussion whose subject is back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from factories import chat as talk_of

from pipeline.archive import open_archive
from pipeline.archive.analysed import stored_analysis
from pipeline.archive.vectors import model_row
from pipeline.cli import cli
from pipeline.embedding import QUALITY, load_embedder
from pipeline.memory.period import period_analysis, span_of
from pipeline.memory.revival import old_discussion
from pipeline.memory.todos import due_now
from pipeline.model import Analysis, Chat, Message

CST = timezone(timedelta(hours=8))
NOW = datetime(2026, 8, 12, 20, tzinfo=CST)  # a Wednesday


@pytest.mark.parametrize(
    ("period", "moment", "first", "after"),
    [
        ("week", NOW, date(2026, 8, 10), date(2026, 8, 17)),
        ("week", datetime(2026, 8, 17, 3, tzinfo=CST), date(2026, 8, 10), date(2026, 8, 17)),  # three in the night still is Sunday
        ("month", NOW, date(2026, 8, 1), date(2026, 9, 1)),
        ("month", datetime(2026, 1, 31, 12, tzinfo=CST), date(2026, 1, 1), date(2026, 2, 1)),
    ],
)
def test_a_week_begins_on_monday_and_a_month_on_its_first(period: str, moment: datetime, first: date, after: date) -> None:
    span = span_of(period, moment)
    assert (span.since.date(), span.until.date()) == (first, after)
    assert span.since <= moment < span.until


# ---- an archive by hand: what the stages would have found ----

SUBJECT = ("拼音要不要提前学", "一年级零起点教拼音，不用抢跑，先练听力和坐得住", "拼音抢跑的孩子上课容易走神，零起点反而学得扎实")


class Hand:
    """Messages with what was found in them, written as `add` leaves them."""

    def __init__(self, folder: Path) -> None:
        self.archive = open_archive(folder)
        self.chat = self.archive.new_chat(Chat(name="读书群"))
        self.archive.set_setting("model_asked", QUALITY)
        model_row(self.archive, load_embedder(QUALITY))
        self.threads = 0

    def say(self, texts: Sequence[str], at: datetime, *, value: float = 0.9, unfit: float = 0.0, topic: str = "拼音") -> list[Message]:
        """One thread, a message a minute, each of its own member."""
        self.threads += 1
        messages = [
            replace(m, id=f"t{self.threads}m{i}", text=text, sent_at=at + timedelta(minutes=i), sender_id=f"u{i}", sender=f"成员{i}")
            for i, (text, m) in enumerate(zip(texts, talk_of(" | ".join(f"x{i}: y" for i in range(len(texts)))), strict=True))
        ]
        self.archive.insert(self.chat, messages)
        with self.archive.transaction() as db:
            db.execute("INSERT INTO topic VALUES (?, ?, ?, '[]')", (self.chat.row, self.threads, topic))
            for m in messages:
                row = self.row(m.id)
                db.execute(
                    "INSERT INTO analysed VALUES (?, ?, ?, 1, ?, ?, ?, 0.0, NULL, NULL, NULL, '{}')",
                    (row, self.chat.row, self.threads, self.threads, self.threads, value),
                )
                if unfit:
                    db.execute("INSERT INTO unfit VALUES (?, ?)", (row, unfit))
        return messages

    def finding(self, kind: str, message: Message, **body: object) -> None:
        known = {"kind": kind, "messages": [message.id], "confidence": 0.8, "context": None, "url": None, "title": None}
        known |= {"when": None, "place": None, "due": None, "who": [], "replaces": []} | body
        with self.archive.transaction() as db:
            number = db.execute(
                "INSERT INTO finding (chat, kind, body) VALUES (?, ?, ?)", (self.chat.row, kind, json.dumps(known))
            ).lastrowid
            db.execute("INSERT INTO finding_message VALUES (?, ?, 'item')", (self.row(message.id), number))

    def row(self, message_id: str) -> int:
        row = self.archive.message_row(f"{self.chat.key}/{message_id}")
        assert row is not None
        return row

    def today(self, texts: Sequence[str] = ("拼音到底要不要提前学", "零起点教拼音的，不用抢跑", "拼音抢跑上课会走神")) -> Analysis:
        self.say(texts, NOW)
        return stored_analysis(self.archive, self.chat, NOW, NOW + timedelta(hours=1))


@pytest.fixture
def hand(tmp_path: Path) -> Hand:
    return Hand(tmp_path / "a")


def test_an_old_discussion_comes_back_with_its_subject(hand: Hand) -> None:
    hand.say(SUBJECT, NOW - timedelta(days=40))
    found = old_discussion(hand.archive, hand.chat, hand.today())
    assert found is not None
    assert found.message_ids == ("t1m0", "t1m1", "t1m2")
    assert found.title == "拼音"


@pytest.mark.parametrize(
    ("days", "more"), [(10, {}), (40, {"value": 0.4}), (40, {"unfit": 0.9})], ids=["too fresh", "of little value", "private"]
)
def test_no_old_discussion_that_is_fresh_or_worthless_or_private(days: int, more: dict[str, float], hand: Hand) -> None:
    hand.say(SUBJECT, NOW - timedelta(days=days), **more)  # type: ignore[arg-type]
    assert old_discussion(hand.archive, hand.chat, hand.today()) is None


def test_no_old_discussion_of_another_subject(hand: Hand) -> None:
    hand.say(("硬盘咔咔响要不要退货", "五秒一下是预防性磨损均衡，不是坏", "先把数据备份到另一块盘"), NOW - timedelta(days=40))
    assert old_discussion(hand.archive, hand.chat, hand.today()) is None


def test_what_was_of_its_day_is_not_told_again(hand: Hand) -> None:
    for message in hand.say(SUBJECT, NOW - timedelta(days=40)):
        hand.finding("announcement", message)
    assert old_discussion(hand.archive, hand.chat, hand.today()) is None


def test_a_member_who_opted_out_is_not_told_again(hand: Hand) -> None:
    hand.say(SUBJECT, NOW - timedelta(days=40))
    assert old_discussion(hand.archive, hand.chat, hand.today(), lambda sender_id, _name: sender_id == "u1") is None


def test_what_was_told_again_once_is_not_told_twice(hand: Hand) -> None:
    hand.say(SUBJECT, NOW - timedelta(days=40))
    body = json.dumps({"again": [{"highlights": [{"message_ids": ["t1m1"]}]}]})
    with hand.archive.transaction() as db:
        db.execute("INSERT INTO digest (chat, first_at, last_at, body) VALUES (?, 1, 2, ?)", (hand.chat.row, body))
    assert old_discussion(hand.archive, hand.chat, hand.today()) is None


def due(hand: Hand, day: str, **more: object) -> list[str]:
    promised = hand.say(("名单我来整理，周三前发群里",), NOW - timedelta(days=6))[0]
    hand.finding("action", promised, due=day, who=["u0"], **more)
    return [i for item in due_now(hand.archive, hand.chat, hand.today()) for i in item.message_ids]


@pytest.mark.parametrize("day", ["2026-08-10", "2026-08-12", "2026-08-15"])
def test_what_is_due_these_days_is_told(day: str, hand: Hand) -> None:
    assert due(hand, day) == ["t1m0"]


@pytest.mark.parametrize("day", ["2026-08-01", "2026-09-20"])
def test_what_is_long_over_or_far_off_is_not(day: str, hand: Hand) -> None:
    assert due(hand, day) == []


def test_what_was_reported_done_is_not_due(hand: Hand) -> None:
    promised = hand.say(("名单我来整理，周三前发群里",), NOW - timedelta(days=6))[0]
    hand.finding("action", promised, due="2026-08-12", who=["u0"])
    hand.say(("名单整理好了，已经发群里",), NOW - timedelta(days=5))
    assert due_now(hand.archive, hand.chat, hand.today()) == ()


def test_the_week_holds_its_own_messages_and_findings_only(hand: Hand) -> None:
    before = hand.say(("上周的事，准备好了吗",), NOW - timedelta(days=7))[0]
    hand.finding("action", before, due="2026-08-12")
    hand.say(SUBJECT, NOW)
    week = period_analysis(hand.archive, hand.chat, span_of("week", NOW))
    assert [m.id for m in week.messages] == ["t2m0", "t2m1", "t2m2"]
    assert week.items == ()
    assert [k.title for k in week.topics] == ["拼音"]


def test_a_message_of_which_it_is_not_known_whether_it_is_private_is_not_printed(hand: Hand) -> None:
    hand.say(SUBJECT, NOW)
    hand.archive.db.execute("INSERT INTO unfit SELECT row, NULL FROM message")
    assert {s.unfit for s in stored_analysis(hand.archive, hand.chat, NOW, NOW + timedelta(hours=1)).scored} == {1.0}


# ---- through the commands ----


def dianti(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_weekly_digest_reads_the_archive_and_proves_every_line(hand: Hand, tmp_path: Path) -> None:
    hand.say(SUBJECT, NOW)
    hand.archive.close()
    done = dianti("--archive", tmp_path / "a", "digest", "--period", "week", "--format", "json", "--strict")
    assert done.exit_code == 0, done.stderr
    digest = json.loads(done.stdout)
    assert digest["coverage"]["messages"] == 3
    assert digest["coverage"]["in_digest"]
    assert dianti("--archive", tmp_path / "a", "digest", "--period", "week", "--last", "24h").exit_code == 2
    assert dianti("--archive", tmp_path / "a", "digest", "--period", "month", "--until", "2020-01-01").exit_code == 1
