import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The declarations of a resource type's binding: the provider's schema, as TypeScript. */
export function bindingDeclarations(type: string): string {
  const [, provider = "", name = ""] = /^(azurerm|vault|random)_(.+)$/.exec(type) ?? [];
  const root = dirname(require.resolve(`@cdktf/provider-${provider}/package.json`));
  // jsii keeps the names of these two free of words that other languages reserve.
  const folder = { string: "string-resource" }[name] ?? name.replaceAll("_", "-");
  return readFileSync(join(root, "lib", folder, "index.d.ts"), "utf8");
}

/** Arguments that have a write-only form (`..._wo`), in Terraform's spelling and without that ending. */
export function argumentsWithWriteOnlyForm(type: string): string[] {
  const names = bindingDeclarations(type).matchAll(/^\s+readonly (\w+)Wo\?:/gm);
  return [
    ...new Set(
      [...names].map(([, name = ""]) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
    ),
  ];
}

/** Whether the provider takes tags for a type. */
export function takesTags(type: string): boolean {
  return /^\s+get tagsInput\(\)/m.test(bindingDeclarations(type));
}
