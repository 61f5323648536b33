"""Where HTTP meets the model: bodies, credentials, errors. Knows no storage and no surface."""
