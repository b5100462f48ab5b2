"""What every backend keeps (`bmc/ports.py`), whatever is behind it. A test module subclasses `BackendContract`, or
those for what its backend has beside power: `BootContract`, `MediaContract`, `InventoryContract`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bmc.model.boot import NO_OVERRIDE, BootEnabled, BootOverride
from bmc.model.errors import NotFound, NotSupported, WrongState
from bmc.model.node import Hardware
from bmc.model.power import PowerAction, PowerReading, PowerState
from bmc.ports import Backend, BootControl, MediaBay
from robots.loop import ClosedLoop
from robots.parts import Sense, Switch

OpenBackend = Callable[[], Awaitable[Backend]]


class BackendContract:
    """A subclass gives the fixture `open_backend`: composes and starts a backend for one machine, the same each time.

    What it opened is closed by the fixture; `lifecycle.close` is called again on what a test has closed. `patience` is
    how many seconds an effect may take to show.
    """

    patience = 20.0

    @pytest.fixture
    def open_backend(self) -> OpenBackend:
        raise NotImplementedError

    @pytest.fixture
    async def backend(self, open_backend: OpenBackend) -> Backend:
        """Off, with its own boot order."""
        backend = await open_backend()
        await backend.switch.apply(PowerAction.FORCE_OFF)
        await self.shows(backend, PowerState.OFF)
        if backend.boot is not None:
            await backend.boot.apply(NO_OVERRIDE)
        return backend

    async def shows(self, backend: Backend, state: PowerState) -> None:
        """Wait until every sense says so."""
        async with asyncio.timeout(self.patience):
            for sense in backend.senses:
                while (await sense.read()).state is not state:  # noqa: ASYNC110 - the contract under test is `read`
                    await asyncio.sleep(0.05)

    async def turn_on(self, backend: Backend) -> None:
        if backend.boot is not None:
            await backend.boot.apply(NO_OVERRIDE)
        await backend.switch.apply(PowerAction.ON)
        await self.shows(backend, PowerState.ON)

    async def test_it_can_at_least_be_turned_on_and_off_and_be_looked_at(self, backend: Backend) -> None:
        assert {PowerAction.ON, PowerAction.FORCE_OFF} <= backend.switch.actions
        assert backend.senses
        assert backend.switch.domain
        assert all(sense.name and sense.domain for sense in backend.senses)
        assert len({sense.name for sense in backend.senses}) == len(backend.senses)

    async def test_what_moves_real_hardware_says_how_it_is_to_be_moved(self, backend: Backend) -> None:
        if not isinstance(backend.switch, ClosedLoop):
            pytest.skip("no hardware")
        assert backend.switch.switches
        for each in backend.switch.switches:
            assert isinstance(each, Switch)
            assert each.domains
            assert each.domains <= backend.rules.moved
            assert backend.rules.hand_over is not None
            assert 0 < each.patience < backend.rules.hand_over
            assert not each.toggles or each.actions <= backend.rules.presses
            await each.require_ready()
            async with each.in_turn():
                pass
        for sense in backend.senses:
            assert isinstance(sense, Sense)
            assert sense.proves

    async def test_each_part_that_it_has_is_held_to_its_contract(self, backend: Backend) -> None:
        assert isinstance(self, BootContract) is (backend.boot is not None)
        assert isinstance(self, MediaContract) is (backend.media is not None)
        assert isinstance(self, InventoryContract) is (backend.inventory is not None)

    async def test_on_and_off_are_seen(self, backend: Backend) -> None:
        await self.turn_on(backend)
        await backend.switch.apply(PowerAction.FORCE_OFF)
        await self.shows(backend, PowerState.OFF)

    async def test_on_must_not_fail_when_it_is_on(self, backend: Backend) -> None:
        await self.turn_on(backend)
        await backend.switch.apply(PowerAction.ON)
        await self.shows(backend, PowerState.ON)

    async def test_off_must_not_fail_when_it_is_off(self, backend: Backend) -> None:
        await backend.switch.apply(PowerAction.FORCE_OFF)
        await self.shows(backend, PowerState.OFF)

    async def test_what_it_offers_beside_leaves_it_on(self, backend: Backend) -> None:
        await self.turn_on(backend)
        for action in (PowerAction.FORCE_RESTART, PowerAction.POWER_CYCLE):
            if action in backend.switch.actions:
                await backend.switch.apply(action)
                await self.shows(backend, PowerState.ON)

    async def test_a_change_is_told_without_asking(self, backend: Backend) -> None:
        changes = [sense.changes() for sense in backend.senses]

        async def until_on(readings: AsyncIterator[PowerReading]) -> None:
            async for reading in readings:
                if reading.state is PowerState.ON:
                    return

        waiting = [asyncio.ensure_future(until_on(each)) for each in changes]
        await asyncio.sleep(0)
        await self.turn_on(backend)
        async with asyncio.timeout(self.patience):
            await asyncio.gather(*waiting)
        await asyncio.gather(*(each.aclose() for each in changes if hasattr(each, "aclose")))

    async def test_what_is_not_paused_cannot_be_resumed(self, backend: Backend) -> None:
        await self.turn_on(backend)
        with pytest.raises((NotSupported, WrongState)):
            await backend.switch.resume()

    async def test_letting_go_does_not_touch_the_machine(self, backend: Backend, open_backend: OpenBackend) -> None:
        await self.turn_on(backend)
        await backend.lifecycle.close()
        await self.shows(await open_backend(), PowerState.ON)


class BootContract(BackendContract):
    def boot(self, backend: Backend) -> BootControl:
        assert backend.boot is not None
        return backend.boot

    async def test_every_boot_target_can_be_armed_and_taken_back(self, backend: Backend) -> None:
        boot = self.boot(backend)
        assert boot.targets
        for target in boot.targets:
            for enabled in (BootEnabled.ONCE, BootEnabled.CONTINUOUS):
                await boot.apply(BootOverride(target, enabled))
                await boot.apply(NO_OVERRIDE)

    async def test_a_once_override_is_spent_by_the_next_boot(self, backend: Backend) -> None:
        boot = self.boot(backend)
        seen = boot.seen()
        override = BootOverride(min(boot.targets, key=lambda target: target.value), BootEnabled.ONCE)
        await boot.apply(override)
        await backend.switch.apply(PowerAction.ON)
        async with asyncio.timeout(self.patience):
            while (await anext(seen)).override != override:
                pass


class MediaContract(BackendContract):
    def bay(self, backend: Backend) -> MediaBay:
        assert backend.media is not None
        return backend.media

    async def test_a_drive_that_does_not_exist_is_an_error(self, backend: Backend, tmp_path: Path) -> None:
        bay = self.bay(backend)
        with pytest.raises(NotFound):
            await bay.eject("no-such-drive")
        image = tmp_path / "image.iso"
        image.write_bytes(bytes(2048 * 32))
        with pytest.raises(NotFound):
            await bay.insert("no-such-drive", str(image), "image")

    async def test_an_empty_drive_may_be_ejected(self, backend: Backend) -> None:
        bay = self.bay(backend)
        async with asyncio.timeout(self.patience):
            await bay.slots_known()
        assert bay.slots()
        for slot in bay.slots():
            await bay.eject(slot.id)
            await bay.eject(slot.id)
        assert not any(slot.inserted for slot in bay.slots())


class InventoryContract(BackendContract):
    async def test_the_hardware_can_be_asked_at_any_time(self, backend: Backend) -> None:
        assert backend.inventory is not None
        assert isinstance(backend.inventory.hardware(), Hardware)
