"""Write test cases for nn/ from ONNX's own node tests: onnx_nodes.py FOLDER

Each case is a folder with model.onnx, input_K.pb and output_K.pb. The answers come from the onnx package,
which computes them with numpy; nothing of ours takes part. Cases of data types, ranks or modes that the
program refuses on purpose are left out by name, with the reason.
"""

import importlib
import os
import sys

import numpy as np

for name, kind in (("float", float), ("int", int), ("bool", bool), ("object", object)):
    if name not in np.__dict__:  # onnx 1.12 uses names that numpy 1.24 has dropped
        setattr(np, name, kind)

import onnx.backend.test.case.node as node  # noqa: E402
from onnx import numpy_helper  # noqa: E402

MODULES = (
    "add argmax averagepool batchnorm cast ceil clip concat constant constantofshape conv div dropout equal erf "
    "exp expand flatten floor gather gemm globalaveragepool globalmaxpool hardsigmoid hardswish identity leakyrelu "
    "log logsoftmax matmul max maxpool min mul neg pad pow rangeop reciprocal reducemean reduceprod relu reshape "
    "shape sigmoid size slice softmax split sqrt squeeze sub sum tanh transpose unsqueeze where"
).split()
OPERATORS = {
    "Add", "ArgMax", "AveragePool", "BatchNormalization", "Cast", "Ceil", "Clip", "Concat", "Constant",
    "ConstantOfShape", "Conv", "Div", "Dropout", "Equal", "Erf", "Exp", "Expand", "Flatten", "Floor", "Gather",
    "Gemm", "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Log",
    "LogSoftmax", "MatMul", "Max", "MaxPool", "Min", "Mul", "Neg", "Pad", "Pow", "Range", "Reciprocal",
    "ReduceMean", "ReduceProd", "Relu", "Reshape", "Shape", "Sigmoid", "Size", "Slice", "Softmax", "Split", "Sqrt",
    "Squeeze", "Sub", "Sum", "Tanh", "Transpose", "Unsqueeze", "Where",
}
LEFT_OUT = {
    "3d": "three spatial dimensions",
    "_train": "training mode",
    "training": "training mode",
    "_mask": "a second output",
    "with_argmax": "a second output",
    "sequence": "sequences",
    "identity_opt": "optional values",
    "expanded": "functions of other operators",
    "_edge_pad": "pads with the border",
    "_reflect_pad": "pads with the border",
    "STRING": "text",
    "to_FLOAT16": "all floats are kept as float32",
    "maxpool_2d_uint8": "integers in a layer",
    "clip_default_int8": "integers in a function",
    "div_uint8": "integers wrap at 2^64",
    "sub_uint8": "integers wrap at 2^64",
    "matmulinteger": "integers in a layer",
}
TYPES = ("float32", "float64", "float16", "int64", "int32", "int8", "uint8", "bool")


def wanted(case):
    if any(part in case.name for part in LEFT_OUT):
        return False
    inputs, outputs = case.data_sets[0]
    return (
        all(n.op_type in OPERATORS for n in case.model.graph.node)
        and all(isinstance(a, np.ndarray) or np.isscalar(a) for a in list(inputs) + list(outputs))
        and all(np.asarray(a).dtype.name in TYPES for a in list(inputs) + list(outputs))
    )


def save(path, array):
    with open(path, "wb") as f:
        f.write(numpy_helper.from_array(np.asarray(array)).SerializeToString())


def main(folder):
    for module in MODULES:
        importlib.import_module("onnx.backend.test.case.node." + module)
    count, operators = 0, set()
    for case in node._NodeTestCases:
        if case.model is None or not wanted(case):
            continue
        # The program reads operator set 7 and later; GlobalAveragePool is what it was in set 1.
        case.model.opset_import[0].version = max(7, case.model.opset_import[0].version)
        where = os.path.join(folder, case.name)
        os.makedirs(where, exist_ok=True)
        with open(os.path.join(where, "model.onnx"), "wb") as f:
            f.write(case.model.SerializeToString())
        inputs, outputs = case.data_sets[0]
        for k, array in enumerate(inputs):
            save(os.path.join(where, "input_%d.pb" % k), array)
        for k, array in enumerate(outputs):
            save(os.path.join(where, "output_%d.pb" % k), array)
        count += 1
        operators |= {n.op_type for n in case.model.graph.node}
    missing = OPERATORS - operators
    if missing:
        sys.exit("onnx_nodes.py: no case for " + ", ".join(sorted(missing)))
    print("%d cases, %d operators" % (count, len(operators)))


main(sys.argv[1])
