import { readFileSync } from "node:fs";
import type { Socket } from "node:net";

/** Columns of a line of the table, and its code for an established connection. Source: Linux, proc_net_tcp. */
const [localColumn, remoteColumn, stateColumn, userColumn] = [1, 2, 3, 7];
const established = "01";

/**
 * A server on loopback accepts connections from root, from its own user and from people. Linux knows the user at the other end of
 * each connection.
 */
export function comesFromItsUsers({
  remotePort,
  localPort,
}: Pick<Socket, "remotePort" | "localPort">): boolean {
  if (process.platform !== "linux") return true;
  // The ports alone decide, not the addresses. If two callers have the same ports, both must be welcome.
  const users = connections()
    .filter(([local, remote]) => local === remotePort && remote === localPort)
    .map(([, , user]) => user);
  return users.length > 0 && users.every(isOneOfItsUsers);
}

/** Returns for each end of each connection: its local port, its remote port, and the id of its user. */
function connections(): [local: number, remote: number, user: number][] {
  const lines = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => readFileSync(file, "utf8").split("\n"));
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[stateColumn] === established)
    .map((columns) => [
      portOf(columns[localColumn]),
      portOf(columns[remoteColumn]),
      Number(columns[userColumn]),
    ]);
}

const portOf = (address = ""): number => Number.parseInt(address.split(":").at(-1) ?? "", 16);

/** Services have ids below 1000, or from 61184 to 65519 if systemd creates them. 65534 is nobody. Source: systemd, UIDS-GIDS. */
function isOneOfItsUsers(user: number): boolean {
  const isPerson = (user >= 1000 && user <= 60_000) || user > 65_535;
  return user === 0 || user === process.getuid?.() || isPerson;
}
