"""post, review, schedule as a person types them, once under a GBK console."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from delivery_server import SECRETS, Platforms, serving
from digest_factory import empty_digest, hostile_digest, large_digest, rich_digest

from pipeline.cli import cli
from pipeline.deliver.dismissed import dismissed
from pipeline.deliver.receipts import state_folder
from pipeline.digest.as_json import digest_from_json, digest_json
from pipeline.model import Digest
from pipeline.render import RenderOptions, render
from pipeline.text import urls

PLATFORMS = {"wecom": 4096, "dingtalk": 20_000, "feishu": 20_000, "telegram": 4096, "discord": 2000, "slack": 3000, "clipboard": 600}
SIZE = {
    "wecom": lambda t: len(t.encode()), "dingtalk": lambda t: len(t.encode()), "feishu": lambda t: len(t.encode()),
    "telegram": lambda t: len(t.encode("utf-16-le")) // 2,
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[Platforms]:
    with serving() as state:
        yield state


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(folder: Path, digest: Digest, *formats: str) -> Path:
    """A digest's files as `dianti digest -o` writes them; the JSON's path."""
    path = folder / "群-2026-05-18.json"
    path.write_text(json.dumps(digest_json(digest), ensure_ascii=False), "utf-8")
    for format in formats:
        path.with_suffix(f".{format}").write_text(render(digest, format), "utf-8")
    return path


def run(*words: object, **options: object) -> Result:
    return CliRunner().invoke(cli, [str(w) for w in words], **options)  # type: ignore[arg-type]


def parts(path: Path, to: str, *more: str) -> list[str]:
    done = run("post", path, "--to", to, "--dry-run", "--json", *more)
    assert done.exit_code == 0, done.stderr
    value = json.loads(done.stdout)
    assert value["target"] == to
    return [part["text"] for part in value["parts"]]


@pytest.mark.parametrize("to", PLATFORMS)
@pytest.mark.parametrize("suffix", ["json", "md", "txt"])
def test_a_dry_run_takes_a_bare_platform_and_keeps_its_limit(to: str, suffix: str, tmp_path: Path) -> None:
    for digest in (rich_digest(), large_digest()):
        path = write(tmp_path, digest, "md", "txt").with_suffix(f".{suffix}")
        texts = parts(path, to)
        assert 1 <= len(texts) <= 3
        assert all(SIZE.get(to, len)(t) <= PLATFORMS[to] for t in texts)
        known = {u.rstrip(")>") for e in (*digest.resources, *digest.announcements) for u in (*urls(e.text), e.url or "")}
        assert all(any(k.startswith(u.rstrip(")>|")) or u.startswith(k) for k in known if k) for t in texts for u in urls(t.split("|")[0]))


@pytest.mark.parametrize("to", PLATFORMS)
def test_the_whole_digest_in_parts_holds_every_answer(to: str, tmp_path: Path) -> None:
    text = "".join("".join(parts(write(tmp_path, rich_digest()), to, "--full")).split())
    for pair in rich_digest().qa:
        for answer in pair.answers:
            assert "".join(answer.text.split()) in text


def test_the_reviewed_file_is_what_is_posted(tmp_path: Path) -> None:
    path = write(tmp_path, rich_digest(), "md", "txt")
    for suffix in ("md", "txt"):
        file = path.with_suffix(f".{suffix}")
        text = file.read_text("utf-8").replace("经济法考前一个月冲刺", "经济法考前两个月冲刺")
        file.write_text("\n".join(x for x in text.split("\n") if "下沙" not in x), "utf-8")
        posted = "\n".join(parts(file, "discord", "--full"))
        assert "下沙" not in posted
        line = next(x for x in posted.split("\n") if "考前两个月" in x)
        assert "「" not in line
        assert "「成本法看分红" in posted


def test_without_its_json_a_text_is_posted_as_it_is_and_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, large_digest(), "md")
    path.unlink()
    done = run("post", path.with_suffix(".md"), "--to", "clipboard", "--dry-run", "--json")
    assert json.loads(done.stdout)["parts"]
    assert "verbatim" in done.stderr


def test_nothing_worth_posting_posts_nothing(tmp_path: Path, server: Platforms, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, empty_digest())
    assert parts(path, "wecom") == []
    monkeypatch.setenv("DIANTI_SLACK_URL", SECRETS["slack"]["URL"])
    monkeypatch.setenv("DIANTI_SLACK_BASE_URL", server.url)
    done = run("post", path, "--to", "slack")
    assert done.exit_code == 0
    assert server.requests == 0


def test_posting_twice_delivers_once(tmp_path: Path, server: Platforms, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, rich_digest())
    (tmp_path / "dianti.toml").write_text(f'[targets.team]\nkind = "slack"\nbase_url = "{server.url}"\nnames = "initial"\n', "utf-8")
    monkeypatch.setenv("DIANTI_TEAM_URL", SECRETS["slack"]["URL"])
    first, second = run("post", path, "--to", "team"), run("post", path, "--to", "team")
    assert (first.exit_code, second.exit_code) == (0, 0), first.stderr + second.stderr
    assert len(server.delivered) == len(set(server.delivered)) > 0
    assert "before" in second.stderr
    assert "老秦-事务所" not in "".join(server.delivered)
    assert "SLACK" not in first.output + second.output


def test_a_failure_is_one_line_and_exit_one(tmp_path: Path) -> None:
    path = write(tmp_path, rich_digest())
    for words, told in (
        (("post", path, "--to", "nowhere"), "nowhere"),
        (("post", path, "--to", "telegram"), "DIANTI_TELEGRAM_TOKEN"),
        (("post", tmp_path / "none.json", "--to", "clipboard", "--dry-run"), "none.json"),
        (("review", write(tmp_path, rich_digest())), "--edited"),
    ):
        done = run(*words)
        assert done.exit_code == 1
        assert told in done.stderr
        assert len(done.stderr.strip().split("\n")) == 1
    bad = tmp_path / "bad.json"
    for content in ("[]", "{", '{"schema": "x"}', '{"schema": "dianti.digest/1"}'):
        bad.write_text(content, "utf-8")
        done = run("post", bad, "--to", "wecom", "--dry-run")
        assert (done.exit_code, len(done.stderr.strip().split("\n"))) == (1, 1)
    assert run("post", path, "--to", "wecom", "--json").exit_code == 2


def test_the_target_file_is_written_whole(tmp_path: Path) -> None:
    path = write(tmp_path, large_digest())
    assert run("post", path, "--to", "file").exit_code == 0
    assert "第599条" in path.with_name("群-2026-05-18.post.txt").read_text("utf-8")


def test_review_rewrites_every_form_and_remembers_what_was_struck(tmp_path: Path, private_home: Path) -> None:
    path = write(tmp_path, rich_digest(), "md", "html", "txt")
    file = path.with_suffix(".md")
    file.write_text("\n".join(x for x in file.read_text("utf-8").split("\n") if "下沙" not in x), "utf-8")
    dry = run("review", file, "--dry-run")
    assert "struck: 1" in dry.stderr
    assert "下沙" in path.read_text("utf-8")
    done = run("review", file)
    assert done.exit_code == 0, done.output
    for suffix in ("json", "md", "html", "txt"):
        assert "下沙" not in path.with_suffix(f".{suffix}").read_text("utf-8"), suffix
    assert dismissed(state_folder(private_home / "archive"), rich_digest().chat) == set(rich_digest().unanswered[0].message_ids)
    again = digest_from_json(json.loads(path.read_text("utf-8")))
    assert replace(again, unanswered=rich_digest().unanswered, sources={}, coverage=rich_digest().coverage) == replace(
        rich_digest(), sources={}
    )
    c = again.coverage
    assert c.messages == sum(c.noise.values()) + c.in_digest + c.left_over
    assert run("review", file).stderr.count("struck: 0") == 1


def test_review_takes_an_edited_file_from_elsewhere(tmp_path: Path) -> None:
    path = write(tmp_path, rich_digest())
    edited = tmp_path / "mine.txt"
    edited.write_text(render(rich_digest(), "txt").replace("先啃实务", "先啃经济法"), "utf-8")
    done = run("review", path, "--edited", edited, "-o", tmp_path / "out")
    assert "struck: 0, changed: 2, added: 0" in done.stderr  # the line, and the phrase to search for
    assert "先啃经济法" in (tmp_path / "out" / path.name).read_text("utf-8")
    assert "先啃经济法" not in path.read_text("utf-8")
    assert run("review", path, "--edited", tmp_path / "mine.docx").exit_code == 1


def test_schedule_prints_a_line_for_each_system(tmp_path: Path) -> None:
    done = run("schedule", tmp_path / "我的 导出", "--to", "me,group", "--at", "22:05")
    assert done.exit_code == 0
    cron = next(x for x in done.stdout.split("\n") if x.startswith("5 22 * * *"))
    assert "--to me,group" in cron
    assert "'" in cron
    windows = next(x for x in done.stdout.split("\n") if x.startswith("schtasks"))
    assert "/ST 22:05" in windows
    assert '\\"' in windows
    assert "--config" not in cron
    (tmp_path / "dianti.toml").write_text("", "utf-8")  # the Task Scheduler would not find it by itself
    assert run("schedule", tmp_path, "--at", "22:05").stdout.count(f"--config {tmp_path / 'dianti.toml'}") == 2
    assert run("schedule", tmp_path, "--at", "25:00").exit_code == 2
    assert "0 22 * * *" in run("schedule", tmp_path).stdout


@pytest.mark.parametrize("digest", [rich_digest, hostile_digest])
def test_a_gbk_console_shows_every_command(tmp_path: Path, digest) -> None:  # type: ignore[no-untyped-def]
    path = write(tmp_path, digest(), "md")
    environment = {**os.environ, "PYTHONIOENCODING": "gbk", "PYTHONUTF8": "0", "DIANTI_LANG": "zh"}
    for words in (
        ("post", str(path), "--to", "clipboard", "--dry-run"),
        ("post", str(path), "--to", "wecom", "--dry-run", "--json"),
        ("review", str(path.with_suffix(".md")), "--dry-run"),
        ("schedule", str(path), "--at", "22:00"),
        ("post", "--help"),
    ):
        done = subprocess.run([sys.executable, "-m", "pipeline", *words], env=environment, capture_output=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stderr.decode("gbk", "replace")
        assert b"Traceback" not in done.stderr
        if "--json" in words:
            json.loads(done.stdout.decode("utf-8"))


def test_labels_follow_the_chat_or_what_was_asked(tmp_path: Path) -> None:
    path = write(tmp_path, rich_digest())
    assert "问" in "".join(parts(path, "discord"))
    done = run("--lang", "en", "post", path, "--to", "discord", "--dry-run", "--full")
    assert render(rich_digest(), "md", RenderOptions(lang="en")).split("\n")[0].removeprefix("# ") in done.stdout.replace("\\", "")


LINES = [
    ("u1", "群主", "【通知】本周六下午三点线上分享，主题是怎样给三百人的群做活动复盘，报名截止周五晚八点，请大家提前准备问题"),
    ("u2", "小鱼", "请问活动复盘里的留存率应该按自然日算还是按首次参加日算？"),
    ("u3", "老秦", "留存率按首次参加日算，第七天还发言的人除以当天首次参加的人，自然日会把新人混在一起"),
    ("u2", "小鱼", "明白了，谢谢老秦，问题解决了"),
    ("u4", "阿木", "复盘模板在这里 https://example.org/review-template 里面有指标说明和一份填好的样例"),
    ("u1", "群主", "定了，以后每月最后一个周六做复盘，由阿木负责整理记录并在周一前发到群里"),
]


def log(folder: Path) -> Path:
    """A small chat that has something worth posting."""
    path = folder / "运营群.jsonl"
    rows = [
        {
            "id": f"m{i}",
            "time": f"2026-05-18T20:{i:02d}:00+08:00",
            "sender_id": who,
            "sender": name,
            "text": text,
            "type": "text",
            "reply_to": None,
        }
        for i, (who, name, text) in enumerate(LINES)
    ]
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), "utf-8")
    return path


def test_the_routine_posts_once_and_finishes_what_was_cut_off(tmp_path: Path, server: Platforms, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = f'to = ["team", "file"]\n[targets.team]\nkind = "slack"\nbase_url = "{server.url}"\n'
    (tmp_path / "dianti.toml").write_text(settings, "utf-8")
    monkeypatch.setenv("DIANTI_TEAM_URL", SECRETS["slack"]["URL"])
    server.weather = ['"refused"']
    first = run("run", log(tmp_path), "-o", tmp_path / "out")
    assert first.exit_code == 1
    assert "team" in first.stderr
    assert list((tmp_path / "out").glob("*.post.txt")), "the target after the one that failed is served"
    assert server.delivered == []
    for _again in range(2):
        done = run("run", log(tmp_path), "-o", tmp_path / "out")
        assert done.exit_code == 0, done.stderr
        assert len(server.delivered) == 1
    assert "复盘" in server.delivered[0]


def test_a_target_that_an_earlier_run_never_tried_gets_no_old_digest(
    tmp_path: Path, server: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIANTI_SLACK_URL", SECRETS["slack"]["URL"])
    monkeypatch.setenv("DIANTI_SLACK_BASE_URL", server.url)
    assert run("run", log(tmp_path), "-o", tmp_path / "out").exit_code == 0
    done = run("run", log(tmp_path), "-o", tmp_path / "out", "--to", "slack")
    assert (done.exit_code, server.requests) == (0, 0)
    assert "dianti post" in done.stderr


def test_a_second_run_leaves_reviewed_files_alone(tmp_path: Path) -> None:
    assert run("run", log(tmp_path), "-o", tmp_path / "out").exit_code == 0
    file = next((tmp_path / "out").glob("*.md"))
    file.write_text(file.read_text("utf-8") + "\n编者：线上见\n", "utf-8")
    assert run("run", log(tmp_path), "-o", tmp_path / "out").exit_code == 0
    assert "编者：线上见" in file.read_text("utf-8")
