"""Brings the translations up to date: `make locale`.

Collects the messages of the code and the templates, keeps the translations in `pipeline/locale/zh_CN/…/dianti.po`,
derives traditional Chinese from it, and compiles both. `--check` only tells what is missing. `--add FILE` takes
tab-separated `message<TAB>translation` lines.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
LOCALES = ROOT / "pipeline" / "locale"
METHODS = [("pipeline/**.py", "python"), ("templates/**.j2", "jinja2.ext:babel_extract")]
KEYWORDS = {"_": None, "_noop": None, "gettext": None, "ngettext": (1, 2)}


def main(arguments: list[str]) -> int:
    simplified = load("zh_CN")
    for path in arguments[1:] if arguments[:1] == ["--add"] else []:
        add(simplified, Path(path))
    found = collect()
    simplified.update(found, no_fuzzy_matching=True)
    simplified.obsolete.clear()
    missing = [str(m.id) for m in simplified if m.id and not m.string]
    for message in missing:
        sys.stderr.write(f"no Chinese for: {message!r}\n")
    if "--check" not in arguments:
        save(simplified, "zh_CN")
        save(traditional(simplified), "zh_TW")
    return int(bool(missing))


def collect() -> Catalog:
    """Every message of the code and the templates, in the order of files and lines."""
    catalog = Catalog()
    for file, line, message, comments, _context in extract_from_dir(str(ROOT), METHODS, keywords=KEYWORDS):
        if file.startswith(("pipeline/", "templates/")):
            catalog.add(message, None, [(file, line)], auto_comments=comments)
    return catalog


def load(name: str) -> Catalog:
    path = LOCALES / name / "LC_MESSAGES" / "dianti.po"
    if not path.exists():
        return Catalog(locale=name, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=name)


def add(catalog: Catalog, path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        message, tab, translation = line.partition("\t")
        if tab and message.strip():
            text, string = (part.replace("\\n", "\n").replace("\\b", "\b").replace("\\t", "\t") for part in (message, translation))
            catalog.add(text)
            catalog[text].string = string  # `add` would keep an empty translation that is already there


def traditional(simplified: Catalog) -> Catalog:
    """The Chinese translations in traditional characters, Taiwan's words."""
    from opencc import OpenCC

    convert = OpenCC("s2twp").convert
    catalog = Catalog(locale="zh_TW", charset="utf-8")
    for message in simplified:
        if message.id:
            given = message.string
            string = tuple(map(convert, given)) if isinstance(given, tuple) else convert(given or "")
            catalog.add(message.id, string, message.locations)
    return catalog


def save(catalog: Catalog, name: str) -> None:
    """Writes .po and .mo; only their content decides their bytes."""
    folder = LOCALES / name / "LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    text = io.BytesIO()
    write_po(text, catalog, width=0, omit_header=True, sort_output=True, include_lineno=False)
    fields = ("Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "Plural-Forms: nplurals=1; plural=0;")
    head = 'msgid ""\nmsgstr ""\n' + "".join(f'"{field}\\n"\n' for field in fields) + "\n"
    (folder / "dianti.po").write_bytes(head.encode() + text.getvalue())
    with (folder / "dianti.po").open("rb") as file:
        catalog = read_po(file, locale=name)
    with (folder / "dianti.mo").open("wb") as file:
        write_mo(file, catalog)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
