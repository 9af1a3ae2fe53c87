"""dianti distils chat communities: read, segment, thread, score, cluster, extract, digest, render; archive and search.

The folder is the architecture: each stage is the module (or folder) of its name, the values that
flow between stages are in `model`, and `docs/architecture.md` says who may import whom.
"""
