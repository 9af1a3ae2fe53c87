"""Fills the marked blocks of both READMEs from the program itself: `python scripts/readme_blocks.py`.

sample: the digest of a sample log as plain text; formats: the table of the readers; figures: the main ones of docs/quality.md.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pipeline.i18n import catalog
from pipeline.readers import markdown_table

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "sample_logs" / "SQL学习群.txt"
MAIN_FIGURES = ("Threads", "Noise and value", "The digest", "Search", "Memory")


def main() -> None:
    text = digest_text()
    for name, language in (("README.md", "en"), ("README.zh-CN.md", "zh")):
        page = ROOT / name
        content = page.read_text(encoding="utf-8")
        content = filled(content, "sample", f"```text\n{text}\n```")
        content = filled(content, "formats", formats(language))
        page.write_text(content, encoding="utf-8")


def digest_text() -> str:
    command = [sys.executable, "-m", "pipeline", "digest", str(SAMPLE), "--format", "txt"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return done.stdout.decode("utf-8").strip()


def formats(language: str) -> str:
    return markdown_table(catalog(language).gettext).strip()


def filled(page: str, name: str, block: str) -> str:
    """The page with the block between its marks."""
    head, begin, rest = page.partition(f"<!-- {name}:begin -->")
    _old, end, tail = rest.partition(f"<!-- {name}:end -->")
    return f"{head}{begin}\n{block}\n{end}{tail}"


if __name__ == "__main__":
    main()
