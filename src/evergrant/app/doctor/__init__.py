"""What `evergrant doctor` looks at. Nothing here changes anything."""
