"""Bytes on their way into the library, and the job that takes them."""

import hashlib
from collections.abc import AsyncIterator

from bmc.jobs import Jobs
from bmc.model.job import Job
from tests.world import until


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def ended(jobs: Jobs, job: Job) -> Job:
    await until(lambda: jobs.get(job.id).state.ended, 30)
    return jobs.get(job.id)


async def pieces(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]
