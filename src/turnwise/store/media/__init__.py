"""Recordings and attachments: a folder or S3, and what their bytes are."""
