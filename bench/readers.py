"""Reading: messages a second and peak memory, for a log of each shape; READERS_MB sets the size (2000 for the whole 2 GB)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

SHANGHAI = timezone(timedelta(hours=8))
START = datetime(2020, 1, 1, 8, tzinfo=SHANGHAI)
TEXTS = (
    "有人在 16G 显存上跑过 Qwen3 30B-A3B 吗？",
    "跑过 4060Ti 16G\n上下文 8k 大概 38 tok/s\n再长就开始往内存里溢了",
    "我这边 4070 也差不多，40 出头",
    "@老郝 你用的 llama.cpp 还是 ollama",
    "[图片]",
    "这篇里 q8_0 的 PPL 只差 0.004，q4_0 差 0.21 https://example.com/blog/kv-cache-quant?id=42",
    "收过一张，涡轮卡吵死🤣 不支持 bf16 要注意",
    "好的",
)
NAMES = [f"群友{i}" for i in range(300)] + ["老郝", "Kiki: 产品", "AAA 批发 小王"]


def messages() -> Iterator[tuple[int, datetime, str, str]]:
    """(number, time, name, text) without end."""
    n = 0
    while True:
        yield n, START + timedelta(seconds=7 * n), NAMES[(n * 31) % len(NAMES)], f"{TEXTS[n % len(TEXTS)]} {n}" if n % 8 != 4 else "[图片]"
        n += 1


def lines(
    render: Callable[[int, datetime, str, str], str], head: str = "", tail: str = "", between: str = ""
) -> Callable[[Path, int], None]:
    def write(path: Path, size: int) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            written = file.write(head)
            for number, (n, when, name, text) in enumerate(messages()):
                piece = (between if number else "") + render(n, when, name, text)
                file.write(piece)
                written += len(piece.encode())
                if written >= size:
                    break
            file.write(tail)

    return write


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _interchange(n: int, when: datetime, name: str, text: str) -> str:
    record = {"id": f"m{n}", "time": when.isoformat(), "sender_id": name, "sender": name, "text": text, "type": "text", "reply_to": None}
    return _json(record) + "\n"


def _telegram(n: int, when: datetime, name: str, text: str) -> str:
    record = {
        "id": n,
        "type": "message",
        "date": when.strftime("%Y-%m-%dT%H:%M:%S"),
        "date_unixtime": str(int(when.timestamp())),
        "from": name,
        "from_id": f"user{sum(map(ord, name))}",
        "text": text,
        "text_entities": [{"type": "plain", "text": text}],
    }
    return json.dumps(record, ensure_ascii=False, indent=1)


def _weflow(n: int, when: datetime, name: str, text: str) -> str:
    record = {
        "localId": n,
        "createTime": int(when.timestamp()),
        "formattedTime": when.strftime("%Y-%m-%d %H:%M:%S"),
        "type": "文本消息",
        "localType": 1,
        "content": text,
        "isSend": 0,
        "senderUsername": f"wxid_{sum(map(ord, name))}",
        "senderDisplayName": name,
        "platformMessageId": str(7423000000000000000 + n),
    }
    return json.dumps(record, ensure_ascii=False, indent=2)


_TELEGRAM_HEAD = '{"name": "群", "type": "private_supergroup", "id": 1, "messages": ['
LOGS: dict[str, tuple[str, Callable[[Path, int], None]]] = {
    "interchange JSONL": ("a.jsonl", lines(_interchange)),
    "Telegram JSON": ("result.json", lines(_telegram, _TELEGRAM_HEAD, "]}", ",\n")),
    "Telegram account": ("full.json", lines(_telegram, f'{{"chats": {{"list": [{_TELEGRAM_HEAD}', "]}]}}", ",\n")),
    "WeFlow JSON": ("weflow.json", lines(_weflow, '{"weflow": {}, "session": {"wxid": "1@chatroom"}, "messages": [', "]}", ",\n")),
    "QQ TXT": (
        "qq.txt",
        lines(lambda n, t, a, x: f"{t:%Y-%m-%d %H:%M:%S} {a}({10000 + n % 300})\r\n{x}\r\n\r\n", "消息记录（此消息记录为文本格式\r\n\r\n"),
    ),
    "copied text": ("copied.txt", lines(lambda n, t, a, x: f"{a} {t.year}/{t.month}/{t.day} {t:%H:%M}\n{x}\n\n")),
    "WhatsApp text": ("_chat.txt", lines(lambda n, t, a, x: f"[{t.year}/{t.month}/{t.day} {t:%H:%M:%S}] {a}: {x}\r\n")),
    "chatlog CSV": (
        "log.csv",
        lines(
            lambda n, t, a, x: f'{t:%Y-%m-%d %H:%M:%S},{a},wxid_{n % 300},群,1@chatroom,"{x}"\n',
            "Time,SenderName,Sender,TalkerName,Talker,Content\n",
        ),
    ),
}


def read_through(path: Path) -> None:
    """In a process of its own: reads the log as an import does, prints count, seconds, seconds of processor and peak memory in MB."""
    from resource import RUSAGE_SELF, getrusage

    from pipeline.model import Message
    from pipeline.readers import ReadOptions, stream_logs

    started, busy = time.perf_counter(), time.process_time()
    count = sum(isinstance(piece, Message) for piece in stream_logs([path], ReadOptions(tz=ZoneInfo("Asia/Shanghai"))))
    print(count, time.perf_counter() - started, time.process_time() - busy, getrusage(RUSAGE_SELF).ru_maxrss / 1024)


HOSTILE = (" " * 60_000 + "x", "(" * 60_000, " [" * 30_000, "[图片](" * 15_000, "[a]" + " " * 60_000 + "x", "名" * 60_000, "<a@" * 20_000)
AROUND = (
    ("", "\n"), ("甲 2026/5/18 6:41\n", "\n\n"), ("a", " 2026/5/18\n"), ("2026-11-19 21:58:07 甲\n", "\n\n"),
    ("2026-11-19 21:58:07 甲", "(12345)\n好\n\n"), ("2026/12/5 22:04 - 张三: ", "\n"), ("[21:58:07] <nick> ", "\n"),
)  # fmt: skip


def hostile(folder: Path) -> None:
    """Lines made to keep a pattern busy for ever: the slowest."""
    from pipeline.errors import InputError
    from pipeline.readers import ReadOptions, read_export

    taken = []
    for k, text in enumerate(HOSTILE):
        for before, after in AROUND:
            path = folder / f"hostile-{k}.txt"
            path.write_text(before + text + after, encoding="utf-8")
            started = time.process_time()
            with suppress(InputError):
                read_export(path, ReadOptions(tz=ZoneInfo("Asia/Shanghai")))
            taken.append(time.process_time() - started)
    print(f"{len(taken)} hostile logs of 60 kB: {max(taken):.2f} s for the slowest")


def main() -> None:
    size = int(os.environ.get("READERS_MB", "50")) << 20
    print(f"logs of {size >> 20} MB, streamed as an import reads them; wanted: 20,000 messages/s, 300 MB")
    with TemporaryDirectory() as folder:
        for title, (name, write) in LOGS.items():
            path = Path(folder) / name
            write(path, size)
            command = [
                sys.executable,
                "-c",
                f"from pathlib import Path; from bench.readers import read_through; read_through(Path({str(path)!r}))",
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            count, seconds, busy, peak = map(float, done.stdout.split())
            rates = f"{count / seconds:9,.0f} messages/s ({count / busy:,.0f} per second of processor)"
            print(f"{title:18s} {count:9,.0f} messages {seconds:7.1f} s {rates} {peak:6.0f} MB peak")
            path.unlink()
        hostile(Path(folder))
