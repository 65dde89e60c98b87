"""The code of a model card: what it takes to predict one file with an exported model, and nothing more."""

READ = {
    "image": """\
inputs = np.stack([read_image("photo.jpg", preprocessing)])
""",
    "table": """\
with open("rows.csv", encoding="utf-8", newline="") as file:
    inputs = encode_rows(csv.DictReader(file), preprocessing)
""",
    "image_table": """\
images = np.stack([read_image("photo.jpg", preprocessing)])
with open("rows.csv", encoding="utf-8", newline="") as file:
    rows = encode_rows(csv.DictReader(file), preprocessing["rows"])
""",
}
PREDICT = {
    "onnx": """\
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
(predictions,) = session.run(None, {FEED})
""",
    "torch": """\
model = torch.export.load("model.pt2").module()
with torch.inference_mode():
    predictions = model(TENSORS).numpy()
""",
    "safetensors": """\
model = Predictor(read_safetensors(Path("model.safetensors")))
with torch.inference_mode():
    predictions = model(TENSORS).numpy()
""",
}
FEED = {"image_table": '"images": images, "rows": rows'}
TENSORS = {"image_table": "torch.from_numpy(images), torch.from_numpy(rows)"}
IMPORTS = {
    "image": ["import numpy as np", "from preprocess import read_image"],
    "table": ["import csv", "from preprocess import encode_rows"],
    "image_table": [
        "import csv",
        "import numpy as np",
        "from preprocess import read_image",
        "from preprocess_rows import encode_rows",
    ],
    "onnx": ["import onnxruntime"],
    "torch": ["import torch"],
    "safetensors": [
        "import torch",
        "from groundwork.evaluate.export.formats import Predictor, read_safetensors",
    ],
}
BEGIN = """\
preprocessing = json.loads(Path("preprocessing.json").read_text(encoding="utf-8"))
"""
END = """\
output = preprocessing["output"]
names = output.get("classes") or output.get("labels") or output.get("columns") or output["targets"]
for prediction in predictions:
    print(dict(zip(names, prediction.tolist())))
"""
NEEDS = {"onnx": "onnxruntime", "torch": "torch", "safetensors": "this project, which builds the network"}


def snippet(format_name: str, kind: str) -> str:
    """Write the code that predicts `photo.jpg` or `rows.csv` and prints what each number means."""
    lines = ["import json", "from pathlib import Path", *IMPORTS[kind], *IMPORTS[format_name]]
    imports = "\n".join(sorted(lines, key=lambda line: (line.startswith("from"), line)))
    predict = PREDICT[format_name].replace("FEED", FEED.get(kind, 'preprocessing["input"]: inputs'))
    predict = predict.replace("TENSORS", TENSORS.get(kind, "torch.from_numpy(inputs)"))
    return f"{imports}\n\n{BEGIN}{READ[kind]}{predict}{END}"


def needs(format_name: str, kind: str) -> str:
    """Name what must be installed for the code."""
    return f"{'numpy' if kind == 'table' else 'numpy, Pillow'} and {NEEDS[format_name]}"
