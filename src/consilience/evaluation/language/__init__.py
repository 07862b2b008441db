"""Every word that the report, the model card and the terminal say about a result, in every language.

`say(key, language, ...)` is the only door. A catalogue is a module with `WORDS = {"en": {...}, "zh": {...}}`; tests
hold that all languages have the same keys with the same placeholders. A new language is one more dictionary in each.
"""

from consilience.evaluation.language.catalogue import LANGUAGES, Language, known, language_of, plural, say, words

__all__ = ["LANGUAGES", "Language", "known", "language_of", "plural", "say", "words"]
