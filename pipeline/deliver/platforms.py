"""The table of platforms: unit and limit of one message, request shape, how a reply reads.

Limits and shapes are those of each platform's own documentation. A secret is either the complete address of the
robot (`url`) or its `token`; where a robot signs, `secret` is the signing key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from pipeline.deliver.document import Line
from pipeline.deliver.paint import Markup, paint
from pipeline.deliver.split import Part


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """What opens the door; never printed (`repr` hides it), never stored."""

    url: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request; its address holds a secret and is never shown."""

    url: str = field(repr=False)
    json: Mapping[str, Any] | None = None
    data: Mapping[str, str] | None = None
    files: Mapping[str, tuple[str, bytes, str]] | None = None


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """The full digest as a file, for platforms that take one."""

    name: str
    content: bytes
    media_type: str = "text/html"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back: the code that says how it went, in HTTP or in the body."""

    status: int
    body: Any
    retry_after: float | None = None


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One way to post. `verdict` reads a reply: "" done, "again" try later, else what went wrong."""

    name: str
    markup: Markup
    unit: str
    limit: int
    measure: Callable[[Sequence[Line]], int]
    base_url: str = ""
    seconds_between: float = 0.0
    request: Callable[[Part, Secrets, Mapping[str, Any], float], Request] | None = None
    verdict: Callable[[Reply], str] | None = None
    attach: Callable[[Attachment, Secrets, Mapping[str, Any], float], Request] | None = None


def text_of(lines: Sequence[Line], markup: Markup) -> str:
    """The lines as one message in a platform's markup."""
    joint = "  \n" if markup == "dingtalk" else "\n"  # DingTalk folds a lone line end
    return joint.join(paint(line, markup) for line in lines).strip("\n")


def in_characters(markup: Markup) -> Callable[[Sequence[Line]], int]:
    return lambda lines: len(text_of(lines, markup))


def in_utf16(markup: Markup) -> Callable[[Sequence[Line]], int]:
    return lambda lines: len(text_of(lines, markup).encode("utf-16-le", "surrogatepass")) // 2


def in_bytes(markup: Markup) -> Callable[[Sequence[Line]], int]:
    return lambda lines: len(text_of(lines, markup).encode())


# ---- WeCom group robot ----


def _wecom(part: Part, secrets: Secrets, settings: Mapping[str, Any], now: float) -> Request:
    content = text_of(part.lines, "wecom")
    return Request(url=_wecom_url(secrets, settings, "send"), json={"msgtype": "markdown", "markdown": {"content": content}})


def _wecom_url(secrets: Secrets, settings: Mapping[str, Any], call: str) -> str:
    key = secrets.token or dict(p.partition("=")[::2] for p in urlsplit(secrets.url).query.split("&")).get("key", "")
    base = f"{_base(settings, secrets.url, 'https://qyapi.weixin.qq.com')}/cgi-bin/webhook/{call}?key={quote(key)}"
    return base + ("&type=file" if call == "upload_media" else "")


def _wecom_attach(attachment: Attachment, secrets: Secrets, settings: Mapping[str, Any], now: float) -> Request:
    files = {"media": (attachment.name, attachment.content, "application/octet-stream")}
    return Request(url=_wecom_url(secrets, settings, "upload_media"), files=files)


def wecom_file(media_id: str, secrets: Secrets, settings: Mapping[str, Any]) -> Request:
    """The message that shows a file uploaded before."""
    return Request(url=_wecom_url(secrets, settings, "send"), json={"msgtype": "file", "file": {"media_id": media_id}})


# ---- DingTalk ----


def _dingtalk_body(title: str, lines: Sequence[Line]) -> dict[str, Any]:
    return {"msgtype": "markdown", "markdown": {"title": title, "text": text_of(lines, "dingtalk")}, "at": {"isAtAll": False}}


def _dingtalk(part: Part, secrets: Secrets, settings: Mapping[str, Any], now: float) -> Request:
    url = _joined(secrets, settings, "https://oapi.dingtalk.com", f"/robot/send?access_token={quote(secrets.token)}")
    if secrets.secret:
        stamp = str(round(now * 1000))
        signature = hmac.new(secrets.secret.encode(), f"{stamp}\n{secrets.secret}".encode(), hashlib.sha256).digest()
        url += "&" + urlencode({"timestamp": stamp, "sign": base64.b64encode(signature).decode()})
    return Request(url=url, json=_dingtalk_body(part.title, part.lines))


