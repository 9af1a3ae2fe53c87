"""What is private is hidden, what only looks like it stays."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.mask import STARS, is_private, mask

_ROWS = [line.split("\t") for line in (Path(__file__).parent / "data" / "private_lines.tsv").read_text(encoding="utf-8").splitlines()[1:]]
_SECRET = re.compile("⟦(.*?)⟧")


@pytest.mark.parametrize("line", [row[1] for row in _ROWS])
def test_a_private_line_hides_its_secret_and_keeps_the_rest(line: str) -> None:
    secrets = _SECRET.findall(line)
    shown = mask(line.replace("⟦", "").replace("⟧", ""))
    assert secrets
    assert STARS in shown
    assert not any(secret in shown for secret in secrets)
    # no tail of the secret is left beside the stars either
    assert not any(secret[-4:] in shown for secret in secrets if len(secret) > 6)


def test_harmless_twins_are_left_alone() -> None:
    touched = [row[2] for row in _ROWS if mask(row[2]) != row[2]]
    assert len(touched) <= 0.02 * len(_ROWS), touched


def test_the_set_is_large_enough_to_mean_something() -> None:
    assert len(_ROWS) >= 100


@pytest.mark.parametrize("line", [row[1].replace("⟦", "").replace("⟧", "") for row in _ROWS])
def test_masking_twice_is_masking_once(line: str) -> None:
    assert mask(mask(line)) == mask(line)
    assert is_private(line)
    assert not is_private(mask(line))


def test_words_around_a_secret_stay_in_place() -> None:
    assert mask("急用的自己联系周师傅 13900007712,晚上打") == "急用的自己联系周师傅 ***,晚上打"


def test_the_credentials_of_an_address_go_and_its_host_stays() -> None:
    assert mask("postgres://admin:s3cret@db.example.com:5432/app") == "postgres://***@db.example.com:5432/app"


def test_a_long_text_without_secrets_is_fast_and_unchanged() -> None:
    text = "今天讨论了 3 个方案,版本 1.2.3,预算 4500 元,1月2日 14:00 开会。" * 2000
    assert mask(text) == text
