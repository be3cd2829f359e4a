"""Write the models of tests/exports: onnx_exports.py FOLDER

Small networks with every shape of graph that PyTorch's exporters make, with an input and PyTorch's own answer.

ts_... are exported by PyTorch itself, by the exporter that traces TorchScript (Debian's python3-torch 1.13 has no
other). ex_... have the form that the newer one writes (torch.export; the default from 2.9 on): operator set 18 and
later, IR version 10, nodes named node_..., values named after the ATen operators, sizes computed of Shape with start
and end, weights in NAME.onnx.data. They are built here with the onnx package, from the same PyTorch networks, so that
the answer is PyTorch's own again.

Each model has NAME.onnx (and NAME.onnx.data), NAME.input.pb and NAME.output.pb. Made again by

    python3 tests/onnx_exports.py tests/exports
"""

import os
import sys
import warnings

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, external_data_helper, helper, numpy_helper
from torch import nn

warnings.filterwarnings("ignore")
MODELS, GRAPHS = [], []


def model(name, shape, opsets=(13,), dynamic=False, keep_bn=False):
    """Register a network: operator sets to export it with; dynamic: any batch size."""

    def register(make):
        MODELS.append((name, make, shape, opsets, dynamic, keep_bn))
        return make

    return register


def graph(make, shape, opsets=(18,), dynamic=False):
    """Register how the newer exporter writes the network that make makes."""

    def register(write):
        GRAPHS.append((make, write, shape, opsets, dynamic))
        return write

    return register


class Net(nn.Module):
    """Layers, and a function that says how they are joined."""

    def __init__(self, run, **layers):
        super().__init__()
        self.run = run
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x):
        return self.run(self, x)


def block(inputs, outputs, kernel=3, act=nn.ReLU, **more):
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False, **more),
                         nn.BatchNorm2d(outputs), act())


@model("lenet", (1, 12, 12), opsets=(7, 9, 13), dynamic=True)
def lenet():
    def run(m, x):
        x = m.pool(torch.relu(m.c1(x)))
        x = m.pool(torch.relu(m.c2(x)))
        x = x.view(x.size(0), -1)
        return F.log_softmax(m.f2(torch.relu(m.f1(x))), dim=1)

    return Net(run, c1=nn.Conv2d(1, 4, 3), c2=nn.Conv2d(4, 6, 3), pool=nn.MaxPool2d(2),
               f1=nn.Linear(6, 12), f2=nn.Linear(12, 10))


@model("resnet", (3, 8, 8), opsets=(9, 11, 15), dynamic=True, keep_bn=True)
def resnet():
    def run(m, x):
        x = F.relu(m.b0(m.c0(x)))
        y = m.b2(m.c2(F.relu(m.b1(m.c1(x)))))
        x = F.relu(y + x)
        y = m.b4(m.c4(F.relu(m.b3(m.c3(x)))))
        x = F.relu(y + m.b5(m.c5(x)))
        return m.fc(torch.flatten(m.pool(x), 1))

    conv = dict(kernel_size=3, padding=1, bias=False)
    return Net(run, c0=nn.Conv2d(3, 4, **conv), b0=nn.BatchNorm2d(4), c1=nn.Conv2d(4, 4, **conv),
               b1=nn.BatchNorm2d(4), c2=nn.Conv2d(4, 4, **conv), b2=nn.BatchNorm2d(4),
               c3=nn.Conv2d(4, 8, stride=2, **conv), b3=nn.BatchNorm2d(8), c4=nn.Conv2d(8, 8, **conv),
               b4=nn.BatchNorm2d(8), c5=nn.Conv2d(4, 8, 1, stride=2, bias=False), b5=nn.BatchNorm2d(8),
               pool=nn.AdaptiveAvgPool2d(1), fc=nn.Linear(8, 5))


@model("shortcut", (4, 8, 8), opsets=(11, 13), dynamic=True)
def shortcut():
    """The shortcut of the first residual networks: every second pixel, new channels of zeros."""

    def run(m, x):
        y = m.c2(F.relu(m.c1(x)))
        x = F.relu(y + F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2), "constant", 0))
        return m.fc(x.mean((2, 3)))

    return Net(run, c1=nn.Conv2d(4, 8, 3, stride=2, padding=1), c2=nn.Conv2d(8, 8, 3, padding=1),
               fc=nn.Linear(8, 3))


