import type { CustomerStore } from "../customers/customer-store";
import type { Logger } from "../operations/log";
import type { FormTokens } from "./request-forgery";

export interface CustomerRouteProps {
  store: CustomerStore;
  tokens: FormTokens;
  logger: Logger;
}
