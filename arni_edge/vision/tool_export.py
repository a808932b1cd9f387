"""Runs in the tool environment, by its Python, never in ours: exports a YOLOv8 with Ultralytics.

``python tool_export.py WEIGHTS HEIGHT WIDTH``: the last line that it prints is the path of the ONNX file. It
can import nothing of ours: the environment holds Ultralytics and what that needs.
"""

import sys

if __name__ == "__main__":
    from ultralytics import YOLO

    weights, height, width = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    # Sizes and batch are fixed, numbers are 32-bit floats: every library and device takes such a file.
    exported = YOLO(weights, task="detect").export(
        format="onnx", imgsz=[height, width], dynamic=False, batch=1, device="cpu"
    )
    print(exported)  # noqa: T201 - this is its answer
