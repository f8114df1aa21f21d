/** Returns the named fields that a form sent, as text. */
export function textFields<Name extends string>(
  body: unknown,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const sent = (body ?? {}) as Record<string, unknown>;
  return Object.fromEntries(
    names.flatMap((name) => (typeof sent[name] === "string" ? [[name, sent[name]]] : [])),
  ) as Partial<Record<Name, string>>;
}
