"""People: the command line, the web pages, settings and background jobs."""
