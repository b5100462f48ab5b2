"""A fleet of many nodes for the page: virtual ones that are off, so that no guest runs."""

import asyncio

import aiohttp

from tests.e2e.service import SYSTEMS, LiveService

AT_ONCE = 8
PER_RACK = 50


def name_of(number: int) -> str:
    return f"node{number:04}"


async def add_many(service: LiveService, count: int) -> None:
    """node0000 and so on, 50 to a rack: tagged rack-a, rack-b…, and every third one `test`, the others `prod`."""
    numbers = iter(range(count))

    async def some(client: aiohttp.ClientSession) -> None:
        for number in numbers:
            tags = [f"rack-{chr(ord('a') + number // PER_RACK)}", "prod" if number % 3 else "test"]
            body = {"Name": name_of(number), "Oem": {"Lightsout": {"Tags": tags}}}
            async with client.post(service.url + SYSTEMS, json=body) as reply:
                assert reply.status == 201, await reply.text()

    async with aiohttp.ClientSession(headers={"X-Auth-Token": service.token()}) as client:
        await asyncio.gather(*(some(client) for _ in range(AT_ONCE)))
