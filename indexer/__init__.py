"""Files → pages → passages → rows and vectors → hits."""
