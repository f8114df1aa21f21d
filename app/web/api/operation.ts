import type { FastifyInstance, FastifyReply, RouteShorthandOptions } from "fastify";
import type { z } from "zod";
import type { Application } from "../../application";
import type { CustomerStore } from "../../customers/customer-store";
import { NotFound } from "../../errors";
import { parse } from "../input";
import { type AnswerName, type BodyName, bodies } from "./schemas";

type Optional<Schema> = Schema | undefined;
type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** The parts of the application that handlers use. */
export interface Services {
  application: Application;
  store: CustomerStore;
}

/** One route of the API. The server checks requests with its schemas, and the OpenAPI document comes from it. */
export interface ApiOperation<
  Params extends Optional<z.ZodObject> = Optional<z.ZodObject>,
  Query extends Optional<z.ZodObject> = Optional<z.ZodObject>,
  Headers extends Optional<z.ZodObject> = Optional<z.ZodObject>,
  Body extends Optional<BodyName> = Optional<BodyName>,
> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Such as `/api/customers/:id`. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
  /** Request headers, by their usual spelling. */
  readonly headers?: Headers;
  /** The body's schema, by its name in the OpenAPI document. */
  readonly body?: Body;
  /** Answers by status. Undefined means an empty answer. */
  readonly answers: Readonly<Record<number, AnswerName | undefined>>;
  /** Statuses of problem documents, besides the statuses that every address of the API can answer. */
  readonly problems: readonly number[];
  readonly options?: RouteShorthandOptions;
  handle(
    request: {
      params: Output<Params>;
      query: Output<Query>;
      headers: Output<Headers>;
      body: Body extends BodyName ? z.output<(typeof bodies)[Body]> : undefined;
    },
    reply: FastifyReply,
    services: Services,
  ): unknown;
}

/** Declares a route. The handler gets what the schemas make of the request. */
export function operation<
  Params extends Optional<z.ZodObject> = undefined,
  Query extends Optional<z.ZodObject> = undefined,
  Headers extends Optional<z.ZodObject> = undefined,
  Body extends Optional<BodyName> = undefined,
>(declared: ApiOperation<Params, Query, Headers, Body>): ApiOperation {
  return declared as unknown as ApiOperation;
}

/** Adds the routes to the server. */
export function serve(
  server: FastifyInstance,
  operations: readonly ApiOperation[],
  services: Services,
): void {
  for (const { method, path, options, params, query, headers, body, handle } of operations) {
    server.route({
      ...options,
      method,
      url: path,
      handler: async (request, reply) =>
        handle(
          {
            params: params && inAddress(params, request.params),
            query: query && parse(query, request.query),
            body: body && parse(bodies[body], request.body),
            headers: headers && parse(headers, named(headers, request.headers)),
          } as never,
          reply,
          services,
        ),
    });
  }
}

/** @throws {NotFound} if the address is malformed, because nothing has that address */
function inAddress(schema: z.ZodObject, params: unknown): Record<string, unknown> {
  const { success, data } = schema.safeParse(params);
  if (!success) throw new NotFound("malformed address");
  return data;
}

/** Returns the schema's headers by its spelling. Node has them in lower case. */
function named({ shape }: z.ZodObject, headers: NodeJS.Dict<unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(shape).map((name) => [name, headers[name.toLowerCase()]]));
}
