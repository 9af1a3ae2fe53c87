"""dianti.toml: what an operator sets once. Read here and nowhere else; an unknown key is refused with the nearest name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import time
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.i18n import _
from pipeline.people import People

FILE = "dianti.toml"
SECTIONS = (
    "tldr", "resources", "qa", "unanswered", "announcements", "decisions", "actions", "due", "topics", "talks", "closed", "again",
    "feedback", "opportunities", "quotes",
)  # fmt: skip
DEFAULT_SECTIONS = tuple(s for s in SECTIONS if s != "quotes")  # fun for some groups, noise for most
KINDS = ("clipboard", "file", "wecom", "dingtalk", "feishu", "telegram", "discord", "slack", "apprise")
NAMES = ("nick", "initial", "none")
ROLES = ("owner", "admin", "member")
FORMS = ("auto", "full", "short")
LANGUAGES = ("zh-hans", "zh-hant", "en")
LENGTHS = {
    "share": "long_share", "short": "short_chars", "tldr_lines": "tldr_lines", "question": "question_chars", "answer": "answer_chars",
    "line": "entry_chars", "short_line": "short_entry_chars",
}  # fmt: skip
_SECRET_WORDS = ("url", "token", "secret", "key", "password", "webhook")


@dataclass(frozen=True, kw_only=True)
class ChatConfig:
    """How one chat is treated; what is not set here is as for all chats."""

    also_called: tuple[str, ...] = ()
    sections: tuple[str, ...] = DEFAULT_SECTIONS
    lengths: Mapping[str, float] = field(default_factory=dict)
    names: str = "nick"
    language: str | None = None
    opt_out: frozenset[str] = frozenset()
    day_start: time = time(4)
    to: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Config:
    """All of dianti.toml, checked."""

    general: ChatConfig = field(default_factory=ChatConfig)
    chats: Mapping[str, ChatConfig] = field(default_factory=dict)
    people: People = field(default_factory=People)
    masks: tuple[str, ...] = ()  # further words that are printed as ***
    templates: Path | None = None
    browser: Path | None = None
    targets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def chat(self, name: str, chat_id: str | None = None) -> ChatConfig:
        """The settings of a chat by its name, its id, or a name it is also known by."""
        for key, chat in self.chats.items():
            if key in (name, chat_id) or name in chat.also_called:
                return chat
        return self.general

    def is_opted_out(self, chat: ChatConfig, sender_id: str, sender: str) -> bool:
        """May this member be neither quoted nor named?"""
        person = self.people.person(sender_id, sender)
        return bool({sender_id, sender, person, *self.people.aliases.get(person or "", ())} & chat.opt_out)


def load_config(path: Path | None, folder: Path | None = None) -> Config:
    """The file named, else dianti.toml in the folder (the current one) where there is one, else the defaults."""
    if path is None:
        path = (folder or Path.cwd()) / FILE
        if not path.is_file():
            return Config()
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(_("{path}: there is no such file; write one with: dianti init").format(path=path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(_("{path}: cannot be read as UTF-8 text").format(path=path)) from error
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_("{path}: not valid TOML: {reason}").format(path=path, reason=error)) from error
    return _Reader(path).config(value)


class _Reader:
    """Checks values as it reads them; every message says where."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def config(self, v: Mapping[str, Any]) -> Config:
        own = ("sections", "lengths", "names", "language", "opt_out", "day_start", "to")
        self.known(v, (*own, "aliases", "roles", "masks", "templates", "browser", "chats", "targets"), "")
        general = self.chat({k: v[k] for k in own if k in v}, ChatConfig(), "")
        chats = {name: self.chat(table, general, f"chats.{name}") for name, table in self.tables(v, "chats").items()}
        masks = self.table(v, "masks")
        self.known(masks, ("words",), "masks")
        return Config(
            general=general,
            chats=chats,
            people=People(
                aliases=self.aliases(v), roles={k: self.choice(self.table(v, "roles"), k, ROLES, "roles") for k in self.table(v, "roles")}
            ),
            masks=self.texts(masks, "words", "masks"),
            templates=self.file(v, "templates"),
            browser=self.file(v, "browser"),
            targets={name: self.target(table, f"targets.{name}") for name, table in self.tables(v, "targets").items()},
        )

    def chat(self, v: Mapping[str, Any], base: ChatConfig, where: str) -> ChatConfig:
        self.known(v, ("also_called", "sections", "lengths", "names", "language", "opt_out", "day_start", "to"), where)
        return ChatConfig(
            also_called=self.texts(v, "also_called", where),
            sections=self.sections(v, where) if "sections" in v else base.sections,
            lengths={**base.lengths, **self.lengths(v, where)},
            names=self.choice(v, "names", NAMES, where) if "names" in v else base.names,
            language=self.choice(v, "language", LANGUAGES, where) if "language" in v else base.language,
            opt_out=base.opt_out | frozenset(self.texts(v, "opt_out", where)),
            day_start=self.clock(v, "day_start", where) if "day_start" in v else base.day_start,
            to=self.texts(v, "to", where) if "to" in v else base.to,
        )

    def sections(self, v: Mapping[str, Any], where: str) -> tuple[str, ...]:
        """A list is the sections in that order; a table switches single ones off (or on)."""
        here = _join(where, "sections")
        value = v["sections"]
        if isinstance(value, list):
            for name in value:
                self.known([name], SECTIONS, here)
            return tuple(dict.fromkeys(value))
        if not isinstance(value, dict) or not all(isinstance(on, bool) for on in value.values()):
            raise self.error(here, _("a list of sections, or true and false by section"))
        self.known(value, SECTIONS, here)
        return tuple(s for s in SECTIONS if value.get(s, s in DEFAULT_SECTIONS))

    def lengths(self, v: Mapping[str, Any], where: str) -> dict[str, float]:
        here = _join(where, "lengths")
        table = self.table(v, "lengths", where)
        self.known(table, LENGTHS, here)
        for key, value in table.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                raise self.error(_join(here, key), _("a number above 0"))
            if key == "share" and value > 1:
                raise self.error(_join(here, key), _("a share between 0 and 1"))
        return dict(table)

    def aliases(self, v: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """Each person's ids and names; nobody else may have one of them, too."""
        table = self.table(v, "aliases")
        found = {name: self.texts(table, name, "aliases") for name in table}
        owner: dict[str, str] = {}
        for name, known in found.items():
            for key in dict.fromkeys((name, *known)):
                if key in owner:
                    raise self.error(f"aliases.{name}", _("without {key}, which is {other}'s").format(key=key, other=owner[key]))
                owner[key] = name
        return found

    def target(self, v: Mapping[str, Any], where: str) -> dict[str, Any]:
        allowed = (
            "kind", "url_env", "token_env", "secret_env", "secret_file", "chat_id", "thread_id", "silent", "base_url", "names", "sections",
            "form", "link", "path",
        )  # fmt: skip
        for key in v:
            if key in _SECRET_WORDS:
                advice = _("no secret here: put it into an environment variable ({key}_env = …) or a file of mode 600 (secret_file = …)")
                raise ConfigError(f"{self.path}: {_join(where, key)}: {advice.format(key=key)}")
        self.known(v, allowed, where)
        checked = dict(v)
        if "kind" in v:
            self.choice(v, "kind", KINDS, where)
        if "names" in v:
            self.choice(v, "names", NAMES, where)
        if "form" in v:
            self.choice(v, "form", FORMS, where)
        if "sections" in v:
            checked["sections"] = self.sections(v, where)
        for key in ("url_env", "token_env", "secret_env", "secret_file", "base_url", "link", "path"):
            if key in v and not isinstance(v[key], str):
                raise self.error(_join(where, key), _("text in quotation marks"))
        return checked

    # ---- single values ----

    def known(self, keys: Iterable[str], allowed: Iterable[str], where: str) -> None:
        names = list(allowed)
        for key in keys:
            if key not in names:
                near = get_close_matches(str(key), names, n=1, cutoff=0.5)
                hint = _("did you mean {name}?").format(name=near[0]) if near else _("there are: {names}").format(names=", ".join(names))
                raise ConfigError(_("{path}: unknown setting {key}; {hint}").format(path=self.path, key=_join(where, str(key)), hint=hint))

    def table(self, v: Mapping[str, Any], key: str, where: str = "") -> Mapping[str, Any]:
        value = v.get(key, {})
        if not isinstance(value, dict):
            raise self.error(_join(where, key), _("a table, such as [{key}]").format(key=_join(where, key)))
        return value

    def tables(self, v: Mapping[str, Any], key: str) -> Mapping[str, Mapping[str, Any]]:
        table = self.table(v, key)
        return {name: self.table(table, name, key) for name in table}

    def texts(self, v: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
        value = v.get(key, [])
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(x, (str, int)) for x in value):
            raise self.error(_join(where, key), _("a list of texts"))
        return tuple(str(x) for x in value)

    def choice(self, v: Mapping[str, Any], key: str, allowed: tuple[str, ...], where: str) -> str:
        value = v[key]
        if value not in allowed:
            near = get_close_matches(str(value), allowed, n=1, cutoff=0.5)
            hint = " " + _("did you mean {name}?").format(name=near[0]) if near else ""
            raise self.error(_join(where, key), _("one of {names}").format(names=", ".join(allowed)) + hint)
        return str(value)

    def clock(self, v: Mapping[str, Any], key: str, where: str) -> time:
        value = v[key]
        if isinstance(value, time):
            return value
        try:
            return time.fromisoformat(str(value))
        except ValueError as error:
            raise self.error(_join(where, key), _("a time of day such as 04:00")) from error

    def file(self, v: Mapping[str, Any], key: str) -> Path | None:
        """A path, from the folder of dianti.toml."""
        if key not in v:
            return None
        if not isinstance(v[key], str):
            raise self.error(key, _("text in quotation marks"))
        return self.path.parent / Path(v[key]).expanduser()

    def error(self, where: str, wanted: str) -> ConfigError:
        return ConfigError(_("{path}: {key} must be {wanted}").format(path=self.path, key=where, wanted=wanted))


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


EXAMPLE = Path(__file__).parent / "dianti.example.toml"
