#!/usr/bin/env python3
"""Where a scheduler's client of vgpud starts: what is free, a dry run, a domain made and destroyed, and every way to be
refused told apart. docs/clients/README.md says how to run it and why it does what it does."""

import argparse
import sys

import grpc
from google.protobuf.duration_pb2 import Duration
from host import Host, Refused, next_step, say
from vgpud.v1.claim_pb2 import CLAIM_STATE_GONE
from vgpud.v1.domain_pb2 import DomainRef
from vgpud.v1.domain_service_pb2 import CreateDomainRequest, DestroyDomainRequest
from vgpud.v1.domain_spec_pb2 import DISK_FORMAT_RAW, Disk, DomainSpec
from vgpud.v1.placement_pb2 import VgpuRequest

ADMIN_SOCKET = "/run/vgpud/vgpud.sock"
GRACE_S = 10


def amounts(free):
    return f"{free.low_gm_mib} MiB low, {free.high_gm_mib} MiB high, {free.fences} fences, {free.instances} instances free"


def show_room(host, _):
    for gpu in host.all_gpus():
        say(f"gpu {gpu.pci_address}: {amounts(gpu.budget.free) if gpu.HasField('budget') else 'no vGPUs'}")
        for kind in gpu.types:
            say(f"  {kind.name}: {kind.allocatable} more")


def show_candidates(decision):
    for one in decision.candidates:
        why = "taken" if one.chosen else one.reason or one.message
        say(f"  {one.gpu} {why}" + (f": {amounts(one.free)}" if one.HasField("free") else ""))


def show_decision(decision):
    say(f"vgpu {decision.type} on {decision.gpu}: {decision.message}")
    show_candidates(decision)
    for warning in decision.warnings:
        say(f"  warning: {warning}")


def show_refusal(refused):
    say(f"refused {refused.code.name} {refused.reason}".rstrip())
    say(f"  {refused.message}")
    for key, value in sorted(refused.info.metadata.items()):
        say(f"  {key}={value}")
    for violation in refused.bad_request.field_violations:
        say(f"  field {violation.field}: {violation.description}")
    show_candidates(refused.decision)
    say(f"next: {next_step(refused)}")


def create(host, words):
    request = CreateDomainRequest(
        claim_id=words.claim_id,
        validate_only=words.command == "check",
        domain=DomainSpec(
            name=words.name,
            vcpus=words.vcpus,
            memory_mib=words.memory_mib,
            disks=[Disk(path=words.disk, format=DISK_FORMAT_RAW)],
        ),
        vgpu=VgpuRequest(type=words.type),
    )
    answer = host.change(host.domains.CreateDomain, request, words.claim_id)
    show_decision(answer.decision)
    if answer.HasField("domain"):
        say(f"domain {answer.domain.uuid} {answer.domain.name} by {answer.operation}")


def destroy(host, words):
    request = DestroyDomainRequest(
        domain=DomainRef(claim_id=words.claim_id), grace_period=Duration(seconds=GRACE_S), allow_missing=True
    )
    answer = host.change(host.domains.DestroyDomain, request, words.claim_id)
    if not answer.HasField("domain"):
        say("there is none")
    elif answer.domain.claim_state == CLAIM_STATE_GONE:
        say("gone")
    else:
        # The operation goes on by itself; the room is free once it has ended.
        say(f"still deleting, {answer.operation}: {answer.domain.failure.message}")


def words_of(argv):
    parser = argparse.ArgumentParser(description="A scheduler's way into vgpud.")
    parser.add_argument("--socket", default=ADMIN_SOCKET)
    parser.add_argument("--deadline", type=float, default=30, help="of one try of a change, seconds")
    parser.add_argument("--patience", type=float, default=60, help="after which no try begins any more, seconds")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("room", help="what is free on each GPU").set_defaults(run=show_room)
    for name, text in (("check", "where a domain would go"), ("create", "make a domain with a vGPU")):
        command = commands.add_parser(name, help=text)
        command.add_argument("claim_id")
        command.add_argument("name")
        command.add_argument("type", help="as i915-GVTg_V5_4")
        command.add_argument("disk", help="a raw image below a storage root")
        command.add_argument("--vcpus", type=int, default=2)
        command.add_argument("--memory-mib", type=int, default=1024)
        command.set_defaults(run=create)
    command = commands.add_parser("destroy", help="end a claim with its domain")
    command.add_argument("claim_id")
    command.set_defaults(run=destroy)
    return parser.parse_args(argv)


def main(argv):
    words = words_of(argv)
    with grpc.insecure_channel(f"unix:{words.socket}") as channel:
        try:
            words.run(Host(channel, words.deadline, words.patience), words)
        except Refused as refused:
            show_refusal(refused)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
