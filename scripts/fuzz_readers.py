"""Coverage-guided fuzzing of all readers, by hand: `pip install atheris`, then
`PYTHONPATH=. python scripts/fuzz_readers.py CORPUS -max_total_time=600`.

CORPUS is a folder that is filled from tests/data/exports when it is empty. Whatever ends in another exception than UserError, in
two messages of one id or in a time without a zone is written to CORPUS.finds, once for each place, and the run goes on.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import traceback
from pathlib import Path
from tempfile import mkdtemp
from zoneinfo import ZoneInfo

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["pipeline.readers"]):
    from pipeline.errors import UserError
    from pipeline.readers import ReadOptions, read_logs

EXPORTS = Path(__file__).parent.parent / "tests" / "data" / "exports"
NAMES = ("a.txt", "a.json", "a.jsonl", "a.csv", "a.mht", "a.md", "a.zip", "a.xlsx", "2026-11-19.txt")
OPTIONS = ReadOptions(tz=ZoneInfo("Asia/Shanghai"))


class Finds:
    """Each place in the code that failed, once, with the input that led there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seen = folder, set[str]()

    def keep(self, error: BaseException, data: bytes) -> None:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if "pipeline" in f.filename]
        place = f"{type(error).__name__} {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else type(error).__name__
        if place in self.seen:
            return
        self.seen.add(place)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
        sys.stderr.write(f"FOUND {place}: {error}\n")


def check(data: bytes, folder: Path) -> None:
    """The first byte says what the file is called."""
    path = folder / NAMES[data[0] % len(NAMES)]
    path.write_bytes(data[1:])
    try:
        exports = read_logs([path], OPTIONS)
    except UserError as error:
        if "\n" in str(error):
            raise ValueError("an error of several lines") from error
        return
    finally:
        path.unlink()
    for export in exports:
        assert export.messages, "a chat without messages"
        assert len({m.id for m in export.messages}) == len(export.messages), "two messages of one id"
        assert all(m.sent_at.tzinfo for m in export.messages), "a time without a zone"


def main() -> None:
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    if not any(corpus.iterdir()):
        for number, path in enumerate(p for p in sorted(EXPORTS.rglob("*")) if p.is_file() and p.stat().st_size < 60_000):
            name = next((i for i, n in enumerate(NAMES) if Path(n).suffix == path.suffix), 0)
            (corpus / str(number)).write_bytes(bytes([name]) + path.read_bytes())
    folder, finds = Path(mkdtemp(prefix="fuzz-")), Finds(corpus.with_name(corpus.name + ".finds"))

    def one(data: bytes) -> None:
        try:
            check(data or b"\0", folder)
        except Exception as error:  # noqa: BLE001  (every kind is a find)
            finds.keep(error, data)

    atheris.Setup(sys.argv, one)
    try:
        atheris.Fuzz()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