@model("concat", (3, 8, 8), opsets=(9, 13))
def concat():
    """Squeeze and expand, dense connections, softmax."""

    def run(m, x):
        x = F.leaky_relu(m.s(x), 0.1)
        x = torch.cat([F.leaky_relu(m.e1(x), 0.1), F.leaky_relu(m.e3(x), 0.1)], 1)
        x = torch.cat([x, m.d(x)], 1)
        x = m.head(F.avg_pool2d(x, 2))
        x = F.adaptive_avg_pool2d(x, (2, 1))
        return F.softmax(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1), dim=1)

    return Net(run, s=nn.Conv2d(3, 3, 1), e1=nn.Conv2d(3, 4, 1), e3=nn.Conv2d(3, 4, 3, padding=1),
               d=nn.Conv2d(8, 4, 3, padding=1), head=nn.Conv2d(12, 6, 1))


@model("mobile", (3, 9, 9), opsets=(11, 13, 15), keep_bn=True)
def mobile():
    """Depthwise and pointwise convolutions, hard swish and clipped activations."""
    layers = [block(3, 8, act=nn.Hardswish, stride=2), block(8, 8, groups=8, act=nn.ReLU6),
              block(8, 12, 1, act=nn.Hardswish), block(12, 12, 5, groups=12, act=nn.Hardsigmoid),
              nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(12, 4)]
    return nn.Sequential(*layers)


@model("dilated", (2, 10, 10), opsets=(9, 11, 13), dynamic=True)
def dilated():
    """Pads of their own, dilation, groups, strides that differ."""
    return nn.Sequential(nn.ZeroPad2d((1, 2, 0, 3)), nn.Conv2d(2, 4, 3, dilation=2), nn.Tanh(),
                         nn.ConstantPad2d(1, 0.0), nn.Conv2d(4, 4, (3, 2), stride=(2, 1), groups=2, dilation=(1, 2)),
                         nn.Sigmoid(), nn.AvgPool2d(3, stride=2, padding=1), nn.Flatten(), nn.LazyLinear(3))


@model("mlp", (7,), opsets=(9, 13), dynamic=True, keep_bn=True)
def mlp():
    """Batch norm behind dense layers, dense layers without bias, the class as the answer."""
    def run(m, x):
        return m.layers(x).argmax(1)

    layers = nn.Sequential(nn.Linear(7, 9), nn.BatchNorm1d(9), nn.Tanh(), nn.Linear(9, 8, bias=False),
                           nn.BatchNorm1d(8), nn.SiLU(), nn.Linear(8, 5, bias=False))
    return Net(run, layers=layers)


@model("tokens", (5, 6), opsets=(9, 13, 17))
def tokens():
    """Dense layers on every row, the mean over rows."""
    def run(m, x):
        return m.b(F.gelu(m.a(x))).mean(1)

    return Net(run, a=nn.Linear(6, 7), b=nn.Linear(7, 4, bias=False))


@model("smooth", (2, 8, 8), opsets=(9, 13, 15))
def smooth():
    """Swish and GELU, pools that count padding and that round up."""
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.SiLU(), nn.AvgPool2d(3, stride=2, padding=1), nn.Conv2d(4, 4, 1),
                         nn.GELU(), nn.MaxPool2d(2, ceil_mode=True), nn.Flatten(), nn.Linear(16, 3))


@model("gelu_tanh", (6,), opsets=(13, 17))
def gelu_tanh():
    return nn.Sequential(nn.Linear(6, 8), nn.GELU(approximate="tanh"), nn.Linear(8, 3))


@model("signal", (2, 16), opsets=(9, 13), keep_bn=True)
def signal():
    """One dimension."""
    def run(m, x):
        return m.fc(m.layers(x).mean(-1))

    layers = nn.Sequential(nn.Conv1d(2, 4, 5, padding=2), nn.BatchNorm1d(4), nn.ReLU(), nn.AvgPool1d(2),
                           nn.Conv1d(4, 6, 3, dilation=2), nn.ReLU(), nn.MaxPool1d(2))
    return Net(run, layers=layers, fc=nn.Linear(6, 3))


