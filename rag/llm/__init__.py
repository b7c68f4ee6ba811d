"""Answers by a language model: the endpoint, its stream, the prompt, the reply."""
