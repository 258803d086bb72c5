"""What differs between families of models, by `config.model_type`; else by looking at the model.

A family is registered in the entry point group `sectow.families` under each model type that it is
for: `qwen2_5_vl = "package.module:FAMILY"`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from transformers import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

from sectow_agents.models.thinking import Marks
from sectow_env.errors import ConfigError
from sectow_env.registry.entry_points import claims, load, the_only

GROUP = "sectow.families"
_PROJECTIONS = r"\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"


@dataclass(frozen=True)
class Family:
    """What a model itself does not reliably show. None: look at the model.

    Attributes:
        name: What it is called in messages.
        sees_images: It can be shown pictures.
        placeholders: Tokens that stand for pictures or videos and are not an attribute of the
            processor.
        vision: Last part of the name of the vision encoder's module.
        projector: Names, inside that module, of what leads from it to the language model.
        language: Part of the names of the language model's modules.
        thinking: How it begins and ends its thinking.
        needs: Packages that its processor imports.
        untrained: Why TRL cannot train it on prompts with pictures; None: it can.
    """

    name: str
    sees_images: bool = True
    placeholders: tuple[str, ...] = ()
    vision: str | None = None
    projector: tuple[str, ...] = ()
    language: str | None = None
    thinking: tuple[Marks, ...] | None = None
    needs: tuple[str, ...] = ()
    untrained: str | None = None

    def check(self) -> None:
        """Raises ConfigError where a package is missing that its processor imports."""
        missing = [package for package in self.needs if find_spec(package) is None]
        if missing:
            raise ConfigError(
                given=f"a model of the family {self.name}",
                why=f"its processor needs {' and '.join(missing)}, which cannot be imported",
                fix=f"pip install {' '.join(missing)}",
            )

    def check_shown(self, given: str, shown: str, *, trained: bool) -> None:
        """Raises ConfigError where it cannot be shown pictures.

        Args:
            given: The model, for the message.
            shown: What shows pictures, in words.
            trained: It is to be trained on them.
        """
        why = None
        if not self.sees_images:
            why = "the model sees none"
        elif trained and self.untrained is not None:
            why = f"TRL cannot train {self.name} on any: {self.untrained}"
        if why is not None:
            raise ConfigError(
                given=given,
                why=f"{shown}, and {why}",
                fix="use a model of another family that sees images, or channels and scenarios "
                "without pictures",
            )

    def freeze_vision(self, model: Any) -> None:
        """Freeze the vision encoder; what leads from it to the language model is trained.

        Raises:
            ConfigError: It cannot be distinguished from the rest.
        """
        vision = self.vision_module(model)
        vision.requires_grad_(False)
        for name in self.projector:
            vision.get_submodule(name).requires_grad_(True)

    def vision_module(self, model: Any) -> Any:
        """The part of a model that sees pictures.

        Raises:
            ConfigError: It cannot be distinguished from the rest.
        """
        if self.vision is not None:
            for name, module in model.named_modules():
                if name.rpartition(".")[2] == self.vision:
                    return module
        module = model.get_encoder(modality="image")
        if module is model or module is getattr(model, "base_model", None):
            raise ConfigError(
                given=f"the vision encoder of {type(model).__name__}",
                why="it cannot be distinguished from the rest of the model",
                fix="leave train_vision at true, or train an adapter with target_modules of your "
                "own",
            )
        return module

    def language_targets(self) -> str:
        """The linear layers of the language model, as PEFT's `target_modules`.

        Raises:
            ConfigError: They are not known for this family.
        """
        if not self.sees_images:
            return "all-linear"
        if self.language is None:
            raise ConfigError(
                given=f"target_modules=language for a model of the family {self.name}",
                why="the name of its language model is not known",
                fix="give target_modules as PEFT names them, such as all-linear",
            )
        return rf".*{self.language}.*{_PROJECTIONS}"


QWEN_VL = Family(
    "Qwen-VL",
    vision="visual",
    projector=("merger",),
    language="language_model",
    needs=("torchvision",),
)
QWEN3_VL = replace(QWEN_VL, name="Qwen3-VL", projector=("merger", "deepstack_merger_list"))
LLAVA = Family("LLaVA", language="language_model")
LLAVA_ONEVISION = Family("LLaVA-OneVision", language="language_model", needs=("torchvision",))
INTERNVL = Family("InternVL", language="language_model", needs=("torchvision",))
IDEFICS3 = Family("Idefics3", language="text_model")
SMOLVLM = Family("SmolVLM", language="text_model", needs=("torchvision", "num2words"))
GEMMA3 = Family("Gemma 3", language="language_model")
MLLAMA = Family(
    "Mllama",
    language="language_model",
    untrained="it does not pass on what cross-attention needs (aspect_ratio_ids)",
)
MISTRAL3 = Family("Mistral 3", language="language_model", needs=("torchvision",))


def family_of(config: Any) -> Family:
    """The family of a model, by its configuration.

    Raises:
        ConfigError: What is registered for its type is not a family.
    """
    kind = str(config.model_type)
    if kind not in claims(GROUP):
        return Family(kind, sees_images=type(config) in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING)
    return _registered(kind)


def table() -> list[str]:
    """All registered families as a Markdown table: model types, packages, and what is refused."""
    types: dict[Family, list[str]] = {}
    for kind in sorted(claims(GROUP)):
        types.setdefault(_registered(kind), []).append(kind)
    rows = [
        f"| {family.name} | {', '.join(f'`{kind}`' for kind in kinds)} "
        f"| {', '.join(family.needs) or '-'} | {family.untrained or '-'} |"
        for family, kinds in types.items()
    ]
    return [
        "| family | `model_type` | its processor needs | why it is not trained on pictures |",
        "|---|---|---|---|",
        *rows,
    ]


def _registered(kind: str) -> Family:
    what = f"family {kind!r}"
    family = load(the_only(claims(GROUP)[kind], what), what)
    if not isinstance(family, Family):
        raise ConfigError(
            given=what,
            why=f"its entry point leads to {type(family).__name__}",
            fix="point it at a sectow_agents.models.families.Family",
        )
    return family
