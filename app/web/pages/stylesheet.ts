import { createHash } from "node:crypto";

/** Text and surfaces keep a contrast of at least 4.5 to 1, borders of controls and focus 3 to 1, in light and in dark. */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --ground: #f4f6f8; --surface: #ffffff; --raised: #f8fafb; --line: #dde3e9; --control: #7a8794;
  --text: #1a2530; --quiet: #52606d; --accent: #0f5c8c; --accent-strong: #0a456a; --on-accent: #ffffff;
  --accent-soft: #e6f1f8; --danger: #a8231b; --danger-strong: #7f1913; --danger-soft: #fdeceb;
  --good: #146c43; --good-soft: #e4f4ec; --focus: #b45309;
  --cipher: #6b3fa0; --cipher-soft: #f5f0fb;
  --shadow: 0 1px 2px rgb(16 32 48 / 6%), 0 4px 16px rgb(16 32 48 / 5%);
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10161c; --surface: #19222b; --raised: #1f2a34; --line: #2f3c48; --control: #8494a3;
    --text: #e7edf2; --quiet: #a6b4c0; --accent: #7cc0ec; --accent-strong: #a9d7f5; --on-accent: #08202f;
    --accent-soft: #173245; --danger: #ff9d94; --danger-strong: #ffc2bc; --danger-soft: #3a1c1b;
    --good: #7ed8ab; --good-soft: #163326; --focus: #ffb454;
    --cipher: #cfb2f2; --cipher-soft: #2a2138;
    --shadow: 0 1px 2px rgb(0 0 0 / 30%);
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column;
  background: var(--ground); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.7rem; line-height: 1.2; letter-spacing: -0.015em; margin: 0; }
