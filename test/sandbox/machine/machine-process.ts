// A separate process for no-orphans.test.ts, which kills it.
import { smallMachine } from "./small-machine";

async function main(folder: string): Promise<void> {
  const machine = await smallMachine(folder, {
    files: {
      "/usr/local/bin/x":
        "#!/bin/bash\ntrap '' TERM INT HUP\n(echo pid $BASHPID; exec sleep 1000) & echo pid $$; while :; do wait; done\n",
    },
    units: { "x.service": "[Service]\nExecStart=/usr/local/bin/x\n" },
  });
  await machine.boot();
  await machine.start("x.service");
}

void main(process.argv[2] as string);
