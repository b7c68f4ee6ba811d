"""Background work: queued, run in processes of its own."""
