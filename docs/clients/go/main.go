// Where a scheduler's client of vgpud starts: what is free, a dry run, a domain made and destroyed, and every way to be
// refused told apart. docs/clients/README.md says how to build it and why it does what it does.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sort"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "example.org/scheduler/vgpudv1"
)

const (
	adminSocket = "/run/vgpud/vgpud.sock"
	grace       = 10 * time.Second
)

const usage = `usage: scheduler [options] room
       scheduler [options] check CLAIM_ID NAME TYPE DISK
       scheduler [options] create CLAIM_ID NAME TYPE DISK
       scheduler [options] destroy CLAIM_ID
`

func amounts(free *pb.ResourceAmounts) string {
	return fmt.Sprintf("%d MiB low, %d MiB high, %d fences, %d instances free",
		free.LowGmMib, free.HighGmMib, free.Fences, free.Instances)
}

func showRoom(host *Host) *Refused {
	gpus, refused := host.allGpus()
	for _, gpu := range gpus {
		room := "no vGPUs"
		if gpu.Budget != nil {
			room = amounts(gpu.Budget.Free)
		}
		fmt.Printf("gpu %s: %s\n", gpu.PciAddress, room)
		for _, kind := range gpu.Types {
			fmt.Printf("  %s: %d more\n", kind.Name, kind.Allocatable)
		}
	}
	return refused
}

func showCandidates(decision *pb.PlacementDecision) {
	for _, one := range decision.GetCandidates() {
		why := one.Reason
		if one.Chosen {
			why = "taken"
		} else if why == "" {
			why = one.Message
		}
		if one.Free != nil {
			why += ": " + amounts(one.Free)
		}
		fmt.Printf("  %s %s\n", one.Gpu, why)
	}
}

func showDecision(decision *pb.PlacementDecision) {
	fmt.Printf("vgpu %s on %s: %s\n", decision.GetType(), decision.GetGpu(), decision.GetMessage())
	showCandidates(decision)
	for _, warning := range decision.GetWarnings() {
		fmt.Printf("  warning: %s\n", warning)
	}
}

func showRefusal(refused *Refused) {
	fmt.Printf("refused %v %s\n  %s\n", refused.code, refused.reason, refused.message)
	keys := make([]string, 0, len(refused.metadata))
	for key := range refused.metadata {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		fmt.Printf("  %s=%s\n", key, refused.metadata[key])
	}
	for _, violation := range refused.fields {
		fmt.Printf("  field %s: %s\n", violation.Field, violation.Description)
	}
	showCandidates(refused.decision)
	fmt.Printf("next: %s\n", nextStep(refused))
}

func create(host *Host, request *pb.CreateDomainRequest) *Refused {
	var answer *pb.CreateDomainResponse
	refused := host.change(request.ClaimId, func(ctx context.Context) (err error) {
		answer, err = host.domains.CreateDomain(ctx, request)
		return err
	})
	if refused != nil {
		return refused
	}
	showDecision(answer.Decision)
	if domain := answer.Domain; domain != nil {
		fmt.Printf("domain %s %s by %s\n", domain.Uuid, domain.Name, answer.Operation)
	}
	return nil
}

func destroy(host *Host, claimID string) *Refused {
	request := &pb.DestroyDomainRequest{
		Domain:       byClaim(claimID),
		GracePeriod:  durationpb.New(grace),
		AllowMissing: true,
	}
	var answer *pb.DestroyDomainResponse
	refused := host.change(claimID, func(ctx context.Context) (err error) {
		answer, err = host.domains.DestroyDomain(ctx, request)
		return err
	})
	switch domain := answer.GetDomain(); {
	case refused != nil:
		return refused
	case domain == nil:
		fmt.Println("there is none")
	case domain.ClaimState == pb.ClaimState_CLAIM_STATE_GONE:
		fmt.Println("gone")
	default:
		// The operation goes on by itself; the room is free once it has ended.
		fmt.Printf("still deleting, %s: %s\n", answer.Operation, domain.GetFailure().GetMessage())
	}
	return nil
}

func main() {
	socket := flag.String("socket", adminSocket, "vgpud's UNIX socket")
	deadline := flag.Duration("deadline", 30*time.Second, "of one try of a change")
	patience := flag.Duration("patience", time.Minute, "after which no try begins any more")
	vcpus := flag.Int("vcpus", 2, "virtual CPUs")
	memory := flag.Int("memory-mib", 1024, "memory, MiB")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	// No transport security: who may connect is decided by the socket's owner and mode.
	connection, err := grpc.Dial("unix:"+*socket, grpc.WithInsecure())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer connection.Close()
	host := newHost(connection, *deadline, *patience)
	var refused *Refused
	switch command, words := flag.Arg(0), flag.NArg()-1; {
	case command == "room" && words == 0:
		refused = showRoom(host)
	case (command == "check" || command == "create") && words == 4:
		refused = create(host, &pb.CreateDomainRequest{
			ClaimId:      flag.Arg(1),
			ValidateOnly: command == "check",
			Domain: &pb.DomainSpec{
				Name:      flag.Arg(2),
				Vcpus:     int32(*vcpus),
				MemoryMib: int32(*memory),
				Disks:     []*pb.Disk{{Path: flag.Arg(4), Format: pb.DiskFormat_DISK_FORMAT_RAW}},
			},
			Vgpu: &pb.VgpuRequest{Want: &pb.VgpuRequest_Type{Type: flag.Arg(3)}},
		})
	case command == "destroy" && words == 1:
		refused = destroy(host, flag.Arg(1))
	default:
		flag.Usage()
		os.Exit(2)
	}
	if refused != nil {
		showRefusal(refused)
		os.Exit(1)
	}
}