# ---- Feishu ----


def _feishu_content(title: str, lines: Sequence[Line]) -> dict[str, Any]:
    """The "post" form: spans instead of markup, so there is nothing to escape."""
    rows = [_feishu_row(line) for line in lines]
    return {"post": {"zh_cn": {"title": title, "content": rows}}}


def _feishu_row(line: Line) -> list[dict[str, Any]]:
    lead = "  " * line.depth + ("· " if line.mark == "- " else "" if line.mark == "> " else line.mark)
    row: list[dict[str, Any]] = [{"tag": "text", "text": lead}] if lead.strip() else []
    for span in line.spans:
        if span.url:
            row.append({"tag": "a", "text": span.text, "href": span.url})
        else:
            row.append({"tag": "text", "text": span.text} | ({"style": ["bold"]} if span.bold else {}))
    return row or [{"tag": "text", "text": " "}]


def _feishu(part: Part, secrets: Secrets, settings: Mapping[str, Any], now: float) -> Request:
    body: dict[str, Any] = {"msg_type": "post", "content": _feishu_content(part.title, part.lines[1:])}
    if secrets.secret:
        stamp = str(int(now))
        # The key is "timestamp\nsecret" and the message empty: the other way round than DingTalk.
        signature = hmac.new(f"{stamp}\n{secrets.secret}".encode(), b"", hashlib.sha256).digest()
        body = {"timestamp": stamp, "sign": base64.b64encode(signature).decode(), **body}
    url = _joined(secrets, settings, "https://open.feishu.cn", f"/open-apis/bot/v2/hook/{quote(secrets.token)}")
    return Request(url=url, json=body)


# ---- Telegram ----


def _telegram_url(secrets: Secrets, settings: Mapping[str, Any], method: str) -> str:
    return f"{_base(settings, '', 'https://api.telegram.org')}/bot{secrets.token}/{method}"


def _telegram_chat(settings: Mapping[str, Any]) -> dict[str, Any]:
    thread = {"message_thread_id": settings["thread_id"]} if settings.get("thread_id") else {}
    return {"chat_id": settings.get("chat_id", ""), **thread, "disable_notification": bool(settings.get("silent"))}


def _telegram(part: Part, secrets: Secrets, settings: Mapping[str, Any], now: float) -> Request:
    text = text_of(part.lines, "telegram")
    body = {**_telegram_chat(settings), "text": text, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}
    return Request(url=_telegram_url(secrets, settings, "sendMessage"), json=body)


def _telegram_attach(attachment: Attachment, secrets: Secrets, settings: Mapping[str, Any], now: float) -> Request:
    data = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in _telegram_chat(settings).items()}
    return Request(
        url=_telegram_url(secrets, settings, "sendDocument"),
        data=data,
        files={"document": (attachment.name, attachment.content, attachment.media_type)},
    )


# ---- Discord ----


def _discord_url(secrets: Secrets, settings: Mapping[str, Any]) -> str:
    url = _joined(secrets, settings, "https://discord.com", f"/api/webhooks/{secrets.token}")
    more = {"wait": "true"} | ({"thread_id": str(settings["thread_id"])} if settings.get("thread_id") else {})
    return url + ("&" if "?" in url else "?") + urlencode(more)


# No quoted line may ping anyone; 4 suppresses link previews.
_DISCORD_QUIET = {"allowed_mentions": {"parse": []}, "flags": 4}


def _discord(part: Part, secrets: Secrets, settings: Mapping[str, Any], now: float) -> Request:
    return Request(url=_discord_url(secrets, settings), json={"content": text_of(part.lines, "discord"), **_DISCORD_QUIET})


def _discord_attach(attachment: Attachment, secrets: Secrets, settings: Mapping[str, Any], now: float) -> Request:
    return Request(
        url=_discord_url(secrets, settings),
        data={"payload_json": json.dumps(_DISCORD_QUIET)},
        files={"files[0]": (attachment.name, attachment.content, attachment.media_type)},
    )


# ---- Slack ----


