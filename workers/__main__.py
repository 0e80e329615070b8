"""`python -m workers`: what `call-archive work` and `call-archive up` start."""

import logging
import os
import sys

from archive.errors import ArchiveError
from archive.settings import load
from workers.main import run

logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
try:
    run(load(os.environ))
except ArchiveError as error:
    sys.exit(f"worker: {error.detail}")
