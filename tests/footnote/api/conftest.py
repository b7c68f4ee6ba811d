"""The fixtures of programs."""

from tests.asked import asked_home, home

__all__ = ["asked_home", "home"]
