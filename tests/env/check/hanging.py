"""Judges that never return, and others that must not break the report."""

import os
import re
import time
from collections.abc import Sequence

from sectow_env.game import Turn, Verdict
from sectow_env.judges.reference import ReferenceJudge


class Sleeper(ReferenceJudge):
    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        time.sleep(100)
        return super().judge(turns)


class Backtracker(ReferenceJudge):
    """Inside a call that no signal and no other thread can interrupt."""

    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        re.match("(a+)+$", "a" * 60 + "b")
        return super().judge(turns)


class Leaver(ReferenceJudge):
    def judge(self, turns: Sequence[Turn]) -> list[Verdict]:
        os._exit(3)


class Unborn(ReferenceJudge):
    def __init__(self) -> None:
        time.sleep(100)


class Talker(ReferenceJudge):
    def __init__(self) -> None:
        super().__init__()
        os.write(1, b"hello from the factory\n")
