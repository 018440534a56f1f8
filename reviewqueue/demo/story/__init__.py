"""The demonstration workspace and its story: a calm week at 50 items a day, then the day at 2,000.

Everything is loaded through the product's ordinary verbs, with the clock as an argument. Loading can be ended at
any moment and goes on where it stopped.
"""

from .loading import load_story, story_is_loaded

__all__ = ["load_story", "story_is_loaded"]
