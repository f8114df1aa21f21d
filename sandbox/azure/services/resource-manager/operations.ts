import type { AzureResponse } from "../../server/azure-response";
import { Refusal } from "../../server/refusal";

interface Operation {
  asked: number;
  work: Promise<void>;
  outcome?: "Succeeded" | Refusal;
}

/** Work that continues after the answer to a request. A client polls its status at an address. */
export class Operations {
  readonly #running = new Map<string, Operation>();

  /**
   * Starts work, and returns the headers with which a client follows it.
   * @param provider part of the address, such as Microsoft.Compute
   */
  begin(subscriptionId: string, provider: string, work: () => Promise<void>): Record<string, string> {
    const id = crypto.randomUUID();
    const operation: Operation = { asked: 0, work: Promise.resolve() };
    operation.work = work().then(
      () => {
        operation.outcome = "Succeeded";
      },
      (problem: unknown) => {
        operation.outcome =
          problem instanceof Refusal ? problem : new Refusal(500, "InternalServerError", String(problem));
      },
    );
    this.#running.set(id, operation);
    const path = `/subscriptions/${subscriptionId}/providers/${provider}/locations/here/operationStatuses/${id}`;
    return {
      "Azure-AsyncOperation": `https://management.azure.com${path}?api-version=2024-01-01`,
      "Retry-After": "0",
    };
  }

  /** Returns the status. The first one is always `InProgress`, as in Azure, so every client must ask again. */
  async status(id: string): Promise<AzureResponse> {
    const operation = this.#running.get(id);
    if (!operation) throw new Refusal(404, "NotFound", `The operation ${id} was not found.`);
    operation.asked++;
    await Promise.race([operation.work, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    const { outcome, asked } = operation;
    if (outcome === undefined || asked < 2)
      return { status: 200, headers: { "Retry-After": "0" }, body: { name: id, status: "InProgress" } };
    if (outcome === "Succeeded") return { status: 200, body: { name: id, status: "Succeeded" } };
    const { code, message } = outcome;
    return { status: 200, body: { name: id, status: "Failed", error: { code, message } } };
  }
}
