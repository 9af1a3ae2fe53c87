"""MemoTrace's JSON is training data, no log: it is refused with the reason.

[{"system": "…", "instruction": "…", "input": "", "output": "…", "history": [["…", "…"]]}]         Alpaca
[{"messages": [{"role": "system", "content": "…"}, …]}] or {"conversations": […]}                OpenAI
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.errors import InputError
from pipeline.i18n import _, _noop
from pipeline.readers._format import Format, Part, ReadOptions
from pipeline.readers._source import Probe, Source


def sniff(probe: Probe) -> bool:
    paths = probe.paths
    alpaca = "item.instruction" in paths and "item.output" in paths
    spoken = any(f"{prefix}.item.role" in paths for prefix in ("item.messages", "item.conversations", "conversations", "messages"))
    return alpaca or (spoken and not probe.has("messages.item.id"))


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    raise InputError(
        _("{path}: training data (questions and answers without sender and time), not a log; export CSV").format(path=source.name)
    )


FORMAT = Format(
    name="memotrace-training",
    title=_noop("MemoTrace training JSON (refused: it has no sender and no time)"),
    platform="wechat",
    obtain=_noop("not a log: export CSV instead"),
    sniff=sniff,
    read=read,
)
