"""Where sessions are kept: what every such place promises, and the places there are."""
