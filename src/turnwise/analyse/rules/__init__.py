"""Causes: what is wrong with a session, found by fixed limits."""
