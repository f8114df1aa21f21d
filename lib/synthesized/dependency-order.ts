import { UserError } from "../processes/user-error";

/**
 * Everything after what it depends on, else in the given order. Dependencies that are not among the names count as met.
 * @throws UserError for a circle
 */
export function inDependencyOrder<Item>(
  items: ReadonlyMap<string, Item>,
  dependenciesOf: (item: Item) => readonly string[],
): Item[] {
  const placed = new Map<string, Item>();
  const place = (name: string, path: readonly string[]): void => {
    const item = items.get(name);
    if (item === undefined || placed.has(name)) return;
    if (path.includes(name)) {
      throw new UserError(`Each of these needs the next one, in a circle: ${[...path, name].join(", ")}.`);
    }
    for (const dependency of dependenciesOf(item)) place(dependency, [...path, name]);
    placed.set(name, item);
  };
  for (const name of items.keys()) place(name, []);
  return [...placed.values()];
}
