"""borders.py - reads what borders_spec.lua had nnlua write, with NumPy, zlib and safetensors.

Prints one line for each file that is as expected; fails with the first that is not.
"""

import csv
import gzip
import struct
import sys
import zlib

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

FOLDER = sys.argv[1] + "/"
expected = {
    "bool": np.array([True, False, True]),
    "uint8": np.array([[0, 255], [7, 8]], dtype=np.uint8),
    "int64": np.array([-(2**63), 2**63 - 1, 0]),
    "float32": np.arange(6, dtype=np.float32).reshape(2, 3).T / 8,
    "float64": np.array(0.1),
    "none": np.zeros((0, 3), dtype=np.float32),
}


def same(name, found, wanted):
    assert found.dtype == wanted.dtype, (name, found.dtype, wanted.dtype)
    assert found.shape == wanted.shape, (name, found.shape, wanted.shape)
    assert found.tobytes() == wanted.tobytes(), (name, found, wanted)


def paeth(a, b, c):
    p = a + b - c
    return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]


def read_png(path):
    """[H,W,C] of an 8-bit PNG without interlacing."""
    data = open(path, "rb").read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed = 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + size]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        at += 12 + size
    assert kind == b"IEND" and depth == 8 and interlace == 0
    channels = {0: 1, 4: 2, 2: 3, 6: 4}[colour]
    rows, row, before = zlib.decompress(packed), width * channels, [0] * (width * channels)
    image = []
    for y in range(height):
        method, line = rows[y * (row + 1)], list(rows[y * (row + 1) + 1:(y + 1) * (row + 1)])
        for i in range(row):
            a = line[i - channels] if i >= channels else 0
            c = before[i - channels] if i >= channels else 0
            b = before[i]
            line[i] = (line[i] + [0, a, b, (a + b) // 2, paeth(a, b, c)][method]) % 256
        image.append(line)
        before = line
    return np.array(image, dtype=np.uint8).reshape(height, width, channels)


for name, array in expected.items():
    same(name, np.load(FOLDER + name + ".npy", allow_pickle=False), array)
same("gzip", np.load(gzip.open(FOLDER + "float32.npy.gz")), expected["float32"])
print("npy")
for file in ("stored.npz", "deflated.npz"):
    archive = np.load(FOLDER + file, allow_pickle=False)
    assert archive.files == list(expected), archive.files
    for name, array in expected.items():
        same(file, archive[name], array)
assert np.load(FOLDER + "empty.npz").files == []
print("npz")
for channels in (1, 2, 3, 4):
    wanted = (np.arange(channels * 35) * 7 % 256).astype(np.uint8).reshape(channels, 5, 7)
    same("png", read_png(FOLDER + f"{channels}.png"), wanted.transpose(1, 2, 0).copy())
print("png")
idx = gzip.open(FOLDER + "int.idx.gz").read()
assert idx == struct.pack(">HBBIIiiii", 0, 12, 2, 2, 2, -1, 2, 3, 2**31 - 1), idx
print("idx")
with open(FOLDER + "table.csv", newline="") as file:
    rows = list(csv.reader(file))
assert rows[0] == ["x", "text"] and [row[1] for row in rows[1:]] == ["a,b", 'say "x"', "1\n2", ""]
found = np.array([float(row[0]) for row in rows[1:]])
same("csv", found, np.array([0.1, 1 / 3, -1e300, 5e-324]))
print("csv")
with safe_open(FOLDER + "model.safetensors", "np") as file:
    assert file.metadata() == {"epoch": "6"}
    for name, array in expected.items():
        same(name, file.get_tensor(name), array)
save_file({"w": np.arange(4.0), "ü": np.array([True])}, FOLDER + "python.safetensors", {"k": "v"})
np.savez(FOLDER + "python.npz", **expected)
print("safetensors")
