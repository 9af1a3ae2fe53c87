"""What the documents say is what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.cli import COMMANDS
from pipeline.i18n import catalog
from pipeline.readers import markdown_table

ROOT = Path(__file__).parent.parent
READMES = {"README.md": "en", "README.zh-CN.md": "zh"}


def block(page: str, name: str) -> str:
    text = (ROOT / page).read_text(encoding="utf-8")
    return text.partition(f"<!-- {name}:begin -->")[2].partition(f"<!-- {name}:end -->")[0].strip()


@pytest.mark.parametrize("page", READMES)
def test_the_table_of_formats_comes_from_the_code(page: str) -> None:
    assert block(page, "formats") == markdown_table(catalog(READMES[page]).gettext).strip()


@pytest.mark.parametrize("page", READMES)
def test_a_real_digest_stands_in_the_readme(page: str) -> None:
    shown = block(page, "sample")
    log = re.sub(r"\s", "", (ROOT / "sample_logs" / "SQL学习群.txt").read_text(encoding="utf-8"))
    quoted = re.findall(r"「(.+?)」", shown, re.S)
    assert len(quoted) >= 10
    for text in quoted:
        for piece in re.split(r"…|\*{3}|\n", text):
            assert re.sub(r"\s", "", piece) in log


@pytest.mark.parametrize("page", READMES)
def test_every_command_stands_in_the_readme(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [c for c in COMMANDS if not re.search(rf"\b{c}\b", text)] == []


@pytest.mark.parametrize("page", [*READMES, *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md"))), "CONTRIBUTING.md"])
def test_no_link_leads_nowhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [t.partition("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in t]
    assert [t for t in targets if t and not ((ROOT / page).parent / t).exists()] == []


def test_the_two_readmes_have_the_same_sections() -> None:
    count = {page: len(re.findall(r"^## ", (ROOT / page).read_text(encoding="utf-8"), re.M)) for page in READMES}
    assert len(set(count.values())) == 1


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    listed = re.search(r"^dependencies = \[(.*?)^\]", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.S | re.M)
    assert listed
    names = re.findall(r'"([A-Za-z0-9_.-]+)', listed[1])
    assert [n for n in names if f"| {n} |" not in text] == []
