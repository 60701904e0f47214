// The GPUs of the page: each drawn to scale, its slices and its types in tables. Pure.
import type { FunctionsAccount } from "../../capacity/accounts/virtual-functions.ts";
import { platformOf } from "../../inventory/platforms.ts";
import type { GpuView } from "../../lifecycle/views.ts";
import { amountOf, barDrawing, lookOf, looks, resourceNames, swatch } from "./drawing.ts";
import { barsOf } from "./gpu-bars.ts";
import { markup, type Html } from "./markup.ts";
import type { Bar, Resource, SliceView } from "./model.ts";
import { count, mib } from "./units.ts";

export function gpuSection(
  gpus: readonly GpuView[],
  slicesOn: ReadonlyMap<string, readonly SliceView[]>,
): Html {
  const none = markup`<p class="empty">No Intel GPU is on the PCI bus.</p>`;
  const articles = gpus.map((view) => gpuArticle(view, slicesOn.get(view.gpu.address) ?? []));
  const drawn = gpus.some(({ budget }) => budget !== undefined);
  return markup`<section aria-labelledby="gpus"><h2 id="gpus">GPUs</h2>
${gpus.length === 0 ? none : markup`<div class="gpus">${articles}</div>`}
${drawn ? legend() : undefined}</section>`;
}

function legend(): Html {
  const keys = Object.values(looks).map((look) => markup`<li>${swatch(look)}${look.words}</li>`);
  return markup`<div class="legend"><ul>${keys}</ul>
<p>Widths are to scale. The order is not the order of addresses: where a slice lies the kernel does not tell. The largest piece is estimated.</p></div>`;
}

function gpuArticle(view: GpuView, slices: readonly SliceView[]): Html {
  const { gpu, budget } = view;
  const id = `gpu-${gpu.address.replaceAll(/[^0-9a-f]/g, "-")}`;
  return markup`<article class="card" id="${id}" aria-labelledby="${id}-name">
<header class="gpu-head"><h3 id="${id}-name">${gpu.address}</h3><p class="facts">${factsOf(view)}</p></header>
${budget ? drawings(view, budget, slices) : markup`<p class="empty">Offers no vGPUs.</p>`}
<div class="tables">${slices.length > 0 ? sliceTable(id, slices) : budget && markup`<p class="empty">No vGPU exists on this GPU.</p>`}
${view.types.length > 0 ? typeTable(id, view) : undefined}</div></article>`;
}

function factsOf({ gpu, drain, functions }: GpuView): string {
  const nodes = [gpu.drmCard, gpu.drmRender].filter((node) => node !== undefined);
  return [
    platformOf(gpu.deviceId)?.name ?? "",
    `PCI ${gpu.vendorId}:${gpu.deviceId}`,
    gpu.driver === undefined ? "no driver" : `driver ${gpu.driver}`,
    nodes.join(", "),
    gpu.numaNode === undefined ? "" : `NUMA node ${gpu.numaNode}`,
    gpu.bootVga === true ? "drives the boot display" : "",
    functions === undefined ? "" : functionsInWords(functions),
    drain === undefined ? "" : "drained",
  ]
    .filter((fact) => fact !== "")
    .join(" · ");
}

function functionsInWords({ sriov: { total }, functions, used }: FunctionsAccount): string {
  const all = `${functions.length} of ${total ?? "an unknown number of"} virtual functions`;
  return functions.length === 0 || used === undefined ? all : `${all}, ${used.own + used.foreign} in use`;
}

function drawings(
  { gpu, largestFree }: GpuView,
  budget: NonNullable<GpuView["budget"]>,
  slices: readonly SliceView[],
): Html {
  const bars = barsOf(budget, slices).map(
    (bar) =>
      markup`<figure><figcaption><span>${resourceNames[bar.resource]}</span><span><b>${amountOf(bar.resource, bar.free)}</b> free of ${amountOf(bar.resource, bar.total)}${inOnePiece(bar, largestFree)}</span></figcaption>${barDrawing(bar)}</figure>`,
  );
  const { used, total, free } = budget;
  return markup`<div class="bars" role="group" aria-label="What ${gpu.address} has, and who takes it">
<p class="slots"><span>vGPUs</span><span><b>${count(free.instances)}</b> free of ${count(total.instances)}</span><span class="boxes" aria-hidden="true">${boxes(used.instances, total.instances)}</span></p>
${bars}</div>`;
}

