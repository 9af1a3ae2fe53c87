"""LightGBM → ONNX whose outputs are the parts that named signals have in the result, so that a value explains itself.

A tree's path from root to leaf changes the expected value at each split; each change belongs to the signal of the column
split on, the root's value to the base. A leaf then holds one number a signal, and their sum is the leaf's value.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnx
from onnx import TensorProto, helper

from train.export import _round_down


def save_signal_trees(boosters: list[lightgbm.Booster], path: Path, features: list[str], signal_of: list[int], signals: int) -> None:
    """Writes the mean of the boosters as one ensemble with `signals` + 1 outputs (the last one is the base)."""
    nodes: list[dict[str, Any]] = []
    leaves: list[tuple[int, int, int, float]] = []  # tree, node, output, part
    tree_id = 0
    for booster in boosters:
        for tree in booster.dump_model()["tree_info"]:
            root = tree["tree_structure"]
            parts = np.zeros(signals + 1)
            parts[signals] = root.get("internal_value", root.get("leaf_value", 0.0))
            _add(root, tree_id, parts, signal_of, len(boosters), nodes, leaves)
            tree_id += 1
    trees, ids, outputs, weights = (list(column) for column in zip(*leaves, strict=True))
    node = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=signals + 1, aggregate_function="SUM", post_transform="NONE",
        **{f"nodes_{key}": [n[key] for n in nodes] for key in nodes[0]},
        target_treeids=trees, target_nodeids=ids, target_ids=outputs, target_weights=weights,
    )  # fmt: skip
    graph = helper.make_graph(
        [node], path.stem,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, len(features)])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, signals + 1])],
    )  # fmt: skip
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)], producer_name="dianti"
    )
    model.ir_version = 9
    helper.set_model_props(model, {"features": json.dumps(features), "format": "dianti.trees/1"})
    onnx.save(model, str(path))


def _add(
    node: dict[str, Any], tree: int, parts: np.ndarray, signal_of: list[int], share: int, nodes: list[dict[str, Any]], leaves: list[Any]
) -> int:
    """Appends a node and what is under it, numbered in preorder; returns its number within the tree."""
    start = next((i for i in range(len(nodes) - 1, -1, -1) if nodes[i]["treeids"] != tree), -1) + 1
    me = len(nodes) - start
    leaf = "leaf_value" in node
    row = {
        "treeids": tree, "nodeids": me, "featureids": 0 if leaf else node["split_feature"],
        "values": 0.0 if leaf else _round_down(node["threshold"]),
        "modes": "LEAF" if leaf else "BRANCH_LEQ", "truenodeids": 0, "falsenodeids": 0,
        "missing_value_tracks_true": int(not leaf and bool(node["default_left"])),
    }  # fmt: skip
    nodes.append(row)
    if leaf:
        leaves += [(tree, me, output, float(part) / share) for output, part in enumerate(parts) if part]
        return me
    here = node["internal_value"]
    for child, key in ((node["left_child"], "truenodeids"), (node["right_child"], "falsenodeids")):
        changed = parts.copy()
        changed[signal_of[node["split_feature"]]] += child.get("internal_value", child.get("leaf_value")) - here
        row[key] = _add(child, tree, changed, signal_of, share, nodes, leaves)
    return me
