"""The loop, in stages that a repeat goes on from: material, learning, proof, promotion."""

from training.pipeline.material import (
    DEVELOPMENT,
    DEVELOPMENT_POOL,
    WEAK,
    WEAK_OF_QUERIES,
    Workshop,
)
from training.pipeline.run import TrainingResult, TrainingRun
from training.pipeline.watch import STAGES, Stage, TrainingProgress, Watch

__all__ = [
    "DEVELOPMENT",
    "DEVELOPMENT_POOL",
    "STAGES",
    "WEAK",
    "WEAK_OF_QUERIES",
    "Stage",
    "TrainingProgress",
    "TrainingResult",
    "TrainingRun",
    "Watch",
    "Workshop",
]
