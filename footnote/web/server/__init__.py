"""Before Streamlit: the guard, signing in, sessions."""
