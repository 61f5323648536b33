"""In: one module per wire format, from bytes to a Batch. No vocabulary, no storage."""
