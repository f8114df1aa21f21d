import { z } from "zod";
import { UserError } from "../../lib/processes/user-error";
import { DeadlineError, waitFor } from "../../lib/processes/wait-for";
import { resourcesOf, type SynthesizedStack } from "../../lib/synthesized/synthesized-folder";
import type { Interruption } from "./interruption";
import type { StackState } from "./stack-state";

const webAppResource = z.object({ site_config: z.object({ health_check_path: z.string() }) });

/**
 * Waits until every web app of the stack answers its health check with 200.
 * @throws {UserError} at the deadline or on an interrupt.
 */
export async function webAppsAnswer(
  stack: SynthesizedStack,
  state: StackState,
  { seconds, interruption }: { seconds: number; interruption: Interruption },
): Promise<void> {
  const urls = z.record(z.string(), z.string()).parse(state.outputs["webapp_urls"] ?? {});
  if (Object.keys(urls).length === 0) return;
  const path = webAppResource.parse(resourcesOf(stack, "azurerm_linux_web_app")[0]).site_config
    .health_check_path;
  await Promise.all(
    Object.entries(urls).map(async ([name, url]) => {
      const address = `${url}${path}`;
      try {
        await waitFor(`the web app ${name} to answer 200 at ${address}`, () => answers(address), {
          deadlineMs: seconds * 1000,
          intervalMs: Math.min(2000, seconds * 100),
          abort: interruption.promise,
        });
      } catch (error) {
        if (!(error instanceof DeadlineError)) throw error;
        throw new UserError(
          `${(error as Error).message} Is this computer's address in network.deployerRanges or clientRanges? \`az webapp log tail\` shows what the app says.`,
        );
      }
    }),
  );
}

/** Uses the proxy of HTTPS_PROXY and NO_PROXY, which Node.js's own `fetch` ignores. */
async function answers(address: string): Promise<boolean> {
  // Most runs of a script do not need it, and loading it takes a tenth of a script's start.
  const { EnvHttpProxyAgent, fetch } = await import("undici");
  const { status } = await fetch(address, {
    dispatcher: new EnvHttpProxyAgent(),
    redirect: "error",
    signal: AbortSignal.timeout(10_000),
  });
  if (status !== 200) throw new Error(`it answered ${status}`);
  return true;
}
