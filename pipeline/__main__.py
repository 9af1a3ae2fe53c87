"""`python -m pipeline` and the console command `dianti`."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line in the user's language, on any console encoding."""
    from pipeline import i18n

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A GBK console cannot show every emoji: a replacement mark beats a traceback.
            stream.reconfigure(errors="replace")
    i18n.set_language(i18n.choose_language(sys.argv[1:]))
    from pipeline.cli import cli

    cli()


if __name__ == "__main__":
    main()
