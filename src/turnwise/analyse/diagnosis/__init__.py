"""Why a session was bad: issues from its figures, the agent's own history and fixed targets."""

from turnwise.analyse.diagnosis.analyser import ANALYSER, Findings, diagnose
from turnwise.analyse.diagnosis.baselines import MOST_TURNS, Baselines, History
from turnwise.analyse.diagnosis.figures import agent_version
from turnwise.analyse.diagnosis.thresholds import PRESETS, Thresholds, thresholds_of

__all__ = [
    "ANALYSER",
    "MOST_TURNS",
    "PRESETS",
    "Baselines",
    "Findings",
    "History",
    "Thresholds",
    "agent_version",
    "diagnose",
    "thresholds_of",
]
