"""Why a session was bad: issues from its figures, the agent's own history and fixed targets."""

from turnwise.analyse.diagnosis.analyser import diagnose
from turnwise.analyse.diagnosis.baselines import Baselines
from turnwise.analyse.diagnosis.samples import samples_of
from turnwise.analyse.diagnosis.thresholds import PRESETS, Thresholds, thresholds_of

__all__ = ["PRESETS", "Baselines", "Thresholds", "diagnose", "samples_of", "thresholds_of"]
