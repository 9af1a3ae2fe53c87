"""Every setting of dianti.toml changes what a person gets; those of targets are tested with the posting itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from test_cli import write_log

from pipeline import analysis
from pipeline.archive import open_archive
from pipeline.cli import cli
from pipeline.config import EXAMPLE, KINDS, LENGTHS, Config, load_config
from pipeline.deliver.targets import resolve
from pipeline.digest import DigestOptions
from pipeline.memory.faq import trusted_members
from pipeline.readers import ReadOptions, read_logs

CHAT = "社群运营夜话"
LOG = Path(__file__).parent.parent / "sample_logs" / f"{CHAT}.json"


@pytest.fixture(scope="module", autouse=True)
def each_analysis_once() -> Iterator[None]:
    """Most settings come after the analysis, which takes a second: the same one serves them all."""
    analyze, done = analysis.analyze, dict[Any, Any]()

    def once(export: Any, options: Any, *more: Any) -> Any:
        key = (export, options.model, options.segment_of(export.chat), len(more))
        if key not in done:
            done[key] = analyze(export, options, *more)
        return done[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis, "analyze", once)
        yield


def run(*words: object) -> str:
    done = CliRunner().invoke(cli, [str(w) for w in words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Shown:
    """The digest of one log: as text and as data."""

    text: str
    data: Any

    @property
    def texts(self) -> list[str]:
        return re.findall(r"「(.*?)」", self.text, re.DOTALL)


def digest(folder: Path, toml: str) -> Shown:
    settings = folder / "dianti.toml"
    settings.write_text(toml, "utf-8")
    run("--config", settings, "digest", LOG, "--format", "md,json", "-o", folder / "out")
    md, data = next((folder / "out").glob("*.md")), next((folder / "out").glob("*.json"))
    return Shown(md.read_text("utf-8"), json.loads(data.read_text("utf-8")))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return digest(tmp_path_factory.mktemp("plain"), "")


def longest(entries: list[dict[str, Any]]) -> int:
    return max(len(e["text"]) for e in entries)


def short_size(shown: Shown) -> int:
    return sum(len(e["text"]) for e in shown.data["short"])


EFFECTS: dict[str, tuple[str, Callable[[Shown, Shown], bool]]] = {
    "names": ('names = "initial"', lambda a, b: "阿澜-成都" in a.text and "阿澜-成都" not in b.text and r"阿\* 11/10" in b.text),
    "names of one chat": (f'[chats."{CHAT}"]\nnames = "none"', lambda _a, b: "— 11/10" in b.text),
    "a chat by another name": ('[chats."夜话"]\nalso_called = ["' + CHAT + '"]\nnames = "none"', lambda _a, b: "— 11/10" in b.text),
    "another chat's settings": ('[chats."别的群"]\nnames = "none"', lambda a, b: a == b),
    "language": ('language = "en"', lambda a, b: "## 问答" in a.text and "## Questions and answers" in b.text),
    "opt_out": ('opt_out = ["阿澜-成都"]', lambda a, b: "阿澜-成都" in a.text and "阿澜" not in json.dumps(b.data, ensure_ascii=False)),
    "sections off": ("[sections]\nresources = false", lambda a, b: "## 链接与资料" in a.text and "## 链接与资料" not in b.text),
    "sections in order": ('sections = ["topics", "qa"]', lambda _a, b: re.findall("^## (.*)", b.text, re.M) == ["话题", "问答"]),
    "share": ("[lengths]\nshare = 0.1", lambda a, b: sum(map(len, b.texts)) < sum(map(len, a.texts)) / 1.5),
    "short": ("[lengths]\nshort = 200", lambda a, b: short_size(b) <= 200 < short_size(a)),
    "tldr_lines": ("[lengths]\ntldr_lines = 2", lambda a, b: (len(a.data["tldr"]), len(b.data["tldr"])) == (3, 2)),
    "question": ("[lengths]\nquestion = 12", lambda a, b: longest(q(b)) < longest(q(a))),
    "answer": ("[lengths]\nanswer = 20", lambda a, b: longest(answers(b)) < longest(answers(a))),
    "line": ("[lengths]\nline = 20", lambda a, b: longest(b.data["announcements"]) < longest(a.data["announcements"])),
    "short_line": ("[lengths]\nshort_line = 20", lambda a, b: longest(b.data["short"]) < longest(a.data["short"])),
    "aliases": (
        '[aliases]\n"葵姐" = ["小葵·夜话发起人", "Fiona"]',
        lambda a, b: "葵姐" in b.text and "— Fiona" in a.text and "— Fiona" not in b.text and b.data["stats"]["members"] == 10,
    ),
    "masks": (
        '[masks]\nwords = ["夜话固定"]',
        lambda a, b: "夜话固定" in a.text and "夜话固定" not in b.text and r"\*\*\*每周三" in b.text,
    ),
}


def q(shown: Shown) -> list[dict[str, Any]]:
    return [pair["question"] for pair in shown.data["qa"]]


def answers(shown: Shown) -> list[dict[str, Any]]:
    return [a for pair in shown.data["qa"] for a in pair["answers"]]


@pytest.mark.parametrize("name", EFFECTS)
def test_a_setting_changes_the_digest(name: str, plain: Shown, tmp_path: Path) -> None:
    toml, changed = EFFECTS[name]
    assert changed(plain, digest(tmp_path, toml))


def test_every_length_has_its_test() -> None:
    assert set(LENGTHS) <= set(EFFECTS)


def test_the_lengths_in_the_example_are_those_in_force() -> None:
    defaults = DigestOptions()
    for name, value in re.findall(r"^# (\w+) = ([\d.]+)$", EXAMPLE.read_text("utf-8"), re.M):
        assert abs(float(value) - getattr(defaults, LENGTHS[name])) < 0.01, name


def test_templates_of_ones_own_win(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "digest.md.j2").write_text("我的模板 {{ words.chat }}", "utf-8")
    assert digest(tmp_path, 'templates = "mine"').text == f"我的模板 {CHAT}\n"


def test_the_browser_is_looked_for_before_the_work_is_done(tmp_path: Path) -> None:
    settings = tmp_path / "dianti.toml"
    settings.write_text('browser = "nowhere/chrome"', "utf-8")
    done = CliRunner().invoke(cli, ["--config", str(settings), "digest", str(LOG), "--format", "md,png", "-o", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "nowhere" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("toml", "first_of_the_second"), [("", "04:00"), ('day_start = "11:30"', "11:30"), ('[chats.log]\nday_start = "11:30"', "11:30")]
)
def test_a_chat_without_a_pause_is_cut_where_the_day_begins(tmp_path: Path, toml: str, first_of_the_second: str) -> None:
    log = write_log(tmp_path / "log.jsonl", [f"第{i}条，今天聊一聊毛利率怎么算" for i in range(110)], step=10)
    settings = tmp_path / "dianti.toml"
    settings.write_text(toml, "utf-8")
    lines = [json.loads(x) for x in run("--config", settings, "analyze", log, "--json").splitlines()]
    starts = [b["time"][11:16] for a, b in pairwise(lines) if a["session"] != b["session"]]
    hour = int(first_of_the_second[:2]) * 60 + int(first_of_the_second[3:])
    assert any(abs(int(s[:2]) * 60 + int(s[3:]) - hour) <= 60 for s in starts), starts


def test_a_role_given_by_hand_is_trusted_in_the_faq(tmp_path: Path) -> None:
    archive, settings = tmp_path / "archive", tmp_path / "dianti.toml"
    settings.write_text('[roles]\n"私域增长王总" = "admin"', "utf-8")

    def trusted() -> set[str]:
        with open_archive(archive, read_only=True) as opened:
            (chat,) = opened.chats()
            wanted = trusted_members(opened, chat)
            return {m.sender for m in opened.messages(chat) if m.sender_id in wanted}

    run("--archive", archive, "add", LOG)
    assert "私域增长王总" not in trusted()
    run("--config", settings, "--archive", archive, "add", LOG)
    assert "私域增长王总" in trusted()


def test_an_alias_joins_in_the_archive_and_can_be_taken_back(tmp_path: Path) -> None:
    archive, settings = tmp_path / "archive", tmp_path / "dianti.toml"
    settings.write_text('[aliases]\n"葵姐" = ["小葵·夜话发起人", "Fiona"]', "utf-8")

    def names() -> set[str]:
        report = json.loads(run("--archive", archive, "report", "--format", "json"))
        return {person["sender"] for person in report["kol"]}

    run("--archive", archive, "add", LOG)
    assert {"小葵·夜话发起人", "Fiona"} <= names()
    run("--archive", archive, "--config", settings, "add", LOG)
    assert "葵姐" in names()
    assert not {"小葵·夜话发起人", "Fiona"} & names()
    found = run("--archive", archive, "search", "在线表格", "--json")
    assert '"sender":"葵姐"' in found
    assert "Fiona" not in found
    assert "葵姐" in run("--config", settings, "digest", LOG, "--for", "Fiona").splitlines()[0]
    settings.write_text("", "utf-8")
    run("--archive", archive, "--config", settings, "reindex")
    assert {"小葵·夜话发起人", "Fiona"} <= names()


def test_the_same_member_cannot_be_two_people(tmp_path: Path) -> None:
    settings = tmp_path / "dianti.toml"
    settings.write_text('[aliases]\n"甲" = ["wxid_1"]\n"乙" = ["wxid_1"]', "utf-8")
    done = CliRunner().invoke(cli, ["--config", str(settings), "digest", str(LOG)])
    assert done.exit_code == 1
    assert "aliases.乙" in done.stderr
    assert "wxid_1" in done.stderr


def test_run_posts_where_the_file_says(tmp_path: Path) -> None:
    settings = tmp_path / "dianti.toml"
    post = tmp_path / "post.txt"
    settings.write_text(
        f'to = ["desk"]\n[targets.desk]\nkind = "file"\npath = "{post.as_posix()}"\nsections = ["qa"]\nnames = "none"', "utf-8"
    )
    run("--config", settings, "--archive", tmp_path / "archive", "run", LOG, "-o", tmp_path / "out")
    text = post.read_text("utf-8")
    assert "💬 问答" in text
    assert "🔗" not in text
    assert "阿澜-成都" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_target_is_known_to_the_poster(kind: str) -> None:
    assert resolve("x", {"x": {"kind": kind}}, {}, dry=True).platform.name == kind


def test_a_config_without_people_changes_no_message() -> None:
    (export,) = read_logs([LOG], ReadOptions(tz=ZoneInfo("Asia/Shanghai")))
    assert Config().people.unite(export) is export
    assert load_config(EXAMPLE).people.unite(export) is export
