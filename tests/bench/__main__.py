"""`make bench`: every figure of this folder, one line each."""

import sys

from tests.figures import main

sys.exit(main("tests.bench"))
