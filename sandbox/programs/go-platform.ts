import { UserError } from "../../lib/processes/user-error";

/** Returns operating system and processor in the spelling of Go and HashiCorp's releases, for example linux_amd64. */
export function goPlatform(platform: string = process.platform, arch: string = process.arch): string {
  const os = { linux: "linux", darwin: "darwin" }[platform as string];
  const cpu = { x64: "amd64", arm64: "arm64", arm: "arm", ia32: "386" }[arch as string];
  if (!os || !cpu) {
    throw new UserError(
      `The sandbox runs on Linux and macOS, not on ${platform} ${arch}. On Windows, use WSL 2.`,
    );
  }
  return `${os}_${cpu}`;
}
