"""The pages of docs/reference, each written from the code it describes; see tools/reference.py."""
