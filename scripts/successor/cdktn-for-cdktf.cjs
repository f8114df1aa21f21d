/**
 * Makes Node load cdktn and its constructs library when a program requires cdktf and constructs. CDKTN_FOLDER names the folder in
 * which npm installed both.
 */
const Module = require("node:module");

const resolve = Module._resolveFilename;

Module._resolveFilename = function (request, parent, isMain, ...more) {
  const [name, ...path] = request.split("/");
  if (name !== "cdktf" && name !== "constructs") return resolve.call(this, request, parent, isMain, ...more);
  const found = [name === "cdktf" ? "cdktn" : name, ...path].join("/");
  return resolve.call(this, found, parent, isMain, { paths: [process.env.CDKTN_FOLDER] });
};
