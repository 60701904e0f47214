// Command lines that vgpuctl does not send: what is wrong with them, and what was perhaps meant.
import assert from "node:assert/strict";
import { CREATE, SIZED } from "./create-line.ts";
import { vgpuctl } from "./vgpuctl.ts";

describe("a wrong command line", () => {
  const wrong: Readonly<Record<string, readonly [argv: readonly string[], says: RegExp]>> = {
    "suggests the nearest command": [["gpu"], /there is no command 'gpu'\nhint: did you mean gpus\?\n$/],
    "knows what other tools call it": [
      ["rm", "my vm", "--grace=1s", "-owide"],
      /there is no command 'rm'\nhint: vgpuctl destroy 'my vm' --socket \/nonexistent\/vgpud\.sock --grace=1s -o wide\n$/,
    ],
    "suggests the nearest flag": [
      ["stop", "a", "--grase", "1s"],
      /no flag '--grase' here\nUsage: .*\nhint: did you mean --grace\?/,
    ],
    "suggests the nearest flag before the command": [
      ["--sokcet", "/x", "gpus"],
      /no flag '--sokcet' here\nhint: did you mean --socket\?/,
    ],
    "refuses a flag of another command": [
      ["gpus", "--grace", "1s"],
      /no flag '--grace' here\nUsage: vgpuctl gpus/,
    ],
    "names a missing operand": [["start"], /REF is missing: .*\nUsage: vgpuctl start REF \[FLAGS\]/],
    "refuses a surplus operand": [["start", "a", "b"], /unexpected argument 'b'/],
    "refuses a flag that is given twice": [
      ["gpus", "--timeout", "1s", "--timeout", "2s"],
      /--timeout is given twice/,
    ],
    "refuses a switch with a value": [["stop", "a", "--now=1"], /--now takes no value/],
    "misses a value": [["stop", "a", "--grace"], /--grace needs a value: DURATION/],
    "does not take a flag for a value": [["create", "a", "--type", "--vcpus", "2"], /write --type=TYPE/],
    "refuses a duration without a unit": [["stop", "a", "--grace", "60"], /not '60'/],
    "refuses a timeout of nothing": [["gpus", "--timeout", "0"], /--timeout takes more than 0/],
    "refuses another format": [
      ["gpus", "-o", "xml"],
      /--output takes table, wide, json, yaml, name, not 'xml'/,
    ],
    "suggests the nearest format": [["gpus", "-o", "yml"], /not 'yml'\n.*\nhint: did you mean yaml\?/],
    "suggests the flag that sets a field": [
      ["destroy", "a", "--grace-period", "1s"],
      /no flag '--grace-period' here\n.*\nhint: did you mean --grace\?/,
    ],
    "refuses two ways to a vgpud": [
      ["gpus", "--address", "h:1"],
      /--socket and --address exclude each other/,
    ],
    "refuses no frames": [["top", "-n", "0"], /--frames takes at least 1\n/],
    "says what memory is counted in": [
      ["create", "a", "--type", "t", "--vcpus", "1", "--memory", "2G"],
      /--memory takes a whole number of MiB, not '2G'/,
    ],
    "refuses stops that contradict": [
      ["stop", "a", "--now", "--no-force"],
      /--now and --no-force exclude each other/,
    ],
    "wants one vGPU": [
      ["create", "a", "--vcpus", "1", "--memory", "64"],
      /one of --type, --sizes, --mode, --need and --flavor-metadata/,
    ],
    "wants something to boot": [SIZED, /nothing to boot: give --disk or --kernel\n/],
    "takes a need that begins with a mode": [
      [...SIZED.toSpliced(2, 2), "--need", "low-gm=128"],
      /a need begins with one of gvt-g, gvt-d, gvt-s, sriov, not 'low-gm=128'/,
    ],
    "wants one way to say what the vGPU is": [
      [...SIZED, "--need", "sriov"],
      /--type and --need exclude each other/,
    ],
    "offers no bus that is not served": [
      [...SIZED, "--disk", "/d", "--disk-format", "raw", "--disk-bus", "ide"],
      /--disk-bus takes virtio, sata, scsi, xen, not 'ide'/,
    ],
    "refuses an operation that is none": [
      ["operation", "foo"],
      /NAME must be operations\/UUID, or the UUID alone, not 'foo'\n/,
    ],
    "wants the format of a disk": [[...CREATE, "--disk", "/d"], /--disk-format is required/],
    "refuses a flag that would be ignored": [[...SIZED, "--initrd", "/i"], /--initrd needs --kernel/],
    "refuses a console that is no address": [[...CREATE, "--vnc=localhost"], /--vnc takes an IP address/],
    "refuses sizes that are not three": [
      ["create", "a", "--sizes", "1,2", "--vcpus", "1", "--memory", "1"],
      /three whole numbers/,
    ],
    "quotes sizes below 0 as they were written": [
      ["plan", "-64,384,4"],
      /no number here is below 0, as -64,384,4 is\n/,
    ],
    "says of sizes below 0 that they are none": [
      ["create", "a", "--sizes", "-64,384,4", "--vcpus", "1", "--memory", "1"],
      /--sizes needs a value: .*\n.*\nhint: no number here is below 0, as -64,384,4 is; /,
    ],
    "refuses a number that is none": [
      ["create", "a", "--type", "t", "--vcpus", "two", "--memory", "1"],
      /--vcpus takes a whole number/,
    ],
    "wants to know for how long a reservation is renewed": [["renew", "job-17"], /--ttl is missing/],
    "suggests the nearest mode": [
      ["create", "a", "--mode", "gvtg", "--vcpus", "1", "--memory", "1"],
      /did you mean gvt-g\?/,
    ],
    "suggests the nearest topic of the help": [["help", "creat"], /did you mean create\?/],
  };
  for (const [name, [argv, says]] of Object.entries(wrong))
    it(name, async () => {
      const ran = await vgpuctl("/nonexistent/vgpud.sock", argv);
      assert.match(ran.stderr, says);
      assert.equal(ran.stdout, "");
      assert.equal(ran.exitCode, 2);
    });

  const remote: Readonly<Record<string, readonly [argv: readonly string[], says: RegExp]>> = {
    "wants what is shown to another host": [
      ["--address", "h:1", "--tls-ca", "/c"],
      /--address needs --tls-certificate: /,
    ],
    "wants a host for a certificate": [["--tls-key", "/k"], /--tls-key needs --address HOST:PORT/],
    "wants a port": [
      ["--address", "h", "--tls-ca=/c", "--tls-certificate=/c", "--tls-key=/k"],
      /--address takes HOST:PORT, an IPv6 address in brackets, not 'h'/,
    ],
    "wants brackets around an IPv6 address": [
      ["--address", "2001:db8::1:9470", "--tls-ca=/c", "--tls-certificate=/c", "--tls-key=/k"],
      /--address takes HOST:PORT, an IPv6 address in brackets/,
    ],
  };
  for (const [name, [argv, says]] of Object.entries(remote))
    it(name, async () => {
      const ran = await vgpuctl(undefined, ["gpus", ...argv]);
      assert.match(ran.stderr, says);
      assert.equal(ran.exitCode, 2);
    });
});
