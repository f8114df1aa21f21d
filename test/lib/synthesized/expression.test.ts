import { gunzipSync } from "node:zlib";
import { evaluateJson, evaluateTemplate, type Scope } from "../../../lib/synthesized/evaluation";
import { parse, referencesIn, writePath } from "../../../lib/synthesized/expression";
import type { Value } from "../../../lib/synthesized/value";

const values: Record<string, Value> = {
  "azurerm_key_vault.key-vault_FE1F1979.name": "kv-demo",
  "azurerm_linux_web_app.webapp_F03265C3.identity[0].principal_id": "a principal",
  "data.azurerm_client_config.deployer.tenant_id": "a tenant",
  "data.terraform_remote_state.network.outputs.cross-stack-output-id": "/an/id",
  "ephemeral.azurerm_key_vault_secret.kept-password.value": { ephemeral: { type: "a marker" } },
  "local.user-data_text": "#cloud-config\n",
  "local.certificate": "abcdefghij",
  "local.port": 8200,
  "local.enabled": true,
  "local.list": ["a", "b"],
  "local.nothing": null,
};

const scope: Scope = {
  valueOf(path) {
    const value = values[writePath(path)];
    if (value === undefined) throw new Error(`nothing at ${writePath(path)}`);
    return value;
  },
};

const read = (template: string): Value => evaluateTemplate(template, scope);

