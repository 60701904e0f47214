#!/usr/bin/env python3
"""List, then watch: knows at any time what is free on each GPU, over restarts of vgpud and of its own connection."""

import argparse
import sys
import time

import grpc
from host import Host, Refused, say
from vgpud.v1.gpu_service_pb2 import ListGpusRequest
from vgpud.v1.watch_service_pb2 import RESOURCE_KIND_GPU, WATCH_EVENT_TYPE_DELETED, WatchRequest
from vgpud.v1.watch_service_pb2_grpc import WatchServiceStub

READ_SOCKET = "/run/vgpud/vgpud-read.sock"
PATIENCE_S = 60


def listed(host):
    """Every GPU, and the token to watch from: the first page's, since later pages may be of a later view."""
    page = host.call(host.gpus.ListGpus, ListGpusRequest())
    token, gpus = page.resume_token, list(page.gpus)
    while page.next_page_token:
        page = host.call(host.gpus.ListGpus, ListGpusRequest(page_token=page.next_page_token))
        gpus += page.gpus
    return token, gpus


def follow(host, watches, on_change):
    """Calls back with every GPU and then with each that changed, None in the place of one that went. Does not return."""
    gpus, token = {}, ""
    while True:
        try:
            if not token:
                token, found = listed(host)
                now = {gpu.pci_address: gpu for gpu in found}
                for address in gpus.keys() | now.keys():
                    if gpus.get(address) != now.get(address):
                        on_change(address, now.get(address))
                gpus = now
            for item in watches.Watch(WatchRequest(resume_token=token, kinds=[RESOURCE_KIND_GPU])):
                token = item.resume_token or token
                if not item.HasField("gpu"):
                    continue  # SYNCED, or a BOOKMARK: a newer token and nothing else
                address = item.gpu.pci_address
                # ADDED and MODIFIED are taken alike: the object as it is.
                if item.type == WATCH_EVENT_TYPE_DELETED:
                    gpus.pop(address, None)
                else:
                    gpus[address] = item.gpu
                on_change(address, gpus.get(address))
        except grpc.RpcError as error:
            refused = Refused(error)
            if refused.code in (grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.ABORTED):
                say(f"{refused.reason}: listing again")
                token = ""
            elif refused.code == grpc.StatusCode.UNAVAILABLE:
                say(f"{refused.reason or 'no connection'}: once more in {refused.retry_s:g} s")
                time.sleep(refused.retry_s)
            else:
                raise refused


def show(address, gpu):
    room = ", ".join(f"{kind.allocatable} of {kind.name}" for kind in gpu.types) if gpu else "gone"
    say(f"gpu {address}: {room or 'no vGPUs'}")


def main(argv):
    parser = argparse.ArgumentParser(description="Tells what each GPU has room for, whenever it changes.")
    parser.add_argument("--socket", default=READ_SOCKET)
    words = parser.parse_args(argv)
    with grpc.insecure_channel(f"unix:{words.socket}") as channel:
        try:
            follow(Host(channel, PATIENCE_S, PATIENCE_S), WatchServiceStub(channel), show)
        except Refused as refused:
            say(f"refused {refused.code.name} {refused.reason}: {refused.message}")
            return 1
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
