"""onnx_runtime.py FOLDER - runs what onnx_models.lua exported; prints "NAME passed" for each

onnx.checker looks at every model in full (with shape inference); onnxruntime runs it on both
batches, and what comes out must be what the engine computed, to 1e-5 (of 1, or of larger values).
"""

import glob
import os
import sys

import numpy
import onnx
import onnxruntime

DTYPES = {"tensor(float)": numpy.float32, "tensor(uint8)": numpy.uint8,
          "tensor(int64)": numpy.int64}


def difference(path):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (tensor,) = session.get_inputs()
    worst = 0.0
    for rows in (1, 5):
        stem = f"{path[:-5]}.{rows}"
        shape = [rows if size == "N" else size for size in tensor.shape]
        x = numpy.fromfile(stem + ".input", DTYPES[tensor.type]).reshape(shape)
        expected = numpy.fromfile(stem + ".output", numpy.float32)
        (y,) = session.run(None, {tensor.name: x})
        assert y.dtype == numpy.float32 and y.size == expected.size > 0, (y.shape, expected.size)
        error = numpy.abs(y.ravel() - expected) / numpy.maximum(1, numpy.abs(expected))
        worst = max(worst, float(error.max()))
    return worst


for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.onnx"))):
    name = os.path.basename(path)[:-5]
    try:
        worst = difference(path)
        print(f"{name} passed" if worst <= 1e-5 else f"{name} failed: differs by {worst:g}")
    except Exception as error:  # whatever is wrong with one model, the others are run, too
        print(f"{name} failed: {type(error).__name__}: {error}")
