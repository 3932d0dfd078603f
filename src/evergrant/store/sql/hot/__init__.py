"""The statements of a refresh, by hand: one file a database, and nothing of SQLAlchemy's between them and the driver.

SQLAlchemy lends the connections and everything else goes through it; its execution of one statement costs as much as an
ES256 signature, and a refresh has two of them.
"""
