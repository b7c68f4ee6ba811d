"""The pages in the browser. `app.py` is the frame; each page is one file, read top to bottom.

Text of documents is never trusted here: it reaches the browser as text nodes (the components
in `assets/`), as cells, or through `words.plain`, never as HTML or Markdown.
"""

import logging

# Pages are imported before Streamlit runs, so each cache of theirs would tell the terminal that
# there is no runtime yet. It is made anew, without a word, when there is one.
logging.getLogger("streamlit.runtime.caching.cache_data_api").addFilter(
    lambda record: not record.getMessage().startswith("No runtime found")
)
