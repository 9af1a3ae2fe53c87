"""A local server that behaves like the platforms: checks limits, shapes and signatures, and fails on request."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

SECRET = "SEC-signing-key"
Answer = tuple[int, Any, dict[str, str]]


@dataclass
class Platforms:
    """What was delivered, and what the next requests shall meet: "429", "500", "timeout", "lost" (kept, but no answer)."""

    delivered: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    weather: list[str] = field(default_factory=list)
    requests: int = 0
    url: str = ""


@contextmanager
def serving() -> Iterator[Platforms]:
    state = Platforms()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            state.requests += 1
            mood = state.weather.pop(0) if state.weather else ""
            if mood in ("timeout", "lost"):
                if mood == "lost":
                    answer(state, self.path, self.headers.get("content-type", ""), body)
                time.sleep(1.2)
                self.close_connection = True
                return
            if mood == "429":
                self.reply(429, {"ok": False, "parameters": {"retry_after": 7}, "retry_after": 7.0}, {"Retry-After": "7"})
            elif mood == "500":
                self.reply(500, "out of order", {})
            elif mood:
                self.reply(200, json.loads(mood), {})
            else:
                self.reply(*answer(state, self.path, self.headers.get("content-type", ""), body))

        def reply(self, status: int, body: Any, headers: dict[str, str]) -> None:
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(state: Platforms, path: str, kind: str, body: bytes) -> Answer:
    parts = urlsplit(path)
    query = {k: v[0] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
    for start, platform in ROUTES.items():
        if parts.path.startswith(start):
            return platform(state, parts.path, query, kind, body)
    state.refused.append(parts.path)
    return 404, "no such robot", {}


def _refuse(state: Platforms, why: str, reply: Answer) -> Answer:
    state.refused.append(why)
    return reply


def _wecom(state: Platforms, path: str, query: dict[str, str], kind: str, body: bytes) -> Answer:
    if query.get("key") != "WECOM-KEY":
        return _refuse(state, "key", (200, {"errcode": 93000, "errmsg": "invalid webhook url, key=WECOM-KEY-WRONG"}, {}))
    if path.endswith("upload_media"):
        assert query["type"] == "file"
        state.files.append(_file_name(body))
        return 200, {"errcode": 0, "errmsg": "ok", "media_id": "M1"}, {}
    message = json.loads(body)
    if message["msgtype"] == "file":
        assert message["file"]["media_id"] == "M1"
        return 200, {"errcode": 0, "errmsg": "ok"}, {}
    content, limit = message[message["msgtype"]]["content"], {"text": 2048, "markdown": 4096}[message["msgtype"]]
    if len(content.encode()) > limit:
        return _refuse(state, "too long", (200, {"errcode": 40058, "errmsg": "content exceed max length"}, {}))
    state.delivered.append(content)
    return 200, {"errcode": 0, "errmsg": "ok"}, {}


def _dingtalk(state: Platforms, path: str, query: dict[str, str], kind: str, body: bytes) -> Answer:
    stamp = query.get("timestamp", "")
    signed = base64.b64encode(hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()).decode()
    fresh = stamp.isdigit() and len(stamp) == 13 and abs(int(stamp) / 1000 - time.time()) < 3600
    if query.get("access_token") != "DING-TOKEN" or unquote_plus(query.get("sign", "")).replace(" ", "+") != signed or not fresh:
        return _refuse(state, "sign", (200, {"errcode": 310000, "errmsg": "sign not match"}, {}))
    message = json.loads(body)
    if len(body) > 20_000 or not message["markdown"]["title"]:
        return _refuse(state, "too long", (200, {"errcode": 400301, "errmsg": "too long"}, {}))
    state.delivered.append(message["markdown"]["text"])
    return 200, {"errcode": 0, "errmsg": "ok"}, {}


def _feishu(state: Platforms, path: str, query: dict[str, str], kind: str, body: bytes) -> Answer:
    message = json.loads(body)
    stamp = message.get("timestamp", "0")
    signed = base64.b64encode(hmac.new(f"{stamp}\n{SECRET}".encode(), b"", hashlib.sha256).digest()).decode()
    if message.get("sign") != signed or abs(int(stamp) - time.time()) > 3600:
        return _refuse(state, "sign", (200, {"code": 19021, "msg": "sign match fail"}, {}))
    if len(body) > 20 * 1024 or message["msg_type"] != "post":
        return _refuse(state, "too long", (200, {"code": 9499, "msg": "Bad Request"}, {}))
    post = message["content"]["post"]["zh_cn"]
    state.delivered.append("\n".join([post["title"], *("".join(s["text"] for s in row) for row in post["content"])]))
    return 200, {"code": 0, "msg": "success"}, {}


def _telegram(state: Platforms, path: str, query: dict[str, str], kind: str, body: bytes) -> Answer:
    if not path.startswith("/bot42:TELEGRAM/"):
        return _refuse(state, "token", (401, {"ok": False, "description": "Unauthorized"}, {}))
    if path.endswith("sendDocument"):
        assert b'name="chat_id"\r\n\r\n-100' in body
        state.files.append(_file_name(body))
        return 200, {"ok": True, "result": {}}, {}
    message = json.loads(body)
    if len(message["text"].encode("utf-16-le")) // 2 > 4096 or message["parse_mode"] != "HTML" or message["chat_id"] != "-100":
        return _refuse(state, "too long", (400, {"ok": False, "description": "Bad Request: message is too long"}, {}))
    state.delivered.append(message["text"])
    return 200, {"ok": True, "result": {"message_id": 1}}, {}


def _discord(state: Platforms, path: str, query: dict[str, str], kind: str, body: bytes) -> Answer:
    assert query["wait"] == "true"
    if path != "/api/webhooks/1/DISCORD":
        return _refuse(state, "token", (404, {"message": "Unknown Webhook", "code": 10015}, {}))
    if kind.startswith("multipart"):
        assert b'"allowed_mentions": {"parse": []}' in body
        state.files.append(_file_name(body))
        return 200, {"id": "2"}, {}
    message = json.loads(body)
    if len(message["content"]) > 2000 or message["allowed_mentions"] != {"parse": []}:
        return _refuse(state, "too long", (400, {"message": "Invalid Form Body"}, {}))
    state.delivered.append(message["content"])
    return 200, {"id": "1"}, {}


def _slack(state: Platforms, path: str, query: dict[str, str], kind: str, body: bytes) -> Answer:
    if path != "/services/T/B/SLACK":
        return _refuse(state, "token", (403, "invalid_token", {}))
    message = json.loads(body)
    texts = [b["text"]["text"] for b in message["blocks"]]
    if any(len(t) > 3000 for t in texts) or len(message["blocks"]) > 50:
        return _refuse(state, "too long", (400, "invalid_blocks", {}))
    state.delivered.append("\n".join(texts))
    return 200, "ok", {}


def _file_name(body: bytes) -> str:
    return body.split(b'filename="', 1)[1].split(b'"', 1)[0].decode()


ROUTES: dict[str, Callable[[Platforms, str, dict[str, str], str, bytes], Answer]] = {
    "/cgi-bin/webhook": _wecom,
    "/robot/send": _dingtalk,
    "/open-apis/bot/v2/hook/FEISHU": _feishu,
    "/bot": _telegram,
    "/api/webhooks": _discord,
    "/services": _slack,
}
# The secrets of each platform's target, as they stand in the environment.
SECRETS = {
    "wecom": {"URL": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=WECOM-KEY"},
    "dingtalk": {"URL": "https://oapi.dingtalk.com/robot/send?access_token=DING-TOKEN", "SECRET": SECRET},
    "feishu": {"URL": "https://open.feishu.cn/open-apis/bot/v2/hook/FEISHU", "SECRET": SECRET},
    "telegram": {"TOKEN": "42:TELEGRAM", "CHAT_ID": "-100"},
    "discord": {"URL": "https://discord.com/api/webhooks/1/DISCORD"},
    "slack": {"URL": "https://hooks.slack.com/services/T/B/SLACK"},
}
