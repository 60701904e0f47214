// The page's one style sheet. Colours stand at the top, once for light and once for dark, each pair of text and ground
// with a contrast of at least 4.5 (checked in a real browser). No fonts, pictures or imports.

export const styleSheet = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --card: #fff; --text: #1a212b; --soft: #545e6c; --edge: #d9dde3; --track: #eef0f3;
  --link: #0b5c86; --focus: #0b5c86; --line: #1f7299; --below: #1f729922;
  --host: #dfe3e8; --host-mark: #8d97a5; --own: #1f6687; --own-text: #fff; --leaving: #6d4a1d; --leaving-mark: #85602f; --leaving-text: #fff;
  --foreign: #f7e3b5; --foreign-mark: #ddb45c; --foreign-text: #3d2c00; --orphan: #ecd3e4; --orphan-mark: #c791b6; --orphan-text: #43102f;
  --error: #a3221f; --error-ground: #fbeae8; --warning: #7a4d00; --warning-ground: #fcf3dc; --fine: #1c6a3c; --shadow: 0 1px 2px #0f172a14, 0 1px 6px #0f172a0a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10141a; --card: #181e26; --text: #e6eaf0; --soft: #a3aebb; --edge: #2c3541; --track: #212934;
    --link: #7cc4ea; --focus: #7cc4ea; --line: #5fb4dc; --below: #5fb4dc2b;
    --host: #2f3945; --host-mark: #5d6a79; --own: #2d7da3; --own-text: #fff; --leaving: #735322; --leaving-mark: #8a6a36; --leaving-text: #fff;
    --foreign: #4f3e14; --foreign-mark: #7a6122; --foreign-text: #ffeec4; --orphan: #4a2540; --orphan-mark: #7a4269; --orphan-text: #ffe3f4;
    --error: #ff9a93; --error-ground: #3a1d1d; --warning: #f0c46c; --warning-ground: #332a14; --fine: #7fd39f; --shadow: none;
  }
}
*, ::before, ::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text); font: .9375rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif; font-variant-numeric: tabular-nums; }
#page { max-width: 100rem; margin: 0 auto; padding: 1.25rem clamp(.75rem, 2.5vw, 2rem) 2rem; }
main { outline: none; }
h1, h2, h3, p, dl, dd, ul, figure { margin: 0; padding: 0; }
ul { list-style: none; }
h1 { font-size: 1.75rem; line-height: 1.2; font-weight: 650; letter-spacing: -.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; font-weight: 650; margin: 2rem 0 .75rem; }
h3 { font-size: 1rem; font-weight: 650; }
a { color: var(--link); text-underline-offset: .15em; }
code, .mono, .gpu-head h3 { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .92em; }
.facts, .id, caption, figcaption, .tile dt, small { color: var(--soft); font-size: .8125rem; }
.slice .mono { font-size: .7rem; white-space: nowrap; }
.id { overflow-wrap: break-word; font-weight: 400; }
bdi { overflow-wrap: anywhere; unicode-bidi: isolate; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: .5rem; top: -4rem; padding: .5rem .75rem; background: var(--card); border: 1px solid var(--edge); border-radius: 6px; z-index: 1; }
.skip:focus { top: .5rem; }
button, input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--soft); border-radius: 6px; padding: .2rem .65rem; min-height: 2rem; }
::placeholder { color: var(--soft); opacity: 1; }
button { cursor: pointer; }
button:hover { border-color: var(--text); }
[hidden] { display: none !important; }
.patterns { position: absolute; }

.top { display: flex; flex-wrap: wrap; gap: .75rem 2rem; justify-content: space-between; align-items: flex-end; }
.brand { color: var(--soft); font-size: .8125rem; letter-spacing: .01em; }
.badge { border: 1px solid var(--edge); border-radius: 99px; padding: .05rem .55rem; margin-left: .35rem; background: var(--card); }
.link { text-align: right; }
#link { display: flex; flex-wrap: wrap; gap: .65rem; align-items: center; justify-content: flex-end; }
#reload { display: inline-flex; flex-wrap: wrap; gap: 0 .75rem; }
#link-state::before { content: ""; display: inline-block; width: .6rem; height: .6rem; margin-right: .45rem; border-radius: 50%; border: 2px solid var(--soft); }
[data-link="live"] #link-state::before { background: var(--fine); border-color: var(--fine); }
[data-link="lost"] #link { color: var(--error); background: var(--error-ground); border-radius: 6px; padding: .35rem .65rem; font-weight: 600; text-align: left; }
[data-link="lost"] #link-state::before { border-radius: 0; background: var(--error); border-color: var(--error); }
[data-link="lost"] main { filter: saturate(.35); }

