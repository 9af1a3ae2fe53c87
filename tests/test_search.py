"""Search finds what was said by any part of it, shows the conversation, and is silent about what was not discussed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from archive_factory import begun, searcher
from click.testing import CliRunner
from factories import START
from hypothesis import given
from hypothesis import strategies as st

from pipeline.archive import Archive, open_archive
from pipeline.archive.words import fold_script, prepare, query_terms
from pipeline.cli.search import explain_command, search_command, show_command
from pipeline.errors import ArchiveError, InputError
from pipeline.search import Filters, Searcher
from pipeline.search.engine import Ranked, choose, likely
from pipeline.search.features import Scene
from pipeline.search.filters import moment
from pipeline.search.find import find_phrase
from pipeline.search.scene import Findings, Line
from pipeline.search.show import explain, show_thread
from pipeline.search.window import highlights, snippet


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begun(tmp_path_factory.mktemp("archive"))


@pytest.fixture
def archive(folder: Path) -> Iterator[Archive]:
    with open_archive(folder, read_only=True) as opened:
        yield opened


@pytest.fixture
def asked(archive: Archive) -> Searcher:
    return searcher(archive)


@pytest.mark.parametrize(
    ("query", "id"),
    [
        ("会员", "m5"), ("设备", "m5"), ("超限", "m5"), ("dense_rank", "m2"), ("DENSE_RANK", "m2"), ("跳号", "m2"), ("AI绘画", "m10"),
        ("ai绘画", "m10"), ("iPhone15", "m10"), ("ｉＰｈｏｎｅ１５", "m10"), ("hone1", "m10"), ("软体", "m10"), ("軟體", "m10"), ("C++",
        "m9"), ("c++", "m9"),
        ("a-b", "m9"), ("train_step.py", "m9"), ("step.p", "m9"), ("0x80070057", "m8"), ("x8007", "m8"), ("example.com", "m8"),
        ("setup-v2.3.exe", "m8"),
        ("https://example.com/setup-v2.3.exe", "m8"), ("😀", "m11"), ("杀毒", "m8"),
    ],
)  # fmt: skip
def test_any_part_of_a_message_finds_it(asked: Searcher, query: str, id: str) -> None:
    hits = asked.search(query).hits
    assert id in [i.split("/")[1] for h in hits for i in h.message_ids], [h.text for h in hits]


@pytest.mark.parametrize(
    "query",
    ['"', "'", "C++ AND", "NEAR(", "a-b:c", "*", "^x", "{}", "(", "grams:x", "-", "😀😀", "\x00", " ", "--", "；；", "x" * 5000, "OR OR"],
)
def test_no_query_breaks_the_syntax(asked: Searcher, query: str) -> None:
    asked.search(query)


@given(st.text(max_size=60))
def test_any_query_makes_terms_and_any_text_tokens(text: str) -> None:
    terms = query_terms(text)
    assert all(t.count('"') % 2 == 0 for t in (*terms.exact, *terms.strong, *terms.loose))
    assert "\n" not in prepare(text).grams


@given(st.text(alphabet="会员能几台设备 iPhone15AI-_c+", min_size=2, max_size=20), st.data())
def test_a_part_of_a_text_is_marked_in_its_snippet(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 2))
    part = text[start : start + 2]
    if fold_script(part) and fold_script(part) in fold_script(text) and not part.isspace() and part.isalnum():
        assert all(0 <= b < e <= len(text) for b, e in highlights(text, part))


def test_a_paraphrase_finds_the_conversation_best_message_first(asked: Searcher) -> None:
    hit = asked.search("一个账号最多在多少台设备登录会员").hits[0]
    assert {i.split("/")[1] for i in hit.message_ids} >= {"m5", "m6"}
    assert hit.message_ids[0].split("/")[1] in ("m5", "m6")


def test_what_was_never_discussed_finds_nothing(asked: Searcher) -> None:
    assert asked.search("火星殖民计划的预算").hits == ()


def test_the_same_query_gives_the_same_answer(asked: Searcher) -> None:
    assert asked.search("设备登录") == asked.search("设备登录")


def test_filters_act_inside_the_search(asked: Searcher) -> None:
    by = asked.search("设备", Filters(sender="小北")).hits
    assert [h.sender for h in by] == ["小北"] * len(by)
    assert by
    late = asked.search("设备", Filters(since=START + timedelta(hours=4))).hits
    assert all(h.time >= START + timedelta(hours=4) for h in late)
    assert asked.search("会员", Filters(sender="查无此人")).hits == ()
    assert [h.message_ids[0].split("/")[1] for h in asked.search("安装包", Filters(only=("link",))).hits] == ["m8"]


def test_two_good_hits_are_not_followed_by_poor_ones(asked: Searcher) -> None:
    hits = asked.search("登录设备").hits
    assert hits[0].message_ids[0] == "测试群/m6"
    assert len(hits) < len(asked.ranked("登录设备", Filters()).rows)  # type: ignore[union-attr]
    assert all(h.score >= hits[0].score / 1000 for h in hits)


def ranked_like(texts: list[str], scores: list[float]) -> Ranked:
    """Messages in the order of their scores, each a conversation of its own."""
    lines = {
        row: Line(
            row=row, chat=1, at=row * 10**12, sender_id="a", sender="A", text=text, kind="text", session=1, thread=None, value=0.5,
            question=0.0, noise=None, reply_row=None, vector=None,
        )
        for row, text in enumerate(texts)
    }  # fmt: skip
    findings = Findings(answers_of={}, questions_of={}, items={})
    scene = Scene(candidates={}, lines=lines, threads={}, beside={}, findings=findings)
    return Ranked(scene=scene, rows=list(lines), scores=scores, about=1.0)


def test_what_is_far_less_likely_than_the_best_is_left_out() -> None:
    ranked = ranked_like(["一", "二", "三", "四", "五", "六", "七"], [0.0, -6.0, -6.5, -7.5, -6.0, -5.0, -5.5])
    assert [row for row, _window in likely("问", ranked, choose(ranked, 10))] == [0, 1, 2, 4, 5]


def test_a_message_that_is_the_query_itself_hides_nothing() -> None:
    ranked = ranked_like(["怎么 退课？", "退课找谁", "退课要几天", "今天吃什么"], [0.0, -9.0, -12.0, -19.0])
    assert [row for row, _window in likely("怎么退课", ranked, choose(ranked, 10))] == [0, 1, 2]


def test_a_hit_says_how_it_was_found(asked: Searcher) -> None:
    assert "words" in asked.search("dense_rank").hits[0].found_by
    assert asked.search("dense_rank").hits[0].score <= 1


def test_show_gives_the_thread_and_explain_the_reasons(archive: Archive) -> None:
    shown = show_thread(archive, "测试群/m2")
    assert shown is not None
    assert "m1" in [line.archive_id.split("/")[1] for line in shown.lines]
    why = explain(archive, "测试群/m1")
    assert why is not None
    assert why.reasons
    assert show_thread(archive, "测试群/none") is None
    assert show_thread(archive, "m2") is not None  # a bare id that only one chat has


def test_the_phrase_to_find_stands_in_one_message_only(archive: Archive) -> None:
    texts = [t for (t,) in archive.db.execute("SELECT text FROM message")]
    phrase = find_phrase(archive, "测试群/m8")
    assert phrase is not None
    assert sum(phrase in t for t in texts) == 1


def test_the_snippet_shows_the_matched_words_of_a_long_text() -> None:
    long = "开头" * 80 + "这里说到续费率怎么算" + "结尾" * 80
    cut = snippet(long, "续费率")
    assert "续费率" in cut
    assert len(cut) < 100
    assert [cut[b:e] for b, e in highlights(cut, "续费率")] == ["续费率"]


def _run(folder: Path, *args: str, command: str = "search") -> tuple[int, str, str]:
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from pipeline.cli._common import Globals

    settings = Globals(
        archive=folder, config=None, tz=ZoneInfo("Asia/Shanghai"), now=datetime(2026, 4, 1, tzinfo=UTC), lang="en", labels="en", verbosity=0
    )
    commands = {"search": search_command, "show": show_command, "explain": explain_command}
    result = CliRunner().invoke(commands[command], list(args), obj=settings)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_the_command_prints_one_json_line_a_query(folder: Path, tmp_path: Path) -> None:
    queries = tmp_path / "q.jsonl"
    queries.write_text('{"id": "a", "query": "会员设备"}\n\n{"id": 7, "query": "火星殖民计划的预算"}\n', encoding="utf-8")
    code, out, _err = _run(folder, "--queries", str(queries), "--json")
    first, second = map(json.loads, out.splitlines())
    assert (code, first["id"], second["id"], second["hits"]) == (0, "a", "7", [])
    assert set(first["hits"][0]) >= {"message_ids", "thread", "chat", "time", "sender", "snippet", "score", "found_by", "kind"}
    assert first["hits"][0]["message_ids"][0].startswith("测试群/")


def test_nothing_found_is_said_on_stderr_and_is_no_failure(folder: Path) -> None:
    code, out, err = _run(folder, "火星殖民计划的预算")
    assert (code, out) == (0, "")
    assert "nothing" in err


def test_the_command_shows_who_when_and_how_to_find_it(folder: Path) -> None:
    _code, out, _err = _run(folder, "安装包", "报错")
    assert "小北" in out
    assert "测试群/m8" in out
    assert "find:" in out


def test_a_file_of_plain_lines_is_answered_line_by_line(folder: Path, tmp_path: Path) -> None:
    queries = tmp_path / "q.txt"
    queries.write_text('安装包报错\n\n{"query": "会员设备"}\n', encoding="utf-8")
    code, out, _err = _run(folder, "--queries", str(queries), "--limit", "1")
    assert code == 0
    assert [line for line in out.splitlines() if line.startswith("#")] == ["# 安装包报错", "# 会员设备"]


def test_a_wrong_line_is_told_before_anything_is_answered(folder: Path, tmp_path: Path) -> None:
    queries = tmp_path / "q.jsonl"
    queries.write_text('安装包报错\n{"question": "会员设备"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=":2:"):
        _run(folder, "--queries", str(queries))
    with pytest.raises(InputError, match="no such file"):
        _run(folder, "--queries", str(tmp_path / "nowhere"))


def test_a_member_or_chat_that_is_not_there_is_told(folder: Path) -> None:
    code, out, err = _run(folder, "会员设备", "--from", "查无此人")
    assert (code, out) == (0, "")
    assert "查无此人" in err
    with pytest.raises(ArchiveError, match="没有的群"):
        _run(folder, "会员设备", "--chat", "没有的群")


def test_a_period_is_a_month_a_day_or_a_time() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    assert moment("2026-12", zone, end=True).isoformat() == "2027-01-01T00:00:00+08:00"
    assert moment("2026-12-05", zone, end=True).isoformat() == "2026-12-06T00:00:00+08:00"
    assert moment("2026-12", zone).isoformat() == "2026-12-01T00:00:00+08:00"
    assert moment("2026-12-05T10:00", zone, end=True).isoformat() == "2026-12-05T10:00:00+08:00"


def test_wrong_usage_exits_2(folder: Path) -> None:
    assert _run(folder)[0] == 2
    assert _run(folder, "x", "--only", "nonsense")[0] == 2
    assert _run(folder, "x", "--since", "neulich")[0] == 2


def test_show_and_explain_print_the_thread_and_the_reasons(folder: Path) -> None:
    assert "老陶" in _run(folder, "测试群/m1", command="show")[1]
    assert "value" in _run(folder, "测试群/m1", command="explain")[1]
    assert json.loads(_run(folder, "测试群/m1", "--json", command="show")[1])["id"] == "测试群/m1"
