"""An environment whose module seeds torch's global generator when it is imported."""

import torch

from sectow_env.env.single import SectowEnv

torch.manual_seed(1)

__all__ = ["SectowEnv"]
