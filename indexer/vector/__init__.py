"""Dense search: vectors → FAISS files and exact tails → nearest passages."""
