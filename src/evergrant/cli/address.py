"""Tells a person where to sign in."""

from __future__ import annotations

import webbrowser

from evergrant.cli.answers import console


def print_address(url: str) -> None:
    """On standard error: standard output is the command's answer."""
    console(stderr=True).print(f"Sign in here:\n{url}", markup=False, highlight=False, soft_wrap=True)


def open_address(url: str) -> None:
    """Printed as well: not every machine has a browser to open."""
    print_address(url)
    webbrowser.open(url)
