"""How safe a commit is before anybody is told of it (design: "What a fail-over can and cannot do")."""

from typing import Literal

Durability = Literal["replicated", "local"]
"""What a commit waits for: every copy that the database is set up to wait for, or only the disk of the one it was sent
to. What is then lost with that one, a later request must be able to heal.
"""
