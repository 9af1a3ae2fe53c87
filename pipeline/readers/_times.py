"""Times as exports write them → aware datetimes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

_FIXED: dict[timedelta, timezone] = {}


def fixed(when: datetime) -> datetime:
    """The same time with its zone's offset of that moment.

    Python compares and subtracts two times of one ZoneInfo by the clock on the wall, so an hour goes wrong at each change
    of clocks; with fixed offsets all arithmetic is right.
    """
    offset = when.utcoffset()
    assert offset is not None
    zone = _FIXED.get(offset)
    if zone is None:
        zone = _FIXED[offset] = timezone(offset)
    return when.replace(tzinfo=zone)


def from_unix(seconds: float, tz: ZoneInfo) -> datetime:
    """Seconds since 1970; ValueError when out of range."""
    try:
        return fixed(datetime.fromtimestamp(seconds, tz))
    except (OverflowError, OSError) as error:
        raise ValueError(f"time out of range: {seconds}") from error


def from_iso(text: str, tz: ZoneInfo) -> datetime:
    """ISO 8601; without an offset it is local to `tz`. ValueError when it is none."""
    when = datetime.fromisoformat(text.strip())
    if when.tzinfo is None:
        return fixed(when.replace(tzinfo=tz))
    if when.tzinfo is UTC:
        return when
    return fixed(when)


class Clock:
    """Local times without a zone, in the order in which a log has them.

    When clocks go back, an hour occurs twice; the log's own order tells which of the two is meant.
    """

    def __init__(self, tz: ZoneInfo) -> None:
        self._tz = tz
        self.last: datetime | None = None

    def __call__(self, local: datetime) -> datetime:
        when = fixed(local.replace(tzinfo=self._tz))
        if self.last is not None and when < self.last:
            later = fixed(local.replace(tzinfo=self._tz, fold=1))
            if later >= self.last > when:
                when = later
        self.last = when
        return when


_PM = frozenset({"pm", "p.m.", "下午", "晚上", "中午", "午後", "傍晚", "nachm."})
_AM = frozenset({"am", "a.m.", "上午", "凌晨", "早上", "清晨", "午前", "vorm."})
HALF_DAY = r"(?:AM|PM|am|pm|[ap]\.\s?m\.|上午|下午|凌晨|早上|清晨|中午|傍晚|晚上|午前|午後)"


def hour_of_day(hour: int, half: str | None) -> int:
    """12-hour clock → 0…23 ("12 AM" is 0, "12 PM" and 中午 12 are 12)."""
    if not half or hour > 12:
        return hour
    word = half.lower().replace(" ", "")
    if word in _PM:
        # 晚上 12:30 is half past midnight in speech, but apps write it for the last hour of the day only as 凌晨
        return hour if hour == 12 or (word == "中午" and hour == 11) else hour + 12
    if word in _AM:
        return 0 if hour == 12 else hour
    return hour


def clock_time(day: date, hour: str | int, minute: str | int, second: str | int | None = 0, half: str | None = None) -> datetime:
    """A naive local time; ValueError when there is no such time."""
    return datetime(day.year, day.month, day.day, hour_of_day(int(hour), half), int(minute), int(second or 0))  # noqa: DTZ001  (Clock makes it aware)
