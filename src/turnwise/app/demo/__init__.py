"""Demo data: sessions of made-up agents, sent as real programs would send them."""
