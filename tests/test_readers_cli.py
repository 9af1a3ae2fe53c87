"""formats, inspect, export on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from exports import EXPORTS

from pipeline.cli import cli
from pipeline.readers import FORMATS, ReadOptions, read_logs


def dianti(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def test_formats_lists_every_format_and_how_to_get_it() -> None:
    told = dianti("formats")
    assert told.exit_code == 0
    for format in FORMATS:
        assert format.name in told.stdout
        assert format.obtain in told.stdout
    assert [json.loads(line)["name"] for line in dianti("formats", "--json").stdout.splitlines()] == [f.name for f in FORMATS]


def test_inspect_says_what_a_file_is() -> None:
    told = dianti("inspect", EXPORTS / "telegram" / "result.json")
    assert told.exit_code == 0
    assert "(telegram-json)" in told.stdout
    assert "40 messages from 2026-11-19 21:57+08:00 to 2026-11-20 08:25+08:00, 5 replies" in told.stdout
    assert "1 parts could not be read" in told.stdout


def test_inspect_lists_what_it_cannot_read_and_goes_on() -> None:
    told = dianti("inspect", EXPORTS / "chatlog", "--json")
    found = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.exit_code == 0
    assert {f["format"] for f in found} == {"chatlog-json", "chatlog-csv", "chatlog-txt"}
    assert all(len(f["chats"]) == 1 for f in found)
    assert "--date" in told.stderr
    assert "SOURCE.txt" in told.stderr


def test_inspect_of_something_else_is_one_line_and_status_1(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    told = dianti("inspect", path)
    assert told.exit_code == 1
    assert told.stderr.count("\n") == 1
    assert "PNG" in told.stderr


def test_an_export_reads_again_as_what_it_was(tmp_path: Path) -> None:
    options = ReadOptions(tz=ZoneInfo("Asia/Shanghai"))
    for form in ("jsonl", "chatlab"):
        path = tmp_path / f"{form}.jsonl"
        assert dianti("export", EXPORTS / "weflow" / "arkme.json", "--format", form, "-o", path).exit_code == 0
        [read] = read_logs([path], options)
        [sent] = read_logs([EXPORTS / "weflow" / "arkme.json"], options)
        assert read.chat == sent.chat
        if form == "jsonl":
            assert read.messages == sent.messages
        else:
            assert [(m.id, m.sent_at, m.reply_to) for m in read.messages] == [(m.id, m.sent_at, m.reply_to) for m in sent.messages]


def test_export_writes_several_chats_and_reads_them_apart(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    assert dianti("export", EXPORTS / "qq_txt" / "全部消息记录.txt", "-o", path).exit_code == 0
    exports = read_logs([path], ReadOptions(tz=ZoneInfo("Asia/Shanghai")))
    assert [(e.chat.name, len(e.messages)) for e in exports] == [("周明", 2), ("本地大模型折腾群", 40)]
    told = dianti("export", EXPORTS / "qq_txt" / "全部消息记录.txt", "--format", "chatlab")
    assert told.exit_code == 1
    assert "--chat" in told.stderr


def test_a_table_is_read_as_map_says(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("when,who,what\n2026-03-10 20:01,甲,你好\n", encoding="utf-8")
    told = dianti("export", path, "--map", "time=when,sender=who,text=what")
    assert json.loads(told.stdout)["text"] == "你好"
    assert dianti("export", path, "--map", "time").exit_code == 1
    assert dianti("export", path).exit_code == 1


def test_as_reads_a_log_in_the_format_that_is_named(tmp_path: Path) -> None:
    told = dianti("inspect", EXPORTS / "qq_txt" / "本地大模型折腾群.txt", "--as", "qq-txt")
    assert "(qq-txt)" in told.stdout
    assert dianti("inspect", EXPORTS / "qq_txt" / "本地大模型折腾群.txt", "--as", "msn").exit_code == 1


@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
def test_a_large_log_is_written_out_piece_by_piece_with_the_same_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    if large:
        monkeypatch.setattr("pipeline.cli.inspect.STREAMED_BYTES", 10)
        monkeypatch.setattr("pipeline.cli.inspect.read_logs", None)
    done = dianti("export", EXPORTS / "weflow" / "arkme.json", "-o", tmp_path / "a.jsonl")
    assert done.exit_code == 0
    assert len((tmp_path / "a.jsonl").read_text("utf-8").splitlines()) == 40


def test_what_cannot_be_read_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    there, bad = tmp_path / "a.jsonl", tmp_path / "bad.txt"
    there.write_text("kept", "utf-8")
    bad.write_text("no chat at all", "utf-8")
    assert dianti("export", bad, "-o", there).exit_code == 1
    assert there.read_text("utf-8") == "kept"


def test_digests_among_the_exports_are_listed_and_not_read_as_a_chat(tmp_path: Path) -> None:
    export = EXPORTS / "weflow" / "arkme.json"
    (tmp_path / export.name).write_bytes(export.read_bytes())
    assert dianti("digest", export, "--format", "md,txt,html,json", "-o", tmp_path / "out").exit_code == 0
    told = dianti("inspect", tmp_path)
    assert told.stdout.count("chat:") == 1
    assert told.stderr.count("a digest that dianti wrote") == 4
    md, text = sorted(p for p in (tmp_path / "out").iterdir() if p.suffix in (".md", ".txt"))
    for digest in (md, text):
        alone = tmp_path / f"alone{digest.suffix}"
        alone.write_bytes(digest.read_bytes())
        assert dianti("inspect", alone).exit_code == 1
