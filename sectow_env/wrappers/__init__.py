"""Wrappers of `SecTOW-v0`, one per file, composable in any sensible order.

They wrap `SectowEnv`; those whose name begins with `Vector` wrap `SectowVectorEnv`. Instead of
the others, the vector environment takes a `policies.mixed.MixedDefender` or `MixedAttacker` as
opponent, a `judges.cached.CachedJudge` as judge, and a `Transcript` in `env.arena.listeners`.
"""

from __future__ import annotations

from sectow_env.wrappers.discrete_action import DiscreteAction, VectorDiscreteAction
from sectow_env.wrappers.diversity_bonus import DiversityBonus
from sectow_env.wrappers.judge_cache import JudgeCache
from sectow_env.wrappers.opponent_mix import OpponentMix
from sectow_env.wrappers.over_refusal_penalty import OverRefusalPenalty
from sectow_env.wrappers.query_budget import BudgetSpentError, QueryBudget
from sectow_env.wrappers.record_transcript import RecordTranscript, Transcript
from sectow_env.wrappers.text_action import TextAction, VectorTextAction

__all__ = [
    "BudgetSpentError",
    "DiscreteAction",
    "DiversityBonus",
    "JudgeCache",
    "OpponentMix",
    "OverRefusalPenalty",
    "QueryBudget",
    "RecordTranscript",
    "TextAction",
    "Transcript",
    "VectorDiscreteAction",
    "VectorTextAction",
]
