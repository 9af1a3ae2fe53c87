"""What is shown of a hit: its window cut along the thread, and the snippet with the matched words."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.archive.words import fold_script, is_cjk, tokens
from pipeline.search.features import Scene

BEFORE, AFTER = 3, 7  # thread messages around the hit: the question above, the answers below
WINDOW_MOST = 14
NEAR_SECONDS = 4 * 3600  # a thread that paused longer is followed through replies only
SNIPPET = 90


def window(scene: Scene, row: int) -> list[int]:
    """The hit's window in time order, without the hit: what it answers, what answers it, its thread around it."""
    line = scene.lines[row]
    linked = [*scene.findings.questions_of.get(row, []), *scene.findings.answers_of.get(row, [])]
    linked += [r for q in scene.findings.questions_of.get(row, []) for r in scene.findings.answers_of.get(q, [])]
    if line.reply_row is not None:
        linked.append(line.reply_row)
    linked += sorted(r for r, other in scene.lines.items() if other.reply_row == row)
    thread = list(scene.threads.get((line.chat, line.thread), ())) if line.thread is not None else []
    thread = [r for r in thread if r in scene.lines and abs(scene.lines[r].at - line.at) <= NEAR_SECONDS * 1_000_000]
    thread.sort(key=lambda r: (scene.lines[r].at, r))
    if row in thread:
        at = thread.index(row)
        linked += thread[max(0, at - BEFORE) : at] + thread[at + 1 : at + 1 + AFTER]
    kept = list(dict.fromkeys(r for r in linked if r != row and r in scene.lines))[: WINDOW_MOST - 1]
    return sorted(kept, key=lambda r: (scene.lines[r].at, r))


def snippet(text: str, query: str, length: int = SNIPPET) -> str:
    """The stretch of the text with most of the query's words, blanks folded."""
    flat = " ".join(text.split())
    if len(flat) <= length:
        return flat
    spans = highlights(flat, query)
    if not spans:
        return flat[: length - 1] + "…"
    best = max(spans, key=lambda s: (sum(e - b for b, e in spans if s[0] <= b and e <= s[0] + length), -s[0]))
    start = max(0, min(best[0] - length // 5, len(flat) - length))
    return ("…" if start else "") + flat[start : start + length] + ("…" if start + length < len(flat) else "")


def highlights(text: str, query: str) -> list[tuple[int, int]]:
    """Where the query's words stand in a text: half-open spans, in order, joined where they touch."""
    folded = [fold_script(c) or " " for c in text]
    where = [i for i, f in enumerate(folded) for _c in f]  # folding may lengthen a character
    flat = "".join(folded)
    spans: list[tuple[int, int]] = []
    for term in _terms(query):
        at = flat.find(term)
        while at >= 0:
            spans.append((where[at], where[at + len(term) - 1] + 1))
            at = flat.find(term, at + 1)
    return _joined(spans)


def _terms(query: str) -> list[str]:
    found: list[str] = []
    for token in tokens(fold_script(query)):
        if is_cjk(token) and len(token) > 2:
            found += [token[i : i + 2] for i in range(len(token) - 1)]
        elif len(token) > 1 or is_cjk(token) or not token.isalnum():
            found.append(token)
    return list(dict.fromkeys(found))


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
