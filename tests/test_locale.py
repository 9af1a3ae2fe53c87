"""Every message has its Chinese, and the compiled catalogs are those of the sources."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from pipeline import i18n

ROOT = Path(__file__).parent.parent


def catalogs():  # type: ignore[no-untyped-def]
    spec = importlib.util.spec_from_file_location("locale_catalogs", ROOT / "scripts" / "locale_catalogs.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_message_of_code_and_templates_is_translated() -> None:
    known = {str(m.id) for m in catalogs().load("zh_CN") if m.id and m.string}
    used = {str(m.id) for m in catalogs().collect() if m.id}
    assert used - known == set()


@pytest.mark.parametrize("name", ["zh_CN", "zh_TW"])
def test_the_compiled_catalog_is_that_of_its_source(name: str) -> None:
    with (i18n.LOCALES / name / "LC_MESSAGES" / "dianti.po").open("rb") as file:
        source = read_po(file, locale=name)
    compiled = i18n.catalog("zh" if name == "zh_CN" else "zh-hant")
    for message in source:
        if message.id and message.string and isinstance(message.id, str):
            assert compiled.gettext(message.id) == message.string


@pytest.mark.parametrize("name", ["zh_CN", "zh_TW"])
def test_a_translation_has_the_fields_of_its_message(name: str) -> None:
    with (i18n.LOCALES / name / "LC_MESSAGES" / "dianti.po").open("rb") as file:
        for message in read_po(file, locale=name):
            if message.id and message.string and isinstance(message.id, str) and isinstance(message.string, str):
                fields = re.compile(r"\{(\w*)")
                ours, theirs = (set(fields.findall(text)) for text in (message.id, message.string))
                # A date may name its month in one language and number it in another.
                assert ours - {"month_name"} == theirs - {"month", "month_name"}, message.id
