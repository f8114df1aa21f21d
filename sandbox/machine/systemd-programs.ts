import { once } from "node:events";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { messageOf } from "../../lib/processes/user-error";
import type { ServiceManager } from "./service-manager";
import { failure, systemctl } from "./systemctl";

/**
 * systemd's programs for one machine. `systemctl` sends its arguments to the service manager through a socket in the machine's
 * private folder and prints the answer. `journalctl` reads the units' logs.
 */
export class SystemdPrograms {
  #server?: Server;

  constructor(
    private readonly manager: ServiceManager,
    private readonly paths: { readonly folder: string; readonly socket: string; readonly logFolder: string },
  ) {}

  async open(): Promise<void> {
    const { folder, socket, logFolder } = this.paths;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const programs = {
      systemctl: script(socket),
      journalctl: journalctl(logFolder),
      "systemd-run": systemdRun,
    };
    for (const [name, content] of Object.entries(programs)) {
      writeFileSync(join(folder, name), content);
      chmodSync(join(folder, name), 0o700);
    }
    rmSync(socket, { force: true });
    const server = createServer((request, response) => {
      void text(request)
        .then((body) => systemctl(this.manager, [...new URLSearchParams(body).values()]))
        .catch((error) => failure(`systemctl: ${messageOf(error)}`))
        .then((result) => response.end(`${result.code} ${result.text}`));
    });
    await once(server.listen(socket), "listening");
    this.#server = server;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** The service manager answers with the exit code, a space, and the text. */
function script(socket: string): string {
  return `#!/bin/sh
# Stands in for systemd's program of this name; made by sandbox/machine/systemd-programs.ts.
verb=
for word; do
  shift
  set -- "$@" --data-urlencode "word=$word"
  case $word in -*) ;; *) verb=\${verb:-$word} ;; esac
done
answer=$(curl --disable --silent --noproxy '*' --unix-socket '${socket}' "$@" http://systemd/) || {
  echo "systemctl: the machine is off" >&2
  exit 1
}
code=\${answer%% *} text=\${answer#* }
if [ -n "$text" ]; then
  case $verb in
    is-active | show) printf '%s\\n' "$text" ;;
    *) printf '%s\\n' "$text" >&2 ;;
  esac
fi
exit "$code"
`;
}

/** Prints the last line that the unit itself wrote, not the service manager's. */
function journalctl(logFolder: string): string {
  return `#!/bin/sh
# Stands in for systemd's program of this name; made by sandbox/machine/systemd-programs.ts.
for word; do
  case $word in _SYSTEMD_UNIT=*) unit=\${word#*=} ;; esac
done
grep -v '^systemd: ' "${logFolder}/$unit.log" | tail -n 1
`;
}

/** Refuses commands that would change the system itself, such as packages and users. */
const systemdRun = `#!/bin/sh
# Stands in for systemd's program of this name; made by sandbox/machine/systemd-programs.ts.
echo "systemd-run: the sandbox does not run: $*" >&2
`;
