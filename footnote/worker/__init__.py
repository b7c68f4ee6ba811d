"""What a job does, in a process of its own."""
