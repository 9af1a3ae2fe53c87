"""What a person sees while they wait: never a bar and a spinner on one line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.cli._progress import _Terminal


@dataclass
class Spinner:
    said: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.said.append("start")

    def stop(self) -> None:
        self.said.append("stop")


def test_a_spinner_waits_until_the_bar_is_gone() -> None:
    terminal, spinner = _Terminal(), Spinner()
    late: Any = spinner
    with terminal.bar():
        terminal.spin(late)
        assert spinner.said == []
    assert spinner.said == ["start"]


def test_a_bar_takes_the_place_of_a_spinner_and_gives_it_back() -> None:
    terminal, spinner = _Terminal(), Spinner()
    early: Any = spinner
    terminal.spin(early)
    with terminal.bar():
        assert spinner.said == ["start", "stop"]
    assert spinner.said == ["start", "stop", "start"]
    terminal.stop(early)
    with terminal.bar():
        pass
    assert spinner.said[-1] == "stop"