/** Said where it is not all that is free. */
function inOnePiece({ resource, free }: Bar, largest: GpuView["largestFree"]): string {
  if (!largest || resource === "fences" || largest[resource] >= free) return "";
  return `, about ${amountOf(resource, largest[resource])} in one piece`;
}

function boxes(used: number, total: number): Html[] {
  return Array.from({ length: Math.max(used, total) }, (_, index) =>
    index < used ? markup`<i class="taken"></i>` : markup`<i></i>`,
  );
}

function sliceTable(id: string, slices: readonly SliceView[]): Html {
  return markup`<table id="${id}-slices" class="stack"><caption>vGPUs on this GPU</caption>
<thead><tr><th scope="col">vGPU and domain</th><th scope="col" class="number">Low GM</th><th scope="col" class="number">High GM</th><th scope="col" class="number">Fences</th><th scope="col">State</th></tr></thead>
<tbody>${slices.map(sliceRow)}</tbody></table>`;
}

function sliceRow(slice: SliceView): Html {
  const { number, id, domain, type, ownership, state, troubled } = slice;
  const owner = ownership === "own" ? undefined : markup`${ownership} · `;
  const why = troubled && markup` <a class="trouble" href="#conditions">see conditions</a>`;
  const name =
    domain === undefined ? markup`<span class="none">no domain</span>` : markup`<bdi>${domain}</bdi>`;
  return markup`<tr id="vgpu-${id}"><th scope="row" class="slice">${swatch(lookOf(slice))} ${number} ${name} <span class="id">${type === "" ? "type not told any more" : type}</span><br /><span class="id mono">${id}</span></th>
${amountCell(slice, "lowGmMib", "Low GM")}${amountCell(slice, "highGmMib", "High GM")}${amountCell(slice, "fences", "Fences")}
<td data-label="State"><span>${owner}${state}${why}</span></td></tr>`;
}

function amountCell({ sizes }: SliceView, resource: Resource, label: string): Html {
  return markup`<td data-label="${label}" class="number">${sizes ? amountOf(resource, sizes[resource]) : "unknown"}</td>`;
}

function typeTable(id: string, { types }: GpuView): Html {
  const rows = types.map(({ type, allocatable }) => {
    const { name, sizes, resolution, weight } = type;
    return markup`<tr id="${id}-${name}"><th scope="row" class="mono">${name}</th>
<td data-label="More fit" class="number fit ${allocatable === 0 ? "none" : "some"}">${count(allocatable)}</td>
<td data-label="Low GM" class="number">${sizes ? mib(sizes.lowGmMib) : "unknown"}</td>
<td data-label="High GM" class="number">${sizes ? mib(sizes.highGmMib) : "unknown"}</td>
<td data-label="Fences" class="number">${sizes ? count(sizes.fences) : "unknown"}</td>
<td data-label="Display" class="number">${resolution ?? "unknown"}</td>
<td data-label="Weight" class="number">${weight ?? "unknown"}</td></tr>`;
  });
  return markup`<table id="${id}-types" class="stack"><caption>What more fits, one type at a time: the types share what is free</caption>
<thead><tr><th scope="col">Type</th><th scope="col" class="number">More fit</th><th scope="col" class="number">Low GM</th><th scope="col" class="number">High GM</th><th scope="col" class="number">Fences</th><th scope="col" class="number">Largest display</th><th scope="col" class="number">Weight</th></tr></thead>
<tbody>${rows}</tbody></table>`;
}

/** How many more vGPUs fit on all GPUs, in words. The smallest type of each fits most often. */
export function roomInWords(gpus: readonly GpuView[]): string {
  if (!gpus.some(({ types }) => types.length > 0)) return "none offers vGPUs";
  const room = gpus.reduce(
    (sum, { types }) => sum + Math.max(0, ...types.map(({ allocatable }) => allocatable)),
    0,
  );
  return room === 0 ? "no room for another" : `room for ${count(room)} more of the smallest type`;
}
