"""The annotated chats, as a program sees them, beside their annotation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.model import Export
from pipeline.readers import ReadOptions, read_export


@dataclass(frozen=True, kw_only=True)
class GoldChat:
    name: str
    export: Export
    gold: dict[str, Any]


def chat_names(eval_data: Path) -> list[str]:
    return sorted(p.parent.name for p in (eval_data / "gold").glob("*/gold.json"))


def gold_chats(eval_data: Path, hold_out: frozenset[str]) -> Iterator[GoldChat]:
    """The chats that are not held out, by name."""
    for name in chat_names(eval_data):
        if name not in hold_out:
            folder = eval_data / "gold" / name
            (export,) = read_export(folder / "chat.jsonl", ReadOptions(tz=ZoneInfo("Asia/Shanghai")))
            yield GoldChat(name=name, export=export, gold=json.loads((folder / "gold.json").read_text(encoding="utf-8")))
