"""Properties of readers: what we write we read again; any damage gives messages or a clear error, nothing else."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from exports import EXPORTS, SHANGHAI, samples
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.model import Chat, Export, Kind, Message
from pipeline.readers import merge_overlap, read_export
from pipeline.readers.chatlab import document
from pipeline.readers.interchange_jsonl import message_record

WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(lambda s: s.strip() == s and s)
IDS = st.text("abcdefXYZ0123456789_-$:", min_size=1, max_size=12)
TIMES = st.integers(1_100_000_000, 2_000_000_000).map(lambda s: datetime.fromtimestamp(s, timezone(timedelta(hours=8))))
DAMAGED = sorted(s for s in samples() if (EXPORTS / s).is_file())


@st.composite
def chats(draw: st.DrawFn) -> list[Message]:
    """Messages of a chat in time order, ids unique, every field used."""
    ids = draw(st.lists(IDS, min_size=1, max_size=8, unique=True))
    people = draw(st.dictionaries(IDS, NAMES, min_size=1, max_size=4))
    found = []
    for message_id in ids:
        sender = draw(st.sampled_from(sorted(people)))
        found.append(
            Message(
                id=message_id,
                sender_id=sender,
                sender=people[sender],
                sent_at=draw(TIMES),
                text=draw(WORDS),
                kind=draw(st.sampled_from(list(Kind))),
                reply_to=draw(st.none() | st.sampled_from(ids)),
                mentions=tuple(draw(st.lists(st.sampled_from(sorted(people)), unique=True, max_size=2))),
                reactions=tuple(draw(st.dictionaries(st.sampled_from("👍❤😂"), st.integers(1, 9), max_size=2)).items()),
                url=draw(st.none() | st.just("https://example.com/a?b=1&c=2")),
                title=draw(st.none() | NAMES),
                file_name=draw(st.none() | NAMES),
                role=draw(st.none() | st.sampled_from(["owner", "admin", "member"])),
            )
        )
    return sorted(found, key=lambda m: m.sent_at)


def read_bytes(content: bytes, name: str) -> list[Export]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return read_export(path, SHANGHAI)


@given(chats(), NAMES)
def test_the_interchange_log_reads_as_it_was_written(messages: list[Message], name: str) -> None:
    chat = Chat(name=name, id="c1", platform="wechat")
    lines = [json.dumps(_with_mentions(message_record(m, chat)), ensure_ascii=False) for m in messages]
    [export] = read_bytes("\n".join(lines).encode(), "chat.jsonl")
    assert export.chat == chat
    assert export.messages == tuple(messages)
    assert not export.skipped


def _with_mentions(record: object) -> object:
    """A log that says nothing of mentions has them looked for in the text; ours says that there are none."""
    assert isinstance(record, dict)
    return {"mentions": [], **record}


@given(chats(), NAMES)
def test_chatlab_reads_as_it_was_written_in_all_that_it_can_hold(messages: list[Message], name: str) -> None:
    chat = Chat(name=name, id="c1", platform="wechat")
    lines = [json.dumps(record, ensure_ascii=False) for record in document(chat, messages, 1_773_144_065)]
    [export] = read_bytes("\n".join(lines).encode(), "chat.jsonl")
    assert export.chat == chat
    assert [(m.id, m.sender_id, m.sent_at, m.reply_to) for m in export.messages] == [
        (m.id, m.sender_id, m.sent_at, m.reply_to) for m in messages
    ]
    for read, sent in zip(export.messages, messages, strict=True):
        if sent.kind in (Kind.TEXT, Kind.IMAGE, Kind.VOICE, Kind.STICKER):
            assert (read.text, read.kind) == (sent.text, sent.kind)


@pytest.mark.parametrize("sample", DAMAGED)
@settings(max_examples=12)
@given(st.data())
def test_any_damage_gives_messages_or_a_clear_error(sample: str, data: st.DataObject) -> None:
    content = (EXPORTS / sample).read_bytes()
    damaged = _damaged(
        content, data.draw(st.integers(0, 2**32 - 1)), data.draw(st.sampled_from(["cut", "flip", "shuffle", "join", "drop", "double"]))
    )
    try:
        exports = read_bytes(damaged, Path(sample).name)
    except UserError as error:
        assert_one_line(error)
        return
    for export in exports:
        assert export.messages
        assert len({m.id for m in export.messages}) == len(export.messages)
        assert all(m.sent_at.tzinfo is not None for m in export.messages)
        assert all(s.where and s.reason and s.line >= 0 for s in export.skipped)


def assert_one_line(error: UserError) -> None:
    assert "\n" not in str(error)


def _damaged(content: bytes, seed: int, how: str) -> bytes:
    chance = random.Random(seed)
    if how == "cut":
        return content[: chance.randrange(len(content))]
    if how == "flip":
        flipped = bytearray(content)
        for __ in range(chance.randrange(1, 12)):
            flipped[chance.randrange(len(flipped))] = chance.randrange(256)
        return bytes(flipped)
    if how == "join":
        other = (EXPORTS / chance.choice(DAMAGED)).read_bytes()
        return content[: chance.randrange(len(content))] + other[chance.randrange(len(other)) :]
    if how == "drop":
        start = chance.randrange(len(content))
        return content[:start] + content[start + chance.randrange(1, 200) :]
    if how == "double":
        start = chance.randrange(len(content))
        piece = content[start : start + chance.randrange(1, 2_000)]
        return content[:start] + piece + content[start:]
    lines = content.split(b"\n")
    chance.shuffle(lines)
    return b"\n".join(lines)


def _chat(texts: Sequence[str], senders: Sequence[str]) -> list[Message]:
    start = datetime(2026, 3, 10, 12, 0, 7, tzinfo=UTC)
    return [
        Message(id=f"m{n}", sender_id=sender, sender=sender, sent_at=start + timedelta(seconds=20 * n), text=text)
        for n, (text, sender) in enumerate(zip(texts, senders, strict=True))
    ]


@st.composite
def overlapping(draw: st.DrawFn) -> tuple[list[Message], list[Message], list[Message]]:
    """(whole, a part as one exporter has it, a later part as another has it: other ids, minutes only)."""
    n = draw(st.integers(8, 40))
    texts = draw(
        st.lists(
            st.sampled_from(["好", "收到", "[图片]", "哈哈"]) | st.text("甲乙丙丁戊己", min_size=3, max_size=9), min_size=n, max_size=n
        )
    )
    senders = draw(st.lists(st.sampled_from(["甲", "乙", "丙"]), min_size=n, max_size=n))
    whole = _chat(texts, senders)
    start, end = sorted((draw(st.integers(0, n)), draw(st.integers(0, n))))
    # Where nothing but the same short word stands around the seam, nobody could tell one from another.
    around = texts[start:end] if start < end else texts[max(0, start - 1) : start]
    assume(not around or any(texts.count(t) == 1 for t in around))
    later = [
        Message(id=f"x{m.id}", sender_id=m.sender, sender=m.sender, sent_at=m.sent_at.replace(second=0), text=m.text) for m in whole[start:]
    ]
    return whole, whole[:end], later


@given(overlapping())
@example((_chat(["好"] * 9, ["甲"] * 9), _chat(["好"] * 5, ["甲"] * 5), _chat(["好"] * 9, ["甲"] * 9)))
def test_overlapping_parts_merge_to_the_whole_in_both_orders(parts: tuple[list[Message], list[Message], list[Message]]) -> None:
    whole, first, second = parts
    for a, b in ((first, second), (second, first)):
        merged = merge_overlap(a, b).apply(a)
        assert sorted(m.text for m in merged) == sorted(m.text for m in whole)
        assert len({m.id for m in merged}) == len(merged)


@given(chats())
def test_merging_a_chat_with_itself_changes_nothing(messages: list[Message]) -> None:
    plan = merge_overlap(messages, messages)
    assert not plan.added
    assert not plan.updated


@given(overlapping(), st.data())
def test_parts_of_one_export_that_do_not_overlap_stay_whole(
    parts: tuple[list[Message], list[Message], list[Message]], data: st.DataObject
) -> None:
    whole = parts[0]
    cut = data.draw(st.integers(0, len(whole)))
    kinds = data.draw(st.lists(st.sampled_from([Kind.TEXT, Kind.IMAGE, Kind.OTHER]), min_size=len(whole), max_size=len(whole)))
    whole = [replace(m, kind=kind, text=m.text if kind is Kind.TEXT else "[图片]") for m, kind in zip(whole, kinds, strict=True)]
    plan = merge_overlap(whole[:cut], whole[cut:])
    assert plan.apply(whole[:cut]) == whole
    assert not plan.updated
