"""Take the 16 kHz weights of Silero VAD out of its ONNX model, as silero/weights.npz.

Run once per model version, in an environment of its own with `onnx` and `numpy`:

    pip download --no-deps silero-vad && unzip silero_vad-*.whl
    python tools/convert_silero.py silero_vad/data/silero_vad.onnx \
        src/turnwise/analyse/hearing/silero/weights.npz

The wheel's .safetensors hold other weights and must not be used.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy
import onnx
from onnx import numpy_helper

BRANCH = "If_0_then_branch__Inline_0__"
"""Of the model's two halves the one for 16 kHz."""
NAMES = {
    **{f"encoder.{n}.reparam_conv.{part}": f"encoder{n}_{part}" for n in range(4) for part in ("weight", "bias")},
    **{f"decoder.rnn.{part}": part for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")},
    "decoder.decoder.2.weight": "out_weight",
    "decoder.decoder.2.bias": "out_bias",
}  # fmt: skip


def constants(graph: onnx.GraphProto) -> Iterator[tuple[str, numpy.ndarray]]:
    """Every named constant, those of the inner graphs too."""
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                yield node.output[0], numpy_helper.to_array(attribute.t)
            elif attribute.type == onnx.AttributeProto.GRAPH:
                yield from constants(attribute.g)


def main(model: Path, target: Path) -> None:
    found = dict(constants(onnx.load(model).graph))
    arrays = {short: found[BRANCH + name].astype("float32") for name, short in NAMES.items()}
    numpy.savez_compressed(target, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
