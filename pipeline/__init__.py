"""dianti distils chat communities: read, segment, thread, score, cluster, extract, digest, render; archive and search.

The folder is the architecture: each stage is the module (or folder) of its name, the values that
flow between stages are in `model`, and `docs/architecture.md` says who may import whom.
"""

import os

# onnxruntime would note each use in the user's cache folder and send it to its maker; nothing of ours leaves the machine.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# numpy's matrix products are small here: on one thread they are the same to the last digit on every machine, and where cores are shared
# the threads of OpenBLAS spent a fifth of an analysis waiting for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
