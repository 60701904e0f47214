"""Sends each request of stdin, and prints what Python's own libraries make of the refusal; one JSON object a line each."""

import base64
import json
import sys

import grpc
from google.protobuf.json_format import MessageToDict

# What an Any holds is found among the messages that are imported.
import google.rpc.error_details_pb2
import vgpud.v1.placement_pb2
from google.rpc.status_pb2 import Status


def refusal_of(channel, method, request):
    try:
        channel.unary_unary(method)(request, timeout=30)
    except grpc.RpcError as error:
        packed = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        status = MessageToDict(Status.FromString(packed), preserving_proto_field_name=True)
        return {"code": error.code().value[0], "message": error.details(), "status": status}
    raise RuntimeError(f"{method} was answered, and should have been refused")


with grpc.insecure_channel(f"unix:{sys.argv[1]}") as channel:
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(refusal_of(channel, asked["method"], base64.b64decode(asked["request"]))), flush=True)
