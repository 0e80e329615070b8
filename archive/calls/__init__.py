"""The story of a call: upload, normalise, transcribe, index, search, listen."""
