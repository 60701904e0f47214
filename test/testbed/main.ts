// The test bed by hand: `node dist/test/testbed/main.js build | shell COMMAND...`.
import { Bed } from "./bed.ts";
async function main(): Promise<number> {
  const [verb, ...words] = process.argv.slice(2);
  const t0 = performance.now();
  await using bed = await Bed.start({ progress: (line) => process.stderr.write(`${line}\n`), share: process.cwd() });
  process.stderr.write(`started ${performance.now() - t0}\n`);
  if (verb === "shell") for (const word of words) {
    const t = performance.now();
    const { code, stdout, stderr } = await bed.run(word, { timeoutMs: 120000 });
    process.stdout.write(stdout); process.stderr.write(stderr);
    process.stderr.write(`[${code} ${(performance.now() - t) | 0} ms]\n`);
  }
  return 0;
}
process.exitCode = await main();
