"""What stands around the archive: its set-up, and how to run it on servers."""
