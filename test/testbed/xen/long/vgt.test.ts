// The Xen bed's XenGT: that its files take, refuse and show what the kernel's of 2017 do, and that its faults are real.
import assert from "node:assert/strict";
import { gpuAddress, kernelLog } from "../../gpu.ts";
import { bed } from "../suite-bed.ts";
import * as vgt from "../vgt.ts";

describe("XenGT's files", () => {
  beforeEach(() => kernelLog(bed));

  afterEach(async () => {
    for (const knob of ["fail_create", "hang", "ignore", "stack_cap"]) await vgt.setKnob(bed, knob, 0);
    await vgt.setKnob(bed, "refuse_after", -1);
    await vgt.endAll(bed);
  });

  async function accepts(line: string): Promise<void> {
    const { code, stderr } = await vgt.write(bed, line);
    assert.equal(code, 0, `${line}: ${stderr}`);
  }

  async function refuses(line: string, how = /Invalid argument/): Promise<void> {
    assert.match((await vgt.write(bed, line)).stderr, how, line);
  }

  it("a line makes the slice of a domain that need not exist, shown with three files; another ends it", async () => {
    await accepts("9,128,384,4,1,0");
    assert.deepEqual(await vgt.instances(bed), { 9: 1 });
    assert.equal(
      await bed.check(`cd ${vgt.root}/vm9 && ls && stat -c %A vgpu_id schedule`),
      "device_state\nschedule\nvgpu_id\n-r--r-----\n--w--w----",
    );
    await accepts("-9");
    assert.deepEqual(await vgt.instances(bed), {});
  });

  it("to end the slice of a domain that has none succeeds", () => accepts("-9"));

  it("a slice can be taken off the GPU's schedule, and its state kept and put back", async () => {
    await accepts("9,64,384,4");
    await bed.check(`cd ${vgt.root}/vm9 && echo 0 >schedule && echo 1 >schedule`);
    assert.notEqual((await bed.run(`echo 2 >${vgt.root}/vm9/schedule`)).code, 0);
    const restored =
      "head -c 64 /dev/urandom >/tmp/state; cat /tmp/state >device_state; head -c 64 device_state | cmp - /tmp/state";
    await bed.check(`cd ${vgt.root}/vm9 && ${restored}`);
  });

  it("four to six fields are taken, numbers in decimal, and nothing that is not so", async () => {
    await accepts("1,64,384,4");
    await accepts("2,64,384,4,-1");
    await accepts("3,64,384,4,0,100");
    for (const line of [
      ...["4,64,384", "4 64 384 4 1 0", "0,64,384,4", "4,0,384,4", "4,64,-1,4", "4,64,384,0"],
      ...["4,64,384,4,2", "4,64,384,4,1,101", "-0", "-x", "rubbish", "0x4,64,384,4"],
    ])
      await refuses(line);
    assert.deepEqual(await vgt.instances(bed), { 1: 1, 2: 2, 3: 3 });
  });

  it("of five fields the sixth is what the kernel's stack holds", async () => {
    await vgt.setKnob(bed, "stack_cap", 4711);
    await refuses("9,64,384,4,1");
    await accepts("9,64,384,4,1,0");
  });

  it("low memory alone says how large a slice is, and must be that of a type", async () => {
    await refuses("9,100,384,4,1,0");
    assert.match(await kernelLog(bed), /specify a wrong low_gm_sz in hvm.cfg: 100/);
    await accepts("9,256,1,1,1,0");
    // 128 MiB of 384 are left
    await refuses("10,256,1024,4,1,0");
    await accepts("10,128,0,32,1,0");
    await refuses("11,64,384,4,1,0");
  });

  it("a domain has one slice at most", async () => {
    await accepts("9,64,384,4,1,0");
    await refuses("9,64,384,4,1,0");
    assert.deepEqual(await vgt.instances(bed), { 9: 1 });
  });

  it("refuses as invalid what there is no room for, and says in the log what was short", async () => {
    for (const domid of [1, 2, 3]) await accepts(`${domid},128,512,4,1,0`);
    await refuses("4,128,512,4,1,0");
    assert.match(await kernelLog(bed), /gvt: request 128MB avail 0MB max 384MB taken 384MB/);
    await accepts("-2");
    await accepts("4,128,512,4,1,0");
  });

  describe("knobs", () => {
    it("fail_create refuses with the errno given and takes nothing", async () => {
      await vgt.setKnob(bed, "fail_create", 5);
      await refuses("9,64,384,4,1,0", /Input\/output error/);
      assert.deepEqual(await vgt.instances(bed), {});
    });

    it("refuse_after refuses from so many slices on", async () => {
      await vgt.setKnob(bed, "refuse_after", 1);
      await accepts("1,64,384,4,1,0");
      await refuses("2,64,384,4,1,0");
    });

    it("ignore answers with success and does nothing", async () => {
      await vgt.setKnob(bed, "ignore", 1);
      await accepts("9,64,384,4,1,0");
      assert.deepEqual(await vgt.instances(bed), {});
      await vgt.setKnob(bed, "ignore", 2);
      await accepts("9,64,384,4,1,0");
      await accepts("-9");
      assert.deepEqual(await vgt.instances(bed), { 9: 1 });
    });

    for (const { hang, line, blocked, after } of [
      { hang: 1, line: "9,64,384,4,1,0", blocked: {}, after: { 9: 1 } },
      { hang: 2, line: "-9", blocked: { 9: 1 }, after: {} },
    ])
      it(`hang=${hang} makes the write of ${line} wait beyond signals until it is set back`, async () => {
        if (hang === 2) await accepts("9,64,384,4,1,0");
        await vgt.setKnob(bed, "hang", hang);
        const writer = bed.background(
          `echo $$ >/tmp/writer; printf %s '${line}' >${vgt.root}/control/create_vgt_instance`,
        );
        const waits = "grep -q create_vgt_instance_store /proc/$(cat /tmp/writer)/stack";
        await bed.check(
          `until [ -s /tmp/writer ] && ${waits}; do sleep 0.1; done; kill -9 $(cat /tmp/writer); ${waits}`,
        );
        assert.deepEqual(await vgt.instances(bed), blocked);
        await vgt.setKnob(bed, "hang", 0);
        await writer.result;
        await bed.check("rm /tmp/writer");
        assert.deepEqual(await vgt.instances(bed), after);
      });
  });

  it("come and go with the GPU, which takes the slices with it", async () => {
    await accepts("9,64,384,4,1,0");
    const driver = "/sys/bus/pci/drivers/i915";
    await bed.check(`echo ${gpuAddress} >${driver}/unbind`);
    assert.notEqual((await bed.run(`ls ${vgt.root}`)).code, 0);
    await bed.check(`echo ${gpuAddress} >${driver}/bind`);
    assert.deepEqual(await vgt.instances(bed), {});
    assert.doesNotMatch(await kernelLog(bed), /BUG:|Oops|Call Trace/);
  });

  it("give at most seven slices, with as much of an aperture as the GPU has", async () => {
    const reload = (parameters: string): Promise<string> =>
      bed.check(`modprobe -r xengt i915 fake_igd && modprobe fake_igd ${parameters} && modprobe xengt`);
    await reload("aperture_mb=1024");
    for (let domid = 1; domid <= 7; domid += 1) await accepts(`${domid},64,384,4,1,0`);
    await refuses("8,64,384,4,1,0");
    await accepts("-3");
    await accepts("8,64,384,4,1,0");
    assert.equal((await vgt.instances(bed))[8], 3);
    await reload("");
  });
});
