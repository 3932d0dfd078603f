"""Where the processes of one server count: theirs alone, removed at the end or, after a kill, by the next start."""

from pathlib import Path

import pytest

from evergrant.cli.failures import Failure
from evergrant.cli.serving.shared_metrics import metrics_folder


def test_two_servers_on_one_data_folder_leave_each_other_alone(tmp_path: Path) -> None:
    with metrics_folder(tmp_path) as one, metrics_folder(tmp_path) as other:
        assert one.is_dir()
        assert other.is_dir()

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_server_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "metrics-left"
    left.mkdir()
    (left / "counter_1.db").touch()

    with metrics_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_the_data_folder_is_made_when_it_is_missing(tmp_path: Path) -> None:
    with metrics_folder(tmp_path / "data") as folder:
        assert folder.parent == tmp_path / "data"


def test_a_data_folder_that_cannot_be_written_is_a_clear_line(tmp_path: Path) -> None:
    (tmp_path / "data").touch()

    with pytest.raises(Failure, match="cannot be written to") as refused, metrics_folder(tmp_path / "data"):
        pass
    assert "--workers 1" in str(refused.value.troubles[0].remedy)
