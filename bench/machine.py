"""What a figure was measured on, and how long and how large a command ran."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version

import psutil


def describe() -> str:
    """One line: processor, cores, memory, versions."""
    memory = psutil.virtual_memory().total / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "onnxruntime", "faiss-cpu"))
    system = f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores, {memory:.0f} GiB"
    return f"{system}; Python {platform.python_version()}, {libraries}"


@dataclass(frozen=True)
class Run:
    seconds: float
    peak_mb: float


def run(*arguments: object, **environment: str) -> Run:
    """`python -m pipeline ARGUMENTS`, its output thrown away: wall time and peak resident memory."""
    command = [sys.executable, "-m", "pipeline", *map(str, arguments)]
    started = time.perf_counter()
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment})
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, process.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"failed ({process.returncode}): {' '.join(command)}")
    return Run(time.perf_counter() - started, peak / 2**20)
