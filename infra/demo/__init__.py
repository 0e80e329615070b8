"""The demo's content: invented companies, people and calls, and the synthesiser that speaks the calls."""
