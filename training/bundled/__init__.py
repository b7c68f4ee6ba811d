"""How the shipped weights and constants are made. Not part of the wheel."""
