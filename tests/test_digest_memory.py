"""What the archive's memory adds to a digest: quoted, masked and proved like every line; nothing changes without it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from factories import START, chat, message

from pipeline.digest import DigestOptions, Lent, OldTalk, build_digest, digest_from_json, digest_json
from pipeline.model import Answer, Digest, Item, QAPair
from pipeline.render import RenderOptions, render
from tests.test_digest import ROOMY, TALK, analysis

LONG_AGO = START - timedelta(days=40)
OLD = chat("丁: 请问发票抬头写错了能重开吗 | 戊: 明天我把名单发群里 | 己: 续费率要看的是到期用户里续费的比例", LONG_AGO)
BEFORE = {f"old-{m.id}": replace(m, id=f"old-{m.id}") for m in OLD}


def lent(**more: object) -> Lent:
    given = {
        "closed": (QAPair(question_ids=("old-m1",), answers=(Answer(message_ids=("m2",)),), status="answered", confidence=1.0),),
        "due": (Item(kind="action", message_ids=("old-m2",), confidence=0.8, due="2026-03-11", who=("戊",)),),
        "again": OldTalk(title="续费率", keywords=("到期",), message_ids=("old-m3",), thread="t1", participants=2, messages=9),
        "messages": BEFORE,
    }  # fmt: skip
    return Lent(**(given | more))  # type: ignore[arg-type]


def made(memory: Lent | None = None, options: DigestOptions = ROOMY) -> Digest:
    return build_digest(analysis(TALK), options, memory or lent())


def test_its_lines_are_quoted_from_the_archive_and_stand_among_the_sources() -> None:
    digest = made()
    assert [(p.question.text, [a.message_ids for a in p.answers]) for p in digest.closed] == [("请问发票抬头写错了能重开吗", [("m2",)])]
    assert [(e.text, e.due, e.sender) for e in digest.due] == [("明天我把名单发群里", "2026-03-11", "戊")]
    assert [e.text for e in digest.again[0].highlights] == ["续费率要看的是到期用户里续费的比例"]
    assert {"old-m1", "old-m2", "old-m3"} <= digest.sources.keys()
    assert digest.coverage.unproved == 0


def test_its_lines_do_not_count_as_messages_of_the_log() -> None:
    counted = made().coverage
    assert counted.messages == 4
    assert counted.in_digest + counted.left_over + sum(counted.noise.values()) == 4


def test_a_line_whose_message_is_not_lent_is_left_out() -> None:
    digest = made(lent(messages={}))
    assert not digest.closed
    assert not digest.due
    assert not digest.again


def test_what_the_operator_masks_is_masked_in_old_lines_too() -> None:
    digest = made(options=replace(ROOMY, hidden_words=("发票",)))
    assert digest.closed[0].question.text == "请问***抬头写错了能重开吗"
    assert "发票" not in digest.sources["old-m1"].text


def test_what_the_operator_struck_before_is_not_told_again() -> None:
    digest = made(options=replace(ROOMY, dismissed=frozenset({"old-m1", "old-m3"})))
    assert not digest.closed
    assert not digest.again
    assert digest.due


def test_without_memory_the_json_has_no_such_fields() -> None:
    plain = digest_json(build_digest(analysis(TALK), ROOMY))
    assert "due" not in plain
    assert "again" not in plain


def test_memory_survives_json_and_back() -> None:
    digest = made()
    back = digest_from_json(digest_json(digest))
    assert (back.closed, back.due, back.again) == (digest.closed, digest.due, digest.again)


@pytest.mark.parametrize(
    ("lang", "labels"),
    [
        ("zh-hans", ("到期的事", "旧话重提")),
        ("zh-hant", ("到期的事", "舊話重提")),
        ("en", ("Due now", "Talked about before")),
    ],
)
@pytest.mark.parametrize("form", ["md", "txt", "html"])
def test_every_format_shows_what_is_due_and_one_old_discussion(form: str, lang: str, labels: tuple[str, str]) -> None:
    page = render(made(), form, RenderOptions(lang=lang))
    for words in (*labels, "明天我把名单发群里", "续费率要看的是到期用户里续费的比例"):
        assert words in page


def test_a_line_of_another_year_says_which() -> None:
    old = message("请问发票抬头写错了能重开吗", id="old-m1", sender="丁", at=START.replace(year=2024))
    assert "2024" in render(made(lent(messages={"old-m1": old}, due=(), again=None)), "md", RenderOptions(lang="zh-hans"))


def test_a_page_for_a_whole_week_stays_one_page() -> None:
    said = " | ".join(f"成员{n}: 第{n}条经验，先备份再升级，最后核对一遍日志里的报错编号" for n in range(300))
    short = build_digest(analysis(said), replace(DigestOptions(), long_most=600))
    printed = sum(len(e.text) for t in short.topics for e in t.highlights)
    assert 300 < printed <= 600
    assert sum(len(e.text) for t in build_digest(analysis(said)).topics for e in t.highlights) > 600
