import { UserError } from "../processes/user-error";

/**
 * Sorts items after their dependencies and otherwise keeps the given order. Ignores dependencies that are not in the
 * list.
 * @throws UserError for a circular dependency
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
      throw new UserError(`Circular dependency, each needs the next: ${[...path, name].join(", ")}.`);
    }
    for (const dependency of dependenciesOf(item)) place(dependency, [...path, name]);
    placed.set(name, item);
  };
  for (const name of items.keys()) place(name, []);
  return [...placed.values()];
}
