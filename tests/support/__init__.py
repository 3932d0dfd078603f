"""Real parts for the tests: a database server, a browser, a server process. No mocks."""
