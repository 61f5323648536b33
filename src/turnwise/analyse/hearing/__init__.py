"""What can be measured in a recording of two channels: pure, from samples to `AudioReport`."""

from turnwise.analyse.hearing.hear import VERSION, Sound, hear

__all__ = ["VERSION", "Sound", "hear"]
