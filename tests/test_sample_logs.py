"""The three invented logs of the demo: what they promise about themselves, and what a digest must find in them."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.model import Export, Kind
from pipeline.readers import ReadOptions, read_logs

ZONE = ZoneInfo("Asia/Shanghai")
EXPECTED = {"SQL学习群": (160, 17), "社群运营夜话": (138, 11), "拾页笔记体验群": (129, 14)}  # messages, people who speak


@pytest.fixture(scope="module")
def exports() -> dict[str, Export]:
    folder = Path(__file__).parent.parent / "sample_logs"
    return {e.chat.name: e for e in read_logs([folder], ReadOptions(tz=ZONE, date=None, chat=None))}


def test_there_are_three_in_three_formats(exports: dict[str, Export]) -> None:
    assert set(exports) == set(EXPECTED)
    assert len({e.format for e in exports.values()}) == 3


@pytest.mark.parametrize("name", EXPECTED)
def test_every_message_of_a_sample_is_read(name: str, exports: dict[str, Export]) -> None:
    export = exports[name]
    messages, people = EXPECTED[name]
    assert len(export.messages) == messages
    assert not export.skipped
    assert len({m.sender_id for m in export.messages if not m.is_system}) >= people


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_spans_three_days(name: str, exports: dict[str, Export]) -> None:
    assert len({m.sent_at.astimezone(ZONE).date() for m in exports[name].messages}) == 3


def test_only_reserved_domains_are_named(exports: dict[str, Export]) -> None:
    text = "\n".join(f"{m.text} {m.url or ''}" for e in exports.values() for m in e.messages)
    hosts = re.findall(r"(?:https?://|@)((?:[\w-]+\.)+[a-z]{2,})", text)
    assert hosts
    assert all(h == "example.com" or h.endswith((".example", ".example.com")) for h in hosts)


def test_quotes_and_reactions_of_the_telegram_sample_lead_somewhere(exports: dict[str, Export]) -> None:
    export = exports["社群运营夜话"]
    ids = {m.id for m in export.messages}
    quoting = [m for m in export.messages if m.reply_to]
    assert len(quoting) >= 8
    assert all(m.reply_to in ids for m in quoting)
    assert sum(n for m in export.messages for _emoji, n in m.reactions) >= 40


def test_stickers_and_notices_are_known_as_such(exports: dict[str, Export]) -> None:
    kinds = {m.kind for e in exports.values() for m in e.messages}
    assert {Kind.STICKER, Kind.SYSTEM, Kind.REDPACKET, Kind.IMAGE} <= kinds
