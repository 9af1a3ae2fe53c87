"""`make train`: every learned weight anew, deterministically. `--hold-out CHAT` leaves gold chats out (for the figures)."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

# In order: a later stage may learn from what an earlier one says. The static model comes first and only on request,
# since it takes an hour and changes rarely.
STAGES = ("threads", "segments", "score", "topics", "extract", "search", "memory")
ON_REQUEST = ("static_model",)  # --only static_model
SHIPPED = Path(__file__).parent.parent / "pipeline" / "weights"


def eval_data() -> Path:
    """The evaluation folder; ends the program in one line where it is not there."""
    folder = Path(os.environ.get("EVAL_DATA", "../shared/eval"))
    if not (folder / "MANIFEST.tsv").exists():
        sys.exit(f"{folder}: the evaluation data is not there; set EVAL_DATA to its folder (see docs/quality.md)")
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder for the weights")
    parser.add_argument("--hold-out", default="", help="gold chats to leave out, with commas")
    parser.add_argument("--only", default="", help="stages, with commas")
    given = parser.parse_args()
    data, held = eval_data(), frozenset(filter(None, given.hold_out.split(",")))
    given.out.mkdir(parents=True, exist_ok=True)
    wanted = [s for s in (*ON_REQUEST, *STAGES) if (s in given.only.split(",") if given.only else s in STAGES)]
    os.environ["DIANTI_WEIGHTS"] = str(given.out)  # later stages see what this run has learned, not what is shipped
    for stage in wanted:
        started = time.monotonic()
        importlib.import_module(f"train.{stage}").train(data, given.out, held)
        print(f"{stage}: {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
