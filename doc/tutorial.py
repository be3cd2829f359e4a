"""Train a small CNN on MNIST with PyTorch and export it: tutorial.py FOLDER OUT.onnx [EPOCHS]

FOLDER holds the two train- files of MNIST, as they come (.gz) or unpacked. There is nothing in here for the
sake of encryption: ReLU, SiLU, batch norm and an average pool, a usual training, torch.onnx.export.
"""

import gzip
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def read_idx(stem):
    """The array in an IDX file: two zeros, type 8 (bytes), dimensions, their sizes, then the bytes."""
    if os.path.exists(stem):
        data = open(stem, "rb").read()
    else:
        data = gzip.open(stem + ".gz").read()
    if data[:3] != b"\0\0\x08":
        sys.exit("%s is no IDX file of bytes" % stem)
    rank = data[3]
    sizes = np.frombuffer(data, ">u4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(sizes)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, stride=2, padding=2, bias=False)
        self.norm1 = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 16, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(16)
        self.dense = nn.Linear(16 * 7 * 7, 10)

    def forward(self, x):
        x = F.relu(self.norm1(self.conv1(x)))
        x = F.silu(self.norm2(self.conv2(x)))
        x = F.avg_pool2d(x, 2)
        return self.dense(torch.flatten(x, 1))


def train(net, images, labels, epochs):
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.005, weight_decay=0.05)
    steps = epochs * (len(images) // 64 + 1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for epoch in range(epochs):
        right = 0
        for batch in torch.randperm(len(images)).split(64):
            answer = net(images[batch])
            loss = F.cross_entropy(answer, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            right += int((answer.argmax(1) == labels[batch]).sum())
        print("epoch %d: %.2f %% of the training images right" % (epoch + 1, 100 * right / len(images)))


def main(folder, out, epochs=2):
    torch.manual_seed(1)
    pixels = read_idx(os.path.join(folder, "train-images-idx3-ubyte"))
    labels = read_idx(os.path.join(folder, "train-labels-idx1-ubyte"))
    images = torch.tensor(pixels, dtype=torch.float32).unsqueeze(1) / 255  # grey from 0 to 1
    net = Net()
    train(net, images, torch.tensor(labels, dtype=torch.long), int(epochs))
    net.eval()
    torch.onnx.export(net, images[:1], out, input_names=["image"], output_names=["logits"])
    print("%s: %d parameters" % (out, sum(p.numel() for p in net.parameters())))


if len(sys.argv) not in (3, 4):
    sys.exit(__doc__)
main(*sys.argv[1:])
