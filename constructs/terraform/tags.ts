import { Aspects, type IAspect, type TerraformResource } from "cdktf";
import type { Construct, IConstruct } from "constructs";

type Tags = Record<string, string>;

/** Detects an azurerm resource that accepts tags, by the property of its binding. */
function isTaggable(node: IConstruct): node is TerraformResource & { tags: Tags; tagsInput?: Tags } {
  return "tagsInput" in node;
}

class TagEveryResource implements IAspect {
  constructor(
    private readonly tags: Tags,
    private readonly fromPolicy: readonly string[],
  ) {}

  visit(node: IConstruct): void {
    if (!isTaggable(node)) return;
    node.tags = { ...this.tags, ...node.tagsInput };
    if (this.fromPolicy.length === 0) return;
    const ignored = node.lifecycle?.ignoreChanges ?? [];
    const tags = this.fromPolicy.map((name) => `tags["${name}"]`);
    node.lifecycle = { ...node.lifecycle, ignoreChanges: [...ignored, ...tags] };
  }
}

/**
 * Puts the tags on every resource below the scope that accepts tags.
 * @param fromPolicy names of tags that an Azure Policy sets. A deployment does not change them.
 */
export function tagEveryResource(scope: Construct, tags: Tags, fromPolicy: readonly string[] = []): void {
  Aspects.of(scope).add(new TagEveryResource(tags, fromPolicy));
}