def _slack(part: Part, secrets: Secrets, settings: Mapping[str, Any], now: float) -> Request:
    text = text_of(part.lines, "slack")
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}]
    url = _joined(secrets, settings, "https://hooks.slack.com", f"/services/{secrets.token}")
    return Request(url=url, json={"text": part.title, "blocks": blocks, "unfurl_links": False, "unfurl_media": False})


# ---- addresses ----


def _joined(secrets: Secrets, settings: Mapping[str, Any], base: str, tail: str) -> str:
    """The robot's own address where it was given whole, else built of its token; `base_url` moves either."""
    if not secrets.url:
        return _base(settings, "", base) + tail
    parts = urlsplit(secrets.url)
    moved = _base(settings, secrets.url, base)
    return moved + urlunsplit(("", "", parts.path, parts.query, ""))


def _base(settings: Mapping[str, Any], url: str, default: str) -> str:
    if given := settings.get("base_url"):
        return str(given).rstrip("/")
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else default


# ---- replies ----


def _by_code(field_name: str, busy: frozenset[int]) -> Callable[[Reply], str]:
    """Platforms that answer 200 with a code in the body: 0 is done."""

    def verdict(reply: Reply) -> str:
        if rough := _by_status(reply):
            return rough
        code = reply.body.get(field_name, reply.body.get("StatusCode")) if isinstance(reply.body, Mapping) else None
        if code is None:
            return "an answer without " + field_name
        if code in busy:
            return "again"
        return "" if code == 0 else f"{field_name} {code} {reply.body.get('errmsg') or reply.body.get('msg') or ''}"

    return verdict


def _by_status(reply: Reply) -> str:
    if reply.status == 429 or reply.status >= 500:
        return "again"
    if 200 <= reply.status < 300:
        return ""
    told = reply.body.get("description") or reply.body.get("message") if isinstance(reply.body, Mapping) else reply.body
    return f"HTTP {reply.status} {told or ''}"


def _telegram_verdict(reply: Reply) -> str:
    rough = _by_status(reply)
    return rough or ("" if isinstance(reply.body, Mapping) and reply.body.get("ok") is True else "an answer without ok")


def _slack_verdict(reply: Reply) -> str:
    return _by_status(reply) or ("" if str(reply.body).strip() == "ok" else f"answered {reply.body}")


def _json_bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


# Room for the signature and time stamp beside the content.
_ENVELOPE = 200

PLATFORMS: Mapping[str, Platform] = {
    p.name: p
    for p in (
        # One phone screen; the main way into WeChat and QQ, which take no robot of ours.
        Platform(name="clipboard", markup="plain", unit="characters", limit=600, measure=in_characters("plain")),
        Platform(name="file", markup="plain", unit="characters", limit=1_000_000, measure=in_characters("plain")),
        Platform(name="apprise", markup="plain", unit="characters", limit=1_900, measure=in_characters("plain"), seconds_between=1),
        Platform(
            name="wecom", markup="wecom", unit="bytes", limit=4096, measure=in_bytes("wecom"), seconds_between=3, request=_wecom,
            verdict=_by_code("errcode", frozenset({45009})), attach=_wecom_attach,
        ),
        Platform(
            name="dingtalk", markup="dingtalk", unit="bytes", limit=20_000, seconds_between=3, request=_dingtalk,
            measure=lambda lines: _json_bytes(_dingtalk_body(lines[0].text, lines)), verdict=_by_code("errcode", frozenset({130101, -1})),
        ),
        Platform(
            name="feishu", markup="plain", unit="bytes", limit=20_000, seconds_between=1, request=_feishu,
            measure=lambda lines: _ENVELOPE + _json_bytes(_feishu_content(lines[0].text, lines[1:])),
            verdict=_by_code("code", frozenset({11232})),
        ),
        Platform(
            name="telegram", markup="telegram", unit="UTF-16 units", limit=4096, measure=in_utf16("telegram"), seconds_between=1,
            request=_telegram, verdict=_telegram_verdict, attach=_telegram_attach,
        ),
        Platform(
            name="discord", markup="discord", unit="characters", limit=2000, measure=in_utf16("discord"), seconds_between=1,
            request=_discord, verdict=_by_status, attach=_discord_attach,
        ),
        Platform(
            name="slack", markup="slack", unit="characters", limit=3000, measure=in_characters("slack"), seconds_between=1, request=_slack,
            verdict=_slack_verdict,
        ),
    )
}  # fmt: skip
