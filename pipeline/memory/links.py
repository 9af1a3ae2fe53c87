"""The resources library: every link and file that members passed on, who did, why, how often; the same address is one entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pipeline.archive import Archive, StoredChat
from pipeline.archive.store import micros
from pipeline.mask import mask
from pipeline.memory.optout import OptedOut, nobody
from pipeline.text import clean, urls

# Parameters that say who shared an address and where, not what lies there.
TRACKING = {
    "spm",
    "scm",
    "from",
    "fromid",
    "share",
    "share_source",
    "share_medium",
    "share_plat",
    "share_tag",
    "share_session_id",
    "share_token",
    "shareid",
    "unique_k",
    "bbid",
    "ts",
    "timestamp",
    "fbclid",
    "gclid",
    "dclid",
    "msclkid",
    "igshid",
    "si",
    "ref",
    "ref_src",
    "referrer",
    "source",
    "scene",
    "chksm",
    "isappinstalled",
    "subscene",
    "clicktime",
    "enterid",
    "sessionid",
    "ascene",
    "devicetype",
    "version",
    "nettype",
    "abtest_cookie",
    "lang_from",
    "wx_header",
    "vd_source",
    "seid",
    "is_story_h5",
    "mid_from",
    "plat_id",
    "buvid",
    "feature",
}
WHY_CHARS = 120


def canonical(url: str) -> str:
    """An address without what does not change where it leads: tracking, fragment, www., a trailing slash, http or https."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url.strip()
    host = (parts.hostname or "").removeprefix("www.")
    if not host:
        return url.strip()
    if port and port not in (80, 443):
        host = f"{host}:{port}"
    pairs = [
        (k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k.lower() not in TRACKING and not k.lower().startswith("utm_")
    ]
    fragment = parts.fragment if parts.fragment.startswith(("/", "!")) else ""  # pages that live behind the #
    return urlunsplit(("https", host, parts.path.rstrip("/"), urlencode(sorted(pairs)), fragment))


@dataclass(kw_only=True)
class Resource:
    """One address or file over time."""

    key: str
    url: str | None
    file_name: str | None
    chat: str
    title: str | None = None
    why: str = ""
    value: float = -1.0
    best: str = ""
    shared: list[tuple[datetime, str, str]] = field(default_factory=list)  # when, who, message

    def as_json(self) -> dict[str, Any]:
        people = list(dict.fromkeys(name for _at, name, _id in self.shared))
        return {
            "url": self.url,
            "file_name": self.file_name,
            "title": self.title,
            "chat": self.chat,
            "why": self.why,
            "times": len(self.shared),
            "sharers": people,
            "first": self.shared[0][0].isoformat(),
            "last": self.shared[-1][0].isoformat(),
            "message_ids": [i for _at, _name, i in self.shared],
            "best": self.best,
            "value": round(max(self.value, 0.0), 3),
        }


def build_links(
    archive: Archive,
    chats: Sequence[StoredChat],
    since: datetime | None = None,
    until: datetime | None = None,
    opted_out: OptedOut = nobody,
) -> list[Resource]:
    """Every link and file that is no advertisement, the most passed on first, then the most valued."""
    found: dict[tuple[str, str], Resource] = {}
    for chat in chats:
        rows = archive.db.execute(
            """
            SELECT m.id, m.sent_at, m.sender_id, m.sender, m.text, json_extract(m.extra, '$.url'), json_extract(m.extra, '$.title'),
                   json_extract(m.extra, '$.file_name'), a.value
            FROM message m JOIN analysed a ON a.row = m.row
            WHERE m.chat = ? AND m.at >= ? AND m.at < ? AND (a.noise IS NULL OR a.noise NOT IN ('ad', 'system', 'repost'))
              AND (m.text LIKE '%http%' OR m.extra LIKE '%"url"%' OR m.extra LIKE '%"file_name"%')
            ORDER BY m.at, m.row
            """,
            (chat.row, micros(since) if since else -(2**62), micros(until) if until else 2**62),
        )
        for message_id, sent_at, sender_id, sender, text, url, title, file_name, value in rows:
            if opted_out(sender_id, sender):
                continue
            addresses = [*urls(text), *([url] if url and url not in text else [])]
            for key, address, name in [(canonical(u), u, None) for u in addresses] + ([(file_name, None, file_name)] if file_name else []):
                if name is None and not str(address).lower().startswith(("http://", "https://")):
                    continue
                entry = found.setdefault((chat.key, key), Resource(key=key, url=address, file_name=name, chat=chat.chat.name))
                entry.shared.append((datetime.fromisoformat(sent_at), mask(sender), f"{chat.key}/{message_id}"))
                entry.title = entry.title or title
                if value > entry.value:
                    entry.value, entry.best = value, f"{chat.key}/{message_id}"
                    entry.why = mask(clean(text.replace(address, "") if address else text))[:WHY_CHARS]
    return sorted(found.values(), key=lambda r: (-len(r.shared), -r.value, r.shared[0][0], r.key))
