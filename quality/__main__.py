"""`python -m quality [--only gold,threads…] [--update]`.

The figure for a gold chat comes from weights learned without it: one fold a chat, kept in `.cache/folds` until the
training code or data change. The scorer (`score.py`) lies with the evaluation data and calls the program.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from quality.floors import compare, pin
from quality.targets import tables
from train.__main__ import eval_data

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache"
ENGLISH = ("dataeng", "allot")
COMMAND = f"{sys.executable} -m pipeline"

# name → the scorer's arguments; files are globbed in the evaluation folder. All are held out of the shipped weights,
# except where `fold` names the training run that leaves them out.
SETS: dict[str, tuple[str, str]] = {
    "irc": ("threads", "disentangle/irc_ubuntu/dev/*.jsonl"),
    "new_domains": ("threads", "disentangle/new_domains/*.jsonl"),
    "synth_zh": ("threads", "disentangle/synth_zh/dev.??.jsonl"),
    "tiage": ("segments", "segments/tiage.dev.jsonl"),
    "superdialseg": ("segments", "segments/superdialseg.validation.jsonl"),
    "vcsum": ("segments", "segments/vcsum.dev.jsonl"),
    "dact": ("segments", "segments/dact_zh.dev.jsonl"),
    "thucnews": ("clusters", "clusters/thucnews_titles.dev.jsonl"),
    "spam": ("spam", "spam/qq_group.train.jsonl"),
    "ham": ("spam", "spam/nus_sms_zh_ham.jsonl"),
    "molweni": ("qa", "qa/molweni.dev.jsonl"),
    "salience": ("salience", "salience/vcsum_sents.dev.jsonl"),
    "lcqmc": ("retrieval", "retrieval/dup_lcqmc_dev"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="gold,clipboard,memory," + ",".join(SETS), help="what to measure, with commas")
    parser.add_argument("--chats", default="", help="only these gold chats, with commas")
    parser.add_argument("--update", action="store_true", help="raise the floors to what was measured")
    parser.add_argument("--write", action="store_true", help="write the tables of docs/quality.md from the newest figures")
    parser.add_argument("--keep", type=Path, default=CACHE / "eval", help="where the program's output is kept")
    given = parser.parse_args()
    data, wanted = eval_data().resolve(), given.only.split(",")
    chats = given.chats.split(",") if given.chats else sorted(p.name for p in (data / "gold").iterdir() if (p / "gold.json").exists())
    figures: dict[str, float] = {}
    for task in ("gold", "clipboard"):
        if task in wanted:
            figures |= gold_figures(data, chats, task, given.keep)
    if "memory" in wanted:
        figures |= {f"memory.{k}": v for k, v in memory_figures(data, chats, given.keep).items()}
    for name, (task, pattern) in SETS.items():
        if name in wanted:
            found = sorted(data.glob(pattern))
            result = score(data, [task, *map(str, found)], {"DIANTI_WEIGHTS": str(fold(data, f"@{name}"))}, given.keep)
            figures |= {f"{name}.{k}": v for k, v in result.items()}
    known = CACHE / "figures.json"
    every = (json.loads(known.read_text(encoding="utf-8")) if known.exists() else {}) | figures
    known.write_text(json.dumps(every, indent=1), encoding="utf-8")
    if given.write:
        write_tables(every)
    if given.update:
        pin(figures)
    sys.exit(compare(figures))


def write_tables(figures: dict[str, float]) -> None:
    """Puts the tables between the marks of docs/quality.md."""
    page = ROOT / "docs" / "quality.md"
    head, _begin, rest = page.read_text(encoding="utf-8").partition("<!-- figures:begin -->")
    _old, end, tail = rest.partition("<!-- figures:end -->")
    page.write_text(f"{head}<!-- figures:begin -->\n\n{tables(figures)}\n\n{end}{tail}", encoding="utf-8")


def gold_figures(data: Path, chats: list[str], task: str, keep: Path) -> dict[str, float]:
    """Means over the Chinese chats (gold.*) and the English ones (gold.en.*), each chat by weights that never saw it."""
    rows: dict[str, dict[str, float]] = {}
    for chat in chats:
        arguments = ["gold", str(data / "gold" / chat), *(["--as", "clipboard"] if task == "clipboard" else [])]
        rows[chat] = score(data, arguments, {"DIANTI_WEIGHTS": str(fold(data, chat))}, keep / task)[chat]  # type: ignore[assignment]
        print(task, chat, {k: round(v, 3) for k, v in rows[chat].items()}, flush=True)
    figures: dict[str, float] = {}
    for language, names in (("", [c for c in chats if c not in ENGLISH]), ("en.", [c for c in chats if c in ENGLISH])):
        for key in sorted({k for c in names for k in rows[c]}):
            known = [rows[c][key] for c in names if key in rows[c] and rows[c][key] == rows[c][key]]
            figures[f"{task}.{language}{key}"] = sum(known) / len(known)
            if key in ("noise_F1", "way_1-1"):
                figures[f"{task}.{language}least_{key}"] = min(known)
            if key == "qa_wrong_printed":
                figures[f"{task}.{language}all_{key}"] = sum(known)
    return figures


def memory_figures(data: Path, chats: list[str], keep: Path) -> dict[str, float]:
    """Counts pooled over the chats cannot be pooled over folds by the scorer: means of each chat's figures stand in."""
    rows = [score(data, ["memory", str(data / "gold" / c)], {"DIANTI_WEIGHTS": str(fold(data, c))}, keep / "memory") for c in chats]
    figures = {}
    for key in rows[0]:
        known = [r[key] for r in rows if r[key] == r[key]]
        figures[key] = sum(known) if key in ("repeats_in_gold", "late_in_gold", "false_closing") else sum(known) / max(1, len(known))
    return figures


def score(data: Path, arguments: list[str], environment: dict[str, str], keep: Path) -> dict[str, float]:
    """The scorer's figures; its table and the program's errors go to stderr."""
    keep.mkdir(parents=True, exist_ok=True)
    out = keep / "figures.json"
    command = [sys.executable, str(data / "score.py"), *arguments, "--cmd", COMMAND, "--json", str(out), "--keep", str(keep)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"the scorer failed: {' '.join(command)}")
    return json.loads(out.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def fold(data: Path, hold_out: str) -> Path:
    """The weights learned without a gold chat ("exam") or a public set ("@vcsum"); trained when missing or out of date."""
    folder = CACHE / "folds" / hold_out
    state = hashlib.sha256(b"".join(p.read_bytes() for p in sorted((ROOT / "train").glob("*.py")))).hexdigest()
    stamp = folder / "state"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != state:
        command = [sys.executable, "-m", "train", "--out", str(folder), "--hold-out", hold_out]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "EVAL_DATA": str(data)}, check=True)
        stamp.write_text(state, encoding="utf-8")
    return folder


if __name__ == "__main__":
    main()
