import type { openApiDocument } from "../api/openapi";
import { type Html, html } from "./html";
import { layout } from "./layout";

type Document = ReturnType<typeof openApiDocument>;

/** One method of one address, as this page shows it. */
interface Operation {
  operationId: string;
  summary: string;
  parameters?: readonly {
    name: string;
    in: string;
    description?: string;
    schema: { description?: string };
  }[];
  requestBody?: { content: Record<string, { schema: { $ref: string } }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema: { $ref: string } }> }>;
}

/** Shows the API to people, from the document that programs read. */
export function apiPage({ info, paths }: Document): Html {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, unknown>)
      .filter(([method]) => method !== "parameters")
      .map(([method, operation]) => ({
        path,
        method: method.toUpperCase(),
        operation: operation as Operation,
      })),
  );
  return layout({
    title: "API",
    place: "api",
    body: html`
<div class="heading"><h1>API</h1><a class="button" href="/api/openapi.json">OpenAPI document</a></div>
<p class="lead">${info.description} The same store and the same rules as the pages, as JSON. Errors are problem documents (RFC 9457).</p>
<section class="panel" aria-labelledby="try"><h2 id="try">Try it</h2>
<p>Set ADDRESS to the origin of this page, then run:</p>
<pre tabindex="0"><code>curl -s "$ADDRESS/api/customers?pageSize=2"
curl -s "$ADDRESS/api/customers/search" --json '{"search": "2026"}'</code></pre></section>
${operations.map(described)}`,
  });
}

function described({
  path,
  method,
  operation,
}: {
  path: string;
  method: string;
  operation: Operation;
}): Html {
  const { operationId, summary, parameters = [], requestBody, responses } = operation;
  const sent = requestBody && schemaOf(Object.values(requestBody.content)[0]?.schema);
  return html`
<section class="panel" aria-labelledby="${operationId}">
<h2 id="${operationId}"><span class="tag">${method}</span> <code>${path}</code></h2>
<p>${summary}.</p>
<dl class="facts">
${parameters.map(
  ({ name, in: place, description, schema }) =>
    html`<div><dt>${place === "header" ? "Header" : "Query"} <code>${name}</code></dt><dd>${description ?? schema.description ?? ""}</dd></div>`,
)}
${sent ? html`<div><dt>Body</dt><dd><code>${sent}</code></dd></div>` : ""}
${Object.entries(responses).map(
  ([status, { description = "", content }]) =>
    html`<div><dt>${status}</dt><dd>${description}${content ? html` <code>${schemaOf(Object.values(content)[0]?.schema) ?? ""}</code>` : ""}</dd></div>`,
)}
</dl>
</section>`;
}

/** The schema's name in the document. */
function schemaOf(schema: { $ref: string } | undefined): string | undefined {
  return schema?.$ref.split("/").at(-1);
}
