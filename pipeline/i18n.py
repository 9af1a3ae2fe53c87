"""The user's language: one gettext catalog for help, messages and labels. Message ids are English.

The language is chosen once, before the commands are imported (their help is translated at import):
`--lang`, else DIANTI_LANG, else the locale.
"""

from __future__ import annotations

import gettext
import locale
import os
import sys
from functools import lru_cache
from pathlib import Path

LOCALES = Path(__file__).parent / "locale"
CATALOGS = {"zh": "zh_CN", "zh-hans": "zh_CN", "zh_cn": "zh_CN", "zh-hant": "zh_TW", "zh_tw": "zh_TW", "zh_hk": "zh_TW", "en": "en"}

_active = gettext.NullTranslations()
_language = "en"


def choose_language(argv: list[str]) -> str:
    """The language code asked for on the command line, in the environment or by the locale: zh, zh-hant or en."""
    for i, word in enumerate(argv):
        if word == "--lang" and i + 1 < len(argv):
            return argv[i + 1]
        if word.startswith("--lang="):
            return word.partition("=")[2]
    if chosen := os.environ.get("DIANTI_LANG"):
        return chosen
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return _of_locale(value)
    if sys.platform in ("win32", "darwin"):
        return _of_locale(locale.getlocale()[0] or "")
    return "en"


def _of_locale(value: str) -> str:
    code = value.partition(".")[0].lower()
    if code.startswith(("zh_tw", "zh_hk", "zh_mo", "chinese_taiwan", "chinese (traditional)")):
        return "zh-hant"
    return "zh" if code.startswith(("zh", "chinese")) else "en"


def set_language(code: str) -> None:
    """Makes that language the active one; an unknown code is English."""
    global _active, _language
    _active, _language = catalog(code), code.lower()


def language() -> str:
    """The code of the active language."""
    return _language


@lru_cache(maxsize=8)
def catalog(code: str) -> gettext.NullTranslations:
    """The catalog of a language code, for texts in another language than the active one (digest labels)."""
    name = CATALOGS.get(code.lower(), "en")
    return gettext.translation("dianti", str(LOCALES), languages=[name], fallback=True)


def _(message: str) -> str:
    """The message in the active language."""
    return _active.gettext(message)


def _noop(message: str) -> str:
    """Marks a message for the catalog that is translated where it is printed."""
    return message


def ngettext(one: str, many: str, n: int) -> str:
    """The message for n things in the active language."""
    return _active.ngettext(one, many, n)
