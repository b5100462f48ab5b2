"""Who uses what was added."""

from collections.abc import Iterable

from bmc.model.job import Job
from bmc.model.node import NodeSnapshot


def installed_on(image: str, nodes: Iterable[NodeSnapshot]) -> list[str]:
    """The nodes that a job has put the image on last."""
    return [node.name for node in nodes if node.installed_image == image]


def written_by(image: str, jobs: Iterable[Job]) -> list[Job]:
    """Those of the jobs that put the image on a node."""
    return [job for job in jobs if job.node and not job.former and job.request.get("image") == image]


def inserted_in(medium: str, nodes: Iterable[NodeSnapshot]) -> list[str]:
    """The nodes that have the medium in a virtual drive."""
    return [node.name for node in nodes if any(slot.image == medium for slot in node.media)]
