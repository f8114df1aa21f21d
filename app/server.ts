import { createServer } from "node:http";

/** The port that App Service names. */
const port = Number(process.env.PORT ?? 8080);

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
  } else if (pathname === "/healthz") {
    response.writeHead(200, { "content-type": "application/json" }).end('{"status":"alive"}\n');
  } else {
    response.writeHead(404, { "content-type": "text/plain" }).end("Nothing here yet.\n");
  }
});

server.listen(port);
process.once("SIGTERM", () => server.close());
