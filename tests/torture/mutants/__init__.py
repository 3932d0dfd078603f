"""Builds of the server that are broken on purpose: a harness that does not notice one of them proves nothing."""
