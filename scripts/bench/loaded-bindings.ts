import "../../main";

/** Prints, as JSON, the binding modules that the program loads: what the floor process loads too. */
const bindings = Object.keys(require.cache).filter((file) => /[\\/]@cdktf[\\/]provider-/.test(file));
console.log(JSON.stringify(bindings));
