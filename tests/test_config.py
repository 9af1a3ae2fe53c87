"""dianti.toml: what it sets, and how a mistake in it is told."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import time
from pathlib import Path

import pytest

from pipeline import config as module
from pipeline.config import EXAMPLE, Config, load_config
from pipeline.errors import ConfigError
from pipeline.render.options import SECTIONS


def config(folder: Path, text: str) -> Config:
    file = folder / "dianti.toml"
    file.write_text(text, "utf-8")
    return load_config(file)


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    assert load_config(None, tmp_path) == Config()
    assert Config().general.day_start == time(4)


def test_the_file_in_the_current_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(tmp_path, 'names = "initial"')
    monkeypatch.chdir(tmp_path)
    assert load_config(None).general.names == "initial"


def test_the_example_is_valid_and_sets_no_more_than_the_defaults(tmp_path: Path) -> None:
    found = load_config(EXAMPLE)
    assert found.general.names == "nick"
    assert found.general.sections == tuple(s for s in SECTIONS if s != "quotes")
    assert found.targets == {"me": {"kind": "clipboard"}}


def test_the_example_with_every_line_switched_on_is_valid_too(tmp_path: Path) -> None:
    text = re.sub(r'^# (?=(?:\[|"|[a-z_]+ = ))', "", EXAMPLE.read_text("utf-8"), flags=re.M)
    found = config(tmp_path, text)
    assert found.chat("中级3群").names == "initial"
    assert found.targets["channel"]["chat_id"] == "-1001234567890"
    assert found.people.person("wxid_abc123", "随便") == "老王"
    assert found.general.lengths["short"] == 580
    assert found.templates == tmp_path / "my-templates"


def test_a_chat_inherits_what_it_does_not_set(tmp_path: Path) -> None:
    found = config(
        tmp_path,
        """
        names = "initial"
        opt_out = ["u1"]
        day_start = 05:30:00
        [lengths]
        short = 400
        [chats."甲群"]
        opt_out = ["u2"]
        sections = ["qa", "tldr", "qa"]
        [chats."甲群".lengths]
        line = 60
        """,
    )
    chat = found.chat("甲群")
    assert (chat.names, chat.day_start, chat.opt_out) == ("initial", time(5, 30), {"u1", "u2"})
    assert chat.sections == ("qa", "tldr")
    assert chat.lengths == {"short": 400, "line": 60}
    assert found.chat("乙群") is found.general


def test_a_member_who_opted_out_is_known_by_every_name(tmp_path: Path) -> None:
    found = config(tmp_path, 'opt_out = ["老王"]\n[aliases]\n"老王" = ["wxid_1", "王工"]')
    for sender_id, sender in (("wxid_1", "x"), ("y", "王工"), ("y", "老王")):
        assert found.is_opted_out(found.general, sender_id, sender)
    assert not found.is_opted_out(found.general, "y", "小王")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nmes = 1", ["nmes", "names"]),
        ("[target.me]\nkind = 'file'", ["target", "targets"]),
        ("[sections]\nresorces = true", ["sections.resorces", "resources"]),
        ("sections = ['qq']", ["sections.qq", "qa"]),
        ("[lengths]\nshrt = 3", ["lengths.shrt", "short"]),
        ("[lengths]\nshort = -3", ["lengths.short", "above 0"]),
        ("[lengths]\nshare = 3", ["lengths.share", "between"]),
        ("[lengths]\nshort = true", ["lengths.short"]),
        ("names = 'nik'", ["names", "nick"]),
        ("[targets.g]\nkind = 'wecome'", ["targets.g.kind", "wecom"]),
        ("[targets.g]\nchat = 1", ["targets.g.chat", "chat_id"]),
        ("[targets.g]\nurl = 'https://x'", ["targets.g.url", "no secret here", "url_env"]),
        ("[targets.g]\ntoken = 'x'", ["targets.g.token", "no secret here"]),
        ("[targets.g]\nform = 'long'", ["targets.g.form", "full"]),
        ("[targets.g]\nlink = 3", ["targets.g.link"]),
        ("[chats.x]\nday_strt = '04:00'", ["chats.x.day_strt", "day_start"]),
        ("day_start = 'four'", ["day_start", "04:00"]),
        ("opt_out = 3", ["opt_out", "list"]),
        ("[roles]\na = 'boss'", ["roles.a", "owner"]),
        ("[masks]\nword = []", ["masks.word", "words"]),
        ("chats = 3", ["chats", "table"]),
        ("templates = 3", ["templates"]),
        ("sections = 3", ["sections"]),
        ("x = = 1", ["TOML"]),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_nearest_name(tmp_path: Path, text: str, told: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, text)
    for word in ["dianti.toml", *told]:
        assert word in str(caught.value)
    assert "https://x" not in str(caught.value)


def test_a_file_that_is_missing_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="dianti init"):
        load_config(tmp_path / "none.toml")
    (tmp_path / "dianti.toml").write_bytes("names = '中'".encode("gbk"))
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config(tmp_path / "dianti.toml")


def test_sections_are_those_that_can_be_rendered() -> None:
    assert module.SECTIONS == SECTIONS


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_init_writes_an_example_that_loads_and_does_not_overwrite(tmp_path: Path, encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "DIANTI_LANG": "zh"}
    command = [sys.executable, "-m", "pipeline", "init", "-o", str(tmp_path / "dianti.toml")]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert load_config(tmp_path / "dianti.toml") == load_config(EXAMPLE)
    again = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert again.returncode == 1
    assert "--force" in again.stderr.decode(encoding)
    assert subprocess.run([*command, "--force"], env=environment, capture_output=True, check=False).returncode == 0
