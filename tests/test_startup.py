"""`dianti --help` is instant and imports nothing heavy."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "torch",
    "faiss",
    "sklearn",
    "onnxruntime",
    "rjieba",
    "sentence_transformers",
    "httpx",
    "rich",
    "openpyxl",
    "mcp",
    "apprise",
    "numpy",
)


def test_help_imports_no_heavy_library() -> None:
    code = (
        "import sys\nsys.argv = ['dianti', '--help']\nfrom pipeline.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('loaded:', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_help_speaks_the_language_that_was_asked_for() -> None:
    command = [sys.executable, "-m", "pipeline", "--lang", "zh", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    assert "归档" in done.stdout
