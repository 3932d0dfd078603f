"""Runs the server as processes of this machine: sockets, signals, workers, and what the first start says."""
