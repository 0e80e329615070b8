"""`python -m workers`: what `call-archive work` and `call-archive up` start."""

import os
import sys

from redis.exceptions import RedisError

from archive import logs
from archive.errors import ArchiveError
from archive.settings import load
from workers.main import run

logs.set_up()
try:
    run(load(os.environ))
except ArchiveError as error:
    sys.exit(f"worker: {error.detail}")
except (RedisError, OSError) as error:
    # arq lives on Redis alone: whoever keeps this process running starts it again until Redis is back.
    sys.exit(f"worker: Redis can't be reached ({error}). Check redis, and that it runs.")
