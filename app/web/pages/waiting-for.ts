import type { Readiness } from "../../status";
import { type Html, html } from "./html";

/** Says what the application waits for. Empty if it is ready. */
export function waitingFor({ ready, reasons }: Readiness): Html {
  return ready
    ? html``
    : html`<div class="warning" role="alert"><h2>Waiting for</h2><ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul></div>`;
}
