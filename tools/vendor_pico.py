"""Fetch the vendored style sheet again and write it, its licence and its SHA-256 where the pages serve it from.

Run it only to move to another version of Pico; what is checked in is what is shipped, and a test compares the
hash. It needs ``npm`` on the PATH. Exit code 0 when the folder is as the package says, 1 when ``--check`` finds a
difference.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "@picocss/pico@2.1.1"
VENDOR = Path(__file__).resolve().parent.parent / "src/evergrant/server/pages/static/vendor"
WANTED = {
    "package/css/pico.classless.min.css": "pico.classless.min.css",
    "package/LICENSE.md": "pico.LICENSE.md",
}


def fetch() -> dict[str, bytes]:
    """The wanted files of the package, by the name they have here."""
    with tempfile.TemporaryDirectory() as folder:
        packed = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True)
        archive = Path(folder) / packed.stdout.decode().strip().splitlines()[-1]
        with tarfile.open(archive) as tar:
            return {name: _member(tar, path) for path, name in WANTED.items()}


def _member(tar: tarfile.TarFile, path: str) -> bytes:
    file = tar.extractfile(path)
    if file is None:
        raise SystemExit(f"{PACKAGE} has no file {path}")
    return file.read()


def with_sums(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files and, beside them, ``SHA256SUMS`` in the form that ``sha256sum --check`` reads."""
    lines = (f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    return {**files, "SHA256SUMS": "".join(lines).encode()}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing, only say whether the folder is as it must be"
    )
    checking = parser.parse_args().check
    different = [
        (name, data)
        for name, data in with_sums(fetch()).items()
        if not (VENDOR / name).is_file() or (VENDOR / name).read_bytes() != data
    ]
    for name, data in different:
        print(f"{'differs' if checking else 'written'}: {name}")
        if not checking:
            VENDOR.mkdir(parents=True, exist_ok=True)
            (VENDOR / name).write_bytes(data)
    return 1 if checking and different else 0


if __name__ == "__main__":
    sys.exit(main())
