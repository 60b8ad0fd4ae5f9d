"""`python -m csctl`."""

from csctl.cli.main import main

main()
