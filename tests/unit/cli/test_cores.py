"""How many cores we may use is what the system grants, not what the machine has."""

import os
from pathlib import Path

from evergrant.cli.serving.cores import cores

HERE = len(os.sched_getaffinity(0))


def limited(folder: Path, own: str, **quotas: str) -> int:
    """In the control group `own`; `quotas` are texts of cpu.max by group, `top` for the uppermost."""
    for name, quota in quotas.items():
        group = folder / "groups" / ("" if name == "top" else name.replace("_", "/"))
        group.mkdir(parents=True, exist_ok=True)
        (group / "cpu.max").write_text(quota)
    (folder / "own").write_text(f"1:cpu:/elsewhere\n0::{own}\n")
    return cores(folder / "groups", folder / "own")


def test_without_control_groups_it_is_our_affinity(tmp_path: Path) -> None:
    assert cores(tmp_path / "none", tmp_path / "none") == HERE


def test_a_container_with_one_core_gets_one_worker(tmp_path: Path) -> None:
    assert limited(tmp_path, "/", top="100000 100000") == 1


def test_a_part_of_a_core_is_one(tmp_path: Path) -> None:
    assert limited(tmp_path, "/", top="20000 100000") == 1


def test_a_limit_above_what_there_is_changes_nothing(tmp_path: Path) -> None:
    assert limited(tmp_path, "/system/service", system_service="9999900000 100000", top="max 100000") == HERE


def test_the_limit_of_a_group_above_ours_holds_for_us(tmp_path: Path) -> None:
    assert limited(tmp_path, "/system/service", system_service="max 100000", system="100000 100000") == 1


def test_what_cannot_be_read_is_no_limit(tmp_path: Path) -> None:
    assert limited(tmp_path, "/", top="nonsense") == HERE
