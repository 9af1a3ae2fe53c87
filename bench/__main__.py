"""Runs every benchmark, or those named: `python -m bench pipeline readers`. `memory`, which takes minutes, runs only when named."""

from __future__ import annotations

import importlib
import sys

from bench.machine import describe

ALL = ("pipeline", "distil", "readers", "search", "threads")

print(describe())
for name in sys.argv[1:] or ALL:
    print(f"\n{name}")
    importlib.import_module(f"bench.{name}").main()
