// The process that examines this machine for vgpuctl: one task by the channel, one result back. Whoever started it ends it, also by
// ending itself; a signal, since an exit would wait for the reads that a driver hangs in.
import { DiagnoseResponse } from "../../proto/gen/vgpud/v1/host_service.ts";
import { DoctorError } from "../cli/doctor.ts";
import { offlineDoctor } from "./offline.ts";
import type { Task, TaskResult } from "./task.ts";

process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.once("message", (task: Task) => {
  void performed(task).then((result) => process.send?.(result));
});

async function performed(task: Task): Promise<TaskResult> {
  try {
    if (task.kind === "bundle")
      return { kind: "bundled", bundled: await offlineDoctor.bundle(task.root, task.file) };
    const response = await offlineDoctor.examineTree(task.root, task.asked);
    return { kind: "examined", response: DiagnoseResponse.encode(response).finish() };
  } catch (error) {
    if (error instanceof DoctorError) return { kind: "refused", message: error.message };
    return { kind: "fault", error: error instanceof Error ? error : new Error(String(error)) };
  }
}
