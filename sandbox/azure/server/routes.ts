import { Refusal } from "./refusal";

/**
 * A route. `path` has {name} for a segment, and {name?} for a segment that may be missing or empty, as in
 * /keys/unseal//wrapkey.
 */
export interface Route {
  method: string;
  path: string;
}

export interface MatchedRoute<R extends Route> {
  route: R;
  parameters: Record<string, string | undefined>;
}

/** Returns the first matching route. Ignores case, as Azure does. */
export function findRoute<R extends Route>(
  routes: R[],
  method: string,
  path: string,
): MatchedRoute<R> | undefined {
  for (const route of routes) {
    const match = route.method === method && pattern(route.path).exec(path.replace(/^\/+/, "/"));
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

function decode(groups: Record<string, string | undefined>): Record<string, string | undefined> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, value ? decodeURIComponent(value) : undefined]),
    );
  } catch {
    throw new Refusal(400, "BadRequest", "The path of the request is not encoded properly.");
  }
}
