"""The FAQ as a file that the operator edits: status words, texts; and the choices read back from it.

## 群/m012
- status: new            accept, reject, or: merge 群/m003
Q: the question
A: the answer, as many lines as it takes
(老秦, 2026-05-18; asked 2 times)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.errors import InputError
from pipeline.i18n import _
from pipeline.memory.faq import CHOICES, Choice, FaqEntry

_HEAD = re.compile(r"^## (\S+)\s*$")
_STATUS = re.compile(r"^- status:\s*(\w+)(?:\s+(\S+))?\s*$")


def review_text(entries: Sequence[FaqEntry]) -> str:
    """The entries as an editable file."""
    lines = [
        "# FAQ",
        "",
        _("Write accept, reject or merge ID after status; change questions and answers as you like; what stays new is kept as it is."),
        "",
    ]
    for e in entries:
        times = _("asked {n} times").format(n=e.asked)
        flag = " !" if e.contradicted_by else ""
        lines += [
            f"## {e.id}",
            f"- status: {e.choice or 'new'}",
            f"Q: {_flat(e.question)}",
            f"A: {e.answer}",
            f"({e.sender}, {e.time:%Y-%m-%d}; {times}){flag}",
            "",
        ]
    return "\n".join(lines) + "\n"


def read_review(text: str, entries: Sequence[FaqEntry], where: Path) -> dict[str, Choice]:
    """Archive id of a question → the choice made in the file; entries left as they were give none."""
    known = {e.id: e for e in entries}
    found: dict[str, Choice] = {}
    for number, block in _blocks(text):
        entry = known.get(block["id"])
        if entry is None:
            raise InputError(
                _("{path}:{line}: no FAQ entry {id}; keep the lines that begin with ##").format(path=where, line=number, id=block["id"])
            )
        status, into = block["status"], block["into"]
        if status not in (*CHOICES, "new"):
            raise InputError(
                _("{path}:{line}: status {word} is none of: new, accept, reject, merge ID").format(path=where, line=number, word=status)
            )
        if status == "merge" and into not in known:
            raise InputError(_("{path}:{line}: merge needs the id of another entry").format(path=where, line=number))
        question = block["q"] if block["q"] != _flat(entry.question) else None
        answer = block["a"] if block["a"] != entry.answer.strip() else None
        if status == "new" and not question and not answer:
            continue
        choice = "accept" if status == "new" else status
        old = entry if entry.edited else None
        found[entry.id] = Choice(
            choice=choice, into=into.partition("/")[2] if into else None, question=question or (old.question if old else None),
            answer=answer or (old.answer if old else None),
        )  # fmt: skip
    return found


def _blocks(text: str) -> list[tuple[int, Mapping[str, str]]]:
    found: list[tuple[int, dict[str, str]]] = []
    part = ""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if head := _HEAD.match(line):
            found.append((number, {"id": head[1], "status": "new", "into": "", "q": "", "a": ""}))
            part = ""
        elif not found:
            continue
        elif status := _STATUS.match(line):
            found[-1][1]["status"], found[-1][1]["into"] = status[1], status[2] or ""
        elif line.startswith(("Q: ", "A: ")) and (line[0] == "Q" or part != "a"):
            part = line[0].lower()
            found[-1][1][part] = line[3:]
        elif line.startswith("(") and part == "a":
            part = ""
        elif part:
            found[-1][1][part] += "\n" + line
    return [(n, {k: v.strip() for k, v in b.items()}) for n, b in found]


def _flat(text: str) -> str:
    return " ".join(text.split())
