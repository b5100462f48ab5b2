"""Durable jobs: a recipe on one node, a sweep over many, a chore of the service itself; and what carries them out."""

from bmc.jobs.chore import Chore
from bmc.jobs.jobs import Jobs
from bmc.jobs.recipe import Prepared, Recipe, Step, StepFailed
from bmc.jobs.run import Run, Work

__all__ = ["Chore", "Jobs", "Prepared", "Recipe", "Run", "Step", "StepFailed", "Work"]
