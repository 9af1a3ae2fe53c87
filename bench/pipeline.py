"""The whole line: cold start to file for 450 messages; analyze on 20,000; peak memory."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from bench.machine import run
from pipeline.model import Message
from pipeline.readers import ReadOptions, read_logs

SAMPLES = Path(__file__).parent.parent / "sample_logs"


def sample_messages() -> list[Message]:
    """The messages of the sample logs, one log after the other."""
    options = ReadOptions(tz=ZoneInfo("Asia/Shanghai"))
    return [
        m
        for log in sorted(SAMPLES.iterdir())
        if log.suffix in (".txt", ".json", ".jsonl")
        for e in read_logs([log], options)
        for m in e.messages
    ]


def varied_log(path: Path, messages: Sequence[Message], size: int, seed: int = 7) -> Path:
    """An interchange log of `size` messages: the given ones again and again, each round a day later, numbers and endings varied."""
    chance = random.Random(seed)
    start = datetime(2024, 1, 1, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    now = start
    with path.open("w", encoding="utf-8") as file:
        for n in range(size):
            m = messages[n % len(messages)]
            now += timedelta(seconds=chance.choice((3, 8, 15, 30, 60, 120, 600)))
            text = m.text if chance.random() < 0.3 else f"{m.text} {chance.randrange(10**6)}"
            row = {"id": f"b{n}", "time": now.isoformat(), "sender_id": m.sender_id, "sender": m.sender, "text": text, "type": str(m.kind)}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def main() -> None:
    messages = sample_messages()
    with TemporaryDirectory() as folder:
        home = Path(folder)
        chat = varied_log(home / "chat.jsonl", messages, 450)
        cold = min((run("digest", chat, "--format", "md,html", "-o", home / "out") for _ in range(3)), key=lambda r: r.seconds)
        print(f"cold start to file, 450 messages: {cold.seconds:.1f} s, peak {cold.peak_mb:.0f} MB (must: 8 s)")
        log = varied_log(home / "log.jsonl", messages, 20_000)
        long = run("analyze", log, "--json")
        print(f"analyze, 20,000 messages: {20_000 / long.seconds:.0f} messages/s, peak {long.peak_mb:.0f} MB (must: 300/s, 900 MB)")


if __name__ == "__main__":
    main()
