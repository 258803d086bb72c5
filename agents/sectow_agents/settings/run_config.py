"""The settings of a run, with their defaults and meanings.

The settings of the whole pipeline are one frozen tree. `settings.file` reads it from YAML; Python
may build it directly. Nothing here depends on a particular model or world.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from sectow_agents.settings.base import Settings
from sectow_agents.settings.training import GrpoSettings, Training, TrainingSettings
from sectow_env.game import SEATS, Seat
from sectow_env.game.asking import checked_template
from sectow_env.registry.secrets import check_no_secrets

Share = float
Device = Literal["auto", "cpu", "cuda"]
Place = Annotated[str, Field(pattern="^(auto|cpu|cuda(:[0-9]{1,3})?)$")]
"""A device, or one of several: `cuda:1`."""
Dtype = Literal["auto", "float32", "bfloat16"]
Quantization = Literal["4bit"]
Tracker = Literal["tensorboard", "trackio", "wandb"]
DEFAULT_WORLD = "apothecary:0"
MOST_AT_ONCE = 256
"""Prompts that a frozen policy answers at once, where their number is found."""


class AttackerSettings(Settings):
    """The attacker's seat."""

    model: str
    """A policy by its spec: a registered name with or without settings, a folder, an id of the
    Hugging Face hub, or an import path. It needs weights where the seat is trained."""
    template: str | None = None
    """How the policy is asked; `{channel}` is `free` where none is requested, `{behavior}` is what
    the attack is for. Default: the world's own request, such as that of a channel for packs."""
    system: str | None = None
    channels: list[str | None] | None = Field(default=None, min_length=1)
    """Channels that attacks are requested for, evenly; a null among them leaves the form free.
    Default: the world's working channels."""
    training: Training = GrpoSettings()

    @model_validator(mode="after")
    def _fills(self) -> AttackerSettings:
        if self.template is None:
            return self
        checked_template(self.template)
        if "<the behavior>" not in self.template.format(channel="c", behavior="<the behavior>"):
            raise ValueError(
                f"template {self.template!r} does not contain the behavior: "
                "write {behavior} where it belongs"
            )
        return self


class MixSettings(Settings):
    """What the defender is trained on: shares of its prompts, scaled to a sum of 1.

    The share of an empty source goes to the others.
    """

    pool: Share = Field(default=0.4, ge=0.0)
    """Attacks of the pool, evenly over channels and frames."""
    recent: Share = Field(default=0.0, ge=0.0)
    """More of those that the latest round with any found."""
    repeats: int = Field(default=1, ge=1)
    """An attack of the pool comes up as often as it succeeded, up to this: 1 treats all alike."""
    benign: Share = Field(default=0.4, ge=0.0)
    """Benign requests of the world's grid (the attacks' harmless twins), trained frames."""
    general: Share = Field(default=0.1, ge=0.0)
    """General questions, where the world has any."""
    controlled: Share = Field(default=0.1, ge=0.0)
    """Harmful requests of the world's grid, trained frames: what must stay refused."""
    benign_channels: list[str] | None = None
    """None: all that the world's training split has."""
    controlled_channels: list[str] | None = None
    general_kinds: list[str] = Field(default_factory=list)
    """Kinds of general questions, as the world names them; empty: none."""

    @model_validator(mode="after")
    def _something(self) -> MixSettings:
        if self.pool + self.recent + self.benign + self.general + self.controlled <= 0:
            raise ValueError("all shares are 0, so the defender would see nothing")
        return self


class DefenderSettings(Settings):
    """The defender's seat."""

    model: str
    """As for the attacker."""
    system: str | None = None
    max_new_tokens: int | None = Field(default=None, gt=0)
    """Length of its answers while it is an opponent; default: as in its training."""
    refusal: str = Field(default="I cannot help with that.", min_length=1)
    """Target of a harmful request, for algorithms that learn from targets."""
    training: Training = GrpoSettings()
    mix: MixSettings = MixSettings()


class RewardSettings(Settings):
    """Weights of `sectow_env.game.rewards.TugOfWarReward`."""

    invalid: float = -0.5
    harm: float = -1.0
    over_refusal: float = -0.5
    drifted: float = 0.0
    rarity: float = 0.0


class PoolSettings(Settings):
    """How the pool grows after an attacker phase."""

    per_scenario: int = Field(default=2, ge=0)
    """Attacks that the trained attacker writes for each training scenario, in addition to those
    that succeeded while it was trained."""


class MonitorSettings(Settings):
    """The quality monitor."""

    benign: int = Field(default=160, ge=0)
    """Benign requests; the sample is the same throughout a run."""
    attempts: int = Field(default=1, gt=0)
    """Attacks per validation scenario."""
    scenarios: int = Field(default=256, gt=0)
    """Validation scenarios at most; the sample is the same throughout a run."""
    max_over_refusal: float = Field(default=0.3, ge=0.0, le=1.0)
    """A defender above it is gated."""
    max_accuracy_drop: float = Field(default=0.1, ge=0.0, le=1.0)
    """A defender whose accuracy on benign requests fell further below the base's is gated."""
    on_gate: Literal["keep", "rollback", "stop"] = "keep"
    """keep: only mark it; rollback: continue from the previous defender; stop: end the run."""


