"""Our own small inputs, by reader: where a fuzzer begins, and what every run of the tests tries again."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

FOLDER: Final = Path(__file__).with_name("corpus")
_LONGEST: Final = 4_096


def inputs(name: str) -> list[bytes]:
    """Those of one reader, in the order of their names."""
    return [path.read_bytes() for path in sorted((FOLDER / name).iterdir())]


def mutated(name: str, count: int, seed: int) -> Iterator[bytes]:
    """So many more, each two or three of them mixed and spoiled."""
    chance, seeds = Random(f"{name} {seed}"), inputs(name)
    everything = b"".join(seeds) or b"\0"
    for _ in range(count):
        made = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 3, 8))):
            at = chance.randrange(len(made) + 1)
            match chance.randrange(6):
                case 0:
                    made[at:at] = bytes([chance.randrange(256)])
                case 1:
                    del made[at : at + chance.choice((1, 1, 2, 8, 64))]
                case 2 if made:
                    made[at - 1] ^= 1 << chance.randrange(8)
                case 3:
                    other = chance.choice(seeds)
                    made[at:] = other[chance.randrange(len(other) + 1) :]
                case 4:
                    begin = chance.randrange(len(everything))
                    made[at:at] = everything[begin : begin + chance.randrange(1, 12)]
                case _:
                    made[at:at] = made[at : at + chance.choice((1, 4, 16))] * chance.choice((2, 20, 200))
        yield bytes(made[:_LONGEST])
