// A step of a plan in words, with the reason why it is to be taken. Pure.
import type { Inventory } from "../inventory/model.ts";
import { functionOf, typeOf } from "../inventory/share.ts";
import type { Claim } from "./claim.ts";
import type { Step } from "./plan.ts";

/** The id of the vGPU or the UUID of the domain that a step is done to. */
export function stepObject(step: Step, { vgpuId, domain }: Claim): string {
  switch (step.kind) {
    case "define-domain":
    case "start-domain":
    case "resume-domain":
    case "ask-shutdown":
    case "force-off":
    case "undefine-domain":
    case "autostart":
    case "restart":
      return domain?.id ?? vgpuId;
    case "create-vgpu":
    case "remove-vgpu":
    case "settle":
    case "wait":
      return vgpuId;
  }
}

export function stepText(step: Step, claim: Claim, inventory: Inventory): string {
  const { vgpuId, gpu, share } = claim;
  const domain = `domain ${claim.domain?.name ?? ""}`;
  const aim = `the claim is to be ${claim.goal}`;
  switch (step.kind) {
    case "create-vgpu":
      return createText(claim, aim);
    case "define-domain":
      return `define ${domain}: libvirt does not have it, and ${aim}`;
    case "start-domain":
      return `start ${domain}${step.paused ? ", whose guest waits for its vGPU" : ""}: it is off, and ${aim}`;
    case "resume-domain":
      return `let the guest of ${domain} run: its vGPU is there, and ${aim}`;
    case "ask-shutdown":
      return `ask the guest of ${domain} to shut down: it is on, and ${aim}`;
    case "force-off":
      return forceText(domain, claim, inventory);
    case "remove-vgpu":
      return `remove vGPU ${vgpuId} of ${typeOf(share)} on ${gpu}: ${removeText(claim.goal, aim)}`;
    case "undefine-domain":
      return `undefine ${domain}: ${aim}`;
    case "settle":
      return settleText(step, claim);
    case "autostart":
      return step.run
        ? `start ${domain} with the host: it has booted since`
        : `note the host's boot for ${domain}, which is started with it`;
    case "restart":
      return `note that the guest of ${domain} has rebooted: it is started again, with a new vGPU`;
    case "wait":
      return waitText(step, domain, inventory);
  }
}

function forceText(name: string, { domain, goal }: Claim, { domains }: Inventory): string {
  const shown = domain && domains.known ? domains.value.get(domain.id) : undefined;
  if (shown?.awaitsRestart === true)
    return `take away what is left of ${name}, whose guest has rebooted: the claim is to be ${goal}`;
  return `force ${name} off: its guest is still on at the end of its time, and the claim is to be ${goal}`;
}

function removeText(goal: Claim["goal"], aim: string): string {
  switch (goal) {
    case "absent":
      return aim;
    case "running":
      return `it is of the domain's last run, and ${aim}`;
    case "stopped":
    case "present":
    case "reserved":
      return "a stopped domain gives it back";
  }
}

function createText({ vgpuId, gpu, share }: Claim, aim: string): string {
  switch (share.mode) {
    case "gvt-g":
      return `make vGPU ${vgpuId} of ${typeOf(share)} on ${gpu}: the kernel does not show it, and ${aim}`;
    case "gvt-s":
      return `look for the render node of ${gpu}, which is not there: ${aim}`;
    case "gvt-d":
    case "sriov":
      return `bind ${functionOf({ gpu, share })} for a guest, which it is not yet: ${aim}`;
  }
}

function settleText({ state, failure }: Extract<Step, { kind: "settle" }>, claim: Claim): string {
  if (failure && state !== "gone")
    return `note that the claim is ${state}, not ${claim.state}: ${failure.message}`;
  return `note that the claim is ${state}, not ${claim.state}`;
}

function waitText(
  { why, until }: Extract<Step, { kind: "wait" }>,
  domain: string,
  { domains }: Inventory,
): string {
  if (why === "reboots")
    return `wait with the start of ${domain}, whose guest reboots again and again, until ${new Date(until ?? 0).toISOString()}`;
  if (why !== "guest") return `wait for ${why}${domains.known ? "" : `: ${domains.why}`}`;
  const end =
    until === undefined ? "as long as it takes" : `until ${new Date(until).toISOString()} at the latest`;
  return `wait for the guest of ${domain} to shut down, ${end}`;
}