@model("shuffle", (4, 6, 6), opsets=(9, 13), dynamic=True)
def shuffle():
    """Channels split, shuffled, joined."""
    def run(m, x):
        a, b = x.chunk(2, dim=1)
        x = torch.cat((a, F.relu(m.c(b))), 1)
        n, c, h, w = x.size()
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
        x = F.avg_pool2d(x, 3)
        return m.fc(x.reshape(n, -1))

    return Net(run, c=nn.Conv2d(2, 2, 3, padding=1), fc=nn.Linear(16, 3))


@model("square", (1, 8, 8), opsets=(7, 13))
def square():
    """Polynomials of every spelling, normalisation of the input."""
    def run(m, x):
        x = m.c1((x - 0.1307) / 0.3081)
        x = m.c2(x * x)
        x = 0.03347 + 0.5 * x + 0.19566 * x ** 2 - 0.005075 * x.pow(4)
        return m.f(torch.flatten(m.p(x), 1)).unsqueeze(1).squeeze(1)

    return Net(run, c1=nn.Conv2d(1, 3, 3, stride=2), c2=nn.Conv2d(3, 4, 2, bias=False), p=nn.AvgPool2d(2),
               f=nn.Linear(4, 3))


@model("clamped", (5,), opsets=(9, 12, 13))
def clamped():
    def run(m, x):
        x = torch.clamp(m.a(x), -0.5, 0.75)
        x = torch.clamp(m.b(x), min=-0.1)
        return -torch.sigmoid(m.c(F.hardtanh(x)))

    return Net(run, a=nn.Linear(5, 6), b=nn.Linear(6, 6), c=nn.Linear(6, 2))


def randomise(net, shape):
    net.eval()
    net(torch.zeros(2, *shape))  # sizes that are found on the first run
    for layer in net.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            layer.running_mean.uniform_(-0.3, 0.3)
            layer.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.uniform_(layer.bias, -0.3, 0.3)
    for parameter in net.parameters():
        parameter.requires_grad_(False)


def save(path, array):
    with open(path, "wb") as f:
        f.write(numpy_helper.from_array(np.ascontiguousarray(array)).SerializeToString())


def export(net, x, path, opset, dynamic, keep_bn):
    more = {}
    if keep_bn:  # else the exporter itself folds them into the convolutions
        more = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
    torch.onnx.export(net, x[:1], path, opset_version=opset, input_names=["input"], output_names=["output"],
                      dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}} if dynamic else None, **more)


# ---- the newer exporter's form ----


