import type { CustomerStore } from "../customers/customer-store";
import { Conflict, InvalidInput, NotFound, Tampered, Unavailable } from "../errors";
import type { Metrics } from "./metrics";

/** Errors that metrics count by name. Every other error counts as `Error`. */
const outcomes = [NotFound, Conflict, InvalidInput, Unavailable, Tampered];

/** Wraps the store, and counts and times each call. */
export function measuredStore(store: CustomerStore, metrics: Metrics): CustomerStore {
  function measured<Arguments extends unknown[], Result>(
    operation: keyof CustomerStore,
    call: (...values: Arguments) => Promise<Result>,
  ): (...values: Arguments) => Promise<Result> {
    return async (...values) => {
      const start = performance.now();
      let outcome = "ok";
      try {
        return await call.apply(store, values);
      } catch (error) {
        outcome = outcomes.find((kind) => error instanceof kind)?.name ?? "Error";
        throw error;
      } finally {
        metrics.operation(operation, outcome, (performance.now() - start) / 1000);
      }
    };
  }
  return {
    list: measured("list", store.list),
    get: measured("get", store.get),
    reveal: measured("reveal", store.reveal),
    add: measured("add", store.add),
    wasAdded: measured("wasAdded", store.wasAdded),
    edit: measured("edit", store.edit),
    remove: measured("remove", store.remove),
    restore: measured("restore", store.restore),
    findByNumber: measured("findByNumber", store.findByNumber),
    asStored: measured("asStored", store.asStored),
    oneAsStored: measured("oneAsStored", store.oneAsStored),
  };
}
