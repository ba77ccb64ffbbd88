"""Makes testing/model, a sentence model of a few kilobytes, and the vectors that it should give (expected.json).

Needs the packages onnx, onnxruntime and tokenizers. Words of one meaning have one vector, in English and in German; the
context of a text is the mean of its words, without padding.
"""

import json
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

HERE = pathlib.Path(__file__).parent
MODEL = HERE / "model"
SIZE = 16
MEANINGS = [
    ["dog", "hund"], ["sleep", "sleeps", "schläft"], ["sofa", "couch"], ["where", "wo"], ["the", "der", "die", "das"],
    ["rent", "miete"], ["is", "ist"], ["due", "fällig"], ["money", "geld"], ["back", "zurück"], ["query"], ["passage"],
    [":"], ["?"], ["."], ["on", "auf"], ["mill", "mühle"], ["bus"], ["stops", "hält"], ["at", "an"],
]
TEXTS = ["Where does the dog sleep?", "Der Hund schläft auf dem Sofa.", "The rent is due.", "dog"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]

words = SPECIAL + [word for meaning in MEANINGS for word in meaning]
tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)])

random = np.random.default_rng(7)
table = np.zeros((len(words), SIZE), dtype=np.float32)
for i, word in enumerate(words):
    meaning = next((n for n, one in enumerate(MEANINGS) if word in one), None)
    if meaning is not None:
        table[i] = np.random.default_rng(100 + meaning).normal(size=SIZE)
turn = (np.eye(SIZE) + random.normal(size=(SIZE, SIZE)) * 0.1).astype(np.float32)

constants = [
    numpy_helper.from_array(table, "table"),
    numpy_helper.from_array(turn, "turn"),
    numpy_helper.from_array(np.array([2], dtype=np.int64), "last"),
    numpy_helper.from_array(np.array([1], dtype=np.int64), "tokens"),
]
nodes = [
    helper.make_node("Gather", ["table", "input_ids"], ["words"]),
    helper.make_node("Cast", ["attention_mask"], ["seen"], to=TensorProto.FLOAT),
    helper.make_node("Unsqueeze", ["seen", "last"], ["mask"]),
    helper.make_node("Mul", ["words", "mask"], ["shown"]),
    helper.make_node("ReduceSum", ["shown", "tokens"], ["sum"], keepdims=1),
    helper.make_node("ReduceSum", ["mask", "tokens"], ["count"], keepdims=1),
    helper.make_node("Div", ["sum", "count"], ["context"]),
    helper.make_node("MatMul", ["words", "turn"], ["turned"]),
    helper.make_node("Tanh", ["turned"], ["bent"]),
    helper.make_node("Add", ["bent", "context"], ["last_hidden_state"]),
]
shape = ["batch", "sequence"]
graph = helper.make_graph(
    nodes,
    "tiny",
    [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")],
    [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, SIZE])],
    constants,
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
onnx.checker.check_model(model)

(MODEL / "1_Pooling").mkdir(parents=True, exist_ok=True)
onnx.save(model, MODEL / "model.onnx")


def write(name, value):
    (MODEL / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


write("tokenizer.json", json.loads(tokenizer.to_str()))
write("config.json", {"model_type": "bert", "hidden_size": SIZE, "max_position_embeddings": 64, "pad_token_id": 0})
write("1_Pooling/config.json", {"word_embedding_dimension": SIZE, "pooling_mode_mean_tokens": True})
write(
    "modules.json",
    [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ],
)
write("config_sentence_transformers.json", {"prompts": {"query": "query: ", "document": "passage: "}})

session = onnxruntime.InferenceSession(MODEL / "model.onnx")
expected = {}
for use, prefix in (("query", "query: "), ("passage", "passage: ")):
    for text in TEXTS:
        ids = tokenizer.encode(prefix + text).ids
        (hidden,) = session.run(None, {"input_ids": [ids], "attention_mask": [[1] * len(ids)]})
        vector = hidden[0].mean(axis=0)
        vector /= np.linalg.norm(vector)
        expected.setdefault(use, {})[text] = [round(float(value), 5) for value in vector]
(HERE / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")
