"""Predict: `predict.py run=DIR|latest input=PATH output=FILE`, a folder of images, one image or a table."""

from groundwork.run.door import enter
from groundwork.run.launch import predict

if __name__ == "__main__":
    raise SystemExit(enter(predict))
