"""`python -m tests.torture.mutants NAME serve --port 9000`: that mutant, to be looked at by hand.

`python -m tests.torture --only mutants` hunts them all. A mutant is one process: the workers that a server starts
beside it would be whole.
"""

import os
import sys

from tests.torture.mutants.nursery import serve

if __name__ == "__main__":
    os.environ["EVERGRANT_LISTEN__WORKERS"] = "1"
    serve(sys.argv[1], sys.argv[2:])
