import { Refusal } from "./refusal";

export interface Route {
  /**
   * Method and path, as in `GET /keys/{name}`. A path has {name} for a segment, and {name?} for a segment that may be
   * missing or empty, as in /keys/unseal//wrapkey.
   */
  request: string;
}

/** The segments of a path by their names in the route. */
export type Parameters = Record<string, string | undefined>;

/** Returns the first matching route. Ignores the path's case, as Azure does. */
export function findRoute<R extends Route>(
  routes: readonly R[],
  method: string,
  path: string,
): { route: R; parameters: Parameters } | undefined {
  for (const route of routes) {
    const [itsMethod, itsPath = ""] = route.request.split(" ");
    const match = itsMethod === method && pattern(itsPath).exec(path.replace(/^\/+/, "/"));
    if (match) return { route, parameters: decode(match.groups ?? {}) };
  }
  return undefined;
}

function pattern(path: string): RegExp {
  const expression = path
    .replace(/\/\{(\w+)\?\}/g, "(?:/(?<$1>[^/]*))?")
    .replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")
    .replaceAll(".", "\\.");
  return new RegExp(`^${expression}/?$`, "i");
}

function decode(groups: Parameters): Parameters {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, value ? decodeURIComponent(value) : undefined]),
    );
  } catch {
    throw new Refusal(400, "BadRequest", "The path of the request is not encoded properly.");
  }
}
