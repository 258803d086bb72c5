"""An instruction-tuned model on this machine that says whether an attack keeps its intent."""

from __future__ import annotations

from sectow_agents.judges.guards import local
from sectow_agents.models.chat_model import LocalModel
from sectow_env.errors import ConfigError
from sectow_env.judges.intent import ModelIntent
from sectow_env.judges.model_judge import ModelJudge
from sectow_env.judges.prompts.intent import Intent


def model(model: str, *, picture: bool = False, **loading: object) -> ModelJudge:
    """The registered `intent/model`.

    Args:
        model: Folder or hub id of an instruction-tuned model.
        picture: Show it the attack's picture.
        loading: Settings of `guards.Loading`.

    Raises:
        ConfigError: A setting cannot work, or the model cannot be loaded or has no chat template.
    """
    judge = local(Intent(picture=picture), model, loading, ModelIntent)
    assert isinstance(judge.model, LocalModel), "it is on this machine"
    if getattr(judge.model.generator.processor, "chat_template", None) is None:
        raise ConfigError(
            given=f"intent/model with the model {model!r}",
            why="it has no chat template, so it follows no instructions",
            fix="name an instruction-tuned model",
        )
    return judge
