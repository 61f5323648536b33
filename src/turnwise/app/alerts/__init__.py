"""Alerts: rules are checked, and what they say is delivered."""
