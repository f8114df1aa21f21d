import type { RewrapState } from "../../rewrap-job";
import type { RewrappingProgress } from "../../rewrapping";
import type { SystemStatus } from "../../status";
import { tokenField } from "../request-forgery";
import { type Html, html } from "./html";
import { layout } from "./layout";
import { duration } from "./times";
import { waitingFor } from "./waiting-for";

type Transit = SystemStatus["transit"];

export interface KeyPageProps extends Pick<SystemStatus, "transit" | "readiness"> {
  rewrap: RewrapState;
  csrfToken: string;
}

/** Shows the key's current version and the number of rows of each version. After a rotation, the rows move to the new version. */
export function keyPage({ transit, readiness, rewrap, csrfToken }: KeyPageProps): Html {
  const { key } = transit;
  return layout({
    title: "The key",
    place: "key",
    body: html`
<div class="narrow">
<div class="heading"><h1>The key</h1><a class="button" href="/key">Refresh</a></div>
<p class="lead">The key never leaves Vault. A rotation adds a version. Vault encrypts new values with it, and still decrypts values of
older versions. A rewrap encrypts all rows with the newest version.</p>
${waitingFor(readiness)}
${outcome(rewrap)}
<section class="panel" aria-labelledby="versions">
<h2 id="versions">Customers by version of <code>${key}</code></h2>
${bars(transit)}
<form method="post" action="/key/rewrap"><input type="hidden" name="${tokenField}" value="${csrfToken}">
<div class="actions"><button type="submit" class="primary">Encrypt every row again</button>
<span class="quiet">${distance(transit)}</span></div></form>
</section>
<section class="panel" aria-labelledby="rotate">
<h2 id="rotate">Rotate the key</h2>
<p>This application may use the key, but not rotate it. A deployer may rotate it:</p>
<p><code>vault write -f transit/keys/${key}/rotate</code></p>
<p class="quiet">In the sandbox: <code>npm run sandbox -- shell deployer -- vault write -f transit/keys/${key}/rotate</code>. Then refresh this page.</p>
</section>
</div>`,
  });
}

function outcome({ running, progress, problem }: RewrapState): Html {
  if (problem) {
    return html`<div class="problems" role="alert"><h2>Not every row was encrypted again</h2><p>${problem} Start it again. It continues with the remaining rows.</p></div>`;
  }
  if (running) {
    return html`<p class="notice" role="status">${progress ? `${progress.done} of ${progress.total} customers are encrypted again${speed(progress)}.` : "The rows are being counted."} This page reloads by itself.</p>`;
  }
  return progress
    ? html`<p class="notice" role="status">${progress.done === 0 ? "No row was behind" : `${progress.done} customers were encrypted again`}; all are at version ${progress.keyVersion} of the key.</p>`
    : html``;
}

function speed({ rowsPerSecond, secondsLeft }: RewrappingProgress): string {
  return rowsPerSecond === undefined || secondsLeft === undefined
    ? ""
    : `, ${rowsPerSecond} a second; ${duration(secondsLeft)} left`;
}

/** A bar for each version that has rows, and for the newest version. */
function bars({ rowsByVersion, latestVersion }: Transit): Html {
  if (rowsByVersion === undefined || latestVersion === undefined)
    return html`<p class="quiet">Not known now.</p>`;
  const counts = Object.entries({ [latestVersion]: 0, ...rowsByVersion });
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const shown = counts
    .map(([version, count]) => ({ version: Number(version), count }))
    .filter(({ version, count }) => count > 0 || version === latestVersion)
    .sort((one, other) => one.version - other.version);
  return html`<dl class="bars">${shown.map(
    ({ version, count }) =>
      html`<div><dt>Version ${version}${version === latestVersion ? html` <span class="tag good">encrypts now</span>` : ""}</dt>
<dd><meter min="0" max="${Math.max(total, 1)}" value="${count}" aria-label="Customers at version ${version}">${count}</meter> ${count} ${count === 1 ? "customer" : "customers"}</dd></div>`,
  )}</dl>`;
}

/** Says how many customers a rewrap would encrypt again. */
function distance({ rowsByVersion, latestVersion }: Transit): string {
  if (rowsByVersion === undefined || latestVersion === undefined) return "";
  const behind = Object.entries(rowsByVersion)
    .filter(([version]) => Number(version) < latestVersion)
    .reduce((sum, [, count]) => sum + count, 0);
  if (behind === 0) return "Every row is at the newest version.";
  return `${behind} ${behind === 1 ? "customer is" : "customers are"} behind.`;
}
