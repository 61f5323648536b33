"""LangSmith runs: single, in batches, and as multipart with attachments and feedback."""
