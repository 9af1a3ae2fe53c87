"""The commands as a person uses them: results on stdout, notes on stderr, one clear line for what can be put right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import COMMANDS, cli

FORMATS = ("md", "html", "txt", "json")


def dianti(*arguments: object) -> Result:
    result = CliRunner().invoke(cli, [str(a) for a in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def write_log(path: Path, texts: list[str], *, sender: str = "甲", step: int = 1) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for i, text in enumerate(texts):
            minute = i * step
            row = {
                "id": f"m{i}",
                "time": f"2026-03-{10 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00+08:00",
                "sender_id": sender,
                "sender": sender,
                "text": text,
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def sample_logs() -> list[Path]:
    folder = Path(__file__).parent.parent / "sample_logs"
    return sorted(p for p in folder.iterdir() if p.suffix in (".txt", ".json", ".jsonl"))


@pytest.mark.parametrize("log", sample_logs(), ids=lambda p: p.stem)
def test_every_sample_becomes_a_digest_in_every_format(log: Path, tmp_path: Path) -> None:
    result = dianti("digest", log, "--format", ",".join(FORMATS), "-o", tmp_path)
    assert result.exit_code == 0
    assert sorted(p.suffix[1:] for p in tmp_path.iterdir() if p.is_file()) == sorted(FORMATS)
    digest = json.loads(next(tmp_path.glob("*.json")).read_text(encoding="utf-8"))
    coverage = digest["coverage"]
    assert coverage["messages"] == sum(coverage["noise"].values()) + coverage["in_digest"] + coverage["left_over"]
    assert coverage["unproved"] == 0
    assert digest["qa"]
    assert digest["short"]


def test_the_same_log_gives_the_same_bytes(samples: Path) -> None:
    log = sample_logs()[0]
    first, second = (dianti("digest", log, "--format", "json").stdout_bytes for _ in range(2))
    assert first == second


def test_analyze_prints_one_line_a_message_in_time_order() -> None:
    lines = [json.loads(x) for x in dianti("analyze", sample_logs()[0], "--json").stdout.splitlines()]
    assert [x["time"] for x in lines] == sorted(x["time"] for x in lines)
    assert {"id", "chat", "session", "segment", "thread", "topic", "reply_to", "reply_by", "noise", "value", "why", "question"} <= set(
        lines[0]
    )
    assert all(x["thread"] is not None for x in lines if x["type"] != "system")
    assert all(0 <= x["value"] <= 1 for x in lines)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_with_an_example(name: str) -> None:
    result = dianti(name, "--help")
    assert result.exit_code == 0
    assert "Example" in result.output


# ---- bad input ----


def fails(*arguments: object) -> str:
    """The one line on stderr of a command that ends with 1."""
    result = dianti(*arguments)
    assert result.exit_code == 1, result.output
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "nothere.txt" in fails("digest", tmp_path / "nothere.txt")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.txt", b""),
        ("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(64)),
        ("half.json", b'{"name": "x", "type": "private_group", "mess'),
        ("letter.txt", "今天天气不错，适合出门。\n".encode() * 20),
    ],
)
def test_what_is_no_chat_gives_one_clear_line(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert name in fails("digest", tmp_path / name)


def test_one_broken_line_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.jsonl", [f"第 {i} 条经验：先看文档再配置" for i in range(300)])
    lines = log.read_text(encoding="utf-8").splitlines()
    lines[120] = lines[120][:30]
    log.write_text("\n".join(lines), encoding="utf-8")
    result = dianti("digest", log, "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["coverage"]["messages"] == 299
    assert json.loads(result.stdout)["coverage"]["unreadable"] == 1
    assert "log.jsonl:121" in result.stderr


def test_gb18030_text_is_read(tmp_path: Path) -> None:
    text = "周明-后端 2026/11/19 21:58\n有人在 16G 显存上跑过吗？\n\n林晓 2026/11/19 21:59\n跑过，上下文 8k 大概 38 tok/s\n\n"
    (tmp_path / "log.txt").write_bytes(text.encode("gb18030"))
    result = dianti("analyze", tmp_path / "log.txt", "--json")
    assert [json.loads(x)["sender"] for x in result.stdout.splitlines()] == ["周明-后端", "林晓"]


@pytest.mark.parametrize(
    "texts", [["你好"], ["收到"] * 50, ["哈哈哈哈", "早", "[动画表情]", "好的", "晚安"], ["有人知道怎么报名吗？"] * 30]
)
def test_a_poor_chat_still_gives_a_digest(tmp_path: Path, texts: list[str]) -> None:
    result = dianti("digest", write_log(tmp_path / "log.jsonl", texts), "--format", "md")
    assert result.exit_code == 0
    assert result.stdout.strip()


def test_all_noise_says_that_nothing_is_worth_passing_on(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.jsonl", ["早", "早上好", "哈哈哈哈哈", "[动画表情]", "晚安", "收到"])
    result = dianti("--lang", "zh", "digest", log, "--format", "txt")
    assert result.exit_code == 0
    assert "本期无值得整理的内容" in result.stdout


def test_a_chinese_chat_without_a_printed_line_is_told_so_in_chinese(tmp_path: Path) -> None:
    result = dianti("digest", write_log(tmp_path / "noise.jsonl", ["哈哈哈", "早", "收到"] * 10), "--format", "txt")
    assert "本期无值得整理的内容" in result.stdout


def test_equal_and_unsorted_times_are_put_in_order(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.jsonl", ["一", "二", "三", "四"], step=0)
    log.write_text("\n".join(reversed(log.read_text(encoding="utf-8").splitlines())), encoding="utf-8")
    assert len(dianti("analyze", log, "--json").stdout.splitlines()) == 4


def test_a_gap_of_three_years_parts_two_sessions(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "time": "2023-01-01T09:00:00+08:00", "sender_id": "1", "sender": "甲", "text": "新年好，报名从哪天开始？"},
        {"id": "b", "time": "2026-01-01T09:00:00+08:00", "sender_id": "2", "sender": "乙", "text": "报名从六月开始"},
    ]
    log = tmp_path / "log.jsonl"
    log.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    assert len({json.loads(x)["session"] for x in dianti("analyze", log, "--json").stdout.splitlines()}) == 2


def test_messages_without_a_sender_are_read(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.jsonl", ["系统维护今晚十点开始", "报名表已经更新，请大家核对"], sender="")
    assert len(dianti("analyze", log, "--json").stdout.splitlines()) == 2


def test_an_unknown_format_is_a_usage_error() -> None:
    assert dianti("digest", sample_logs()[0], "--format", "docx").exit_code == 2


def test_a_wrong_command_line_is_told_in_one_line() -> None:
    result = dianti("search", "--limit", "0", "x")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "--help" in result.stderr


def test_several_formats_need_a_folder() -> None:
    assert "-o" in fails("digest", sample_logs()[0], "--format", "md,html")


def test_a_member_sees_what_concerns_them() -> None:
    lines = [json.loads(x) for x in dianti("analyze", sample_logs()[0], "--json").stdout.splitlines()]
    name = lines[0]["sender"]
    assert dianti("digest", sample_logs()[0], "--for", name, "--format", "md").exit_code == 0
    assert "nobody" in fails("digest", sample_logs()[0], "--for", "没有这个人")
