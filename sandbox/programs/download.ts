import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable, Transform, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import type { Report } from "../../lib/processes/progress";
import { codeOf, messageOf, UserError } from "../../lib/processes/user-error";
import { diskFull } from "./program-cache";

/** Milliseconds without data until a download counts as broken. */
const SILENCE_MS = 30_000;
/** The largest text file to read into memory, in bytes. */
const LARGEST_TEXT = 1 << 20;

export interface DownloadOptions {
  readonly report?: Report;
  readonly silenceMs?: number;
  /** Opens the file. Tests simulate a full disk here. */
  readonly openFile?: (path: string) => Writable;
}

/** Reads a small file over https. Throws the same errors as `downloadTo`. */
export async function downloadBytes(
  url: string,
  { silenceMs = SILENCE_MS }: DownloadOptions = {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  await receive(url, { silenceMs }, (body, watch) =>
    pipeline(body, watched(watch), async (source) => {
      for await (const chunk of source) {
        size += chunk.length;
        if (size > LARGEST_TEXT)
          throw new UserError(`${url} is larger than 1 MiB, so it is not the expected file.`);
        chunks.push(chunk);
      }
    }),
  );
  return Buffer.concat(chunks);
}

/**
 * Writes a file's content to `path`. A failed download leaves no file.
 *
 * @throws UserError with the address: not found (404), no network, a broken connection, no disk space
 */
export async function downloadTo(url: string, path: string, options: DownloadOptions = {}): Promise<void> {
  const { openFile = (file) => createWriteStream(file, { mode: 0o600 }) } = options;
  try {
    await receive(url, options, (body, watch) => pipeline(body, watched(watch), openFile(path)));
  } catch (error) {
    await rm(path, { force: true });
    throw diskFull(error, path) ?? error;
  }
}

async function receive(
  url: string,
  { silenceMs = SILENCE_MS, report = () => {} }: DownloadOptions,
  use: (body: Readable, watch: (chunk: Uint8Array) => void) => Promise<void>,
): Promise<void> {
  requireHttps(url);
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceMs);
  let received = 0;
  let length: number | undefined;
  try {
    const response = await fetch(url, { signal: silence.signal, headers: { "accept-encoding": "identity" } });
    if (!response.ok) {
      await response.body?.cancel();
      throw new UserError(`${url} answered ${response.status} ${response.statusText}.`.replace(" .", "."));
    }
    length = Number(response.headers.get("content-length")) || undefined;
    const watch = (chunk: Uint8Array): void => {
      received += chunk.length;
      timer.refresh();
      report(length ? `${Math.floor((received / length) * 100)} %` : `${Math.floor(received / 1e6)} MB`);
    };
    await use(Readable.fromWeb((response.body ?? new Blob([]).stream()) as ReadableStream), watch);
    if (length !== undefined && received !== length) throw new Error("the connection was closed");
  } catch (error) {
    if (error instanceof UserError || codeOf(error) === "ENOSPC" || codeOf(error) === "EDQUOT") throw error;
    const reason = silence.signal.aborted ? `no data for ${silenceMs / 1000} s` : messageOf(error);
    throw received > 0
      ? new UserError(
          `The download of ${url} stopped after ${received} of ${length ?? "?"} bytes (${reason}). Try again.`,
        )
      : new UserError(`Cannot reach ${url} (${reason}).${proxyHint()}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Passes every piece through, and shows it to `watch`. */
function watched(watch: (chunk: Uint8Array) => void): Transform {
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      watch(chunk);
      done(null, chunk);
    },
  });
}

function requireHttps(url: string): void {
  const { protocol, hostname } = new URL(url);
  if (protocol === "https:" || (protocol === "http:" && hostname === "127.0.0.1")) return;
  throw new UserError(`The sandbox does not download ${url}, because it only supports https.`);
}

/** Node.js reads the proxy's variables only with an option. Source: Node.js 22.21 and 24, NODE_USE_ENV_PROXY. */
function proxyHint(env: NodeJS.ProcessEnv = process.env): string {
  if (!(env.HTTPS_PROXY || env.https_proxy) || env.NODE_USE_ENV_PROXY) return "";
  return " HTTPS_PROXY is set: Node.js 22.21 or newer uses it with NODE_USE_ENV_PROXY=1.";
}
