"""Compose: settings, flow, worker, server and command line. The only part that knows all others."""
