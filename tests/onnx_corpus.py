"""Write the models of tests/corpus/onnx: onnx_corpus.py FOLDER

Small networks in the manner of what PyTorch's two exporters and older tools write, built with the onnx
package, with the answer computed by numpy in double. The numbers come from a formula, so that every run
gives the same bytes.
"""

import os
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def numbers(shape, seed):
    k = np.arange(int(np.prod(shape)), dtype=np.float64)
    return (0.7 * np.sin(1.3 * k + seed)).astype(np.float32).reshape(shape)


def conv(x, w, b, stride, pad):
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    k = w.shape[2]
    rows, cols = (x.shape[2] - k) // stride + 1, (x.shape[3] - k) // stride + 1
    y = np.zeros((x.shape[0], w.shape[0], rows, cols))
    for i in range(rows):
        for j in range(cols):
            part = x[:, :, i * stride:i * stride + k, j * stride:j * stride + k]
            y[:, :, i, j] = np.tensordot(part, w.astype(np.float64), ([1, 2, 3], [1, 2, 3])) + b
    return y


def pool(x, k):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // k, k, w // k, k).mean((3, 5))


def value(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def raw(name, array):
    return numpy_helper.from_array(array, name)


def listed(name, array):
    """The same constant with its numbers in float_data."""
    return helper.make_tensor(name, TensorProto.FLOAT, array.shape, array.flatten().tolist())


def scalar(name, number):
    return helper.make_node("Constant", [], [name], name="/" + name,
                            value=helper.make_tensor("value", TensorProto.FLOAT, [], [number]))


def save(folder, name, nodes, constants, x, y, opset, inputs=(), batch="batch_size", ir=8):
    graph = helper.make_graph(nodes, "main_graph", [value("input", [batch] + list(x.shape[1:]))] + list(inputs),
                              [value("output", [batch] + list(y.shape[1:]))], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="corpus")
    model.ir_version = ir
    where = os.path.join(folder, name)
    os.makedirs(where, exist_ok=True)
    for file, data in (("model.onnx", model.SerializeToString()),
                       ("input_0.pb", numpy_helper.from_array(x).SerializeToString()),
                       ("output_0.pb", numpy_helper.from_array(y.astype(np.float32)).SerializeToString())):
        with open(os.path.join(where, file), "wb") as f:
            f.write(data)


def traced(folder):
    """torch.onnx.export with tracing: x ** 2 as Pow with a Constant, Linear as Gemm with transB."""
    x, w, b = numbers((1, 1, 6, 6), 0), numbers((2, 1, 3, 3), 1), numbers((2,), 2)
    v, c = numbers((4, 18), 3), numbers((4,), 4)
    y = (conv(x, w, b, 2, 1) ** 2).reshape(1, -1) @ v.T.astype(np.float64) + c
    nodes = [
        helper.make_node("Conv", ["input", "conv.weight", "conv.bias"], ["/conv/Conv_output_0"],
                         name="/conv/Conv", dilations=[1, 1], group=1, kernel_shape=[3, 3], pads=[1, 1, 1, 1],
                         strides=[2, 2]),
        scalar("Constant_output_0", 2.0),
        helper.make_node("Pow", ["/conv/Conv_output_0", "Constant_output_0"], ["/Pow_output_0"], name="/Pow"),
        helper.make_node("Flatten", ["/Pow_output_0"], ["/Flatten_output_0"], name="/Flatten", axis=1),
        helper.make_node("Gemm", ["/Flatten_output_0", "fc.weight", "fc.bias"], ["output"], name="/fc/Gemm",
                         alpha=1.0, beta=1.0, transB=1),
    ]
    save(folder, "traced", nodes, [raw("conv.weight", w), raw("conv.bias", b), raw("fc.weight", v),
                                   raw("fc.bias", c)], x, y, 14)


def batch_norm(folder):
    """Batch norm that is kept, x * x as Mul, a pool, Reshape with a constant list of sizes."""
    x, w = numbers((1, 2, 6, 6), 5), numbers((3, 2, 3, 3), 6)
    g, b, m, s = numbers((3,), 7), numbers((3,), 8), numbers((3,), 9), np.abs(numbers((3,), 10)) + 0.5
    v = numbers((27, 5), 11)
    t = conv(x, w, 0, 1, 1)
    t = (t - m.reshape(1, 3, 1, 1)) / np.sqrt(s.reshape(1, 3, 1, 1).astype(np.float64) + 1e-5)
    t = t * g.reshape(1, 3, 1, 1) + b.reshape(1, 3, 1, 1)
    y = pool(t * t, 2).reshape(1, -1) @ v.astype(np.float64)
    nodes = [
        helper.make_node("Conv", ["input", "w"], ["c"], pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
        helper.make_node("BatchNormalization", ["c", "g", "b", "m", "s"], ["n"], epsilon=1e-5, momentum=0.9,
                         training_mode=0),
        helper.make_node("Mul", ["n", "n"], ["q"]),
        helper.make_node("AveragePool", ["q"], ["p"], kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 0, 0],
                         ceil_mode=0, count_include_pad=1),
        helper.make_node("Constant", [], ["sizes"], value=numpy_helper.from_array(np.array([-1, 27]))),
        helper.make_node("Reshape", ["p", "sizes"], ["f"], allowzero=0),
        helper.make_node("MatMul", ["f", "v"], ["output"]),
    ]
    save(folder, "batch_norm", nodes, [raw(n, a) for n, a in (("w", w), ("g", g), ("b", b), ("m", m), ("s", s),
                                                            ("v", v))], x, y, 17, batch=1)


def decomposed(folder):
    """The newer exporter at higher ranks: Transpose of a weight, MatMul, Add; a degree-4 polynomial."""
    x, w, b = numbers((1, 12), 12), numbers((6, 12), 13), numbers((6,), 14)
    v, c = numbers((3, 6), 15), numbers((3,), 16)
    t = x.astype(np.float64) @ w.T.astype(np.float64) + b
    t = 0.03347 + 0.5 * t + 0.19566 * t ** 2 - 0.005075 * t ** 4
    y = t @ v.T.astype(np.float64) + c
    nodes = [
        helper.make_node("Transpose", ["w"], ["t"], name="node_t", perm=[1, 0]),
        helper.make_node("MatMul", ["input", "t"], ["mm"], name="node_mm"),
        helper.make_node("Add", ["mm", "b"], ["linear"], name="node_linear"),
        helper.make_node("Mul", ["linear", "linear"], ["x2"], name="node_x2"),
        helper.make_node("Mul", ["x2", "x2"], ["x4"], name="node_x4"),
        scalar("c4", -0.005075), scalar("c2", 0.19566), scalar("c1", 0.5), scalar("c0", 0.03347),
        helper.make_node("Mul", ["x4", "c4"], ["t4"], name="node_t4"),
        helper.make_node("Mul", ["x2", "c2"], ["t2"], name="node_t2"),
        helper.make_node("Mul", ["linear", "c1"], ["t1"], name="node_t1"),
        helper.make_node("Add", ["t4", "t2"], ["s2"], name="node_s2"),
        helper.make_node("Add", ["s2", "t1"], ["s1"], name="node_s1"),
        helper.make_node("Add", ["s1", "c0"], ["act"], name="node_act"),
        helper.make_node("Identity", ["act"], ["same"], name="node_same"),
        helper.make_node("Transpose", ["v"], ["u"], name="node_u"),
        helper.make_node("MatMul", ["same", "u"], ["mm2"], name="node_mm2"),
        helper.make_node("Add", ["c", "mm2"], ["output"], name="node_out"),
    ]
    save(folder, "decomposed", nodes, [listed("w", w), listed("b", b), raw("v", v), raw("c", c)], x, y, 18, ir=9)


def older(folder):
    """A file of 2018: IR version 3, constants among the inputs, no names, Dropout, input normalisation."""
    x, w, b = numbers((1, 3, 4, 4), 17), numbers((4, 3, 2, 2), 18), numbers((4,), 19)
    mean, deviation = numbers((3, 1, 1), 20), np.abs(numbers((3, 1, 1), 21)) + 0.5
    t = conv((x - mean.astype(np.float64)) / deviation, w, b, 2, 0)
    y = (t ** 2).mean((2, 3))
    nodes = [
        helper.make_node("Sub", ["input", "mean"], ["a0"]),
        helper.make_node("Div", ["a0", "deviation"], ["a"]),
        helper.make_node("Conv", ["a", "w", "b"], ["c"], kernel_shape=[2, 2], strides=[2, 2], auto_pad="VALID"),
        helper.make_node("Mul", ["c", "c"], ["q"]),
        helper.make_node("Dropout", ["q"], ["d"], ratio=0.5),
        helper.make_node("GlobalAveragePool", ["d"], ["p"]),
        helper.make_node("Flatten", ["p"], ["output"]),
    ]
    constants = [("mean", mean), ("deviation", deviation), ("w", w), ("b", b)]
    save(folder, "older", nodes, [raw(n, a) for n, a in constants], x, y, 8,
         inputs=[value(n, a.shape) for n, a in constants], batch=1, ir=3)


for make in (traced, batch_norm, decomposed, older):
    make(sys.argv[1])
