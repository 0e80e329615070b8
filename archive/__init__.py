"""Call Archive: recorded calls, found by what was said, heard by those who may, with a record of every listen."""
