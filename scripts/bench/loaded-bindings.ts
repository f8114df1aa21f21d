/** Prints, as JSON, the binding modules that the program loads. The floor process loads the same ones. */
function main(): void {
  require("../../main");
  const bindings = Object.keys(require.cache).filter((file) => /[\\/]@cdktf[\\/]provider-/.test(file));
  console.log(JSON.stringify(bindings));
}

main();
