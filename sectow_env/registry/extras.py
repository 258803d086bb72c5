"""Which optional packages belong to which extra, so that errors name the extra to install.

Nothing here imports an optional package: a package is looked up, never loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from sectow_env.errors import MissingExtraError

_FONTS = {
    "fontpkg_jetbrains_mono": "fontpkg-jetbrains-mono",
    "fontpkg_noto_serif": "fontpkg-noto-serif",
    "fontTools": "fonttools",
    "manimgx_fonts": "manimgx-fonts",
    "manimgx_fonts_cjk": "manimgx-fonts-cjk",
    "regex": "regex",
}
_TRAIN = {
    **_FONTS,
    "torch": "torch",
    "transformers": "transformers",
    "trl": "trl",
    "peft": "peft",
    "datasets": "datasets",
    "accelerate": "accelerate",
    "imagehash": "ImageHash",
    "safetensors": "safetensors",
    "sklearn": "scikit-learn",
}
_BENCH = {
    **_TRAIN,
    "lm_eval": "lm-eval",
    "pandas": "pandas",
    "pyarrow": "pyarrow",
    "scipy": "scipy",
    "statsmodels": "statsmodels",
    "matplotlib": "matplotlib",
    "jinja2": "jinja2",
}

_VISION = {**_TRAIN, "torchvision": "torchvision", "num2words": "num2words"}
_RUNG = {**_BENCH, "gguf": "gguf"}
_DIFFUSION = {**_TRAIN, "diffusers": "diffusers"}
_QUANTIZED = {**_TRAIN, "bitsandbytes": "bitsandbytes"}

EXTRAS: Mapping[str, Mapping[str, str]] = {
    "fonts": _FONTS,
    "train": _TRAIN,
    "bench": _BENCH,
    "vision": _VISION,
    "diffusion": _DIFFUSION,
    "rung": _RUNG,
    "quantized": _QUANTIZED,
    "all": {**_BENCH, **_DIFFUSION, **_RUNG, **_QUANTIZED},
}
"""Extra -> import name -> name on the package index; a test compares it with pyproject.toml."""


def missing(extra: str) -> list[str]:
    """Packages of an extra that are not installed, as the package index names them."""
    return [package for module, package in EXTRAS[extra].items() if not _is_installed(module)]


def missing_extra(
    what: str, error: ModuleNotFoundError, extra: str | None = None
) -> MissingExtraError | None:
    """Turn a failed import into the error that names the missing extra, if there is one.

    Args:
        what: What the user asked for.
        error: The failed import.
        extra: The extra to name if it contains the module; else the smallest one that does.

    Returns:
        The error to raise, or None if the module belongs to no extra or is installed (then a
        submodule is missing, which no extra fixes).
    """
    module = (error.name or "").partition(".")[0]
    holders = [name for name, modules in EXTRAS.items() if module in modules]
    if not holders or _is_installed(module):
        return None
    chosen = extra if extra in holders else holders[0]
    return MissingExtraError(what, EXTRAS[chosen][module], chosen)


def version_of(package: str) -> str | None:
    """Installed version of a package, without importing it; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _is_installed(module: str) -> bool:
    if module in sys.modules:
        # None marks a module whose import is blocked.
        return sys.modules[module] is not None
    return find_spec(module) is not None
