"""Where jobs are written down before anything is done, and from where they are told of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from bmc.accounts.keyfile import Sealer
from bmc.events import Events
from bmc.model.events import Event, EventKind, Severity
from bmc.model.job import Job, JobMessage, JobState
from bmc.store import Json, Store

JOBS, SECRETS = "jobs", "job-secrets"


@dataclass(frozen=True, slots=True)
class Written:
    """One job as stored. `state` is its steps' own memory; `ending` is set once only the clean-up is left to do."""

    job: Job
    state: Mapping[str, Json] = field(default_factory=dict)
    ending: JobState | None = None


class Ledger:
    """What a job must keep to itself is sealed with the key file's key, as all secrets in the store are."""

    def __init__(self, store: Store, events: Events, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer
        self._events = events

    async def add(self, written: Written, secrets: Mapping[str, Json]) -> None:
        """:raise Conflict: the id is taken. :raise StoreFailed: and then nothing may be started."""
        await self._store.put(JOBS, written.job.id, _to_json(written), expect=0)
        sealed = self._sealer.seal(json.dumps(secrets).encode(), _context(written.job.id))
        await self._store.put(SECRETS, written.job.id, {"sealed": sealed})

    async def save(self, written: Written) -> None:
        await self._store.put(JOBS, written.job.id, _to_json(written))

    async def load(self) -> list[Written]:
        """All jobs, oldest first."""
        entries = await self._store.list(JOBS)
        return sorted((_from_json(entry.value) for entry in entries), key=lambda written: int(written.job.id))

    async def secrets(self, job: str) -> Mapping[str, Any]:
        """:raise KeyFileUnusable: they were sealed with another key."""
        entry = await self._store.get(SECRETS, job)
        if entry is None:
            return {}
        if "sealed" not in entry.value:  # begun by a version that did not seal them; they go with the job
            return cast(Mapping[str, Any], entry.value)
        opened: Mapping[str, Any] = json.loads(self._sealer.unseal(entry.value["sealed"], _context(job)))
        return opened

    async def secret_jobs(self) -> list[str]:
        """The ids for which secrets are kept."""
        return [entry.key for entry in await self._store.list(SECRETS)]

    async def forget_secrets(self, job: str) -> None:
        await self._store.delete(SECRETS, job)

    async def delete(self, job: str) -> None:
        await self._store.delete(SECRETS, job)
        await self._store.delete(JOBS, job)

    async def tell(self, kind: EventKind, job: Job, message: str, severity: Severity = Severity.OK) -> Event:
        return await self._events.publish(
            Event(
                kind,
                message,
                at=0,
                node=job.node,
                severity=severity,
                account=job.account,
                details={
                    "job": job.id,
                    "kind": job.kind,
                    "state": job.state.value,
                    "step": job.step,
                    "percent": job.percent,
                },
                nodes=job.nodes,
            )
        )


def _context(job: str) -> str:
    return f"job {job}"


def _to_json(written: Written) -> dict[str, Json]:
    job = written.job
    return {
        "id": job.id,
        "kind": job.kind,
        "node": job.node,
        "account": job.account,
        "request": cast(Json, dict(job.request)),
        "steps": job.steps,
        "started": job.started,
        "state": job.state.value,
        "step": job.step,
        "percent": job.percent,
        "message": job.message,
        "messages": [[message.at, message.text] for message in job.messages],
        "ended": job.ended,
        "details": cast(Json, dict(job.details)),
        "nodes": job.nodes,
        "former": job.former,
        "token": job.token,
        "memory": dict(written.state),
        "ending": written.ending.value if written.ending else None,
    }


def _from_json(value: Mapping[str, Any]) -> Written:
    fields = dict(value)
    memory, ending = fields.pop("memory"), fields.pop("ending")
    fields["steps"], fields["nodes"] = tuple(fields["steps"]), tuple(fields.get("nodes", ()))
    fields["state"] = JobState(fields["state"])
    fields["messages"] = tuple(JobMessage(at, text) for at, text in fields["messages"])
    return Written(Job(**fields), memory, JobState(ending) if ending else None)
