"""Figures of csctl as pip installs it: pip compiles what it brings.

Where PYTHONDONTWRITEBYTECODE is set, every run would compile all of it anew.
"""

import compileall
from pathlib import Path

import csctl

compileall.compile_dir(Path(csctl.__file__).parent, quiet=1)
