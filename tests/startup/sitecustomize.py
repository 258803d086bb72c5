"""Lets a torchvision without its compiled operators be imported, in tests and what they start.

The build of torchvision on PyPI does not fit the CPU's torch. Processors need its Python transforms
alone, and those work once the schemas of its operators are declared. Python imports this module by
itself where its folder is on PYTHONPATH; tests/conftest.py puts it there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    *(
        f"{name}(Tensor input) -> Tensor"
        for forward in ("roi_align", "ps_roi_align", "roi_pool", "ps_roi_pool", "deform_conv2d")
        for name in (forward, f"_{forward}_backward")
    ),
)
_KEPT: list[object] = []
"""Declarations last as long as the library that made them."""


class _Torchvision(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        import torch

        try:
            torch.ops.load_library(str(Path(self.path).parent / "_C.so"))
        except OSError:
            library = torch.library.Library("torchvision", "DEF")
            for operator in OPERATORS:
                library.define(operator)
            _KEPT.append(library)
        super().exec_module(module)


class TorchvisionFinder(MetaPathFinder):
    """Finds torchvision, and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "torchvision":
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Torchvision(fullname, spec.origin)
        return spec


sys.meta_path.insert(0, TorchvisionFinder())
