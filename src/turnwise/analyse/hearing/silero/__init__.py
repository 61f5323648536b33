"""The weights of Silero VAD; see ORIGIN.md."""