class Writer:
    """Collects nodes; every call gives the name of the value that it makes."""

    def __init__(self, net, opset):
        self.nodes, self.weights, self.names, self.opset = [], {}, {}, opset
        self.state = dict(net.state_dict())

    def fresh(self, stem):
        count = self.names.get(stem, 0)
        self.names[stem] = count + 1
        return stem if count == 0 else "%s_%d" % (stem, count)

    def __call__(self, op, *inputs, to=None, outputs=1, **attributes):
        made = [self.fresh(to or "val") if to else "val_%d" % self.count("val") for _ in range(outputs)]
        name = "node_%s" % made[0] if to else "node_%s_%d" % (op, len(self.nodes))
        self.nodes.append(helper.make_node(op, list(inputs), made, name=name, **attributes))
        return made[0] if outputs == 1 else made

    def count(self, stem):
        self.names[stem] = self.names.get(stem, 0) + 1
        return self.names[stem] - 1

    def weight(self, name):
        self.weights[name] = self.state[name].numpy()
        return name

    def constant(self, *numbers, scalar=False, kind=np.int64):
        array = np.array(numbers[0] if scalar else numbers, dtype=kind)
        name = "val_%d" % self.count("val")
        self.weights[name] = array
        return name

    def real(self, number):
        return self.constant(number, scalar=True, kind=np.float32)

    def conv(self, x, layer, bias=True, **attributes):
        inputs = [x, self.weight(layer + ".weight")] + ([self.weight(layer + ".bias")] if bias else [])
        given = dict(auto_pad="NOTSET", dilations=[1, 1], group=1, pads=[0, 0, 0, 0], strides=[1, 1])
        given.update(attributes)
        return self("Conv", *inputs, to="conv2d", **given)

    def linear(self, x, layer, bias=True):
        inputs = [x, self.weight(layer + ".weight")] + ([self.weight(layer + ".bias")] if bias else [])
        return self("Gemm", *inputs, to="linear", alpha=1.0, beta=1.0, transA=0, transB=1)

    def batch_norm(self, x, layer):
        parts = [self.weight("%s.%s" % (layer, p)) for p in ("weight", "bias", "running_mean", "running_var")]
        return self("BatchNormalization", x, *parts, to="batch_norm", epsilon=1e-5, momentum=0.9, training_mode=0)

    def size(self, x, axis):
        """A size as the exporter computes it where the batch is open."""
        return self("Squeeze", self("Shape", x, start=axis, end=axis + 1), to="sym_size_int")

    def view(self, x, *sizes, to="view"):
        parts = [self("Reshape", s, self.constant(-1), allowzero=0) if isinstance(s, str) else self.constant(s)
                 for s in sizes]
        return self("Reshape", x, self("Concat", *parts, axis=0), to=to, allowzero=1)

    def save(self, path, inputs, outputs, dynamic, result):
        batch = "s77" if dynamic else 1

        def value(name, shape, kind=TensorProto.FLOAT):
            return helper.make_tensor_value_info(name, kind, [batch] + list(shape))

        self.nodes[-1].output[0] = "output"
        constants = [numpy_helper.from_array(np.ascontiguousarray(a), n) for n, a in self.weights.items()]
        main = helper.make_graph(self.nodes, "main_graph", [value("input", inputs)], [value("output", outputs, result)],
                                 constants)
        proto = helper.make_model(main, producer_name="pytorch", producer_version="2.9.0",
                                  opset_imports=[helper.make_opsetid("", self.opset)])
        proto.ir_version = 10
        if os.path.exists(path + ".data"):
            os.remove(path + ".data")
        external_data_helper.convert_model_to_external_data(proto, location=os.path.basename(path) + ".data",
                                                            size_threshold=64)
        onnx.save_model(proto, path)


@graph(lenet, (1, 12, 12), opsets=(18, 21), dynamic=True)
def write_lenet(w):
    pool = dict(storage_order=0, dilations=[1, 1], ceil_mode=0, pads=[0, 0, 0, 0], auto_pad="NOTSET",
                strides=[2, 2], kernel_shape=[2, 2])
    n = w.size("input", 0)
    x = w("MaxPool", w("Relu", w.conv("input", "c1"), to="relu"), to="max_pool2d", **pool)
    x = w("MaxPool", w("Relu", w.conv(x, "c2"), to="relu"), to="max_pool2d", **pool)
    x = w("Relu", w.linear(w.view(x, n, -1), "f1"), to="relu")
    w("LogSoftmax", w.linear(x, "f2"), to="log_softmax", axis=1)


@graph(resnet, (3, 8, 8), opsets=(18, 20), dynamic=True)
def write_resnet(w):
    def conv(x, layer, **more):
        return w.batch_norm(w.conv(x, "c" + layer, bias=False, **more), "b" + layer)

    same = dict(pads=[1, 1, 1, 1])
    x = w("Relu", conv("input", "0", **same), to="relu")
    y = conv(w("Relu", conv(x, "1", **same), to="relu"), "2", **same)
    x = w("Relu", w("Add", y, x, to="add"), to="relu")
    y = conv(w("Relu", conv(x, "3", strides=[2, 2], **same), to="relu"), "4", **same)
    x = w("Relu", w("Add", y, conv(x, "5", strides=[2, 2]), to="add"), to="relu")
    x = w("ReduceMean", x, w.constant(-1, -2), to="mean", noop_with_empty_axes=0, keepdims=1)
    x = w.view(x, w.size("input", 0), 8)
    w.linear(x, "fc")


@graph(mobile, (3, 9, 9), opsets=(18,))
def write_mobile(w):
    def conv(x, k, **more):
        return w.batch_norm(w.conv(x, "%d.0" % k, bias=False, **more), "%d.1" % k)

    x = w("HardSwish", conv("input", 0, pads=[1, 1, 1, 1], strides=[2, 2]), to="hardswish")
    x = w("Clip", conv(x, 1, pads=[1, 1, 1, 1], group=8), w.real(0.0), w.real(6.0), to="hardtanh")
    x = w("HardSwish", conv(x, 2), to="hardswish")
    x = w("HardSigmoid", conv(x, 3, pads=[2, 2, 2, 2], group=12), to="hardsigmoid", alpha=1 / 6, beta=0.5)
    x = w("GlobalAveragePool", x, to="adaptive_avg_pool2d")
    x = w("Reshape", x, w.constant(1, 12), to="view", allowzero=1)
    w.linear(x, "7")


