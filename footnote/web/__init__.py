"""The pages in the browser. `app.py` is the frame; each page is one file, read top to bottom.

Text of documents is never trusted here: it reaches the browser as text nodes (the components
in `assets/`), as cells, or through `words.plain`, never as HTML or Markdown.
"""
