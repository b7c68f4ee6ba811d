"""Training as people request it: estimated, ordered, looked through."""
