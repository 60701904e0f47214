// The doctor of vgpuctl. This machine it examines in a process of its own: a read that a driver hangs in keeps its process, beyond
// exit and maybe beyond signals, and vgpuctl is to end when it has said what it found.
import { spawn, type ChildProcess } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { DiagnoseResponse } from "../../proto/gen/vgpud/v1/host_service.ts";
import { DoctorError, type Doctor } from "../cli/doctor.ts";
import { offlineDoctor } from "./offline.ts";
import type { Task, TaskResult } from "./task.ts";

// The same from the folder that the programs are bundled into.
const entry = fileURLToPath(import.meta.resolve("../doctor/child.js"));

/** What is under way ends when `signal` aborts. */
export function doctorApart(signal: AbortSignal): Doctor {
  return {
    examineDevice: (device, asked) => offlineDoctor.examineDevice(device, asked),
    examineTree: async (root, asked) => {
      if (!isThisMachine(root)) return await offlineDoctor.examineTree(root, asked);
      const result = await performedApart({ kind: "examine", root, asked }, signal);
      if (result.kind !== "examined") throw failure(result);
      return DiagnoseResponse.decode(result.response);
    },
    bundle: async (root, file) => {
      if (!isThisMachine(root)) return await offlineDoctor.bundle(root, file);
      const result = await performedApart({ kind: "bundle", root, file }, signal);
      if (result.kind !== "bundled") throw failure(result);
      return result.bundled;
    },
  };
}

function isThisMachine(root: string): boolean {
  return path.resolve(root) === "/";
}

async function performedApart(task: Task, signal: AbortSignal): Promise<TaskResult> {
  const child = spawn(process.execPath, [entry], {
    // Its own session: a terminal's interrupt is told to it by vgpuctl, which knows what is under way.
    detached: true,
    // No descriptor of ours: who reads what vgpuctl writes would wait for a process that hangs.
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    // Messages may hold bytes and errors.
    serialization: "advanced",
  });
  const letGo = (): void => {
    leave(child);
  };
  signal.addEventListener("abort", letGo);
  try {
    return await resultOf(child, task);
  } finally {
    signal.removeEventListener("abort", letGo);
    leave(child);
  }
}

function resultOf(child: ChildProcess, task: Task): Promise<TaskResult> {
  return new Promise((resolve, reject) => {
    child.once("message", (result: TaskResult) => {
      resolve(result);
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      reject(new Error(`the examination ended with ${signal ?? `exit code ${String(code)}`}`));
    });
    child.send(task);
  });
}

/** Ends it, and does not wait until it has. */
function leave(child: ChildProcess): void {
  child.kill("SIGKILL");
  if (child.connected) child.disconnect();
  child.unref();
}

function failure(result: TaskResult): Error {
  if (result.kind === "refused") return new DoctorError(result.message);
  return result.kind === "fault" ? result.error : new TypeError(`a result of another task: ${result.kind}`);
}
