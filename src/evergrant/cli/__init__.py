"""The command line. This module imports nothing, so that help is there at once."""


def main() -> None:
    """Run the command in `sys.argv` and end the process with its exit code."""
    from evergrant.cli.root import run

    raise SystemExit(run())
