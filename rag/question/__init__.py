"""What a question asks, and what it is short for in a conversation."""
