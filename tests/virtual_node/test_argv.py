"""The command line, without a QEMU."""

import json
from uuid import UUID

import pytest

from bmc.virtual_node.argv import Machine, build_argv, own_boot_order
from bmc.virtual_node.options import parse_options

NODE = UUID("3b9f2e0c-52c3-4e3b-9d0a-8a8f5f0f4a11")
TCG = Machine("qemu", "tcg", "/fw/CODE.fd", "open")


def argv(options, machine=TCG, name="n1"):
    return build_argv(name, NODE, parse_options({"disks": [], "nics": [], **options}, NODE), machine)


def values(line, option):
    return [line[index + 1] for index, word in enumerate(line) if word == option]


def devices(line):
    return {device["id"]: device for device in map(json.loads, values(line, "-device"))}


PRESENT = [
    ({}, TCG, ["-S"]),
    ({}, TCG, ["-uuid", str(NODE)]),
    ({}, TCG, ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"]),
    ({}, TCG, ["-action", "shutdown=pause,reboot=reset,panic=pause"]),
    ({}, TCG, ["-accel", "tcg,thread=multi", "-cpu", "max"]),
    ({}, Machine("qemu", "kvm", "", "open"), ["-accel", "kvm", "-cpu", "host"]),
    ({"cpus": 2, "memory_mib": 300}, TCG, ["-smp", "2", "-m", "300M"]),
    ({}, TCG, ["-fw_cfg", "name=etc/sercon-port,file=sercon-port"]),
    ({}, TCG, ["-vnc", "unix:vnc.sock,share=force-shared"]),
]


@pytest.mark.parametrize(("options", "machine", "words"), PRESENT)
def test_the_line_says(options, machine, words):
    line = argv(options, machine)
    assert any(line[index : index + len(words)] == words for index in range(len(line)))


def test_the_keyboard_layout_is_never_set_and_nothing_listens_on_tcp():
    line = argv({"nics": [{}]})
    assert "-k" not in line
    assert not any("tcp" in word or "hostfwd" in word or "websocket" in word for word in line)


def test_a_strange_name_cannot_become_an_option():
    line = argv({}, name="n1,debug-threads=on")
    assert values(line, "-name") == ["guest=n1,,debug-threads=on"]


def test_disks_pause_on_errors_and_sit_on_their_bus():
    line = argv({"disks": [{"size_gib": 1, "bus": bus} for bus in ("virtio", "sata", "scsi", "nvme")]})
    found = devices(line)
    drivers = [found[f"disk{index}"]["driver"] for index in range(4)]
    assert drivers == ["virtio-blk-pci", "ide-hd", "scsi-hd", "nvme"]
    assert "werror" not in found["disk3"], "QEMU's NVMe has no such property"
    assert all(
        (found[f"disk{index}"]["werror"], found[f"disk{index}"]["rerror"]) == ("stop",) * 2 for index in range(3)
    )
    assert found["disk1"]["bus"] == "ide.1"
    assert found["scsi0"]["driver"] == "virtio-scsi-pci"
    assert all(json.loads(drive)["driver"] == "raw" for drive in values(line, "-blockdev"))


def test_a_card_is_of_its_model():
    found = devices(argv({"nics": [{}, {"model": "e1000e"}]}))
    assert [found[f"nic{index}"]["driver"] for index in range(2)] == ["virtio-net-pci", "e1000e"]


def test_every_index_is_used_once_and_follows_the_nodes_own_order():
    options = {"disks": [{"size_gib": 1}] * 2, "nics": [{}, {}]}
    found = devices(argv(options))
    indexed = {name: device["bootindex"] for name, device in found.items() if "bootindex" in device}
    assert sorted(indexed, key=lambda name: indexed[name]) == ["disk0", "disk1", "cd0", "nic0", "nic1"]
    assert own_boot_order(parse_options(options, NODE)) == ("disk0", "disk1", "cd0", "nic0", "nic1")


@pytest.mark.parametrize(("network", "restrict"), [("open", False), ("restricted", True)])
def test_without_a_namespace_the_network_is_closed(network, restrict):
    line = argv({"nics": [{"mac": "52:54:00:00:00:07"}]}, Machine("qemu", "tcg", "", network))
    assert json.loads(values(line, "-netdev")[0])["restrict"] is restrict
    assert devices(line)["nic0"]["mac"] == "52:54:00:00:00:07"


@pytest.mark.parametrize("url", ["", "http://10.0.2.2/boot.ipxe"])
def test_the_firmware_is_told_a_boot_file_while_there_is_one(url):
    line = argv({"nics": [{}, {}]}, Machine("qemu", "tcg", "", "open", url))
    assert [json.loads(net).get("bootfile", "") for net in values(line, "-netdev")] == [url, url]


def test_uefi_has_its_code_read_only_and_variables_of_its_own():
    line = argv({"firmware": "uefi"})
    code, variables = map(json.loads, values(line, "-blockdev"))
    assert (code["read-only"], code["file"]["filename"]) == (True, "/fw/CODE.fd")
    assert variables["file"]["filename"] == "uefi-vars.fd"
    assert values(line, "-machine") == ["q35,usb=off,vmport=off,pflash0=uefi-code,pflash1=uefi-vars"]
    assert "-fw_cfg" not in line