describe("A Terraform template", () => {
  it.each<[string, string, Value]>([
    ["text alone", 'path "x" { a = ["b"] }\n', 'path "x" { a = ["b"] }\n'],
    ["no text at all", "", ""],
    ["the templates of other programs", "{{username}}@'%' $1 $HOME 100%", "{{username}}@'%' $1 $HOME 100%"],
    ["a resource's attribute", "${azurerm_key_vault.key-vault_FE1F1979.name}", "kv-demo"],
    [
      "an attribute within a list",
      "${azurerm_linux_web_app.webapp_F03265C3.identity[0].principal_id}",
      "a principal",
    ],
    ["a data source", "${data.azurerm_client_config.deployer.tenant_id}", "a tenant"],
    [
      "another stack's output",
      "${data.terraform_remote_state.network.outputs.cross-stack-output-id}",
      "/an/id",
    ],
    [
      "an index in quotes",
      '${data.terraform_remote_state.network.outputs["cross-stack-output-id"]}',
      "/an/id",
    ],
    [
      "an ephemeral value",
      "${ephemeral.azurerm_key_vault_secret.kept-password.value}",
      { ephemeral: { type: "a marker" } },
    ],
    ["text around references", "https://${local.enabled}:${local.port}/", "https://true:8200/"],
    ["a number, which stays one", "${local.port}", 8200],
    ["a list, which stays one", "${local.list}", ["a", "b"]],
    ["spaces", '${ join( "," , local.list ) }', "a,b"],
    ["an escaped interpolation", "echo $${HOME} $$ %%{if}", "echo ${HOME} $$ %{if}"],
    ["an escaped one beside a real one", "$${HOME}=${local.port}", "${HOME}=8200"],
    ["basename", '${basename("/vaults/kv/secrets/one")}', "one"],
    ["regexall", '${regexall(".{1,4}", local.certificate)}', ["abcd", "efgh", "ij"]],
    [
      "calls within lists within calls",
      '${join("\\n", ["-----BEGIN-----", join("\\n", regexall(".{1,4}", local.certificate)), ""])}',
      "-----BEGIN-----\nabcd\nefgh\nij\n",
    ],
    ["escapes in a string", '${join("", ["\\"", "\\\\", "\\t", "\\u00e9", "$${x}"])}', '"\\\té${x}'],
    ["a reference in a string", '${join("-", ["port ${local.port}", "x"])}', "port 8200-x"],
    ["literals", "${[1, 2.5, true, false, null, []]}", [1, 2.5, true, false, null, []]],
  ])("may hold %s", (_, template, value) => {
    expect(read(template)).toEqual(value);
  });

  it.each([
    ["an operator", "${local.port + 1}", '"+" instead of }'],
    ["a condition", '${local.enabled ? "a" : "b"}', '"?" instead of }'],
    ["a negation", "${!local.enabled}", '"!"'],
    ["a splat", "${azurerm_subnet.x[*].id}", '"*"'],
    ["an attribute splat", "${azurerm_subnet.x.*.id}", '"*"'],
    ["a for expression", "${[for x in local.list : x]}", '"x" instead of ]'],
    ["an object", '${{ a = "b" }}', '"{"'],
    ["a directive", "%{ if true }x%{ endif }", "a directive"],
    ["a strip marker", "${~ local.port ~}", '"~"'],
    ["a computed index", "${azurerm_subnet.x[local.port]}", "an index that is neither"],
    ["an index of a call", '${regexall(".", local.certificate)[0]}', '"[" instead of }'],
    ["no end", "${local.port", "the end instead of }"],
    ["a string without end", '${join(",', "the end of the text in a string"],
    ["a string over two lines", '${join("\n", local.list)}', "a line break inside a string"],
    ["an unknown escape", '${join("\\q", local.list)}', "an unknown escape"],
    ["nothing", "${}", '"}"'],
  ])("may not hold %s, and the error quotes it", (_, template, found) => {
    const reading = () => read(`before ${template}`);
    expect(reading).toThrow(found);
    expect(reading).toThrow(JSON.stringify(template).slice(1, -1));
  });

  it.each([
    [
      "an unknown function",
      '${upper("a")}',
      'The sandbox does not support the Terraform function upper in "upper(\\"a\\")". It supports base64gzip, basename, join, regexall',
    ],
    ["too many arguments", '${base64gzip("a", "b")}', "2 arguments instead of 1"],
    ["a list instead of text", "${base64gzip(local.list)}", "a list cannot become text"],
    ["a join of something else", '${join(",", "a")}', "join takes a separator and one list"],
    ["a pattern with groups", '${regexall("(a)(b)", local.certificate)}', "patterns with groups"],
    ["a list within text", "x ${local.list}", "a list cannot become text"],
    ["null within text", "x ${local.nothing}", "null cannot become text"],
    [
      "an ephemeral value within text",
      "password: ${ephemeral.azurerm_key_vault_secret.kept-password.value}",
      "an object cannot become text",
    ],
    ["a reference to nothing", "${local.missing}", "nothing at local.missing"],
  ])("has no value with %s", (_, template, reason) => {
    expect(() => read(template)).toThrow(reason);
  });

  it("compresses a text with base64gzip", () => {
    const compressed = String(read("${base64gzip(local.user-data_text)}"));
    expect(gunzipSync(Buffer.from(compressed, "base64")).toString()).toBe("#cloud-config\n");
  });

  it("quotes only the expression from a long text", () => {
    const reading = () => read(`${"secret text ".repeat(1000)}\${local.port + 1}`);
    expect(reading).toThrow('expression "${local.port + 1}"');
    expect(reading).not.toThrow("secret text");
  });

  it("lists its references, including references inside strings and calls", () => {
    const template = '${a.b.c} ${join("${d.e.f}", [g.h[0].i, "${base64gzip(local.j)}"])} $${k.l.m}';
    expect(referencesIn(parse(template)).map(writePath)).toEqual(["a.b.c", "d.e.f", "g.h[0].i", "local.j"]);
  });
});

describe("A piece of Terraform's JSON", () => {
  it("is evaluated at every level, including names, and keeps null", () => {
    const json = {
      plain: [1, true, "x"],
      nested: { "port-${local.port}": ["${local.list}"], unset: null },
      unset: null,
    };
    expect(evaluateJson(json, scope)).toEqual({
      plain: [1, true, "x"],
      nested: { "port-8200": [["a", "b"]], unset: null },
      unset: null,
    });
  });
});
