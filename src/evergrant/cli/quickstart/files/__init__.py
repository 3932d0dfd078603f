"""The programs as they are printed. They are the examples of the repository, too."""
