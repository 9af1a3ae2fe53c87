"""A phrase to type into the app's own search: it stands in one message of the archive only, so it jumps there."""

from __future__ import annotations

import re

from pipeline.archive import Archive
from pipeline.archive.words import fold_script, is_cjk, tokens

LENGTHS = (4, 6, 8, 12, 16)  # shortest first: somebody types it on a phone
STARTS = 24  # places of a text that are tried
_RUN = re.compile(r"[^\W_]+(?:[ '.+#-][^\W_]+)*")  # words of one line, as an app's search would take them


def find_phrase(archive: Archive, archive_id: str) -> str | None:
    """The shortest such phrase of the message; None where every part of it occurs elsewhere, too."""
    row = archive.message_row(archive_id)
    if row is None:
        return None
    text = archive.by_rows([row])[row][1].text
    return unique_phrase(archive, text)


def unique_phrase(archive: Archive, text: str) -> str | None:
    runs = [run.group() for run in _RUN.finditer(text) if "http" not in run.group()]
    for length in LENGTHS:
        tried = 0
        for run in runs:
            for phrase in _phrases(run, length):
                tried += 1
                if tried > STARTS:
                    break
                if _once(archive, phrase):
                    return phrase
    return None


def _phrases(run: str, length: int) -> list[str]:
    """Parts of about that length: of Chinese any, of Latin script whole words."""
    if not is_cjk(fold_script(run)[:1]) and " " in run:
        words = run.split(" ")
        return [phrase for i in range(len(words)) if (phrase := _words_from(words[i:], length))]
    parts = [run[i : i + length].strip(" '.+#-") for i in range(0, max(1, len(run) - length + 1), max(1, length // 2))]
    return [p for p in parts if len(p) >= LENGTHS[0]]


def _words_from(words: list[str], length: int) -> str:
    phrase = ""
    for word in words:
        phrase = f"{phrase} {word}".strip()
        if len(phrase) >= length:
            return phrase
    return ""


def _once(archive: Archive, phrase: str) -> bool:
    grams: list[str] = []
    for token in tokens(fold_script(phrase)):
        grams += [token[i : i + 2] for i in range(len(token) - 1)] if is_cjk(token) else [token]
    if not grams:
        return False
    quoted = " ".join(g.replace('"', '""') for g in grams)
    return archive.frequency(f'grams:"{quoted}"', 2) == 1
