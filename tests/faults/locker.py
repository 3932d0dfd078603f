"""Keeps a SQLite file locked until it is told to stop: `python -m tests.faults.locker FILE`.

A program of its own, because SQLite's locks are the process's: a second library in our process would not see them.
"""

import sqlite3
import sys

if __name__ == "__main__":
    shell = sqlite3.connect(sys.argv[1], isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")
    sys.stdout.write('["locked"]\n')
    sys.stdout.flush()
    sys.stdin.readline()
    shell.execute("ROLLBACK")
