"""Progress on stderr for whatever takes over two seconds; silent when stderr is not a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.i18n import _

if TYPE_CHECKING:
    from rich.status import Status

PATIENCE_SECONDS = 2.0
BAR_BYTES = 16 << 20  # about what is read in two seconds
STREAMED_BYTES = 64 << 20  # larger logs are read piece by piece, so that memory does not grow with them


def step_names() -> dict[str, str]:
    """What the person reads for each stage."""
    return {
        "read": _("reading"), "embed": _("reading meanings"), "segment": _("finding sessions"), "thread": _("untangling conversations"),
        "score": _("weighing messages"), "cluster": _("grouping topics"), "extract": _("finding questions and answers"),
        "archive": _("writing the archive"), "render": _("writing the digest"), "index": _("indexing"),
    }  # fmt: skip


def log_bytes(paths: Sequence[Path]) -> int:
    """How large the files are, those in folders too."""
    files = (file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]))
    return sum(file.stat().st_size for file in files if file.is_file())


class _Terminal:
    """The last line of stderr: a bar of bytes read, else a spinner; the two must never write at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spinner: Status | None = None
        self._bars = 0

    def spin(self, spinner: Status) -> None:
        """Shows the spinner, at once or when the bar is gone."""
        with self._lock:
            self._spinner = spinner
            if not self._bars:
                spinner.start()

    def stop(self, spinner: Status) -> None:
        with self._lock:
            self._spinner = None
            spinner.stop()

    @contextmanager
    def bar(self) -> Iterator[None]:
        """Keeps the spinner away."""
        with self._lock:
            self._bars += 1
            if self._spinner:
                self._spinner.stop()
        try:
            yield
        finally:
            with self._lock:
                self._bars -= 1
                if self._spinner and not self._bars:
                    self._spinner.start()


_terminal = _Terminal()


@contextmanager
def bytes_read(paths: Sequence[Path]) -> Iterator[Callable[[int], None] | None]:
    """Yields a function to tell of bytes read; on a terminal, large logs show a bar by it."""
    total = log_bytes(paths)
    if not sys.stderr.isatty() or total < BAR_BYTES:
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with _terminal.bar(), Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(_("reading"), total=total)
        yield lambda n: bar.advance(task, n)


@contextmanager
def progress(title: str) -> Iterator[Callable[[str], None]]:
    """Yields a function to call with the name of each step; a spinner appears after two seconds."""
    if not sys.stderr.isatty():
        yield lambda name: None
        return
    from rich.console import Console

    status = Console(stderr=True).status(title)
    timer = threading.Timer(PATIENCE_SECONDS, _terminal.spin, (status,))
    timer.daemon = True
    timer.start()
    names = step_names()
    try:
        yield lambda name: status.update(f"{title}: {names.get(name, name)}")
    finally:
        timer.cancel()
        _terminal.stop(status)
