"""Where a command works: the settings, one realm, and what an operator may do in it. Everything is opened late."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evergrant.app.office import Office
    from evergrant.app.settings import Settings


class Desk:
    """One command's place of work. `realm` is a name; `as_json` says whether a program reads the answer."""

    def __init__(self, *, realm: str, as_json: bool) -> None:
        self.realm = realm
        self.as_json = as_json
        self._office: Office | None = None

    @cached_property
    def settings(self) -> Settings:
        """Raises SettingsError. In development mode the server that ran here last knows the port, and so the issuer."""
        from evergrant.app.demo_file import read_demo_file
        from evergrant.app.settings import load_settings

        settings = load_settings()
        demo = read_demo_file(settings.data_dir) if settings.development and settings.issuer_is_assumed else None
        return settings if demo is None else replace(settings, issuer=demo.issuer)

    async def office(self) -> Office:
        """The operators' engine on the store itself; beside it a server may run."""
        if self._office is None:
            from evergrant.app.wiring import open_office

            self._office = await open_office(self.settings, self.realm)
        return self._office

    async def close(self) -> None:
        """Close what was opened."""
        if self._office is not None:
            await self._office.close()
