// Conditions of the scheduler in front of the host.
import type { Text } from "../text.ts";

const beside = {
  "no-agent": "only a running agent knows",
  none: "the configuration names no scheduler",
  "not-compared": "the books have not been compared yet",
} as const;

export const scheduler = {
  SCHEDULER_UNAVAILABLE: {
    title: "the scheduler in front of this host",
    messages: {
      "no-agent": beside["no-agent"],
      none: beside.none,
      "not-asked": "{name} has not been asked yet",
      told: "{name} is told what this host has",
      "without-domains":
        "{name} is told what this host has, and that nothing of it is given out while it is not known which domains there are",
      closed:
        "{name} is told what this host has, and that nothing is given out of {gpus} until that is mended",
      "only-asked":
        "{name} answers; it is told nothing of this host, by the configuration, and gives out what it knows of itself",
      unreachable: "{name} does not answer: {why}",
      "unreachable-with-jobs": "{name} cannot be asked: {why}",
      unauthorized: "{name} does not let vgpud in: {why}",
      "unauthorized-with-jobs": "{name} does not let vgpud ask or tell it what it has to: {why}",
      "no-secret": "vgpud has no secret to show {name}: {why}",
      version: "{name} speaks another version: {why}",
      "bad-answer": "what answers in {name}'s place makes no sense: {why}",
      "bad-answer-with-jobs": "what the programs of {name} say makes no sense: {why}",
      failed: "{name} fails by itself: {why}",
      conflict: "others change what vgpud has to change in {name} as fast as vgpud does: {why}",
      refused: "{name} refuses what vgpud tells it: {why}",
      unserved: "{name} does not serve this host as it is: {why}",
      "program-failed": "a program of {name}'s failed, and only its words tell why: {why}",
      "no-root": "{name} does not know this host: {why}",
      "root-taken": "in {name} this host's place is another's: {why}",
      "no-host": "it is not known under which name {name} is told of this host: {why}",
      "no-host-with-jobs": "it is not known which node of {name} this host is: {why}",
      internal: "a fault of vgpud keeps it from telling {name}: {why}",
    },
    remedies: {
      "not-asked":
        "wait: it is asked within scheduler.first_within of vgpud's start, once the host was seen; without libvirt ten seconds later",
      unreachable:
        "look at the server, the network, IPAddressAllow= of vgpud.service (docs/placement.md) and scheduler.placement.endpoint; a server that is only slow needs a longer " +
        "scheduler.placement.timeout. vgpud tries again by itself",
      "unreachable-with-jobs":
        "where a program cannot be run look at scheduler.slurm.prefix, where a file cannot be read at scheduler.slurm.conf, which vgpud has to be let read; " +
        "otherwise at slurmctld, munge, IPAddressAllow= of vgpud.service where slurmctld is another machine (docs/slurm.md) and scheduler.slurm.timeout. vgpud tries again by itself",
      unauthorized:
        "look at scheduler.placement.keystone: the application credential, its secret and its role; for noauth2 the server has to take the " +
        "token admin",
      "unauthorized-with-jobs":
        "make the user that vgpud runs as an operator of Slurm, or set scheduler.slurm.publish to false (docs/slurm.md)",
      "no-secret":
        "look at the file that scheduler.placement.keystone.secret_file names: it has to be there, vgpud has to be let read it, and its disk " +
        "has to answer. It is read anew for every token",
      version: "update Placement (Victoria and later), or vgpud",
      "bad-answer":
        "ask the address of scheduler.placement.endpoint with curl: a proxy's page or another service stands there",
      "bad-answer-with-jobs": "look whether scheduler.slurm.prefix has the programs of the Slurm that runs",
      failed: "look at Placement's own log and its database; vgpud tries again by itself",
      conflict: "find who else writes the providers named HOST_vgpud_…: they are vgpud's alone",
      refused:
        "do what it says helps; a rule of Placement's policy or a name that is taken is the operator's to change, the rest is a fault of vgpud",
      unserved:
        "do what it says; docs/slurm.md has what slurm.conf and gres.conf have to give the node, and the log of slurmctld why it takes no jobs there. " +
        "vgpud tries again by itself",
      "program-failed":
        "see what it says, and the log of slurmctld at that time; what it ran can be run by hand as vgpud's user, with scheduler.slurm.conf in SLURM_CONF. " +
        "vgpud tries again by itself",
      "no-root":
        "start nova-compute here, set scheduler.placement.host to the name that it gives this host (after a renaming the new one), or " +
        "scheduler.placement.root to own where there is no Nova",
      "root-taken":
        "set scheduler.placement.root to nova where that provider is Nova's; give one of two hosts of one name a name of its own by " +
        "scheduler.placement.host; where it is this machine, installed anew, give the provider its new mark: openstack " +
        "--os-placement-api-version 1.6 trait create MARK, then resource provider trait set --trait MARK UUID",
      "no-host": "set scheduler.placement.host",
      "no-host-with-jobs": "set scheduler.slurm.node",
      internal: "report it with the log of vgpud",
    },
  },
  SCHEDULER_UNTOLD: {
    title: "what the scheduler is not told",
    messages: {
      "no-agent": beside["no-agent"],
      none: beside.none,
      "only-asked": "by the configuration {name} is told nothing of this host",
      "not-told": "the scheduler has not been told anything yet",
      all: "{name} is told all of this host that it has to be told",
      refused: "{name} refuses a part of what vgpud tells it: {why}; all else is told",
      conflict:
        "others change a part of what vgpud has to change in {name} as fast as vgpud does: {why}; all else is told",
      failed: "{name} fails by itself at a part: {why}; all else is told",
      "bad-answer": "what answers in {name}'s place makes no sense at a part: {why}; all else is told",
      unrecorded: "what vgpud has to remember of {name} cannot be written down: {why}; all else goes on",
      "in-vain":
        "by the configuration {name} is told nothing of this host, and gives out what cannot be made: {why}",
      "not-given-back":
        "vgpud has to give back to {name} what vgpuctl has booked and no domain came for, and is not let do it: {why}; all is told",
    },
    remedies: {
      "in-vain":
        "drain the host there by hand (scontrol update nodename=NODE state=drain reason=TEXT) until that has passed, and end that drain then (state=undrain); " +
        "where it is to stay so, or other GPUs of this host go on, take off there what is named instead, while no job has any of it. With scheduler.slurm.publish vgpud " +
        "does all that by itself. It sees what you did at its next comparison (scheduler.heal_every). The conditions that are named, or others here, say what is the matter",
      refused:
        "see what it says; a rule of Placement's policy or a name that is taken is the operator's to change, the rest is a fault of vgpud. What " +
        "was told of that GPU before stands; vgpud tries again by itself",
      conflict: "find who else writes the providers named HOST_vgpud_…: they are vgpud's alone",
      failed: "look at Placement's own log and its database; vgpud tries again by itself",
      "bad-answer":
        "ask the address of scheduler.placement.endpoint with curl: a proxy's page may stand there for some requests",
      unrecorded:
        "make room on the disk of state_dir, or mend it: vgpud tries again by itself. Only a renaming of the host before that would find its " +
        "providers in Placement by their old names no more, and a vgpud that begins while Slurm takes the node for unfit would not know its former counts",
      "not-given-back":
        "see what it says: a rule of Placement's policy (403) is the operator's to change, and of a fault of its own its log tells. vgpud tries " +
        "again by itself; by hand, with another right: openstack resource provider allocation delete CONSUMER, for each that is named",
    },
  },
  BOOKING_WITHOUT_DOMAIN: {
    title: "bookings that no domain came for",
    messages: {
      ...beside,
      all: "every booking that {name} has on this host's GPUs has its claim",
      waiting: "bookings whose create has not come yet: {count}, none for longer than {grace}",
      overdue:
        "bookings that no domain came for within scheduler.claim_grace ({grace}): {count}; the oldest, {booking}, has kept {amounts} " +
        "of GPU {gpu} from others for {age}",
      "overdue-own":
        "bookings that no domain came for within scheduler.claim_grace ({grace}): {count}; the oldest, {booking}, which vgpuctl made, has kept " +
        "{amounts} of GPU {gpu} from others for {age}",
      "overdue-on-host":
        "bookings that no domain came for within scheduler.claim_grace ({grace}): {count}; the oldest, {booking}, has kept {amounts} " +
        "of this host from others for {age}",
    },
    remedies: {
      overdue:
        "ask whoever booked it whether the guest is still to come (with Nova: openstack server show {booking}); otherwise release it: openstack " +
        "resource provider allocation delete {booking}. What vgpuctl has booked, and nothing else, vgpud gives back by itself when it " +
        "compares the books next",
      "overdue-own":
        "see whether its guest is on another host: vgpuctl schedule status {booking}; unless it is there, or still to come, give the booking back: " +
        "vgpuctl schedule destroy {booking}. vgpud gives back by itself what is booked on this host alone (where it cannot, SCHEDULER_UNTOLD " +
        "says why)",
      "overdue-on-host":
        "see what the job does (scontrol show job JOBID), and cancel it if its machine is not to come (scancel JOBID): vgpud ends no jobs",
    },
  },
  CLAIM_WITHOUT_BOOKING: {
    title: "claims that nothing is booked for",
    messages: {
      ...beside,
      all: "every claim of this host is booked with {name}",
      some:
        "claims that {name} has no booking for on this host's GPUs: {count}, as {claim} with {amounts} of GPU {gpu}; what they take is reserved " +
        "there, and nobody else books it",
      "without-job":
        "claims of this host that {name} has no job with a vGPU for on its node: {count}, as {claim} with {amounts} of GPU {gpu}",
      elsewhere:
        "claims of this host that {name} has booked on another GPU than they are on: {count}, as {claim} with {amounts} of GPU {gpu}, booked " +
        "on GPU {booked}; nobody else gets that room on either",
    },
    remedies: {
      elsewhere:
        "destroy the domain, release its booking (openstack resource provider allocation delete {claim}), book anew and name the booked GPU in " +
        "the request; or leave the domain and move the booking to GPU {gpu} as docs/placement.md says (A booking on another GPU than its claim)",
      some:
        "nothing needs to be done for guests that are wanted. Before booking for the claim's id, to have it on the books, see whether it is booked on another " +
        "host: openstack resource provider allocation show {claim}, or vgpuctl schedule status {claim} for what vgpuctl has made, which the same line of vgpuctl schedule create with --claim-id {claim} books again. Unless its guest is on its way " +
        "there (docs/nova.md) such a booking only keeps room from others: release it. Destroy what should not be; scheduler.policy: require lets no further one in",
      "without-job":
        "destroy what a job that has ended has left behind. A guest that is wanted can stay: with scheduler.slurm.publish Slurm is told to count as much less " +
        "as soon as no job has any of it; without it jobs are sent for that room, too, and are refused. scheduler.policy: require lets none be made without a job",
    },
  },
  BOOKED_BEYOND_CAPACITY: {
    title: "bookings beyond what a GPU has",
    messages: {
      ...beside,
      "without-domains":
        "whether more is booked in {name} than there is cannot be told while it is not known which domains there are",
      "none-beyond": "{name} has no more booked and reserved on any GPU than there is",
      some: "GPUs with more booked and reserved in {name} than there is: {count}, as {gpu} by {amounts}",
      "on-host":
        "more is booked in {name} than this host has for it, by {amounts}, though each job has its machine; jobs that have some of it: {count}, as {jobs}",
      "on-host-refused":
        "more is booked in {name} than this host has for it, by {amounts}; jobs that have some of it and no machine: {count}, as {jobs}",
    },
    remedies: {
      some:
        "release a booking whose create was refused for want of room, or of a guest that can go elsewhere. Where Placement's database is " +
        "MariaDB or MySQL, let it run at READ-COMMITTED or set allocation_conflict_retry_count to 1: it grants room twice otherwise",
      "on-host":
        "wait for a job to end, or cancel one (scancel JOBID, the last number of its name here). Of a GPU that is drained or closed beside others " +
        "only what jobs have there counts: where that is the reason let it give out again (vgpuctl gpus). With scheduler.slurm.publish vgpud keeps the node drained " +
        "meanwhile; without it more jobs are sent here until the node is drained by hand",
      "on-host-refused":
        "cancel a job whose machine was refused for want of room (scancel JOBID, the last number of its name here), or wait for one to end. Of a GPU " +
        "that is drained or closed beside others only what jobs have there counts: where that is the reason let it give out again (vgpuctl gpus). With scheduler.slurm.publish vgpud keeps the node drained " +
        "meanwhile; without it more jobs are sent here until the node is drained by hand",
    },
  },
  BOOKED_GPU_VANISHED: {
    title: "bookings on GPUs that are gone",
    messages: {
      ...beside,
      all: "{name} has nothing booked on GPUs that this host has no more",
      some:
        "resource providers of GPUs that this host has no more, and that are still booked: {count}, as {provider} ({bookings}); nothing " +
        "more is given out there",
    },
    remedies: {
      some:
        "bring the GPU back, or release what is booked there (openstack resource provider show --allocations); vgpud removes the provider " +
        "then",
    },
  },
  GPU_PUBLISHED_TWICE: {
    title: "GPUs that Nova gives out, too",
    messages: {
      ...beside,
      all: "nova-compute gives out in {name} no GPU that vgpud does",
      some:
        "resource providers by which nova-compute gives out GPUs that vgpud does, too: {count}, as {provider} for GPU {gpu}; {name} grants " +
        "their room twice, and Nova takes slices of vgpud's that no guest names yet",
    },
    remedies: {
      some:
        "keep nova-compute off the GPU (docs/nova.md): take its types out of [devices] enabled_mdev_types, or its address out of [pci] " +
        "device_spec, and start nova-compute again; then, once no server holds any of it, delete the provider where it is left: openstack " +
        "resource provider delete {uuid}. Or leave the GPU to Nova: vgpuctl drain {gpu}",
    },
  },
  CONFIGURED_BEYOND_CAPACITY: {
    title: "what the scheduler's own files give this host",
    messages: {
      ...beside,
      "no-files": "{name} has no files of its own that give this host anything",
      all: "{name}'s own files give this host no more than it has for jobs",
      some: "{name}'s own files give this host {amounts} more than jobs may ever have",
      "given-out":
        "{name}'s own files give this host {amounts} more than jobs may ever have, and by the configuration it is told of nothing less: it sends " +
        "jobs here for that",
    },
    remedies: {
      some:
        "give the node as much less in slurm.conf and gres.conf (docs/slurm.md) and run scontrol reconfigure, while Slurm counts that much there " +
        "(scontrol show node) or no job runs there. As long as the files have more, each reconfigure while jobs run takes the node out of service",
      "given-out":
        "give the node as much less in slurm.conf and gres.conf (docs/slurm.md) and run scontrol reconfigure while no job there has any of it: while " +
        "one has, that takes the node out of service. Until then jobs that are sent for it are refused for want of room",
    },
  },
} as const satisfies Record<string, Text>;
