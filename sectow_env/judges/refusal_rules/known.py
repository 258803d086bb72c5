"""All languages that have rules."""

from __future__ import annotations

from sectow_env.judges.refusal_rules.arabic import ARABIC
from sectow_env.judges.refusal_rules.chinese import CHINESE
from sectow_env.judges.refusal_rules.dutch import DUTCH
from sectow_env.judges.refusal_rules.english import ENGLISH
from sectow_env.judges.refusal_rules.french import FRENCH
from sectow_env.judges.refusal_rules.german import GERMAN
from sectow_env.judges.refusal_rules.hindi import HINDI
from sectow_env.judges.refusal_rules.indonesian import INDONESIAN
from sectow_env.judges.refusal_rules.italian import ITALIAN
from sectow_env.judges.refusal_rules.japanese import JAPANESE
from sectow_env.judges.refusal_rules.korean import KOREAN
from sectow_env.judges.refusal_rules.polish import POLISH
from sectow_env.judges.refusal_rules.portuguese import PORTUGUESE
from sectow_env.judges.refusal_rules.russian import RUSSIAN
from sectow_env.judges.refusal_rules.spanish import SPANISH
from sectow_env.judges.refusal_rules.turkish import TURKISH
from sectow_env.judges.refusal_rules.vietnamese import VIETNAMESE

IN_LATIN = (
    *(GERMAN, FRENCH, SPANISH, ITALIAN, PORTUGUESE, DUTCH, POLISH, TURKISH),
    *(VIETNAMESE, INDONESIAN),
)
OTHERS = (*IN_LATIN, RUSSIAN, CHINESE, JAPANESE, KOREAN, ARABIC, HINDI)
LANGUAGES = (ENGLISH, *OTHERS)
