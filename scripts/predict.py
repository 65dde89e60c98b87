"""Predict: `predict.py run=DIR|latest input=PATH output=FILE`, a folder of images, one image or a table."""

from groundwork.launch.cli import enter
from groundwork.launch.commands import predict

if __name__ == "__main__":
    raise SystemExit(enter(predict))