@graph(tokens, (5, 6), opsets=(18, 20))
def write_tokens(w):
    def dense(x, layer):
        t = w("Transpose", w.weight(layer + ".weight"), perm=[1, 0])
        return w("MatMul", x, t, **({} if layer == "a" else {"to": "linear"}))

    x = w("Add", dense("input", "a"), w.weight("a.bias"), to="linear")
    if w.opset >= 20:
        x = w("Gelu", x, to="gelu", approximate="none")
    else:
        e = w("Erf", w("Div", x, w.real(1.4142135381698608)))
        x = w("Mul", w.real(0.5), w("Mul", x, w("Add", e, w.real(1.0))), to="gelu")
    w("ReduceMean", dense(x, "b"), w.constant(1), to="mean", noop_with_empty_axes=0, keepdims=0)


@graph(smooth, (2, 8, 8), opsets=(18,))
def write_smooth(w):
    x = w.conv("input", "0")
    x = w("Mul", x, w("Sigmoid", x), to="silu")
    x = w("AveragePool", x, to="avg_pool2d", auto_pad="NOTSET", ceil_mode=0, count_include_pad=1,
          kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2])
    x = w.conv(x, "3")
    e = w("Erf", w("Div", x, w.real(1.4142135381698608)))
    x = w("Mul", w.real(0.5), w("Mul", x, w("Add", e, w.real(1.0))), to="gelu")
    x = w("MaxPool", x, to="max_pool2d", kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 0, 0], ceil_mode=1,
          dilations=[1, 1], auto_pad="NOTSET", storage_order=0)
    w.linear(w("Flatten", x, to="flatten", axis=1), "7")


@graph(gelu_tanh, (6,), opsets=(18, 20))
def write_gelu_tanh(w):
    x = w.linear("input", "0")
    if w.opset >= 20:
        x = w("Gelu", x, to="gelu", approximate="tanh")
    else:
        cube = w("Mul", w.real(0.044714998453855515), w("Pow", x, w.real(3.0)))
        t = w("Tanh", w("Mul", w.real(0.7978845834732056), w("Add", x, cube)))
        x = w("Mul", w("Mul", w.real(0.5), x), w("Add", t, w.real(1.0)), to="gelu")
    w.linear(x, "2")


@graph(shuffle, (4, 6, 6), opsets=(18, 20), dynamic=True)
def write_shuffle(w):
    n = w.size("input", 0)
    a, b = w("Split", "input", to="split", outputs=2, axis=1, num_outputs=2)
    x = w("Concat", a, w("Relu", w.conv(b, "c", pads=[1, 1, 1, 1]), to="relu"), to="cat", axis=1)
    x = w("Transpose", w.view(x, n, 2, 2, 6, 6), to="transpose", perm=[0, 2, 1, 3, 4])
    x = w.view(x, n, 4, 6, 6)
    x = w("AveragePool", x, to="avg_pool2d", kernel_shape=[3, 3], strides=[3, 3], pads=[0, 0, 0, 0])
    w.linear(w.view(x, n, -1), "fc")


@graph(dilated, (2, 10, 10), opsets=(19,), dynamic=True)
def write_dilated(w):
    x = w("Pad", "input", w.constant(0, 0, 0, 1, 0, 0, 3, 2), w.real(0.0), to="pad", mode="constant")
    x = w("Tanh", w.conv(x, "1", dilations=[2, 2]), to="tanh")
    x = w("Pad", x, w.constant(0, 0, 1, 1, 0, 0, 1, 1), w.real(0.0), to="constant_pad_nd", mode="constant")
    x = w("Sigmoid", w.conv(x, "4", strides=[2, 1], group=2, dilations=[1, 2]), to="sigmoid")
    x = w("AveragePool", x, to="avg_pool2d", auto_pad="NOTSET", ceil_mode=0, count_include_pad=1, dilations=[1, 1],
          kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2])
    shape = w("Shape", x, start=0)
    n = w("Gather", shape, w.constant(0), axis=0)
    x = w("Reshape", x, w("Concat", n, w.constant(-1), axis=0), to="flatten", allowzero=0)
    w.linear(x, "8")


