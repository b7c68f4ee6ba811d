"""`python -m footnote`: the command line where its script is not on the path."""

from footnote.cli.main import main

main(prog_name="footnote")
