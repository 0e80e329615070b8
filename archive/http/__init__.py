"""The archive over HTTP: the JSON API and the pages."""
