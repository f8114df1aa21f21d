import { Aspects, type IAspect } from "cdktf";
import type { Construct, IConstruct } from "constructs";

type Tags = Record<string, string>;

/** A resource of azurerm that can carry tags, told by the property that its binding has for them. */
function isTaggable(node: IConstruct): node is IConstruct & { tags: Tags; tagsInput?: Tags } {
  return "tagsInput" in node;
}

class TagEveryResource implements IAspect {
  constructor(private readonly tags: Tags) {}

  visit(node: IConstruct): void {
    if (isTaggable(node)) node.tags = { ...this.tags, ...node.tagsInput };
  }
}

/** Puts the tags on every resource below the scope that can carry them. */
export function tagEveryResource(scope: Construct, tags: Tags): void {
  Aspects.of(scope).add(new TagEveryResource(tags));
}