h2 { font-size: 1.12rem; line-height: 1.3; margin: 0 0 .5rem; }
p { margin: 0 0 .75rem; }
a { color: var(--accent); text-underline-offset: .18em; }
a:hover { color: var(--accent-strong); text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
code, .mono { font-family: var(--mono); font-size: .86em; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
.number { font-variant-numeric: tabular-nums; }
.visually-hidden {
  position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; border: 0;
}
.skip { position: absolute; left: 1rem; top: -6rem; padding: .6rem 1rem; background: var(--surface); z-index: 2; border-radius: 0 0 8px 8px; }
.skip:focus { top: 0; }

.banner { background: var(--surface); border-bottom: 1px solid var(--line); }
.inner, main, .footer { width: 100%; max-width: 74rem; margin-inline: auto; padding-inline: clamp(1rem, 4vw, 2rem); }
.inner { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; column-gap: 2rem; }
.brand { display: inline-flex; align-items: center; gap: .6rem; padding: .8rem 0; color: var(--text); font-weight: 650; text-decoration: none; letter-spacing: -0.01em; }
.brand:hover { color: var(--accent-strong); }
.banner ul { display: flex; flex-wrap: wrap; gap: .25rem; list-style: none; margin: 0; padding: 0; }
.banner li a { display: block; padding: 1rem .75rem .85rem; color: var(--quiet); text-decoration: none; border-bottom: 3px solid transparent; }
.banner li a:hover { color: var(--text); border-color: var(--line); }
.banner li a[aria-current] { color: var(--accent); border-color: var(--accent); font-weight: 600; }

main { flex: 1; padding-block: 2rem 3rem; }
.footer { padding-block: 1.25rem; color: var(--quiet); font-size: .88rem; border-top: 1px solid var(--line); }
.footer p { margin: 0; }
.heading { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 1rem; margin-bottom: 1.25rem; }
.heading p { margin: .3rem 0 0; }
.heading > * { min-width: 0; }
h1, h2, p, .problems { overflow-wrap: anywhere; }
.lead { color: var(--quiet); max-width: 46rem; margin-bottom: 1.5rem; }
.panel { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow); padding: 1.25rem 1.4rem; margin-bottom: 1.25rem; }
.narrow { max-width: 46rem; }

.button, button {
  display: inline-flex; align-items: center; justify-content: center; min-height: 2.75rem; padding: .5rem 1.1rem; cursor: pointer;
  border: 1px solid var(--control); border-radius: 8px; background: var(--surface); color: var(--text);
  font: inherit; font-weight: 550; text-decoration: none;
}
.button:hover, button:hover { background: var(--raised); border-color: var(--text); color: var(--text); }
.primary, button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.primary:hover, button.primary:hover { background: var(--accent-strong); border-color: var(--accent-strong); color: var(--on-accent); }
.danger, button.danger { background: var(--danger); border-color: var(--danger); color: var(--surface); }
.danger:hover, button.danger:hover { background: var(--danger-strong); border-color: var(--danger-strong); color: var(--surface); }
.choices { display: flex; flex-wrap: wrap; gap: .75rem; }
.actions { display: flex; flex-wrap: wrap; align-items: center; gap: .75rem; margin-top: 1.5rem; }

.notice, .problems, .warning { border: 1px solid; border-left-width: 5px; border-radius: 8px; padding: .8rem 1.1rem; margin-bottom: 1.25rem; }
.notice { background: var(--good-soft); border-color: var(--good); }
.problems { background: var(--danger-soft); border-color: var(--danger); }
.problems ul, .warning ul { margin: .25rem 0 0; padding-left: 1.2rem; }
.problems a { color: var(--danger); font-weight: 550; }
.problems > :last-child, .warning > :last-child { margin-bottom: 0; }
.warning { background: var(--surface); border-color: var(--focus); }

label { display: block; font-weight: 600; }
.hint { display: block; color: var(--quiet); font-size: .9rem; }
.field { margin-bottom: 1.1rem; min-width: 0; }
.wrong { display: block; color: var(--danger); font-weight: 550; font-size: .93rem; }
.field .stored { display: block; margin-top: .3rem; font-size: .9rem; color: var(--quiet); overflow-wrap: anywhere; }
input {
  width: 100%; min-height: 2.75rem; margin-top: .3rem; padding: .5rem .75rem; border: 1px solid var(--control); border-radius: 8px;
  background: var(--surface); color: var(--text); font: inherit;
}
input[aria-invalid="true"] { border: 2px solid var(--danger); }
fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
fieldset + fieldset { border-top: 1px solid var(--line); margin-top: .6rem; padding-top: 1.2rem; }
legend { font-size: 1.05rem; font-weight: 650; padding: 0; margin-bottom: .8rem; }
fieldset + fieldset legend { float: left; width: 100%; }
fieldset + fieldset legend + * { clear: both; }
.pair { display: grid; grid-template-columns: 1fr; column-gap: 1.25rem; }
.search { display: flex; flex-wrap: wrap; align-items: flex-end; gap: .75rem; }
.search .field { flex: 1 1 18rem; margin: 0; }

table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .7rem .75rem; border-bottom: 1px solid var(--line); }
thead th { color: var(--quiet); font-size: .82rem; font-weight: 600; text-transform: uppercase; letter-spacing: .04em; white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
tbody tr:hover { background: var(--raised); }
td, th[scope="row"] { overflow-wrap: anywhere; }
th[scope="row"] { font-weight: 600; }
.customers { padding: .35rem .65rem; }
.customers td, .customers th { padding-inline: .5rem; }
.customers .number { white-space: nowrap; }
.row-actions { white-space: nowrap; }
.row-actions a + a { margin-left: .8rem; }
.paging { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .75rem; }
.paging p { margin: 0; color: var(--quiet); }
.paging .steps { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem; }
.paging .button, .paging button { min-width: 2.75rem; padding-inline: .8rem; }
.paging .current { background: var(--accent-soft); border-color: var(--accent); cursor: default; }
.paging .sizes, .order { color: var(--quiet); font-size: .93rem; }
.sizes a, .order a, .sizes [aria-current], .order [aria-current] { display: inline-block; padding: .3rem .4rem; }
.sizes [aria-current], .order [aria-current] { color: var(--text); font-weight: 600; }
.order { margin: 0 0 .5rem; }
.bars > div { padding: .4rem 0; }
meter { width: min(24rem, 100%); height: 1.1rem; vertical-align: middle; }
pre { overflow-x: auto; margin: 0; }

dl { margin: 0; }
.facts > div { display: grid; grid-template-columns: minmax(9rem, 14rem) 1fr; gap: .2rem 1rem; padding: .55rem 0; border-bottom: 1px solid var(--line); }
.facts > div:last-child { border-bottom: 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-line; min-width: 0; }
.tag { display: inline-block; padding: .05rem .55rem; border: 1px solid var(--line); border-radius: 999px; background: var(--accent-soft); color: var(--text); font-size: .85rem; margin: 0 .25rem .25rem 0; }
.tag.good { background: var(--good-soft); border-color: var(--good); color: var(--good); }
.tag.bad { background: var(--danger-soft); border-color: var(--danger); color: var(--danger); }

.record table { table-layout: fixed; }
.record h2 { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; }
.record h2 small { font-size: .85rem; font-weight: 400; color: var(--quiet); }
.record th[scope="row"] { width: 22%; font-weight: 500; color: var(--quiet); }
.record thead th:first-child { width: 22%; }
.record .cipher code { color: var(--cipher); background: var(--cipher-soft); padding: .1rem .35rem; border-radius: 5px; -webkit-box-decoration-break: clone; box-decoration-break: clone; }
details summary { cursor: pointer; padding: .35rem 0; color: var(--accent); }
details code { color: var(--cipher); }

.steps-done { list-style: none; margin: 0; padding: 0; counter-reset: step; }
.steps-done > li { counter-increment: step; position: relative; padding-left: 3.25rem; }
.steps-done > li::before {
  content: counter(step); position: absolute; left: 0; top: 1.1rem; width: 2.1rem; height: 2.1rem; border-radius: 50%;
  display: grid; place-items: center; background: var(--accent); color: var(--on-accent); font-weight: 650;
}
.steps-done > li.fails::before { background: var(--danger); color: var(--surface); }
.steps-done > li.unknown::before { background: var(--surface); color: var(--quiet); border: 2px dashed var(--control); }
.steps-done > li:not(:last-child)::after { content: ""; position: absolute; left: 1.05rem; top: 3.5rem; bottom: -1.05rem; border-left: 2px solid var(--line); }

@media (min-width: 44rem) { .pair { grid-template-columns: 1fr 1fr; } }
@media (max-width: 60rem) {
  .panel.customers { background: none; border: 0; box-shadow: none; padding: 0; }
  .customers table, .customers tbody, .customers tr, .customers td, .customers th[scope="row"] { display: block; }
  .customers thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .customers tr { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow); padding: .8rem 1rem; margin-bottom: .8rem; }
  .customers td, .customers th[scope="row"] { border: 0; padding: .12rem 0; }
  .customers th[scope="row"] { font-size: 1.08rem; }
  .customers td[data-label] { display: grid; grid-template-columns: minmax(5rem, 8.5rem) minmax(0, 1fr); gap: .75rem; white-space: normal; }
  .customers td[data-label]::before { content: attr(data-label); color: var(--quiet); }
  .customers .row-actions { padding-top: .5rem; }
  .customers .row-actions a { display: inline-block; padding: .45rem .9rem .45rem 0; }
  .customers .row-actions a + a { margin-left: 0; }
}
@media (max-width: 40rem) {
  body { font-size: 1.02rem; }
  main { padding-block: 1.4rem 2rem; }
  h1 { font-size: 1.45rem; }
  .banner nav { width: 100%; }
  .banner ul { flex-wrap: wrap; gap: 0; margin-inline: -.5rem; }
  .banner li a { padding: .35rem .5rem .6rem; font-size: .9rem; white-space: nowrap; }
  .brand { padding: .7rem 0 .3rem; }
  .panel { padding: 1rem 1.05rem; }
  .facts > div { grid-template-columns: 1fr; }
  .actions > *, .search > button { flex: 1 1 100%; }
  .record table, .record tbody, .record tr, .record td, .record th[scope="row"] { display: block; width: auto; }
  .record thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .record tr { padding: .6rem 0; border-bottom: 1px solid var(--line); }
  .record tbody tr:last-child { border-bottom: 0; }
  .record td, .record th[scope="row"] { border: 0; padding: .1rem 0; }
  .record th[scope="row"] { color: var(--text); font-weight: 600; }
  .record td[data-label]::before { content: attr(data-label); display: block; color: var(--quiet); font-size: .82rem; }
  .steps-done > li { padding-left: 0; padding-top: 2.9rem; }
  .steps-done > li::before { top: .4rem; }
  .steps-done > li::after { display: none; }
}
@media (forced-colors: active) {
  .tag, .panel, .button, button { border: 1px solid; }
  .paging .current, .banner li a[aria-current] { border-color: Highlight; }
  .steps-done > li::before { border: 1px solid; forced-color-adjust: none; }
}
@media print {
  .skip, .banner nav, .footer, .search, .row-actions, .actions, .choices, .paging .steps, .sizes, .order, form button { display: none; }
  body { background: none; color: #000; }
  .panel { border-color: #999; box-shadow: none; break-inside: avoid; }
}
`;

/** The name changes with the content, so browsers may keep it for ever. */
export const stylesheetPath = `/style-${createHash("sha256").update(stylesheet).digest("hex").slice(0, 12)}.css`;

/** A keyhole in a shield. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#0f5c8c" d="M16 2 4 6.5v8.6C4 22.4 9 28 16 30c7-2 12-7.6 12-14.9V6.5z"/><path fill="#fff" d="M16 10a3.6 3.6 0 0 0-1.7 6.8L13.4 22h5.2l-.9-5.2A3.6 3.6 0 0 0 16 10z"/></svg>
`;