class LeagueSettings(Settings):
    """Whom an attacker trains against."""

    past: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of attacks that a past defender answers; the latest answers the others."""
    keep: int = Field(default=3, gt=0)
    """How many past defenders, the latest ones, are kept in memory for that."""


class GenerationSettings(Settings):
    """How answers are computed; what they are does not depend on it, but for rounding."""

    cache: Literal["auto", "dynamic", "static"] = "auto"
    """Of keys and values. A static one has its whole size from the start, which lets decoding be
    compiled; auto: static on CUDA for models that can be compiled, and dynamic where that fails."""
    compiled: bool = True
    """Compile decoding where the cache is static, on CUDA alone; it takes a minute at first."""


GENERATION = GenerationSettings()


class RunConfig(Settings):
    """A whole run."""

    run: Path = Path("runs/sectow")
    """The run folder."""
    seed: int = Field(default=0, ge=0)
    world: str = DEFAULT_WORLD
    """`NAME:SEED` of a registered world."""
    scenarios: Path | None = None
    """A scenario pack (JSONL) to play instead of the world."""
    renderer: str | None = None
    """Draws the pictures that attackers describe: a registered renderer with its settings. Default:
    the world's, which writes the words in large letters."""
    judge: str | None = None
    """A registered judge; default: the one that knows the world best."""
    truth: str | None = None
    """A second judge that looks at every training episode and decides nothing: the metrics get its
    figures as `true_*`. `world` is the one that knows the world best."""
    rounds: int = Field(default=2, gt=0)
    seats: tuple[Seat, ...] = Field(default=SEATS, min_length=1)
    """The seats that are trained; a seat that is left out may have a policy without weights. In a
    round the attacker comes first."""
    attacker: AttackerSettings
    defender: DefenderSettings
    reward: RewardSettings = RewardSettings()
    pool: PoolSettings = PoolSettings()
    monitor: MonitorSettings = MonitorSettings()
    league: LeagueSettings = LeagueSettings()
    device: Device = "auto"
    """auto: CUDA where it is available."""
    dtype: Dtype = "auto"
    """auto: float32 on the CPU and for weights that are all trained, else bfloat16."""
    quantization: Quantization | None = None
    """4bit: base models are packed into 4 bits (NF4), and computed in `dtype`; seats that are
    trained train an adapter. Needs the extra `quantized`."""
    batch_size: Annotated[int, Field(gt=0)] | None = None
    """Prompts that a frozen policy answers at once; default, or auto: as many as fit."""
    checkpoint_every: int | None = Field(default=20, gt=0)
    """Optimizer steps after which a phase can be resumed; null: a phase that is cut short is played
    from its beginning."""
    generation: GenerationSettings = GENERATION
    progress: bool = True
    """Show a progress bar where the standard error is a terminal."""
    report_to: tuple[Tracker, ...] = ()
    """Trackers that follow the run, as TRL names them; never taken from a run folder."""

    @model_validator(mode="before")
    @classmethod
    def _without_secrets(cls, given: object) -> object:
        check_no_secrets(given)
        return given

    @model_validator(mode="after")
    def _one_world(self) -> RunConfig:
        if self.scenarios is not None and self.world not in {DEFAULT_WORLD, str(self.scenarios)}:
            raise ValueError(
                f"world {self.world!r} and scenarios {str(self.scenarios)!r} both name what is "
                "played; leave one out (scenarios=null plays the world)"
            )
        return self

    @model_validator(mode="after")
    def _packed_weights_are_not_trained(self) -> RunConfig:
        whole = [seat for seat in self.seats if self.training(seat).lora is None]
        if self.quantization is not None and whole:
            raise ValueError(
                f"quantization={self.quantization} packs weights, which cannot be trained; give "
                f"{whole[0]}.training.lora, or leave quantization out"
            )
        return self

    @field_validator("batch_size", mode="before")
    @classmethod
    def _auto(cls, given: object) -> object:
        return None if given == "auto" else given

    @field_validator("seats")
    @classmethod
    def _each_once(cls, given: tuple[Seat, ...]) -> tuple[Seat, ...]:
        if len(set(given)) < len(given):
            raise ValueError("a seat is named twice; name each once")
        return given

    def training(self, seat: Seat) -> TrainingSettings:
        """The phase settings of a seat."""
        return self.attacker.training if seat == "attacker" else self.defender.training

    def policy(self, seat: Seat) -> AttackerSettings | DefenderSettings:
        """The settings of a seat."""
        return self.attacker if seat == "attacker" else self.defender

    @property
    def played(self) -> str:
        """The argument of `load_world`: the pack if one is set, else the world."""
        return self.world if self.scenarios is None else str(self.scenarios)

    @property
    def answer_tokens(self) -> int:
        """Longest answer of a defender that is an opponent, in tokens."""
        return self.defender.max_new_tokens or self.defender.training.max_new_tokens
