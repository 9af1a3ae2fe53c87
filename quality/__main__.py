"""`python -m quality [--only gold,threads…] [--update]`.

The figure for a gold chat comes from weights learned without it and its neighbour by name: five folds of two chats,
kept in `.cache/folds` until the code that they depend on changes. The scorer (`score.py`) lies with the evaluation data
and calls the program.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from quality.floors import compare, pin
from quality.targets import tables
from train.__main__ import SHIPPED, STAGES, eval_data
from train.dialogs import parts_of

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache"
ENGLISH = ("dataeng", "allot")
PARTS = 3
COMMAND = f"{sys.executable} -m pipeline"


@dataclass(frozen=True)
class PublicSet:
    """The scorer's task, the files, what the weights must not have learned from ("" where the shipped ones never did), and the
    stages that otherwise would have: the others' weights are the shipped ones."""

    task: str
    files: str
    hold_out: str = ""
    stages: tuple[str, ...] = ()


SETS = {
    "irc": PublicSet("threads", "disentangle/irc_ubuntu/dev/*.jsonl"),
    "new_domains": PublicSet("threads", "disentangle/new_domains/*.jsonl"),
    "tiage": PublicSet("segments", "segments/tiage.dev.jsonl"),
    "superdialseg": PublicSet("segments", "segments/superdialseg.validation.jsonl", "superdialseg.validation", ("segments",)),
    "vcsum": PublicSet("segments", "segments/vcsum.dev.jsonl", "vcsum.dev", ("segments",)),
    "dact": PublicSet("segments", "segments/dact_zh.dev.jsonl"),
    "thucnews": PublicSet("clusters", "clusters/thucnews_titles.dev.jsonl"),
    "ham": PublicSet("spam", "spam/nus_sms_zh_ham.jsonl"),
    "lcqmc": PublicSet("retrieval", "retrieval/dup_lcqmc_dev"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="gold,clipboard,memory," + ",".join([*SETS, *PARTED]), help="what to measure, with commas")
    parser.add_argument("--chats", default="", help="only these gold chats, with commas")
    parser.add_argument("--update", action="store_true", help="raise the floors to what was measured")
    parser.add_argument("--write", action="store_true", help="write the tables of docs/quality.md from the newest figures")
    parser.add_argument("--keep", type=Path, default=CACHE / "eval", help="where the program's output is kept")
    given = parser.parse_args()
    data, wanted = eval_data().resolve(), given.only.split(",")
    chats = given.chats.split(",") if given.chats else sorted(p.name for p in (data / "gold").iterdir() if (p / "gold.json").exists())
    figures: dict[str, float] = {}
    if {"gold", "clipboard", "memory"} & set(wanted):
        side_by_side(partial(fold, data), dict.fromkeys(pair_of(chat, data) for chat in chats))
    for task in ("gold", "clipboard"):
        if task in wanted:
            figures |= gold_figures(data, chats, task, given.keep)
    if "memory" in wanted:
        figures |= {f"memory.{k}": v for k, v in memory_figures(data, chats, given.keep).items()}

    def public(name: str) -> dict[str, float]:
        one = SETS[name]
        files = sorted(map(str, data.glob(one.files)))
        result = score(data, [one.task, *files], {"DIANTI_WEIGHTS": str(fold(data, one.hold_out, one.stages))}, given.keep / name)
        return {f"{name}.{k}": v for k, v in result.items()}

    for result in side_by_side(public, [name for name in SETS if name in wanted]):
        figures |= result
    for name in PARTED:
        if name in wanted:
            figures |= {f"{name}.{k}": v for k, v in parted_figures(data, name, given.keep).items()}
    known = CACHE / "figures.json"
    every = (json.loads(known.read_text(encoding="utf-8")) if known.exists() else {}) | figures
    known.write_text(json.dumps(every, indent=1), encoding="utf-8")
    if given.write:
        write_tables(every)
    if given.update:
        pin(figures)
    sys.exit(compare(figures))


# Sets that also teach: cut into three parts, each measured by weights that learned from the other two. The synthetic chats are
# files, two of them a part; of Molweni's dialogues those that overlap are in one part.
PARTED = {
    "spam": PublicSet("spam", "spam/qq_group.train.jsonl", "qq_group", ("score",)),
    "salience": PublicSet("salience", "salience/vcsum_sents.dev.jsonl", "vcsum", ("score",)),
    "molweni": PublicSet("qa", "qa/molweni.dev.jsonl", "questions.molweni.dev", ("threads", "score")),
    "synth_zh": PublicSet("threads", "disentangle/synth_zh/dev.??.jsonl", "synth_zh", ("threads",)),
}


def parted_figures(data: Path, name: str, keep: Path) -> dict[str, float]:
    """Means over the parts; the parts are those of `train.score.other_samples` and `train.threads`."""
    one = PARTED[name]
    files = sorted(data.glob(one.files))

    def measured(part: int) -> dict[str, float]:
        mine = files[part * len(files) // PARTS : (part + 1) * len(files) // PARTS] if len(files) > 1 else [_part(files[0], name, part)]
        weights = fold(data, f"{one.hold_out}.{part}", one.stages)
        return score(data, [one.task, *map(str, mine)], {"DIANTI_WEIGHTS": str(weights)}, keep / f"{name}.{part}")

    found = side_by_side(measured, range(PARTS))
    return {key: sum(f[key] for f in found) / PARTS for key in found[0]}


def _part(file: Path, name: str, part: int) -> Path:
    """A file of its own with the lines of one part."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    if "messages" in rows[0]:
        part_of = parts_of(rows, PARTS)
    else:
        number = {d: k for k, d in enumerate(dict.fromkeys(r.get("dialog", i) for i, r in enumerate(rows)))}
        part_of = [number[r.get("dialog", i)] % PARTS for i, r in enumerate(rows)]
    path = CACHE / f"{name}.{part}.jsonl"
    mine = [r for r, p in zip(rows, part_of, strict=True) if p == part]
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in mine), encoding="utf-8")
    return path


def write_tables(figures: dict[str, float]) -> None:
    """Puts the tables between the marks of docs/quality.md."""
    page = ROOT / "docs" / "quality.md"
    head, _begin, rest = page.read_text(encoding="utf-8").partition("<!-- figures:begin -->")
    _old, end, tail = rest.partition("<!-- figures:end -->")
    page.write_text(f"{head}<!-- figures:begin -->\n\n{tables(figures)}\n\n{end}{tail}", encoding="utf-8")


def gold_figures(data: Path, chats: list[str], task: str, keep: Path) -> dict[str, float]:
    """Means over the Chinese chats (gold.*), the English ones (gold.en.*) and all ten (gold.ten.*, what the clock's figures are means
    of), each chat by weights that never saw it."""

    def measured(chat: str) -> dict[str, float]:
        arguments = ["gold", str(data / "gold" / chat), *(["--as", "clipboard"] if task == "clipboard" else [])]
        found: dict[str, float] = score(data, arguments, {"DIANTI_WEIGHTS": str(fold(data, pair_of(chat, data)))}, keep / task / chat)[chat]  # type: ignore[assignment]
        print(task, chat, {k: round(v, 3) for k, v in found.items()}, flush=True)
        return found

    rows = dict(zip(chats, side_by_side(measured, chats), strict=True))
    figures: dict[str, float] = {f"{task}.ten.over_clock": min(rows[c]["thread_1-1"] - rows[c]["clock_1-1"] for c in chats)}
    for language, names in (("ten.", chats), ("", [c for c in chats if c not in ENGLISH]), ("en.", [c for c in chats if c in ENGLISH])):
        for key in sorted({k for c in names for k in rows[c]}):
            known = [rows[c][key] for c in names if key in rows[c] and rows[c][key] == rows[c][key]]
            figures[f"{task}.{language}{key}"] = sum(known) / len(known)
            if key in ("noise_F1", "way_1-1"):
                figures[f"{task}.{language}least_{key}"] = min(known)
            if key == "qa_wrong_printed":
                figures[f"{task}.{language}all_{key}"] = sum(known)
    return figures


def memory_figures(data: Path, chats: list[str], keep: Path) -> dict[str, float]:
    """Pooled over the chats: the scorer's shares of each, weighted by what they are shares of."""

    def measured(chat: str) -> tuple[dict[str, float], float]:
        environment = {"DIANTI_WEIGHTS": str(fold(data, pair_of(chat, data)))}
        row = score(data, ["memory", str(data / "gold" / chat)], environment, keep / "memory" / chat)
        return row, pairs_said(keep / "memory" / chat / f"{chat}.memory", environment)

    found = side_by_side(measured, chats)
    rows, said = [row for row, _ in found], [n for _, n in found]
    known = [r["kol_3_in_5"] for r in rows]
    return {
        "repeat_P": pooled([r["repeat_P"] for r in rows], said),
        "repeat_R": pooled([r["repeat_R"] for r in rows], [r["repeats_in_gold"] for r in rows]),
        "late_closed_R": pooled([r["late_closed_R"] for r in rows], [r["late_in_gold"] for r in rows]),
        "kol_3_in_5": sum(known) / len(known),
        **{key: sum(r[key] for r in rows) for key in ("repeats_in_gold", "late_in_gold", "false_closing")},
    }


def pooled(shares: list[float], of: list[float]) -> float:
    """One share of all; where there is nothing to be a share of, the scorer says nan."""
    return sum(share * n for share, n in zip(shares, of, strict=True) if n) / max(1.0, sum(of))


def pairs_said(archive: Path, environment: dict[str, str]) -> float:
    """How many pairs of askings the ledger that the scorer has left calls one question: what repeat_P is a share of."""
    command = [sys.executable, "-m", "pipeline", "--archive", str(archive), "questions", "--json"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=True)
    asked = [len(json.loads(line)["asked"]) for line in done.stdout.splitlines()]
    return float(sum(n * (n - 1) // 2 for n in asked))


def side_by_side(measure: Callable[[Any], Any], names: Iterable[Any]) -> list[Any]:
    """The measurements in the order of what is measured, as many at a time as there are cores; each is a process of its own."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(measure, names))


def score(data: Path, arguments: list[str], environment: dict[str, str], keep: Path) -> dict[str, float]:
    """The scorer's figures; its table and the program's errors go to stderr."""
    keep.mkdir(parents=True, exist_ok=True)
    out = keep / "figures.json"
    command = [sys.executable, str(data / "score.py"), *arguments, "--cmd", COMMAND, "--json", str(out), "--keep", str(keep)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"the scorer failed: {' '.join(command)}")
    return json.loads(out.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def pair_of(chat: str, data: Path) -> str:
    """The two gold chats that are held out together, one of them this."""
    every = sorted(p.parent.name for p in (data / "gold").glob("*/gold.json"))
    first = every.index(chat) // 2 * 2
    return ",".join(every[first : first + 2])


def fold(data: Path, hold_out: str, stages: tuple[str, ...] = STAGES) -> Path:
    """The weights learned without `hold_out` (gold chats or parts of public sets, with commas); "" gives the shipped ones.

    A stage is learned again when its code, its training code or anything before it has changed. Of what is not in `stages` the
    shipped weights serve.
    """
    if not hold_out:
        return SHIPPED
    folder = CACHE / "folds" / hold_out
    state = ""
    for stage in STAGES:
        state = _state(stage, state)
        stamp = folder / f"{stage}.state"
        if stage in stages and (not stamp.exists() or stamp.read_text(encoding="utf-8") != state):
            command = [sys.executable, "-m", "train", "--out", str(folder), "--hold-out", hold_out, "--only", stage]
            subprocess.run(command, cwd=ROOT, env={**os.environ, "EVAL_DATA": str(data)}, check=True)
            stamp.write_text(state, encoding="utf-8")
    return folder


def _state(stage: str, before: str) -> str:
    """A hash of what a stage's weights depend on: the stages before it, its code and its training code."""
    own = {"threads": "thread", "segments": "segment", "topics": "cluster"}.get(stage, stage)
    code = sorted([*(ROOT / "train").glob(f"{stage}*.py"), *(ROOT / "pipeline" / own).rglob("*.py"), ROOT / "pipeline" / "embedding.py"])
    return hashlib.sha256(before.encode() + b"".join(p.read_bytes() for p in code)).hexdigest()


if __name__ == "__main__":
    main()
