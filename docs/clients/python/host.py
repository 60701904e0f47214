"""One vgpud as a scheduler sees it: every call with a deadline, retries that are safe, refusals taken apart."""

import time

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from vgpud.v1.domain_pb2 import DomainRef
from vgpud.v1.domain_service_pb2 import GetDomainRequest
from vgpud.v1.domain_service_pb2_grpc import DomainServiceStub
from vgpud.v1.gpu_service_pb2 import ListGpusRequest
from vgpud.v1.gpu_service_pb2_grpc import GpuServiceStub
from vgpud.v1.operation_pb2 import OPERATION_STATE_RUNNING, OperationState
from vgpud.v1.operation_service_pb2 import GetOperationRequest
from vgpud.v1.operation_service_pb2_grpc import OperationServiceStub
from vgpud.v1.placement_pb2 import PlacementDecision

READ_DEADLINE_S = 5
POLL_S = 0.5
# The transport's own UNAVAILABLE, as of a connection that broke, says nothing about when to come back.
RECONNECT_S = 1


class Refused(Exception):
    """A status other than OK, with what vgpud says beside it. Branch on `code` and `reason`, never on `message`."""

    def __init__(self, error):
        super().__init__(error.details())
        self.code = error.code()
        self.message = error.details()
        self.info = ErrorInfo()
        self.bad_request = BadRequest()
        self.retry = RetryInfo()
        self.decision = PlacementDecision()
        trailers = dict(error.trailing_metadata() or ())
        # Absent in a status that the transport made: everything above stays empty then.
        self.status = Status.FromString(trailers.get("grpc-status-details-bin", b""))
        for detail in self.status.details:
            for known in (self.info, self.bad_request, self.retry, self.decision):
                detail.Unpack(known)  # does nothing to a message of another type

    @property
    def reason(self):
        return self.info.reason

    @property
    def retry_s(self):
        return self.retry.retry_delay.ToTimedelta().total_seconds() or RECONNECT_S


def next_step(refused):
    """What a scheduler does now. A reason that is not known here counts as its code."""
    match (refused.code, refused.reason):
        case (_, "CLAIM_REUSED"):
            return "this claim id stands for another request: look at its domain, or take a claim id of your own"
        case (_, "CLAIM_ENDED"):
            return "this claim id has had its domain: take a new one"
        case (grpc.StatusCode.ALREADY_EXISTS, _):
            return "choose another name or UUID"
        case (grpc.StatusCode.RESOURCE_EXHAUSTED, ""):
            return "a limit of the transport, as its headers; this is not about room"
        case (grpc.StatusCode.RESOURCE_EXHAUSTED, _):
            return "no room: ask another host, or for less"
        case (grpc.StatusCode.FAILED_PRECONDITION, _):
            return "not on this host as it is: ask another one, or change what the message names"
        case (grpc.StatusCode.NOT_FOUND, _):
            return "this host has no such thing: ask another one"
        case (grpc.StatusCode.INVALID_ARGUMENT, _):
            return "mend the request: trying again does not help"
        case (grpc.StatusCode.PERMISSION_DENIED, _):
            return "call it on the admin socket, as a member of group vgpud"
        case (grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.DEADLINE_EXCEEDED, _):
            return "patience is over: the same request with the same claim id may be sent at any time"
        case _:
            return "tell somebody"


class Host:
    """One vgpud. `deadline` is that of one try of a change; after `patience` no try begins any more. In seconds."""

    def __init__(self, channel, deadline, patience):
        self.gpus = GpuServiceStub(channel)
        self.domains = DomainServiceStub(channel)
        self.operations = OperationServiceStub(channel)
        self.deadline = deadline
        self.patience = patience

    def call(self, method, request, deadline=READ_DEADLINE_S, give_up=None):
        """Tries again while vgpud, or what it needs, is away: the one code that may be retried blindly."""
        give_up = give_up or time.monotonic() + self.patience
        while True:
            try:
                return method(request, timeout=deadline)
            except grpc.RpcError as error:
                refused = Refused(error)
            if refused.code != grpc.StatusCode.UNAVAILABLE or time.monotonic() + refused.retry_s > give_up:
                raise refused
            say(f"{refused.reason or 'no connection'}: once more in {refused.retry_s:g} s")
            time.sleep(refused.retry_s)

    def change(self, method, request, claim_id):
        """A deadline that passes says nothing about the outcome: the same request again joins the operation."""
        give_up = time.monotonic() + self.patience
        while True:
            try:
                return self.call(method, request, self.deadline, give_up)
            except Refused as refused:
                if refused.code != grpc.StatusCode.DEADLINE_EXCEEDED or time.monotonic() > give_up:
                    raise
            say(f"no answer within {self.deadline:g} s")
            self.follow(claim_id, give_up)

    def follow(self, claim_id, give_up):
        """Waits for the end of the claim's latest operation. There is none while the request has not been accepted."""
        claim = GetDomainRequest(domain=DomainRef(claim_id=claim_id))
        try:
            name = self.call(self.domains.GetDomain, claim, give_up=give_up).domain.operation
            while time.monotonic() < give_up:
                request = GetOperationRequest(name=name)
                operation = self.call(self.operations.GetOperation, request, give_up=give_up).operation
                say(f"{name} {OperationState.Name(operation.state)} {operation.failure.message}".rstrip())
                if operation.state != OPERATION_STATE_RUNNING:
                    return
                time.sleep(POLL_S)
        except Refused as refused:
            if refused.code != grpc.StatusCode.NOT_FOUND:
                raise

    def all_gpus(self):
        token = ""
        while True:
            page = self.call(self.gpus.ListGpus, ListGpusRequest(page_token=token))
            yield from page.gpus
            token = page.next_page_token
            if not token:
                return


def say(line):
    print(line, flush=True)
