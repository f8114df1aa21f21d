import { z } from "zod";
import { SettingsError } from "../settings";
import { isLoopback } from "./host-check";
import type { WebSettings } from "./web-server";

export interface ListeningSettings extends WebSettings {
  port: number;
  host: string;
}

const whole = (least: number, most: number, fallback: number) =>
  z.coerce
    .number(`is not a number. Write a whole number from ${least} to ${most}.`)
    .int(`is not a whole number. Write one from ${least} to ${most}.`)
    .min(least, `is less than ${least}; write a whole number from ${least} to ${most}.`)
    .max(most, `is more than ${most}; write a whole number from ${least} to ${most}.`)
    .default(fallback);

const environmentSettings = z.object({
  // The port that App Service names.
  PORT: whole(0, 65_535, 8080),
  LISTEN_ADDRESS: z.string().min(1, "is empty; write an address, such as 127.0.0.1.").default("0.0.0.0"),
  REQUESTS_PER_MINUTE: whole(1, 100_000_000, 600),
  // App Service sets it in every instance. Source: Azure, "Environment variables and app settings in App Service".
  WEBSITE_INSTANCE_ID: z.string().optional(),
});

/** @throws {SettingsError} */
export function readWebSettings(environment: NodeJS.ProcessEnv): ListeningSettings {
  const { data, error } = environmentSettings.safeParse(environment);
  if (!data) throw new SettingsError(error.issues.map(({ path, message }) => `${path.join(".")} ${message}`));
  return {
    port: data.PORT,
    host: data.LISTEN_ADDRESS,
    requestsPerMinute: data.REQUESTS_PER_MINUTE,
    behindAppService: data.WEBSITE_INSTANCE_ID !== undefined,
    // App Service passes the names of the site only.
    onLoopback: data.WEBSITE_INSTANCE_ID === undefined && isLoopback(data.LISTEN_ADDRESS),
  };
}
