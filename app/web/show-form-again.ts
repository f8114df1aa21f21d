import type { FastifyReply } from "fastify";
import { Conflict, InvalidInput, Unavailable } from "../errors";
import { Forbidden, failureOf } from "./failures";
import { type CustomerFormProps, customerFormPage } from "./pages/customer-form";
import type { FormTokens } from "./request-forgery";
import { sendPage } from "./send-page";

/** Shows the form again, with the entered values, if a person can correct them or send them again later. */
export async function showFormAgain(
  tokens: FormTokens,
  reply: FastifyReply,
  error: unknown,
  form: Omit<CustomerFormProps, "csrfToken" | "failure">,
): Promise<FastifyReply> {
  if (![InvalidInput, Conflict, Unavailable, Forbidden].some((kind) => error instanceof kind)) throw error;
  const failure = failureOf(error);
  if (failure.retryAfterSeconds !== undefined) reply.header("retry-after", failure.retryAfterSeconds);
  return sendPage(
    reply,
    failure.status,
    customerFormPage({ ...form, csrfToken: tokens.create(reply), failure }),
  );
}
