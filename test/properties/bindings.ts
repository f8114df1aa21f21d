import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Returns the declarations of a resource type's binding: the provider's schema as TypeScript. */
export function bindingDeclarations(type: string): string {
  const [, provider = "", name = ""] = /^(azurerm|vault|random)_(.+)$/.exec(type) ?? [];
  const root = dirname(require.resolve(`@cdktf/provider-${provider}/package.json`));
  // jsii renames these two, because other languages reserve these words.
  const folder = { string: "string-resource" }[name] ?? name.replaceAll("_", "-");
  return readFileSync(join(root, "lib", folder, "index.d.ts"), "utf8");
}

/** Returns arguments with a write-only form (`..._wo`), in Terraform's spelling without that ending. */
export function argumentsWithWriteOnlyForm(type: string): string[] {
  const names = bindingDeclarations(type).matchAll(/^\s+readonly (\w+)Wo\?:/gm);
  return [
    ...new Set(
      [...names].map(([, name = ""]) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
    ),
  ];
}

/** Returns true if the provider accepts tags for a type. */
export function takesTags(type: string): boolean {
  return /^\s+get tagsInput\(\)/m.test(bindingDeclarations(type));
}
