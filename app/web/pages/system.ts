import type { StepState, SystemStatus } from "../../status";
import { type Html, html } from "./html";
import { layout } from "./layout";
import { duration, minute } from "./times";
import { waitingFor } from "./waiting-for";

/** Meanings of the claims of Azure's tokens. Source: Microsoft, "Access token claims reference". */
const claimMeanings: Readonly<Record<string, string>> = {
  iss: "Issuer",
  aud: "Audience",
  sub: "Subject",
  oid: "Object id of the identity",
  tid: "Tenant",
  idp: "Identity provider",
  appid: "Application id of the identity",
  application_id: "Application id of the identity",
  xms_mirid: "Azure resource",
  resource_id: "Azure resource",
  exp: "Ends",
  iat: "Issued",
  nbf: "Valid from",
};

/** Seconds since 1970. Source: RFC 7519, NumericDate. */
const timeClaims = new Set(["exp", "iat", "nbf"]);

type Fact = [name: string, value: Html | string | number | undefined];

/** Shows step by step how the application gets its secrets, but no secret. */
export function systemPage(status: SystemStatus): Html {
  const { way, readiness, steps } = status;
  return layout({
    title: "How it got here",
    place: "system",
    body: html`
<div class="heading"><h1>How it got here</h1>${
      readiness.ready
        ? html`<span class="tag good">Ready</span>`
        : html`<span class="tag bad">Not ready</span>`
    }</div>
<p class="lead">No password, token or key was given to this application. ${
      way === "vault"
        ? "It has an identity in Azure, and Vault trusts that identity."
        : "Vault Agent runs beside it, logs in with the machine's identity, and renders its configuration."
    }</p>
${waitingFor(readiness)}
<ol class="steps-done">
<li class="${steps.identity.state}">${step(steps.identity, "An identity", "Azure vouches for it with a signed token. Its claims, without the token:", identityFacts(status))}</li>
<li class="${steps.vault.state}">${step(
      steps.vault,
      "A login to Vault",
      way === "vault"
        ? "Vault checked the token's signature and claims, and issued its own token with these policies."
        : "Vault Agent did this. The application sees only part of Vault's answer.",
      loginFacts(status),
    )}</li>
<li class="${steps.database.state}">${step(steps.database, "A user in the database", "Vault created it only for this application, and removes it when the lease ends.", databaseFacts(status))}</li>
<li class="${steps.encryption.state}">${step(steps.encryption, "Encryption by Vault", "The key never leaves Vault. One call encrypts or decrypts a whole page.", keyFacts(status))}</li>
</ol>`,
  });
}

function step(state: StepState, title: string, explanation: string, facts: readonly Fact[]): Html {
  return html`<section class="panel"><h2>${title} ${stateTag(state)}</h2><p class="quiet">${explanation}</p>
${state.state === "fails" ? html`<p class="wrong">${state.reason}</p>` : ""}
<dl class="facts">${facts.map(
    ([name, value]) =>
      html`<div><dt>${name}</dt><dd>${value === undefined || value === "" ? html`<span class="quiet">not known now</span>` : value}</dd></div>`,
  )}</dl></section>`;
}

function stateTag({ state }: StepState): Html {
  if (state === "works") return html`<span class="tag good">works</span>`;
  return state === "fails"
    ? html`<span class="tag bad">fails</span>`
    : html`<span class="tag">not known</span>`;
}

function identityFacts({ identity }: SystemStatus): Fact[] {
  const claims = Object.entries(identity).map(
    ([claim, value]): Fact => [
      claimMeanings[claim] ? `${claimMeanings[claim]} (${claim})` : claim,
      timeClaims.has(claim) ? minute(new Date(Number(value) * 1000)) : value,
    ],
  );
  return claims.length > 0 ? claims : [["Claims", undefined]];
}

function loginFacts({ vault }: SystemStatus): Fact[] {
  return [
    ["Vault", code(vault.address)],
    ["Role", vault.role],
    ["Policies", tags(vault.policies)],
    ["Kind of token", vault.tokenType],
    ["Token ends in", secondsLeft(vault.tokenSecondsLeft)],
    ["Edition", editionOf(vault)],
  ];
}

function databaseFacts({ database }: SystemStatus): Fact[] {
  return [
    ["Server", code(database.host)],
    ["Database", database.name],
    ["User", code(database.user)],
    ["Lease", code(database.leaseId)],
    ["Lease ends in", secondsLeft(database.leaseSecondsLeft)],
    ["Replaced so far", database.replacements === 1 ? "once" : `${database.replacements} times`],
  ];
}

function keyFacts({ transit }: SystemStatus): Fact[] {
  const versions = transit.rowsByVersion && Object.entries(transit.rowsByVersion);
  return [
    ["Key", transit.key],
    ["Version that encrypts", transit.latestVersion],
    [
      "Customers by version",
      versions && (tags(versions.map(([version, rows]) => `version ${version}: ${rows}`)) ?? "none"),
    ],
  ];
}

const code = (text: string): Html | undefined => (text === "" ? undefined : html`<code>${text}</code>`);

const tags = (texts: readonly string[]): Html | undefined =>
  texts.length === 0 ? undefined : html`${texts.map((text) => html`<span class="tag">${text}</span>`)}`;

function editionOf({ edition }: SystemStatus["vault"]): string {
  return edition === "enterprise"
    ? "Enterprise: transform keeps the format of social security and card numbers"
    : "Community: transit encrypts the key of each row, and lists show numbers masked";
}

function secondsLeft(seconds: number | undefined): string | undefined {
  return seconds === undefined ? undefined : duration(seconds);
}
