"""The web front door, `streamlit run app.py`: a frame; the pages hold the rest."""

import streamlit as st

from footnote.web import ask, frame, library, training

frame.dress()
page = st.navigation(
    [
        st.Page(ask.show, title="Ask", icon=":material/forum:", url_path="ask", default=True),
        st.Page(library.show, title="Library", icon=":material/library_books:", url_path="library"),
        st.Page(
            training.show, title="Training", icon=":material/model_training:", url_path="training"
        ),
    ],
    position="top",
)
page.run()
