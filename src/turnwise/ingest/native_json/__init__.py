"""Native JSON: sessions, turns, tools and interruptions under the caller's own ids."""
