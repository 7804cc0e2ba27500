"""The evaluation trees of the city: comprehensive evaluation of organisations and districts, special as branches."""

from __future__ import annotations

from collections.abc import Iterator

from departments.vocabulary.places import SINCE, Row

CHANGED = ("2025-12-31", "2026-01-01")  # last day of the first version, first day of the second

# Leaf: weight, metric, floor, target.
HANDLING = {
    "处置率|Handling rate": (0.2, "grid.handling", 0.6, 1.0),
    "按期处置率|Timely handling rate": (0.4, "grid.timely", 0.6, 1.0),
    "返工率|Rework rate": (0.2, "grid.rework", 0.2, 0.0),
    "按期结案率|Timely closing rate": (0.2, "grid.timely_closing", 0.6, 1.0),
}
RESPONSE = {
    "响应率|Response rate": (0.2, "hotline.response", 0.6, 1.0),
    "解决率|Resolution rate": (0.4, "hotline.resolution", 0.5, 1.0),
    "满意率|Satisfaction rate": (0.4, "hotline.satisfaction", 0.5, 1.0),
}
FINDING = {
    "立案率|Filing rate": (0.5, "grid.filing", 0.7, 1.0),
    "主动发现率|Rate found by the city": (0.5, "grid.proactive", 0.4, 0.9),
}
LASTING = {
    "网格重复率|Repeat rate of cases": (0.5, "grid.repeat", 0.2, 0.0),
    "热线重复率|Repeat rate of requests": (0.5, "hotline.repeat", 0.3, 0.0),
}
TREES = {
    "organisation": ("O", "部门综合评价|Evaluation of organisations", {
        "网格处置|Grid": (HANDLING, (0.6, 0.5)), "接诉即办|Hotline": (RESPONSE, (0.4, 0.5)),
    }),
    "district": ("D", "区域综合评价|Evaluation of districts", {
        "问题发现|Finding": (FINDING, (0.3, 0.2)), "问题处置|Handling": (HANDLING, (0.5, 0.5)),
        "长效治理|Lasting effect": (LASTING, (0.2, 0.3)),
    }),
}  # fmt: skip


def node_rows() -> Iterator[Row]:
    """Rows of evaluation_node.csv; the second version weighs the branches anew."""
    for version, (since, until) in enumerate(((SINCE, CHANGED[0]), (CHANGED[1], None)), start=1):
        for dimension, (root, title, branches) in TREES.items():
            tree = (dimension, version, dimension)
            yield *tree, root, None, *title.split("|"), 1, None, None, None, since, until
            for number, (name, (leaves, weights)) in enumerate(branches.items(), start=1):
                branch = f"{root}{number}"
                yield *tree, branch, root, *name.split("|"), weights[version - 1], None, None, None, since, until
                for place, (leaf, (weight, metric, floor, target)) in enumerate(leaves.items(), start=1):
                    code = f"{branch}{place}"
                    yield *tree, code, branch, *leaf.split("|"), weight, metric, floor, target, since, until
