"""How Evergrant behaves with ten thousand, a million and ten million live grants. See README.md."""
