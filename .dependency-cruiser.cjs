// The layer rules of docs/design.md, checked by machine. The order of `stages` is the order of the data.
const stages = [
  "discovery",
  "inventory",
  "diagnosis",
  "capacity",
  "lifecycle",
  "observation",
  "schedulers",
  "api",
];

const stage = (name) => {
  // discovery produces facts whose types are declared by the inventory: the one look ahead.
  const before = name === "discovery" ? ["inventory"] : stages.slice(0, stages.indexOf(name));
  // What the books of a scheduler look like is told by the client's own words; the client itself stays out.
  const words = name === "schedulers" ? "|^agent/placement/(model|errors)\\.ts" : "";
  return {
    name: `${name}-imports`,
    severity: "error",
    comment: `${name}/ may import only core/ and the stages before it`,
    from: { path: `^agent/${name}/` },
    to: { path: "^agent/", pathNot: `^agent/(${["core", name, ...before].join("|")})/${words}` },
  };
};
const io = "^(node:)?(fs|child_process|net|tls|http|http2|dgram|worker_threads|timers)(/|$)";
const wiring = "agent/(host/|backends/|compose(/|\\.ts)|main(/|\\.ts)|doctor/)";

module.exports = {
  forbidden: [
    {
      name: "core-imports-nothing",
      severity: "error",
      from: { path: "^agent/core/" },
      to: { path: "^agent/(?!core/)" },
    },
    ...stages.map(stage),
    {
      name: "stages-do-no-io",
      severity: "error",
      from: { path: `^agent/(core|backends|${stages.join("|")})/`, pathNot: "^agent/core/clock\\.ts" },
      to: { path: io, dependencyTypes: ["core"] },
    },
    {
      name: "only-compose-builds-adapters",
      severity: "error",
      from: { path: "^agent/", pathNot: `^${wiring}` },
      to: { path: "^agent/(host|backends)/" },
    },
    {
      name: "wiring-is-imported-by-nobody",
      severity: "error",
      comment: "compose.ts puts the parts of compose/ together, main.ts those of main/",
      from: { path: "^agent/", pathNot: "^agent/(compose|main)(/|\\.ts)" },
      to: { path: "^agent/(compose|main)(/|\\.ts)" },
    },
    {
      name: "doctor-is-loaded-by-vgpuctl-alone",
      severity: "error",
      comment:
        "the diagnosis without an agent, a composition of its own; vgpuctl loads it when it is asked for",
      from: { path: "^agent/", pathNot: "^agent/(doctor/|cli/main\\.ts)" },
      to: { path: "^agent/doctor/" },
    },
    {
      name: "backends-are-pure",
      severity: "error",
      comment: "a backend knows the stages it serves and core/, never an adapter, the api or another backend",
      from: { path: "^agent/backends/([^/]+)/" },
      to: {
        path: "^agent/",
        pathNot:
          "^agent/(core|inventory|capacity|lifecycle|discovery|backends/$1)/|^agent/backends/[^/]+\\.ts",
      },
    },
    {
      name: "hosts-implement-ports",
      severity: "error",
      comment: "host/ implements ports of any stage; it knows neither the api nor the command line",
      from: { path: "^agent/host/" },
      to: { path: "^agent/(api|cli|simulator|compose|main)(/|\\.ts)" },
    },
    {
      name: "yaml-stands-alone",
      severity: "error",
      comment: "shared by whoever reads a file of YAML",
      from: { path: "^agent/yaml/" },
      to: { path: "^agent/(?!yaml/)" },
    },
    {
      name: "placement-stands-alone",
      severity: "error",
      comment: "a client of OpenStack Placement, a library of its own",
      from: { path: "^agent/placement/" },
      to: { path: "^agent/(?!placement/)" },
    },
    {
      name: "node-libvirt-stands-alone",
      severity: "error",
      from: { path: "^agent/node-libvirt/" },
      to: { path: "^agent/(?!node-libvirt/)" },
    },
    {
      name: "hostd-stands-alone",
      severity: "error",
      comment: "the privileged process has no dependency, of ours or of others",
      from: { path: "^agent/hostd/" },
      to: { path: "^(agent/(?!hostd/)|node_modules/)" },
    },
    {
      name: "simulator-is-independent",
      severity: "error",
      comment: "its arithmetic must not be ours",
      from: { path: "^agent/simulator/" },
      to: {
        path: "^agent/",
        pathNot:
          "^agent/(simulator/|core/(ids|keyed-lock|suggest|xml)\\.ts|yaml/|hostd/protocol/|node-libvirt/)",
      },
    },
    {
      name: "wire-types-stay-at-the-rim",
      severity: "error",
      from: { path: "^agent/(?!api/|cli/|doctor/)" },
      to: { path: "^proto/gen/" },
    },
    {
      name: "grpc-stays-at-the-rim",
      severity: "error",
      from: { path: "^agent/(?!api/|cli/)" },
      to: { path: "node_modules/@grpc" },
    },
    {
      name: "cli-speaks-only-the-contract",
      severity: "error",
      from: { path: "^agent/cli/" },
      to: { path: "^agent/", pathNot: "^agent/((cli|core|yaml|placement)/|doctor/apart\\.ts)" },
    },
    {
      name: "prom-client-stays-in-observation",
      severity: "error",
      from: { path: "^agent/(?!observation/|compose/)" },
      to: { path: "node_modules/prom-client" },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
  },
};
