"""Installs the system packages that some tests want (a browser, Chinese fonts): only as root or with CI=true.

Elsewhere it does nothing, and the tests that lack one are skipped with the reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

PACKAGES = ("chromium", "fonts-noto-cjk", "fonts-noto-color-emoji")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")


def main() -> None:
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if any(map(shutil.which, BROWSERS)) or not (root or os.environ.get("CI") == "true") or not shutil.which("apt-get"):
        return
    sudo = [] if root else ["sudo", "-n"]
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run([*sudo, *command], check=False, capture_output=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        if done.returncode:
            sys.stderr.write(f"{' '.join(command)} failed; browser tests will be skipped\n")
            return


if __name__ == "__main__":
    main()
