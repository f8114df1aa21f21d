import { once } from "node:events";
import { chmod, readdir, rm } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { z } from "zod";
import { messageOf, UserError } from "../../lib/processes/user-error";
import type { InjectedFault } from "../azure/server/request-faults";
import { auditLines } from "./audit-lines";
import type { ShellLogin } from "./logins";
import { type Part, partNamed } from "./parts";
import type { Sandbox } from "./sandbox";
import { type Shell, shell, shellOf } from "./shell";
import { statusTable } from "./start-screen";
import { PREFIX } from "./state-folder";

/** The socket's name in the sandbox's folder, which only its user can open. */
const SOCKET = "control";

export const commands = [
  "status",
  "logs",
  "seal",
  "unseal",
  "stop",
  "start",
  "kill",
  "shell",
  "rotate",
  "audit",
  "open",
] as const;
export type Command = (typeof commands)[number];

const answer = z.object({
  text: z.string().optional(),
  files: z.array(z.string()).optional(),
  url: z.string().optional(),
  shells: z.array(z.object({ who: z.string(), shell, command: z.array(z.string()) })).optional(),
});
/** A command's result: lines to print, or a task for the terminal that sent the command. */
export type ControlAnswer = z.infer<typeof answer>;

const question = z.object({ command: z.enum(commands), name: z.string().optional() });

export interface ControlProps {
  sandbox: Sandbox;
  folder: string;
  parts: readonly Part[];
  logins: readonly ShellLogin[];
}

/** Accepts commands for a running sandbox from other terminals of the same user. */
export class Control {
  #sealed?: InjectedFault;

  private constructor(
    private readonly props: ControlProps,
    private readonly server: Server,
  ) {}

  static async open(props: ControlProps): Promise<Control> {
    const socket = join(props.folder, SOCKET);
    await rm(socket, { force: true }); // A killed sandbox leaves its socket.
    const server = createServer();
    const control = new Control(props, server);
    server.on("request", async (asked, reply) => {
      try {
        reply.end(JSON.stringify(await control.#do(question.parse(await json(asked)))));
      } catch (error) {
        reply.writeHead(422).end(JSON.stringify({ error: messageOf(error) }));
      }
    });
    await once(server.listen(socket), "listening");
    server.unref();
    await chmod(socket, 0o600);
    return control;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #do({ command, name }: z.infer<typeof question>): Promise<ControlAnswer> {
    const { parts } = this.props;
    switch (command) {
      case "status":
        return { text: await statusTable(parts) };
      case "logs":
        return { files: [...partNamed(parts, name).logs] };
      case "stop":
      case "start":
      case "kill":
        return this.#order(command, partNamed(parts, name));
      case "seal":
        return this.#seal();
      case "unseal":
        return this.#unseal();
      case "shell":
        return { shells: [{ who: name ?? "", shell: this.#shell(name), command: [] }] };
      case "rotate":
        return this.#rotate();
      case "audit":
        return { text: auditLines(this.props.sandbox, name) };
      case "open":
        return { url: parts[0]?.place };
    }
  }

  async #order(command: "stop" | "start" | "kill", part: Part): Promise<ControlAnswer> {
    await part[command]();
    const { text } = await part.state();
    return { text: `${part.name}: ${text}` };
  }

  /** Removes Vault's right to the unseal key. Vault then stays sealed after its next start. */
  async #seal(): Promise<ControlAnswer> {
    const { azure, vaultNodes } = this.props.sandbox;
    this.#sealed ??= azure.faults.add({
      when: ({ path }) => path.includes("unwrapkey"),
      answer: { status: 403, code: "Forbidden" },
    });
    for (const node of vaultNodes) node.kill("vault.service", "SIGKILL");
    return {
      text: "Key Vault refuses the unseal key, and Vault was killed. To let it unseal itself again: npm run sandbox -- unseal",
    };
  }

  async #unseal(): Promise<ControlAnswer> {
    this.#sealed?.remove();
    this.#sealed = undefined;
    return { text: "Key Vault allows the unseal key again. Vault unseals itself within seconds." };
  }

  async #rotate(): Promise<ControlAnswer> {
    const path = "transit/keys/customer-key/rotate";
    const steps = [{ who: "deployer", command: ["vault", "write", "-f", path] }];
    const application = this.props.logins.find(({ credentialsPath }) => credentialsPath !== undefined);
    if (application) steps.push({ who: application.name, command: ["node", "rewrap.js"] });
    return { shells: steps.map((step) => ({ ...step, shell: this.#shell(step.who) })) };
  }

  #shell(name: string | undefined): Shell {
    const login = this.props.logins.find((it) => it.name === name);
    if (!login) {
      const names = this.props.logins.map((it) => it.name).join(", ");
      throw new UserError(
        name === undefined
          ? `The name is missing. Choose from ${names}.`
          : `Unknown name ${name}. Choose from ${names}.`,
      );
    }
    return shellOf(this.props.sandbox, login, this.props.folder);
  }
}

/** Folders of running sandboxes: the named folder, or otherwise this user's temporary ones. */
export async function runningFolders(): Promise<string[]> {
  const names = await readdir(tmpdir()).catch(() => []);
  const folders = names.filter((name) => name.startsWith(PREFIX)).map((name) => join(tmpdir(), name));
  const running = await Promise.all(folders.map((folder) => isRunning(folder)));
  return folders.filter((_, index) => running[index]);
}

async function isRunning(folder: string): Promise<boolean> {
  const socket = connect(join(folder, SOCKET));
  const connected = await once(socket, "connect").catch(() => undefined);
  socket.destroy();
  return connected !== undefined;
}

/**
 * Sends a command to a running sandbox.
 * @throws UserError if the sandbox refuses the command, or if no sandbox runs in the folder
 */
export function ask(folder: string, command: Command, name?: string): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: join(folder, SOCKET), path: "/", method: "POST" }, (reply) => {
      const read = async (): Promise<ControlAnswer> => {
        const content = await json(reply);
        if (reply.statusCode === 200) return answer.parse(content);
        throw new UserError(String((content as { error: unknown }).error));
      };
      read().then(resolve, reject);
    });
    sent.once("error", () =>
      reject(new UserError(`No sandbox runs in ${folder}. Start one: npm run sandbox -- --folder ${folder}`)),
    );
    sent.end(JSON.stringify({ command, name }));
  });
}
