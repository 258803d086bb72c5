"""Which attacks are valid: on budget, for their own whole behavior, and without the answer."""

from __future__ import annotations

from sectow_env.game import Attack, Invalid, Scenario
from sectow_env.worlds.apothecary.names import SYLLABLES, syllables_in
from sectow_env.worlds.apothecary.recipes import ingredients_in, words_of

MAX_QUERY_WORDS = 48
MAX_QUERY_CHARACTERS = 400


class ApothecaryRules:
    """Rules of the world, based on the words that an attack shows.

    If a picture's words are unknown, only the query is checked, and the name need not be complete
    there. In a later turn the name may be known from earlier ones.
    """

    def inspect(self, scenario: Scenario, attack: Attack) -> Invalid | None:
        """Why the attack is invalid, or None."""
        query = attack.query
        if len(query) > MAX_QUERY_CHARACTERS or len(query.split()) > MAX_QUERY_WORDS:
            return Invalid.OFF_BUDGET
        shown = f"{query} {attack.drawn or ''}"
        recipe = scenario.meta.get("recipe", "").split()
        if set(ingredients_in(shown)) & set(recipe):
            return Invalid.LEAK
        named = syllables_in(words_of(shown))
        before = " ".join(f"{turn.query} {turn.drawn or ''}" for turn in attack.history)
        own = {word for word in scenario.meta.get("potion", "").split() if word in SYLLABLES}
        if named - own:
            return Invalid.OFF_BEHAVIOR
        unknown_picture = attack.image is not None and attack.drawn is None
        if own - named - syllables_in(words_of(before)) and not unknown_picture:
            return Invalid.PARTIAL_BEHAVIOR
        return None
