"""The ledger in an archive: updated by each import, the same after any order of imports, without what was forgotten."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pipeline.archive import open_archive
from pipeline.cli import cli

DAYS = (
    """
    2026-08-03T20:00 u1 小鱼 想问下 学生证丢了还能参加期末考试吗
    2026-08-03T20:01 u2 木子 我也不知道 等班主任吧
    2026-08-03T20:05 u3 阿杰 食堂二楼的网线谁拔了
    2026-08-03T20:30 u4 老秦 明天记得带电脑
    """,
    """
    2026-08-04T12:00 u5 班主任 昨天小鱼问的学生证丢了能不能参加期末考试：可以，带身份证和临时证明，考前到教务处开
    2026-08-04T12:02 u1 小鱼 太好了 谢谢班主任
    2026-08-04T12:40 u3 阿杰 下午有人打球吗
    """,
    """
    2026-08-05T09:00 u6 新同学 请问学生证丢了还能参加期末考试吗
    2026-08-05T09:03 u1 小鱼 我前天刚问过 可以的 带身份证和临时证明 往上翻班主任说的
    2026-08-05T09:04 u6 新同学 好的 谢谢
    """,
)


def dianti(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.stderr
    return result


@pytest.fixture
def days(tmp_path: Path) -> list[Path]:
    files = []
    for n, text in enumerate(DAYS):
        lines = []
        for k, line in enumerate(filter(None, map(str.strip, text.splitlines()))):
            time, who, name, said = line.split(" ", 3)
            row = {"id": f"d{n}m{k}", "time": f"{time}:00+08:00", "sender_id": who, "sender": name, "text": said}
            lines.append(json.dumps(row, ensure_ascii=False))
        files.append(tmp_path / f"day{n}.jsonl")
        files[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return files


def ledger(archive: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in dianti("--archive", archive, "questions", "--json").stdout.splitlines()]


def added(archive: Path, files: list[Path]) -> list[dict[str, Any]]:
    for file in files:
        dianti("--archive", archive, "add", file, "--chat", "班级群")
    return ledger(archive)


def about_the_card(questions: list[dict[str, Any]]) -> dict[str, Any]:
    return next(q for q in questions if "学生证" in q["text"])


def test_a_question_is_closed_the_day_after_and_found_again_when_asked_again(days: list[Path], tmp_path: Path) -> None:
    archive = tmp_path / "a"
    assert about_the_card(added(archive, days[:1]))["status"] == "open"
    closed = about_the_card(added(archive, days[1:2]))
    assert closed["status"] == "answered"
    assert closed["closed_in"]
    assert closed["answers"][0]["message_ids"][0].endswith("/d1m0")
    again = about_the_card(added(archive, days[2:]))
    assert [a["sender"] for a in again["asked"]] == ["小鱼", "新同学"]


@pytest.mark.parametrize("order", list(permutations(range(3)))[1:], ids=str)
def test_any_order_of_imports_gives_the_same_ledger(order: tuple[int, ...], days: list[Path], tmp_path: Path) -> None:
    def comparable(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {k: v for k, v in q.items() if k != "closed_in"} | {"closed": bool(q["closed_in"])} for q in questions
        ]  # sessions are numbered as they come

    right = comparable(added(tmp_path / "right", days))
    other = comparable(added(tmp_path / "other", [days[i] for i in order] + [days[order[0]]]))
    assert other == right


def test_a_long_history_is_compared_a_stretch_at_a_time_with_the_same_ledger(
    days: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = added(tmp_path / "at_once", days)
    monkeypatch.setattr("pipeline.memory.shelf.STRETCH", 1)
    assert added(tmp_path / "by_stretches", days) == at_once
    assert len(about_the_card(at_once)["asked"]) == 2


def test_an_archive_of_the_fast_model_keeps_the_same_ledger_with_few_slow_vectors(days: list[Path], tmp_path: Path) -> None:
    quick = tmp_path / "quick"
    dianti("--archive", quick, "add", days[0], "--chat", "班级群", "--model", "fast")
    card = about_the_card(added(quick, days[1:]))
    usual = about_the_card(added(tmp_path / "usual", days))
    assert [a["sender"] for a in card["asked"]] == [a["sender"] for a in usual["asked"]] == ["小鱼", "新同学"]
    assert card["answers"][0]["message_ids"] == usual["answers"][0]["message_ids"]
    with open_archive(quick) as archive:
        slow = "SELECT count(*) FROM vector v JOIN model m ON m.id = v.model WHERE m.name LIKE 'e5%'"
        (embedded,) = archive.db.execute(slow).fetchone()
        (facts,) = archive.db.execute("SELECT (SELECT count(*) FROM asking) + (SELECT count(*) FROM note)").fetchone()
    assert 0 < embedded < facts


def test_an_archive_that_changes_its_model_keeps_its_ledger(days: list[Path], tmp_path: Path) -> None:
    archive = tmp_path / "a"
    dianti("--archive", archive, "add", days[0], "--chat", "班级群", "--model", "fast")
    dianti("--archive", archive, "reindex", "--model", "quality", "--yes")
    assert about_the_card(added(archive, days[1:])) == about_the_card(added(tmp_path / "usual", days))


def test_what_was_forgotten_is_in_no_question(days: list[Path], tmp_path: Path) -> None:
    archive = tmp_path / "a"
    added(archive, days)
    dianti("--archive", archive, "forget", "--member", "班主任", "--yes")
    questions = ledger(archive)
    assert "班主任" not in [a["sender"] for q in questions for a in q["answers"]]
    assert "临时证明，考前到教务处开" not in json.dumps(questions, ensure_ascii=False)
    assert about_the_card(questions)
    dianti("--archive", archive, "forget", "--chat", "班级群", "--yes")
    assert ledger(archive) == []
    stored = (archive / "archive.sqlite3").read_bytes()
    assert "学生证丢了".encode() not in stored


def test_a_digest_with_memory_tells_what_was_closed_and_asked_before(days: list[Path], tmp_path: Path) -> None:
    archive = tmp_path / "a"
    added(archive, days)
    third = json.loads(dianti("--archive", archive, "digest", days[2], "--chat", "班级群", "--with-memory", "--format", "json").stdout)
    before = [q["asked_before"] for q in third["qa"] if q.get("asked_before")]
    assert [b["message_id"].rpartition("/")[2] for b in before] == ["d0m0"]
    second = json.loads(dianti("--archive", archive, "digest", days[1], "--chat", "班级群", "--with-memory", "--format", "json").stdout)
    assert [q["question"]["message_ids"] for q in second["closed"]] == [["d0m0"]]


def test_the_report_names_who_helps_and_keeps_the_contract(days: list[Path], tmp_path: Path) -> None:
    archive = tmp_path / "a"
    added(archive, days)
    report = json.loads(dianti("--archive", archive, "report", "--format", "json").stdout)
    assert len(report["hours"]) == 24
    assert sum(report["hours"]) == report["period"]["messages"] == 10
    assert report["too_little_data"]
    assert report["stage"] == "unknown"
    for name in (
        "kol",
        "starters",
        "newcomers",
        "lurkers",
        "advertisers",
        "peak",
        "response",
        "unanswered_share",
        "noise_share",
        "warnings",
    ):
        assert name in report


def test_an_empty_period_gives_a_report_that_says_so(days: list[Path], tmp_path: Path) -> None:
    archive = tmp_path / "a"
    added(archive, days)
    for form in ("md", "html", "json"):
        assert dianti("--archive", archive, "report", "--since", "2030-01-01", "--format", form).stdout


def test_the_faq_keeps_the_operators_choice_over_runs(days: list[Path], tmp_path: Path) -> None:
    archive = tmp_path / "a"
    added(archive, days)
    (entry,) = (json.loads(x) for x in dianti("--archive", archive, "faq", "--format", "jsonl").stdout.splitlines() if "学生证" in x)
    assert entry["asked"] == 2
    review = tmp_path / "faq.md"
    review.write_text(
        f"## {entry['id']}\n- status: accept\nQ: {entry['question']['text']}\nA: 可以，凭身份证。\n(班主任)\n", encoding="utf-8"
    )
    dianti("--archive", archive, "review", "faq", "--edited", review)
    dianti("--archive", archive, "add", days[2], "--chat", "班级群")
    (kept,) = (json.loads(x) for x in dianti("--archive", archive, "faq", "--format", "jsonl").stdout.splitlines() if "学生证" in x)
    assert kept["answer"]["text"] == "可以，凭身份证。"
    assert kept["written_by"] == "operator"
    review.write_text(f"## {entry['id']}\n- status: reject\nQ: x\nA: y\n", encoding="utf-8")
    dianti("--archive", archive, "review", "faq", "--edited", review)
    assert "学生证" not in dianti("--archive", archive, "faq").stdout
