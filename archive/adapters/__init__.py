"""One file or folder for each thing outside the archive."""
