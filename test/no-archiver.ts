/** Stands in for the package archiver. */
export default function archiver(): never {
  throw new Error(
    "A stack packs a folder with archiver, which jest.config.js replaces. Remove it from moduleNameMapper.",
  );
}
