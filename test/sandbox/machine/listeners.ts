import { closeSync, openSync, readSync } from "node:fs";

/** A listening socket of this computer. */
export interface Listener {
  host: string;
  port: number;
  inode: string;
}

/** Source of the format, with an address's bytes from right to left: Linux, Documentation/networking/proc_net_tcp.rst. */
export function listeners(): Listener[] {
  return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap(listeningIn).map((fields) => {
    const [, local = "", , , , , , , , inode = ""] = fields;
    const [address = "", port = ""] = local.split(":");
    const bytes = (address.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
    const host = bytes.length === 4 ? bytes.reverse().join(".") : `[${address}]`;
    return { host, port: Number.parseInt(port, 16), inode };
  });
}

/**
 * Reads the fields of the listening sockets, which are the first lines. It reads line by line, because for the others the kernel looks
 * through its whole table of connections, which takes 10 ms and more.
 */
function listeningIn(file: string): string[][] {
  const found: string[][] = [];
  const fd = openSync(file, "r");
  try {
    const chunk = Buffer.alloc(150);
    let rest = "";
    for (let size = readSync(fd, chunk); size > 0; size = readSync(fd, chunk)) {
      const lines = (rest + chunk.toString("latin1", 0, size)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const fields = line.trim().split(/\s+/);
        if (fields[0] === "sl") continue;
        if (fields[3] !== "0A") return found;
        found.push(fields);
      }
    }
    return found;
  } finally {
    closeSync(fd);
  }
}
