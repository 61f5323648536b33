"""One table per vocabulary; a dialect imports no other."""