.summary { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); margin-top: 1.25rem; background: var(--card); border: 1px solid var(--edge); border-radius: 10px; box-shadow: var(--shadow); overflow: hidden; }
.summary div { padding: .75rem 1rem; box-shadow: -1px 0 var(--edge), 0 -1px var(--edge); }
.summary dt { color: var(--soft); font-size: .8rem; }
.summary dd { font-weight: 600; }
.summary .facts { display: block; font-weight: 400; overflow-wrap: anywhere; }

.notices { display: grid; gap: .5rem; }
.notices li { display: flex; gap: .75rem; padding: .7rem 1rem; border-radius: 8px; border: 1px solid var(--edge); background: var(--card); overflow-wrap: anywhere; }
.notices .error { background: var(--error-ground); } .notices .warning { background: var(--warning-ground); }
.mark { flex: none; display: inline-grid; place-items: center; width: 1.4rem; height: 1.4rem; border-radius: 50%; border: 2px solid currentColor; font-size: .8rem; font-weight: 700; line-height: 1; }
.error .mark, .error strong, .trouble { color: var(--error); } .warning .mark, .warning strong { color: var(--warning); } .fine .mark { color: var(--fine); margin-right: .4rem; }
.fine { display: flex; gap: .35rem; }
.notices .facts { color: var(--text); }
.trouble { font-size: .8125rem; font-weight: 600; }

.card { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; padding: 1rem 1.1rem; box-shadow: var(--shadow); margin-bottom: 1rem; container-type: inline-size; min-width: 0; }
.gpus { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 35rem), 1fr)); gap: 1rem; align-items: start; margin-bottom: 1rem; }
.gpus .card, .halves .card { margin: 0; }
.tables { display: grid; gap: 1.1rem 2.5rem; }
.card > header { display: flex; flex-wrap: wrap; gap: .1rem .9rem; align-items: baseline; margin-bottom: .75rem; }
.empty, .none { color: var(--soft); }
.bars { display: grid; gap: .75rem; margin-bottom: 1.1rem; }
figcaption, .slots { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; margin-bottom: .2rem; }
.slots { color: var(--soft); font-size: .8125rem; }
figcaption b, .slots b { color: var(--text); }
.boxes { flex-basis: 100%; display: flex; gap: 3px; margin-top: .2rem; }
.boxes i { flex: 1; height: 8px; border-radius: 2px; border: 1px solid var(--soft); }
.boxes .taken { background: var(--own); border-color: var(--own); }
.bar { display: block; border-radius: 6px; background: var(--track); }
.part text { font-size: 13px; dominant-baseline: central; fill: var(--text); paint-order: stroke; stroke-width: 5px; stroke-linejoin: round; font-weight: 600; }
.part .middle { text-anchor: middle; }
.part .name { font-weight: 450; }
.ground { stroke: var(--card); stroke-width: 2px; }
.host .ground { fill: var(--host); } .host text { stroke: var(--host); }
.own .ground { fill: var(--own); } .own text { fill: var(--own-text); stroke: var(--own); }
.promised .ground { fill: var(--card); stroke: var(--own); stroke-width: 3px; stroke-dasharray: 6 4; } .promised text { stroke: var(--card); }
.leaving .ground { fill: var(--leaving); } .leaving text { fill: var(--leaving-text); stroke: var(--leaving); }
.foreign .ground { fill: var(--foreign); } .foreign text { fill: var(--foreign-text); stroke: var(--foreign); }
.orphan .ground { fill: var(--orphan); } .orphan text { fill: var(--orphan-text); stroke: var(--orphan); }
.free .ground { fill: var(--track); } .free text { fill: var(--soft); stroke: var(--track); }
.swatch { vertical-align: -3px; border-radius: 3px; } .swatch.free, .swatch.host { box-shadow: 0 0 0 1px var(--soft); }
#dots { fill: var(--host-mark); }
#hatch { fill: var(--foreign-mark); } #cross { fill: var(--orphan-mark); } #wide { fill: var(--leaving-mark); }
.legend ul { display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; font-size: .8125rem; }
.legend .swatch { margin-right: .45rem; }
.legend p { margin-top: .35rem; color: var(--soft); font-size: .8125rem; max-width: 75ch; }
@container (max-width: 34rem) { .part .name { display: none; } }
@container (min-width: 66rem) { .tables { grid-template-columns: 7fr 6fr; } }