@graph(shortcut, (4, 8, 8), opsets=(18,), dynamic=True)
def write_shortcut(w):
    y = w("Relu", w.conv("input", "c1", strides=[2, 2], pads=[1, 1, 1, 1]), to="relu")
    y = w.conv(y, "c2", pads=[1, 1, 1, 1])
    last = w.constant(9223372036854775807)
    x = w("Slice", "input", w.constant(0), last, w.constant(2), w.constant(2), to="slice")
    x = w("Slice", x, w.constant(0), last, w.constant(3), w.constant(2), to="slice")
    x = w("Pad", x, w.constant(0, 2, 0, 0, 0, 2, 0, 0), w.real(0.0), to="pad", mode="constant")
    x = w("Relu", w("Add", y, x, to="add"), to="relu")
    x = w("ReduceMean", x, w.constant(2, 3), to="mean", noop_with_empty_axes=0, keepdims=0)
    w.linear(x, "fc")


@graph(square, (1, 8, 8), opsets=(18,))
def write_square(w):
    x = w("Div", w("Sub", "input", w.real(0.1307), to="sub"), w.real(0.3081), to="div")
    x = w.conv(x, "c1", strides=[2, 2])
    x = w.conv(w("Mul", x, x, to="mul"), "c2", bias=False)
    t = w("Add", w("Mul", x, w.real(0.5), to="mul"), w.real(0.03347), to="add")
    t = w("Add", t, w("Mul", w("Pow", x, w.real(2.0), to="pow"), w.real(0.19566), to="mul"), to="add")
    t = w("Sub", t, w("Mul", w("Pow", x, w.real(4.0), to="pow"), w.real(0.005075), to="mul"), to="sub")
    x = w("AveragePool", t, to="avg_pool2d", kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 0, 0])
    x = w.linear(w("Reshape", x, w.constant(1, 4), to="view", allowzero=1), "f")
    w("Squeeze", w("Unsqueeze", x, w.constant(1), to="unsqueeze"), w.constant(1), to="squeeze")


@graph(mlp, (7,), opsets=(18,), dynamic=True)
def write_mlp(w):
    x = w.batch_norm(w.linear("input", "layers.0"), "layers.1")
    x = w("Tanh", x, to="tanh")
    x = w.batch_norm(w.linear(x, "layers.3", bias=False), "layers.4")
    x = w("Mul", x, w("Sigmoid", x), to="silu")
    x = w.linear(x, "layers.6", bias=False)
    w("ArgMax", x, to="argmax", axis=1, keepdims=0, select_last_index=0)


def prepare(make, shape, dynamic):
    torch.manual_seed(sum(map(ord, make.__name__)))
    net = make()
    randomise(net, shape)
    x = torch.rand(3 if dynamic else 1, *shape)
    with torch.no_grad():
        return net, x, net(x)


def finish(stem, x, y):
    save(stem + ".input.pb", x.numpy())
    save(stem + ".output.pb", y.numpy())
    print(os.path.basename(stem))


def main(folder):
    os.makedirs(folder, exist_ok=True)
    for name, make, shape, opsets, dynamic, keep_bn in MODELS:
        for opset in opsets:
            net, x, y = prepare(make, shape, dynamic)
            stem = os.path.join(folder, "ts_%s_%d" % (name, opset))
            export(net, x, stem + ".onnx", opset, dynamic, keep_bn)
            finish(stem, x, y)
    for make, write, shape, opsets, dynamic in GRAPHS:
        for opset in opsets:
            net, x, y = prepare(make, shape, dynamic)
            stem = os.path.join(folder, "ex_%s_%d" % (make.__name__, opset))
            writer = Writer(net, opset)
            write(writer)
            writer.save(stem + ".onnx", shape, y.shape[1:], dynamic,
                        TensorProto.INT64 if y.dtype == torch.int64 else TensorProto.FLOAT)
            finish(stem, x, y)


main(sys.argv[1])
