"""What the system tells of a process by its number."""

from pathlib import Path


def about(pid: int, what: str) -> str:
    """The text of that file in /proc; nothing of a process that is gone."""
    try:
        return Path(f"/proc/{pid}/{what}").read_text()
    except OSError:
        return ""


def is_running(pid: int) -> bool:
    """Whether that process exists and has not ended."""
    told = about(pid, "stat")
    return told != "" and ") Z " not in told
