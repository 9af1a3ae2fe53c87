"""LightGBM → the plain formats that `pipeline.learned` reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnx
from onnx import TensorProto, helper


def save_trees(booster: lightgbm.Booster | list[lightgbm.Booster], path: Path, features: list[str]) -> None:
    """Writes boosters as one ONNX TreeEnsembleRegressor; a list is averaged (sum of leaves / number of boosters).

    LightGBM compares float64 thresholds, ONNX float32 ones: rounding each threshold down keeps `x <= t` the same
    for every float32 x.
    """
    boosters = booster if isinstance(booster, list) else [booster]
    outputs = boosters[0].num_model_per_iteration()
    a: dict[str, list[Any]] = {
        k: [] for k in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing")
    }
    t: dict[str, list[Any]] = {k: [] for k in ("treeids", "nodeids", "ids", "weights")}
    tree_id = 0
    for one in boosters:
        for tree in one.dump_model()["tree_info"]:
            _add_tree(tree["tree_structure"], tree_id, tree["tree_index"] % outputs, len(boosters), a, t)
            tree_id += 1
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["x"],
        ["y"],
        domain="ai.onnx.ml",
        n_targets=outputs,
        aggregate_function="SUM",
        post_transform="NONE",
        nodes_treeids=a["treeids"],
        nodes_nodeids=a["nodeids"],
        nodes_featureids=a["featureids"],
        nodes_values=a["values"],
        nodes_modes=a["modes"],
        nodes_truenodeids=a["truenodeids"],
        nodes_falsenodeids=a["falsenodeids"],
        nodes_missing_value_tracks_true=a["missing"],
        target_treeids=t["treeids"],
        target_nodeids=t["nodeids"],
        target_ids=t["ids"],
        target_weights=t["weights"],
    )
    graph = helper.make_graph(
        [node],
        path.stem,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, len(features)])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, outputs])],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)], producer_name="dianti"
    )
    model.ir_version = 9
    helper.set_model_props(model, {"features": json.dumps(features), "format": "dianti.trees/1"})
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))


def _add_tree(root: dict[str, Any], tree: int, output: int, share: int, a: dict[str, list[Any]], t: dict[str, list[Any]]) -> None:
    """Appends one LightGBM tree, nodes numbered in preorder."""
    counter = 0

    def number(node: dict[str, Any]) -> int:
        nonlocal counter
        me = counter
        counter += 1
        leaf = "leaf_value" in node
        for key, value in (
            ("treeids", tree),
            ("nodeids", me),
            ("featureids", 0 if leaf else node["split_feature"]),
            ("values", 0.0 if leaf else _round_down(node["threshold"])),
            ("modes", "LEAF" if leaf else "BRANCH_LEQ"),
            ("truenodeids", 0),
            ("falsenodeids", 0),
            ("missing", int(not leaf and bool(node["default_left"]))),
        ):
            a[key].append(value)
        where = len(a["treeids"]) - 1
        if leaf:
            for key, value in (("treeids", tree), ("nodeids", me), ("ids", output), ("weights", node["leaf_value"] / share)):
                t[key].append(value)
        else:
            assert node["decision_type"] == "<=", "only numeric splits are exported"
            a["truenodeids"][where] = number(node["left_child"])
            a["falsenodeids"][where] = number(node["right_child"])
        return me

    number(root)


def _round_down(threshold: float) -> float:
    largest = float(np.finfo(np.float32).max)
    threshold = min(max(threshold, -largest), largest)
    low = np.float32(threshold)
    return float(low if float(low) <= threshold else np.nextafter(low, np.float32(-np.inf)))
