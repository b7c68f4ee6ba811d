"""The Model Context Protocol: Footnote as a source that language models ask by themselves."""
