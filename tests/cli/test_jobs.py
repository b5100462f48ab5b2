"""What `bmc` tells of a job that has ended."""

from typing import Any

from bmc.cli.jobs import report

STEPS = ["power off", "write", "proof"]


def task(state: str, *messages: str, **ours: Any) -> dict[str, Any]:
    details = {
        "Steps": STEPS,
        "System": {"@odata.id": "/redfish/v1/Systems/n3"},
        "Request": {"image": "lightsout-mini"},
        "FormerSystem": None,
        "Proofs": [],
        "ConsoleTail": "",
        **ours,
    }
    return {
        "Id": "7",
        "TaskState": state,
        "Messages": [{"Message": message} for message in messages],
        "Oem": {"Lightsout": details},
    }


def test_a_reinstall_that_went_well_tells_the_image_and_its_proofs_and_no_steps() -> None:
    told = report(
        task("Completed", "power off", "x.iso is taken out of cd0", "write", "done", Proofs=["phone-home", "new"])
    )
    assert told == [
        "x.iso is taken out of cd0",
        "n3 runs lightsout-mini",
        "proof phone-home: the new system reported to the service with this job's token",
        "proof new: given",
    ]


def test_an_image_that_can_give_no_proof_is_said_to_have_given_none() -> None:
    assert report(task("Completed", "done"))[-1].startswith("no proof")


def test_a_job_that_failed_tells_all_it_said_and_the_end_of_the_console() -> None:
    told = report(task("Exception", "power off", "the disk is gone", ConsoleTail="one\ntwo\n"))
    assert told == ["power off", "the disk is gone", "the end of the serial console:", "one", "two"]


def test_a_job_of_a_server_that_was_removed_since_says_so() -> None:
    former = task("Completed", "write", "done", FormerSystem="n3")
    del former["Oem"]["Lightsout"]["System"]
    assert report(former) == ["n3 has been removed since"]
