#!/usr/bin/env python3
"""The network of the golden files: a dense layer, squared, and another, with small weights of a simple rule."""
import onnx
from onnx import TensorProto, helper

first = [((3 * i + 5 * j) % 7 - 1) / 8 for j in range(2) for i in range(4)]
second = [((2 * i + 3 * j) % 5 - 2) / 4 for j in range(2) for i in range(2)]
graph = helper.make_graph(
    [
        helper.make_node("Flatten", ["image"], ["flat"]),
        helper.make_node("Gemm", ["flat", "first"], ["hidden"], transB=1),
        helper.make_node("Mul", ["hidden", "hidden"], ["square"]),
        helper.make_node("Gemm", ["square", "second"], ["logits"], transB=1),
    ],
    "tiny",
    [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 2, 2])],
    [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2])],
    [
        helper.make_tensor("first", TensorProto.FLOAT, [2, 4], first),
        helper.make_tensor("second", TensorProto.FLOAT, [2, 2], second),
    ],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
model.ir_version = 8
onnx.save(model, "tiny.onnx")
