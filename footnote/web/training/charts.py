"""Charts of a training, as Vega-Lite: how it learns, and what was gained with what certainty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from training.evaluation.proof import Proof

POINTS = 120  # of a curve; more than a chart this wide can show
CURVES = (
    ("loss", "Loss", "How far the model is from right; it should fall."),
    ("accuracy", "Right at once", "Share of questions whose own passage came first in its batch."),
    (
        "development",
        "On other documents",
        "Mean reciprocal rank on documents that are not trained on. Its best moment is kept,"
        " where that is better than the start for certain.",
    ),
)
# The ways of searching that an embedder has a part in.
SIDES = (("dense", "By meaning"), ("fused", "By meaning and words"))


def curves(rows: Sequence[dict[str, Any]]) -> None:
    """Draw loss, accuracy and the development score over the steps so far."""
    if not rows:
        return
    values = decimated(rows)
    for column, (name, title, what) in zip(st.columns(3), CURVES, strict=True):
        with column:
            st.markdown(f"**{title}** {rows[-1][name] or 0:.3f}", help=what)
            st.vega_lite_chart(values, _curve(name, rows[-1]["steps"]), alt=what)


def decimated(rows: Sequence[dict[str, Any]], most: int = POINTS) -> list[dict[str, float]]:
    """At most `most` points: the means of stretches of steps, the last development score."""
    size = -(-len(rows) // most)
    points = []
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        points.append(
            {
                "step": some[-1]["step"],
                "loss": sum(row["loss"] for row in some) / len(some),
                "accuracy": sum(row["accuracy"] for row in some) / len(some),
                "development": some[-1]["development"],
            }
        )
    return points


def gains(proof: Proof) -> None:
    """Draw the gain of either way of searching with its interval, beside no gain at all."""
    rows = [
        {
            "way": title,
            "gain": 100 * gain.mean,
            "low": 100 * gain.low,
            "high": 100 * gain.high,
            "sure": "for certain" if gain.low > 0 else "not for certain",
        }
        for side, title in SIDES
        for gain in (getattr(proof, f"{side}_gain"),)
    ]
    st.vega_lite_chart(rows, _GAINS, alt="The gain of each way of searching with its interval")


def _curve(name: str, steps: int) -> dict[str, Any]:
    return {
        "height": 150,
        "mark": {"type": "line", "interpolate": "monotone", "point": {"size": 12}},
        "encoding": {
            "x": {
                "field": "step",
                "type": "quantitative",
                "title": "step",
                "scale": {"domain": [0, steps]},
                "axis": {"grid": False, "tickCount": 4},
            },
            "y": {
                "field": name,
                "type": "quantitative",
                "title": None,
                "scale": {"zero": False},
                "axis": {"tickCount": 4, "format": ".3~f"},
            },
            "color": {"value": "#2f828c"},
        },
    }


_WAY = {"field": "way", "type": "nominal", "title": None, "sort": None, "axis": {"labelLimit": 200}}
_GAINS = {
    "height": {"step": 34},
    "layer": [
        {
            "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.55, "color": "#2f828c"},
            "encoding": {
                "y": _WAY,
                "x": {
                    "field": "low",
                    "type": "quantitative",
                    "title": "gain in points, 95 % interval",
                    "axis": {"tickCount": 6},
                },
                "x2": {"field": "high"},
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 110, "color": "#2f828c"},
            "encoding": {
                "y": _WAY,
                "x": {"field": "gain", "type": "quantitative"},
                "tooltip": [
                    {"field": "gain", "format": "+.1f"},
                    {"field": "low", "format": "+.1f"},
                    {"field": "high", "format": "+.1f"},
                    {"field": "sure"},
                ],
            },
        },
        {
            "data": {"values": [{"none": 0}]},
            "mark": {"type": "rule", "strokeDash": [4, 4], "opacity": 0.6},
            "encoding": {"x": {"field": "none", "type": "quantitative"}},
        },
    ],
}
