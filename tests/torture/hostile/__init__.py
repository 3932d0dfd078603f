"""Input that no honest client sends, to a real server; and what must be true of every answer."""
