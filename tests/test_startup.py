"""`dianti --help` is instant and imports nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="tunes glibc only")
def test_what_threads_free_goes_back_to_the_system() -> None:
    code = """
import threading
import numpy as np
from pipeline.cli._heap import give_memory_back

def own() -> int:
    return int(next(line for line in open("/proc/self/status") if line.startswith("RssAnon")).split()[1])

def work() -> None:
    kept = [np.ones(300_000) for _ in range(20)]

give_memory_back()
work()
before = own()
for _ in range(6):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
print(own() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20_000  # kB
