"""How the C library keeps memory: only for what runs long on more data than memory holds."""

from __future__ import annotations

import ctypes
import sys

_ARENAS, _MAPPED_FROM, _TRIM_FROM = -8, -3, -1  # M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD of malloc.h
_LARGE = 1_000_000  # bytes


def give_memory_back() -> None:
    """Tells glibc to return what is freed: by default each thread has a heap of its own, and arrays of up to 32 MB stay in them.

    An import then stood at 570 MB where 380 were in use. With another C library it does nothing.
    """
    if not sys.platform.startswith("linux"):
        return
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        for option, value in ((_ARENAS, 1), (_MAPPED_FROM, _LARGE), (_TRIM_FROM, _LARGE)):
            tune(option, value)
