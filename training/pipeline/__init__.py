"""The loop, in stages that a repeat goes on from: material, learning, proof, promotion."""

from training.pipeline.material import (
    DEVELOPMENT,
    DEVELOPMENT_POOL,
    PROVED_BY,
    WEAK,
    WEAK_OF_QUERIES,
    WRITTEN_TO,
    Workshop,
)
from training.pipeline.run import TrainingResult, TrainingRun
from training.pipeline.watch import STAGES, Stage, TrainingProgress, Watch

__all__ = [
    "DEVELOPMENT",
    "DEVELOPMENT_POOL",
    "PROVED_BY",
    "STAGES",
    "WEAK",
    "WEAK_OF_QUERIES",
    "WRITTEN_TO",
    "Stage",
    "TrainingProgress",
    "TrainingResult",
    "TrainingRun",
    "Watch",
    "Workshop",
]
