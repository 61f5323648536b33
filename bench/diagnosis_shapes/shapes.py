"""From a call to what is sent of it."""

from bench.diagnosis_shapes.generic import generic_call
from bench.diagnosis_shapes.livekit import livekit_call
from bench.diagnosis_shapes.native import native_call
from bench.diagnosis_shapes.pipecat import pipecat_call
from bench.diagnosis_shapes.telling import Told
from bench.diagnosis_world.agents import Shape
from bench.diagnosis_world.call import Call

_TELLERS = {
    Shape.LIVEKIT: livekit_call,
    Shape.LIVEKIT_OLD: livekit_call,
    Shape.PIPECAT: pipecat_call,
    Shape.GENAI: generic_call,
    Shape.LANGFUSE: generic_call,
    Shape.NATIVE: native_call,
}


def tell(call: Call) -> Told:
    """The call in the words of its agent's framework."""
    return _TELLERS[call.agent.shape](call)
