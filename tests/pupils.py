"""A student of the tiny embedder, what it learns from, and a recipe of seconds."""

import random

import torch

from training.data.examples import Example
from training.fit.config import Recipe
from training.fit.student import Student

CPU = torch.device("cpu")
RECIPE = Recipe(
    steps=6, batch=4, learning_rate=1e-2, warmup=1, rank=4, alpha=8, evaluate_every=2, patience=9
)


def examples(count: int = 24, source: str = "made") -> list[Example]:
    """Questions whose answers share no word with them, so that there is something to learn."""
    draw = random.Random(0)
    animals = ["heron", "badger", "otter", "lynx", "newt", "stoat"]
    colours = ["vermilion", "teal", "ochre", "mauve", "umber", "azure"]
    made = []
    for number in range(count):
        place = number % 6
        noise = " ".join(
            draw.sample(["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"], 3)
        )
        wrong = f"{colours[(place + 1) % 6]} {number} {noise}"
        made.append(
            Example(
                query=f"which shade has the {animals[place]} {number} {source}",
                positive=f"{colours[place]} {number} {noise}",
                negatives=(wrong,),
                source=source,
                document=str(number),
            )
        )
    return made


def student(embedder, recipe=RECIPE) -> Student:
    return Student(embedder, recipe, CPU)
