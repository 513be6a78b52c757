"""Tools around the lessons: `doctor()` checks the machine, the command line offers the same in a terminal."""

# The function on purpose shares its module's name: lessons call doctor(), nobody needs the module itself from here.
from vae_lessons.classroom.doctor import doctor

__all__ = ["doctor"]
