"""Meaning: raw spans become observations. Pure; one table per vocabulary in `dialects`."""
