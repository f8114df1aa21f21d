import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/processes/user-error";
import {
  ACCOUNTS,
  ALL_ADDRESSES,
  CONFIGURATION_FILES,
  LISTENERS,
  LOOPBACK,
  MYSQL_DOMAIN,
  PRIVATE_FOLDERS,
} from "./differences";

export interface MappingOptions {
  /** The machine's private root. */
  readonly root: string;
  /** The machine's address for other hosts. */
  readonly address: string;
  /** The machine's address in place of 127.0.0.1. */
  readonly loopback: string;
  /** The root of the machine whose audit log Vault's configuration names: the first node's for all nodes of a cluster. */
  readonly auditRoot: string;
  /** Addresses of the virtual network's names. */
  readonly hosts: ReadonlyMap<string, string>;
  readonly userId: number;
  readonly groupId: number;
}

const escaped = (texts: readonly string[]): string =>
  texts.map((text) => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&")).join("|");

/** A folder as a whole path or its beginning, and not as a part of a URL or of another path. */
const PRIVATE_PATH = new RegExp(`(?<![\\w./-])(?:${escaped(PRIVATE_FOLDERS)})(?![\\w.-])`, "g");
const LISTENER = new RegExp(`(?<![\\w.])(?:${escaped(LISTENERS)})(?!\\d)`, "g");
const ACCOUNT = ACCOUNTS.join("|");

/** Implements the differences in paths, addresses, programs and accounts. */
export class Mapping {
  /** Matches the one audit device that deployers may create, in their policy. */
  readonly #auditDevice: RegExp;

  constructor(private readonly options: MappingOptions) {
    this.#auditDevice = new RegExp(
      `(\\{ "file_path" = ")${escaped([options.root])}(/var/log/vault/[^"]+"[^}]*\\})`,
      "g",
    );
  }

  /** The real path of a path on the VM. */
  path(absolute: string): string {
    return join(this.options.root, absolute);
  }

  /** The changed content of a file of the user data. */
  fileContent(path: string, content: string): string {
    if (!CONFIGURATION_FILES.test(path)) return content;
    return this.#places(content)
      .replaceAll(
        new RegExp(`(\\b(?:socket_)?group\\s*=\\s*)"(?:${ACCOUNT})"`, "g"),
        `$1"${this.options.groupId}"`,
      )
      .replaceAll(new RegExp(`(\\bsocket_user\\s*=\\s*)"(?:${ACCOUNT})"`, "g"), `$1"${this.options.userId}"`)
      .replaceAll(`*${MYSQL_DOMAIN}:`, "*:")
      .replaceAll(
        this.#auditDevice,
        (_, before: string, after: string) => `${before}${this.options.auditRoot}${after}, ${before}${after}`,
      );
  }

  /** The value of a variable of Environment=. TLS_OWNER and similar variables contain user:group. */
  value(value: string): string {
    const { userId, groupId, address, loopback } = this.options;
    if (value === LOOPBACK) return loopback;
    if (value === ALL_ADDRESSES) return `${loopback} ${address}`;
    if (new RegExp(`^(?:${ACCOUNT}):(?:${ACCOUNT})$`).test(value)) return `${userId}:${groupId}`;
    return this.#places(value);
  }

  /** The value of a variable in an environment file. Raft cannot use a proxy, and the sandbox has no private DNS, so Raft gets addresses. */
  fileValue(value: string): string {
    return value.replace(/^https:\/\/([^:/]+):8201$/, (whole, host: string) => {
      const address = this.options.hosts.get(host);
      return address === undefined ? whole : `https://${address}:8201`;
    });
  }

  /**
   * The words of a command.
   *
   * @throws UserError if its program is missing
   */
  command(words: readonly string[]): string[] {
    const [program = "", ...rest] = words;
    return [this.program(program), ...rest.map((word) => this.#argument(word))];
  }

  /** @throws UserError if it is missing */
  program(path: string): string {
    const mapped = this.#places(path);
    try {
      accessSync(mapped, constants.X_OK);
      return mapped;
    } catch {
      throw new UserError(`${mapped}, which a unit runs, is missing or not executable. Install it.`);
    }
  }

  #argument(word: string): string {
    const { userId, groupId } = this.options;
    const owner = new RegExp(`^--(owner|group)=(?:${ACCOUNT})$`).exec(word);
    return owner ? `--${owner[1]}=${owner[1] === "owner" ? userId : groupId}` : this.#places(word);
  }

  #places(text: string): string {
    const { root, loopback } = this.options;
    return text
      .replaceAll(PRIVATE_PATH, (path) => root + path)
      .replaceAll(LISTENER, (listener) => `${loopback}:${listener.slice(listener.indexOf(":") + 1)}`);
  }
}
