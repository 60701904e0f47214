// Packs a folder into an archive that appears whole, under a name that was free, or not at all.
import { constants } from "node:fs";
import { copyFile, link, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import { DoctorError } from "../cli/doctor.ts";
import { messageOf } from "../core/errors.ts";

/** Of a file system that has no hard links, as that of a memory stick. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** Gives its size in bytes. @throws DoctorError when the file exists or cannot be written */
export async function archive(folder: string, file: string): Promise<number> {
  let beside: string | undefined;
  try {
    // A folder of its own, into which nobody else can put a file or a link of that name.
    beside = await mkdtemp(path.join(path.dirname(file), ".vgpud-bundle-"));
    const whole = path.join(beside, "bundle.tar.gz");
    const { create } = await import("tar");
    const top = (await readdir(folder)).sort();
    await create({ gzip: true, portable: true, file: whole, cwd: folder, mtime: new Date(0) }, top);
    await intoPlace(whole, file);
    return (await stat(whole)).size;
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    const why = `cannot write ${file}: ${messageOf(error).replace(/, \w+( '.*)?$/s, "")}`;
    throw new DoctorError(code === "EEXIST" ? `${file} exists; name a new file` : why, { cause: error });
  } finally {
    if (beside !== undefined) await rm(beside, { recursive: true });
  }
}

/** Neither replaces what is there nor follows a link. */
async function intoPlace(whole: string, file: string): Promise<void> {
  try {
    await link(whole, file);
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error) ?? "")) throw error;
    await copyFile(whole, file, constants.COPYFILE_EXCL);
  }
}

/** Of what the operating system refused. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "syscall" in error && "code" in error ? String(error.code) : undefined;
}
