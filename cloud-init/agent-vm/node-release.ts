import { NODE_MAJOR } from "../../app/node-version";
import type { Release } from "../common/release";

const version = `${NODE_MAJOR}.20.0`;
const folder = `https://nodejs.org/dist/v${version}`;
const archive = `node-v${version}-linux-x64`;

/** The Node.js that runs the application on a VM. When you change the version, take the checksum from SHASUMS256.txt: docs/deploy.md. */
export const nodeRelease: Release = {
  name: "node",
  version,
  archiveUrl: `${folder}/${archive}.tar.xz`,
  sha256: "2f2c0da162318f0de47665410c7c8c2ed3d36c8f3105de4bbc61176c70a7cbf2",
  checksumsUrl: `${folder}/SHASUMS256.txt`,
  archiveProgram: `${archive}/bin/node`,
};
