// One vgpud as a scheduler sees it: every call with a deadline, retries that are safe, refusals taken apart.
package main

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "example.org/scheduler/vgpudv1"
)

const (
	readDeadline = 5 * time.Second
	poll         = 500 * time.Millisecond
	// The transport's own UNAVAILABLE, as of a connection that broke, says nothing about when to come back.
	reconnect = time.Second
)

// Refused is a status other than OK, with what vgpud says beside it. Branch on code and reason, never on message.
type Refused struct {
	code    codes.Code
	message string
	// The zero value, as what follows, in a status that the transport made.
	reason   string
	metadata map[string]string
	fields   []*errdetails.BadRequest_FieldViolation
	retry    time.Duration
	decision *pb.PlacementDecision
}

func (r *Refused) Error() string { return r.message }

func refusedBy(err error) *Refused {
	from := status.Convert(err)
	refused := &Refused{code: from.Code(), message: from.Message(), retry: reconnect}
	for _, detail := range from.Details() {
		switch known := detail.(type) {
		case *errdetails.ErrorInfo:
			refused.reason, refused.metadata = known.Reason, known.Metadata
		case *errdetails.BadRequest:
			refused.fields = known.FieldViolations
		case *errdetails.RetryInfo:
			refused.retry = known.RetryDelay.AsDuration()
		case *pb.PlacementDecision:
			refused.decision = known
		}
	}
	return refused
}

// nextStep is what a scheduler does now. A reason that is not known here counts as its code.
func nextStep(r *Refused) string {
	switch {
	case r.reason == "CLAIM_REUSED":
		return "this claim id stands for another request: look at its domain, or take a claim id of your own"
	case r.reason == "CLAIM_ENDED":
		return "this claim id has had its domain: take a new one"
	case r.code == codes.AlreadyExists:
		return "choose another name or UUID"
	case r.code == codes.ResourceExhausted && r.reason == "":
		return "a limit of the transport, as its headers; this is not about room"
	case r.code == codes.ResourceExhausted:
		return "no room: ask another host, or for less"
	case r.code == codes.FailedPrecondition:
		return "not on this host as it is: ask another one, or change what the message names"
	case r.code == codes.NotFound:
		return "this host has no such thing: ask another one"
	case r.code == codes.InvalidArgument:
		return "mend the request: trying again does not help"
	case r.code == codes.PermissionDenied:
		return "call it on the admin socket, as a member of group vgpud"
	case r.code == codes.Unavailable || r.code == codes.DeadlineExceeded:
		return "patience is over: the same request with the same claim id may be sent at any time"
	default:
		return "tell somebody"
	}
}

// Host is one vgpud.
type Host struct {
	gpus       pb.GpuServiceClient
	domains    pb.DomainServiceClient
	operations pb.OperationServiceClient
	// Of one try of a change.
	deadline time.Duration
	// After which no try begins any more.
	patience time.Duration
}

func newHost(connection *grpc.ClientConn, deadline, patience time.Duration) *Host {
	return &Host{
		gpus:       pb.NewGpuServiceClient(connection),
		domains:    pb.NewDomainServiceClient(connection),
		operations: pb.NewOperationServiceClient(connection),
		deadline:   deadline,
		patience:   patience,
	}
}

// call tries again while vgpud, or what it needs, is away: the one code that may be retried blindly.
func (h *Host) call(deadline time.Duration, giveUp time.Time, once func(context.Context) error) *Refused {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		err := once(ctx)
		cancel()
		if err == nil {
			return nil
		}
		refused := refusedBy(err)
		if refused.code != codes.Unavailable || time.Now().Add(refused.retry).After(giveUp) {
			return refused
		}
		why := refused.reason
		if why == "" {
			why = "no connection"
		}
		fmt.Printf("%s: once more in %v\n", why, refused.retry)
		time.Sleep(refused.retry)
	}
}

// change: a deadline that passes says nothing about the outcome; the same request again joins the operation.
func (h *Host) change(claimID string, once func(context.Context) error) *Refused {
	giveUp := time.Now().Add(h.patience)
	for {
		refused := h.call(h.deadline, giveUp, once)
		if refused == nil || refused.code != codes.DeadlineExceeded || time.Now().After(giveUp) {
			return refused
		}
		fmt.Printf("no answer within %v\n", h.deadline)
		if refused := h.follow(claimID, giveUp); refused != nil && refused.code != codes.NotFound {
			return refused
		}
	}
}

// follow waits for the end of the claim's latest operation. NotFound: the request has not been accepted.
func (h *Host) follow(claimID string, giveUp time.Time) *Refused {
	var name string
	if refused := h.call(readDeadline, giveUp, func(ctx context.Context) error {
		answer, err := h.domains.GetDomain(ctx, &pb.GetDomainRequest{Domain: byClaim(claimID)})
		name = answer.GetDomain().GetOperation()
		return err
	}); refused != nil {
		return refused
	}
	for time.Now().Before(giveUp) {
		var operation *pb.Operation
		if refused := h.call(readDeadline, giveUp, func(ctx context.Context) error {
			answer, err := h.operations.GetOperation(ctx, &pb.GetOperationRequest{Name: name})
			operation = answer.GetOperation()
			return err
		}); refused != nil {
			return refused
		}
		fmt.Println(name, operation.GetState(), operation.GetFailure().GetMessage())
		if operation.GetState() != pb.OperationState_OPERATION_STATE_RUNNING {
			return nil
		}
		time.Sleep(poll)
	}
	return nil
}

func (h *Host) allGpus() ([]*pb.Gpu, *Refused) {
	giveUp := time.Now().Add(h.patience)
	var gpus []*pb.Gpu
	request := &pb.ListGpusRequest{}
	for {
		var page *pb.ListGpusResponse
		if refused := h.call(readDeadline, giveUp, func(ctx context.Context) (err error) {
			page, err = h.gpus.ListGpus(ctx, request)
			return err
		}); refused != nil {
			return nil, refused
		}
		gpus = append(gpus, page.Gpus...)
		if page.NextPageToken == "" {
			return gpus, nil
		}
		request.PageToken = page.NextPageToken
	}
}

func byClaim(claimID string) *pb.DomainRef {
	return &pb.DomainRef{Ref: &pb.DomainRef_ClaimId{ClaimId: claimID}}
}
