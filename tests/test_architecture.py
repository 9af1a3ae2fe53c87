"""Who may import whom, as docs/architecture.md says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "pipeline"

LOW = {"model", "errors", "i18n"}
BASE = LOW | {"text", "dates", "moments", "learned", "patterns"}
STAGE = BASE | {"embedding"}
ANALYSIS = STAGE | {"segment", "thread", "score", "cluster", "extract"}
MAY_IMPORT = {
    "model": set(),
    "errors": set(),
    "i18n": set(),
    "text": {"errors"},
    "dates": set(),
    "moments": {"dates"},
    "patterns": set(),
    "learned": {"errors", "i18n"},
    "embedding": BASE,
    "readers": LOW | {"text"},
    "segment": STAGE,
    "thread": STAGE,
    "score": STAGE | {"mask"},
    "cluster": STAGE,
    "extract": STAGE,
    "mask": {"text", "patterns"},
    "people": {"model"},
    "analysis": ANALYSIS,
    "digest": BASE | {"mask"},
    "render": BASE | {"digest"},
    "deliver": BASE | {"digest", "render"},
    "archive": ANALYSIS | {"analysis", "people", "readers", "mask", "memory", "index", "digest", "search"},
    "index": STAGE | {"archive"},
    "search": STAGE | {"archive", "index", "mask", "score", "thread"},
    "memory": ANALYSIS | {"analysis", "archive", "digest", "cite", "mask", "quote", "render", "search"},
}
HEAVY = {
    "torch",
    "sentence_transformers",
    "faiss",
    "onnxruntime",
    "rjieba",
    "sklearn",
    "lightgbm",
    "httpx",
    "rich",
    "openpyxl",
    "mcp",
    "apprise",
}


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if "_templates" not in p.parts)


def unit(path: Path) -> str:
    """The stage that a file belongs to: its own name, or its folder's."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> list[tuple[str, bool]]:
    """Names of the imported modules, and whether the import stands at the top of the file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {id(n) for n in tree.body}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(a.name, id(node) in top) for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"pipeline.{a.name}" for a in node.names] if node.module == "pipeline" else [node.module]
            found += [(n, id(node) in top) for n in names]
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_what_lies_below_it(path: Path) -> None:
    own = unit(path)
    allowed = MAY_IMPORT.get(own)
    if allowed is None:  # config, cli and the servers at the edge may import everything
        assert own in {"__init__", "__main__", "cli", "config", "mcp_server", "for_member"}
        return
    used = {name.split(".")[1] for name, _ in imports(path) if name.startswith("pipeline.")}
    assert used - allowed - {own} == set()


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_libraries_are_imported_where_they_are_used(path: Path) -> None:
    top = {name.split(".")[0] for name, at_top in imports(path) if at_top}
    assert top & HEAVY == set()
