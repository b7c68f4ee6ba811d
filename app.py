"""The web front door, `streamlit run app.py`: a frame; the pages hold the rest.

Imported, it is the server with its guard; Streamlit then runs it as a script for each reader.
"""

from streamlit.starlette import App

from footnote.web import frame

if __name__ == "__main__":
    frame.show()
else:
    from footnote.api.routes import routes
    from footnote.web.server import guard, origin, session, shared_home

    origin.look_nothing_up()
    app = App(
        __file__,
        routes=[*guard.ROUTES, *routes(pages=True)],
        middleware=guard.MIDDLEWARE,
        exception_handlers=guard.EXCEPTION_HANDLERS,
        on_script_error=session.shown,
        lifespan=shared_home.lifespan,
    )
