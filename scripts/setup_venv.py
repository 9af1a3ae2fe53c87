"""Makes the virtual environment and installs dianti in it: `python scripts/setup_venv.py .venv`."""

from __future__ import annotations

import platform
import subprocess
import sys
import venv
from pathlib import Path

TORCH = "2.13.0"


def main(folder: Path) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  (the one file that an older Python runs)
        sys.exit(
            f"dianti needs Python 3.11 or newer; this is {platform.python_version()} ({sys.executable}). Try: make PYTHON=python3.12 …"
        )
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", "pip"], check=True)
    if not _has_torch(python):
        _install_cpu_torch(pip)
    subprocess.run([*pip, "--editable", "."], check=True)


def _has_torch(python: Path) -> bool:
    probe = subprocess.run([str(python), "-c", "import importlib.metadata as m; m.version('torch')"], capture_output=True, check=False)
    return probe.returncode == 0


def _install_cpu_torch(pip: list[str]) -> None:
    """On Linux PyPI's torch brings gigabytes of CUDA libraries: the CPU build goes in first.

    pip may already know a CPU build (a local file or a mirror); otherwise it comes from PyTorch's own index.
    Elsewhere the default is the CPU build. Failing here is no reason to stop: the next step brings the default.
    """
    if sys.platform != "linux":
        return
    plan = subprocess.run([*pip, "--dry-run", "--no-deps", "--report", "-", f"torch=={TORCH}"], capture_output=True, text=True, check=False)
    known = plan.returncode == 0 and "+cpu" in plan.stdout
    source = [] if known else ["--index-url", "https://download.pytorch.org/whl/cpu"]
    subprocess.run([*pip, *source, f"torch=={TORCH}"], check=False)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else ".venv"))
