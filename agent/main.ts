#!/usr/bin/env -S UV_THREADPOOL_SIZE=8 node --max-semi-space-size=8 --no-parallel-scavenge
// vgpud. Of eight threads for files some are left when drivers and disks hang (host/file-threads.ts). The flags keep what was just
// allocated in 8 MiB instead of 16, since the agent allocates little at a time and the rest would stay resident with garbage in
// it, and let one thread sweep it: to wake others costs more than so little memory takes (npm run bench: memory, plan).
import { vgpud } from "./main/vgpud.ts";

await vgpud(process.argv.slice(2));
