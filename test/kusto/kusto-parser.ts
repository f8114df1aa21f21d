import { logTables } from "./log-tables";

/** What Microsoft's own parser of Kusto says, as far as it is used here. */
interface Language {
  GlobalState: { Default: { WithDatabase(database: unknown): unknown } };
  KustoCode: {
    ParseAndAnalyze(
      text: string,
      globals: unknown,
    ): { GetDiagnostics(): { Count: number; getItem(index: number): { Message: string; Start: number } } };
  };
  Symbols: {
    TableSymbol: { From(schema: string): { WithName(name: string): unknown } };
    DatabaseSymbol: { $ctor1: new (name: string, tables: unknown[]) => unknown };
  };
}

/** Microsoft's parser is a script for a browser: it leaves what it is in one global variable. */
function language(): Language {
  require("@kusto/language-service-next/bridge.min.js");
  require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
  return (globalThis as unknown as { Kusto: { Language: Language } }).Kusto.Language;
}

let parse: ((query: string) => string[]) | undefined;

/** What Azure would say against a query: of its words, and of columns and tables that are not there; empty for a good one. */
export function problemsOf(query: string): string[] {
  parse ??= parser();
  return parse(query);
}

function parser(): (query: string) => string[] {
  const { GlobalState, KustoCode, Symbols } = language();
  const tables = Object.entries(logTables).map(([name, columns]) => {
    const schema = Object.entries(columns).map(([column, type]) => `${column}: ${type}`);
    return Symbols.TableSymbol.From(`(${schema.join(", ")})`).WithName(name);
  });
  const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1("workspace", tables));
  return (query) => {
    const found = KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics();
    return Array.from({ length: found.Count }, (_, index) => found.getItem(index).Message);
  };
}
