"""Words for people in captions."""

from __future__ import annotations

_PEOPLE_TEXT = (
    "person man woman boy girl child kid people guy lady toddler baby player men women children adult crowd rider "
    "skier snowboarder surfer skateboarder biker cyclist climber swimmer batter catcher worker family male female "
    "skater runner racer teenager friend someone"
)
PEOPLE = frozenset(_PEOPLE_TEXT.split())
"""Words for people, singulars and irregular plurals."""
MALE = frozenset(["man", "men", "boy", "guy", "male", "gentleman"])
FEMALE = frozenset(["woman", "women", "girl", "lady", "female"])