table { width: 100%; border-collapse: collapse; font-size: .875rem; }
table { align-self: start; }
caption { text-align: left; padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-top: 1px solid var(--edge); font-weight: 400; }
th:last-child, td:last-child { padding-right: 0; }
thead th { border-top: 0; color: var(--soft); font-size: .8rem; vertical-align: bottom; }
tbody th { font-weight: 600; }
tbody th.mono { white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
.number + :not(.number) { padding-left: 1rem; }
.fit { font-weight: 650; }
.fit.none { font-weight: 400; }
td .swatch { margin-right: .2rem; }

.halves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 35rem), 1fr)); gap: 1rem; align-items: start; }
.tools { display: flex; flex-wrap: wrap; gap: .75rem 2rem; justify-content: space-between; align-items: center; margin-bottom: .75rem; }
.tools .facts { flex: 1 1 24rem; max-width: 75ch; }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
input { flex: 1 1 9rem; min-width: 0; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: .5rem; margin-bottom: 1rem; }
.tile { background: var(--track); border-radius: 8px; padding: .5rem .6rem; min-width: 0; }
.tile .facts, .tile dt { color: var(--soft); }
.tile .values { font-size: .875rem; min-height: 3em; }
.tile .chart { height: 44px; margin-top: .3rem; }
.values { display: block; line-height: 1.45; }
.value { display: block; white-space: nowrap; font-weight: 600; }
.value small { font-weight: 400; }
.gpu-head .facts { flex-basis: 100%; }
.activity .values { min-height: 2.9em; font-size: .8125rem; }
.activity .value { font-weight: 500; font-size: .8125rem; }
.activity thead th { width: 19.5%; }
.activity thead th:nth-child(2), .activity thead th:nth-child(3) { width: 15%; }
.activity thead th:first-child { width: 31%; }
.activity th .id, .slice .id { display: inline-block; }
.activity .chart { margin-top: .2rem; }
.chart { display: block; width: 100%; height: 26px; border-bottom: 1px solid var(--soft); overflow: visible; }
.below { fill: var(--below); }
.line { fill: none; stroke: var(--line); stroke-width: 1.75px; vector-effect: non-scaling-stroke; stroke-linejoin: round; stroke-linecap: round; }
.second { stroke: var(--text); stroke-dasharray: 3 3; stroke-width: 1.25px; }
.state { font-weight: 400; font-size: .8125rem; color: var(--soft); }
.state.on::before { content: ""; display: inline-block; width: .5rem; height: .5rem; border-radius: 50%; background: var(--fine); margin-right: .35rem; }
.pager { display: flex; gap: 1rem; margin-top: .75rem; align-items: center; font-size: .875rem; flex-wrap: wrap; }
.pager a, .pager .none { padding: .2rem 0; }
footer { margin-top: 2rem; color: var(--soft); font-size: .8125rem; }

@container (max-width: 31rem) {
  .stack, .stack tbody, .stack caption { display: block; }
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stack tr { display: grid; grid-template-columns: 1fr 1fr; gap: .15rem 1.25rem; border-top: 1px solid var(--edge); padding: .5rem 0; }
  .stack th, .stack td { border: 0; padding: 0; text-align: left; min-width: 0; overflow-wrap: anywhere; white-space: normal; }
  .stack th, .stack td[colspan] { grid-column: 1 / -1; }
  .stack td { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 .5rem; }
  .stack td::before { content: attr(data-label); color: var(--soft); font-size: .8125rem; }
  .stack td > span:last-child { margin-left: auto; text-align: right; }
  .activity td { display: block; margin-top: .3rem; }
  .activity .values { min-height: 0; text-align: left; }
  .tiles { grid-template-columns: 1fr 1fr; }
}
@media (max-width: 40rem) { .link { text-align: left; } #link { justify-content: flex-start; } }
@media (prefers-reduced-motion: no-preference) { .part, .ground { transition: x .4s ease, width .4s ease; } }
@media (forced-colors: active) { svg { forced-color-adjust: none; } .boxes .taken { background: CanvasText; } }
@media print { .skip, form, #link, .pager { display: none; } .card { break-inside: avoid; box-shadow: none; } }
`;
