"""IRC logs of the usual clients.

    [21:58:07] <nick> text         the day from the file's name or --date; also [21:58] <nick>, [2026-11-19 21:58:07] <nick>
    === nick [~u@host] has joined  notices: also *** Joins: nick, --> nick, * nick does something, -nick- a notice
    2026-11-19 21:58:07	nick	text         weechat
    --- Day changed Fri Nov 20 2026      irssi, with 21:58 < nick> text

Every line is a message. The nick is all the identity there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from pipeline.i18n import _, _noop
from pipeline.model import Chat, Kind, Skipped
from pipeline.readers._dates import day_of, no_day
from pipeline.readers._format import Draft, Format, Part, ReadOptions
from pipeline.readers._source import Probe, Source
from pipeline.readers._times import Clock
from pipeline.text import urls

_LINE = re.compile(
    r"^\[?(?:(?P<day>\d{4}-\d\d-\d\d)[ T])?(?P<time>\d\d:\d\d(?::\d\d)?)\]? "
    r"(?:<[ @+%&~]?(?P<nick>[^>\s]+)> ?(?P<text>.*)|\* (?P<actor>\S+) (?P<action>.*)|"
    r"(?P<notice>(?:\*\*\*|===|-->|<--|-!-|--|-[^\s-]+-) ?.*))$"
)
_WEECHAT = re.compile(r"^(?P<day>\d{4}-\d\d-\d\d) (?P<time>\d\d:\d\d:\d\d)\t(?P<nick>[^\t]*)\t(?P<text>.*)$")
_BARE_NOTICE = re.compile(r"^(?:===|\*\*\*|-!-) .+$")
_CHANGED = re.compile(r"^--- (?:Day changed|Log opened|Log closed) \w{3} (\w{3}) (\d\d?)(?: \d\d:\d\d:\d\d)? (\d{4})$")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_WEECHAT_NOTICES = frozenset({"-->", "<--", "--", "=!=", ""})
_NEXT_DAY = timedelta(hours=6)


def sniff(probe: Probe) -> bool:
    lines = [line for line in probe.lines if line.strip()][:200]
    said = [line for line in lines if (found := _LINE.match(line)) and found["nick"]]
    columns = [line for line in lines if _WEECHAT.match(line)]
    fitting = sum(bool(_LINE.match(line) or _WEECHAT.match(line) or _BARE_NOTICE.match(line) or _CHANGED.match(line)) for line in lines)
    return bool(said or columns) and fitting * 5 >= len(lines) * 4


def read(source: Source, options: ReadOptions) -> Iterator[Part]:
    yield Chat(name="", platform="irc")
    day, last = day_of(source, options), None
    clock = Clock(options.tz)
    now: datetime | None = None
    for number, line in source.lines():
        line = line.rstrip("\r").lstrip("\ufeff")
        if not line.strip():
            continue
        if changed := _CHANGED.match(line):
            day, last = _day_changed(changed) or day, None
            continue
        found = _WEECHAT.match(line) or _LINE.match(line)
        if found is None:
            if _BARE_NOTICE.match(line) and now is not None:
                yield Draft(line=number, sent_at=now, sender="", text=line, kind=Kind.SYSTEM, mentions=())
            else:
                yield Skipped(where=source.name, line=number, reason=_("no line of an IRC log"))
            continue
        try:
            local = datetime.fromisoformat(f"{_day(found, day, source)} {found['time']}")
        except ValueError:
            yield Skipped(where=source.name, line=number, reason=_("no message: no time"))
            continue
        if not found["day"]:
            if last is not None and last - local > _NEXT_DAY:
                day = local.date() + timedelta(days=1)
                local += timedelta(days=1)
            last = local
        now = clock(local)
        yield _draft(number, found, now)


def _day(found: re.Match[str], day: date | None, source: Source) -> str:
    if found["day"]:
        return found["day"]
    if day is None:
        raise no_day(source)
    return day.isoformat()


def _day_changed(found: re.Match[str]) -> date | None:
    try:
        return date(int(found[3]), _MONTHS.split().index(found[1]) + 1, int(found[2]))
    except ValueError:
        return None


def _draft(line: int, found: re.Match[str], now: datetime) -> Draft:
    groups = found.groupdict()
    nick, text = groups.get("nick") or groups.get("actor") or "", groups.get("text") or groups.get("action") or ""
    notice = groups.get("notice")
    if notice or nick.strip() in _WEECHAT_NOTICES:
        return Draft(line=line, sent_at=now, sender="", text=notice or text, kind=Kind.SYSTEM, mentions=())
    nick = nick.strip().lstrip("@+%&~") or nick
    addressed = re.match(r"^([^\s:,]{2,30})[:,] ", text)
    found_urls = urls(text)
    return Draft(
        line=line,
        sent_at=now,
        sender=nick,
        text=text,
        url=found_urls[0] if found_urls else None,
        mentions=(addressed[1],) if addressed and not text.startswith("http") else None,
    )


FORMAT = Format(
    name="irc-log",
    title=_noop("IRC logs (weechat, irssi, qtox and others)"),
    platform="irc",
    obtain=_noop("the log file of the IRC client"),
    sniff=sniff,
    read=read,
)
