import { logTables } from "./log-tables";

/** The parts of Microsoft's own Kusto parser that this project uses. */
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

/** Microsoft's parser is a script for a browser. It puts itself into one global variable. */
function language(): Language {
  require("@kusto/language-service-next/bridge.min.js");
  require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
  return (globalThis as unknown as { Kusto: { Language: Language } }).Kusto.Language;
}

let parse: ((query: string) => string[]) | undefined;

/** Returns Azure's objections to a query: wrong syntax, and missing columns and tables. Empty for a valid query. */
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
