"""The record of what was done: events and their exact bytes."""
