"""A named place to post to: its platform, its settings, and where its secrets come from.

Secrets come from the environment (`DIANTI_<TARGET>_URL`, `_TOKEN`, `_SECRET`) or from a file that only its owner may
read, named in dianti.toml; never from the command line or from dianti.toml itself.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.deliver.platforms import PLATFORMS, Platform, Secrets
from pipeline.errors import ConfigError
from pipeline.i18n import _

_HOSTS = {
    "qyapi.weixin.qq.com": "wecom", "oapi.dingtalk.com": "dingtalk", "open.feishu.cn": "feishu", "open.larksuite.com": "feishu",
    "api.telegram.org": "telegram", "discord.com": "discord", "discordapp.com": "discord", "hooks.slack.com": "slack",
}  # fmt: skip
SECRET_NAMES = ("url", "token", "secret")


@dataclass(frozen=True, kw_only=True)
class Target:
    """`settings` are those of `[targets.NAME]`: chat_id, base_url, names, form, link, file…"""

    name: str
    platform: Platform
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Secrets = field(default_factory=Secrets)


def resolve(
    name: str, configured: Mapping[str, Mapping[str, Any]], environment: Mapping[str, str] | None = None, *, dry: bool = False
) -> Target:
    """The target of that name: configured, a platform's own name, or one that only the environment knows."""
    environment = os.environ if environment is None else environment
    settings = dict(configured.get(name, {}))
    secrets = _secrets(name, settings, environment)
    settings = {k: v for k, v in settings.items() if k not in ("kind", "secret_file")} | _from_environment(name, environment, settings)
    kind = configured.get(name, {}).get("kind") or (name if name in PLATFORMS else _HOSTS.get(urlsplit(secrets.url).hostname or ""))
    if kind is None and secrets.url:
        kind = "apprise"
    if not isinstance(kind, str) or kind not in PLATFORMS:
        known = ", ".join([*configured, *(p for p in PLATFORMS if p not in configured)])
        raise ConfigError(_("no target {name}; there are: {known}. Add [targets.{name}] to dianti.toml").format(name=name, known=known))
    target = Target(name=name, platform=PLATFORMS[kind], settings=settings, secrets=secrets)
    if not dry:
        _check(target)
    return target


def variable(target: str, what: str) -> str:
    """The name of the environment variable of a target's secret or setting."""
    return f"DIANTI_{re.sub(r'[^A-Za-z0-9]+', '_', target).strip('_').upper() or 'TARGET'}_{what.upper()}"


def _from_environment(name: str, environment: Mapping[str, str], settings: Mapping[str, Any]) -> dict[str, str]:
    """Settings that may differ from machine to machine; dianti.toml wins."""
    found = {key: environment.get(variable(name, key), "") for key in ("chat_id", "thread_id", "base_url", "link", "path")}
    return {key: value for key, value in found.items() if value and key not in settings}


def _secrets(name: str, settings: Mapping[str, Any], environment: Mapping[str, str]) -> Secrets:
    given = _read_secret_file(Path(settings["secret_file"]).expanduser()) if settings.get("secret_file") else {}
    for key in SECRET_NAMES:
        chosen = settings.get(f"{key}_env") or variable(name, key)
        if value := environment.get(chosen):
            given[key] = value.strip()
    return Secrets(**given)


def _read_secret_file(path: Path) -> dict[str, str]:
    """Lines `url = …`, `token = …`, `secret = …`; a file that others may read is refused."""
    try:
        mode = path.stat().st_mode
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError(_("{path}: the file of secrets cannot be read ({reason})").format(path=path, reason=error.strerror)) from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise ConfigError(_("{path}: others may read this file of secrets; run: chmod 600 {path}").format(path=path))
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        key, sep, value = line.partition("=")
        key = key.strip().lower()
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not sep or key not in SECRET_NAMES:
            raise ConfigError(_("{path}:{line}: not one of url, token, secret").format(path=path, line=number))
        found[key] = value.strip().strip("\"'")
    return found


def _check(target: Target) -> None:
    """What a target needs before anything is sent, said by the name of the variable to set."""
    s, platform = target.secrets, target.platform.name
    if platform in ("clipboard", "file"):
        return
    if platform == "telegram":
        if not s.token:
            raise ConfigError(
                _("{target}: set {variable} to the bot's token").format(target=target.name, variable=variable(target.name, "token"))
            )
        if not target.settings.get("chat_id"):
            raise ConfigError(
                _("{target}: set chat_id in dianti.toml, or {variable}").format(
                    target=target.name, variable=variable(target.name, "chat_id")
                )
            )
    elif not s.url and (platform in ("apprise",) or not s.token):
        raise ConfigError(
            _("{target}: set {variable} to the robot's address").format(target=target.name, variable=variable(target.name, "url"))
        )
    if s.url and platform != "apprise" and urlsplit(s.url).scheme not in ("http", "https"):
        raise ConfigError(_("{target}: {variable} is no web address").format(target=target.name, variable=variable(target.name, "url")))
