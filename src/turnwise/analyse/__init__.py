"""Explain: pure functions from a session's facts to everything derived from them."""
