"""Learned weights at run time: gradient-boosted trees as ONNX, linear models and tables as JSON or NPZ.

No training library is needed and nothing is unpickled. The files lie in `weights/`, or in the folder that
DIANTI_WEIGHTS names (each file there replaces the shipped one of that name; the others stay).
`train/` makes them.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError

WEIGHTS = Path(__file__).parent / "weights"


def weights_file(name: str) -> Path:
    """Where the weights file of that name lies; raises ModelError when it is nowhere."""
    for folder in (os.environ.get("DIANTI_WEIGHTS"), WEIGHTS):
        if folder and (path := Path(folder) / name).exists():
            return path
    raise ModelError(f"{WEIGHTS / name}: learned weights are missing; install dianti again or run `make train`")


@cache
def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def read_weights(name: str) -> Any:
    """The JSON weights of that name."""
    return _read_json(weights_file(name))


def read_arrays(name: str) -> dict[str, NDArray[Any]]:
    """The arrays of an NPZ weights file."""
    with np.load(weights_file(name), allow_pickle=False) as arrays:
        return dict(arrays)


@cache
def _load_trees(path: Path) -> Trees:
    return Trees(path)


def read_trees(name: str) -> Trees:
    """The tree ensemble of that name."""
    return _load_trees(weights_file(name))


class Trees:
    """A tree ensemble (ONNX TreeEnsembleRegressor, input `x` float32 [rows, features], output `y` [rows, outputs]).

    The file's metadata lists the feature names in order, so that a caller can check its table against them.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2  # fixed: the order of sums must not depend on the machine
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads burned as much time as the trees took
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.features: list[str] = json.loads(self._session.get_modelmeta().custom_metadata_map.get("features", "[]"))

    def raw(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sums of the trees' leaves (before any sigmoid), [rows, outputs]."""
        if not len(x):
            return np.zeros((0, 1), dtype=np.float32)
        return self._session.run(["y"], {"x": np.ascontiguousarray(x, dtype=np.float32)})[0]  # type: ignore[no-any-return]

    def probability(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sigmoid of the first output, [rows]."""
        return (1 / (1 + np.exp(-self.raw(x)[:, 0]))).astype(np.float32)
