// What goes between vgpuctl and the process that examines this machine for it. Both are of one release, and so no more is checked.
import type { Asked, Bundled } from "../cli/doctor.ts";

export type Task =
  | { readonly kind: "examine"; readonly root: string; readonly asked: Asked }
  | { readonly kind: "bundle"; readonly root: string; readonly file: string };

export type TaskResult =
  /** A `DiagnoseResponse`. */
  | { readonly kind: "examined"; readonly response: Uint8Array }
  | { readonly kind: "bundled"; readonly bundled: Bundled }
  /** A `DoctorError`. */
  | { readonly kind: "refused"; readonly message: string }
  /** A fault of ours. */
  | { readonly kind: "fault"; readonly error: Error };
