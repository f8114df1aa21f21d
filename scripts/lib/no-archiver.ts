/** Stands in for the package archiver. */
export default function archiver(): never {
  throw new Error(
    "A stack packs a folder with archiver, which jest.config.js and scripts/run-bundled.cjs replace. Remove it there.",
  );
}
