"""A door of PostgreSQL that lets in as many connections as it is told to."""

import psycopg


class Turnstile:
    """A role of PostgreSQL that owns one database, and lets in as many as it is told to."""

    def __init__(self, url: str, role: str) -> None:
        self.role = role
        self._url = url.replace("+psycopg", "")
        self._database = url.rpartition("/")[2]

    @property
    def url(self) -> str:
        """The database's, for that role."""
        return self._url.replace("postgresql:", "postgresql+psycopg:").replace("//evergrant@", f"//{self.role}@")

    def build(self) -> None:
        self._do(f"CREATE ROLE {self.role} LOGIN", f"ALTER DATABASE {self._database} OWNER TO {self.role}")

    def let_in(self, count: int) -> None:
        """No more than so many; all that are in have to come in again."""
        self._do(f"ALTER ROLE {self.role} CONNECTION LIMIT {count}", self._put_out)

    def open(self) -> None:
        """As many as like to come."""
        self._do(f"ALTER ROLE {self.role} CONNECTION LIMIT -1")

    def write_nothing(self) -> None:
        """Whoever comes in from now on may only read; all that are in have to come in again."""
        self._do(f"ALTER DATABASE {self._database} SET default_transaction_read_only = on", self._put_out)

    def write_again(self) -> None:
        """As before."""
        # This very connection is read-only otherwise.
        self._do(
            "SET default_transaction_read_only = off",
            f"ALTER DATABASE {self._database} RESET default_transaction_read_only",
            self._put_out,
        )

    @property
    def _put_out(self) -> str:
        return f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{self.role}'"

    def _do(self, *statements: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())
