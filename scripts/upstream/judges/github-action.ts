import { z } from "zod";
import { act, type Fact, good } from "../fact";

export interface ActionPin {
  /** The name in the workflow, for example github/codeql-action/upload-sarif. */
  readonly action: string;
  readonly commit: string;
  /** For example v4.36.2. */
  readonly tag: string;
}

/** Source: GitHub, REST API, "Get a reference" and "Get a tag". An annotated tag is a separate object. */
const reference = z.object({
  object: z.object({ type: z.string(), sha: z.string().regex(/^[0-9a-f]{40}$/) }),
});

/** Checks that the tag is still at the pinned commit. */
export function actionPin({ action, commit: pinned, tag }: ActionPin, usedIn: readonly string[]): Fact {
  const repository = action.split("/").slice(0, 2).join("/");
  return {
    name: `action ${action}`,
    value: `${tag} (${pinned.slice(0, 12)})`,
    usedIn,
    source: `https://github.com/${repository}/releases/tag/${tag}`,
    covers: [`${action}@${pinned}`],
    judge: async (upstream) => {
      const api = `https://api.github.com/repos/${repository}`;
      const found = await upstream.jsonIfThere(`${api}/git/ref/tags/${tag}`, api, reference);
      if (!found)
        return act(`${repository} no longer has a tag ${tag}. Find out why, and choose another version.`);
      const { object } =
        found.object.type === "tag"
          ? await upstream.json(`${api}/git/tags/${found.object.sha}`, reference)
          : found;
      if (object.sha === pinned) return good("The tag is at the pinned commit.");
      return act(`${tag} is now ${object.sha}. Find out who moved it before you use that commit.`);
    },
  };
}
