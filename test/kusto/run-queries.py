"""Runs Kusto queries on rows: JSON on standard input, the results as JSON on standard output.

Input: {"tables": {name: {column: type}}, "queries": {name: {"query": text, "window": window}},
"scenes": [{"rows": {table: [{...}]}, "queries": [name], "begins": {window: time}, "end": time}]}. Times are ISO 8601 text. The value
of a column of type dynamic is JSON text. Output: for each scene {name: [[...], ...]}.
"""

import json
import re
import sys
import tempfile
from datetime import datetime

import duckdb_kql

TYPES = {"string": "VARCHAR", "datetime": "TIMESTAMP", "real": "DOUBLE", "dynamic": "JSON"}


def moment(text):
    """Reads a time. Python before 3.11 does not know the Z."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def visible(rows, begin, end):
    """Returns the rows of a window."""
    first, last = moment(begin), moment(end)
    return [row for row in rows if first <= moment(row["TimeGenerated"]) <= last]


def fill(database, name, columns, rows):
    """Replaces a table's rows. It reads them from a file, because the engine needs much time for each single row."""
    shape = ", ".join(f'"{column}" {TYPES[kind]}' for column, kind in columns.items())
    database.execute(f'CREATE OR REPLACE TABLE "{name}" ({shape})')
    if not rows:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        for row in rows:
            file.write(json.dumps({column: row.get(column) for column in columns}) + "\n")
        file.flush()
        text = ", ".join(f"'{column}': 'VARCHAR'" for column in columns)
        values = ", ".join(f'CAST("{column}" AS {TYPES[kind]})' for column, kind in columns.items())
        database.execute(
            f'INSERT INTO "{name}" SELECT {values} '
            f"FROM read_json('{file.name}', format = 'newline_delimited', columns = {{{text}}}, maximum_object_size = 67108864)"
        )


def main():
    given = json.load(sys.stdin)
    database = duckdb_kql.connect()
    tables, queries = given["tables"], given["queries"]
    # Each query is translated once, because that takes longer than to run it.
    texts = {one["query"] for one in queries.values()}
    translated = {text: str(duckdb_kql.to_sql(text, schema=tables)) for text in texts}
    # The same query has the same result on the same rows, if it reads no clock. Many scenes differ in one table only.
    if any(re.search(r"\b(now|ago)\s*\(", text) for text in texts):
        sys.exit("A query reads the clock. An alert's window replaces this.")
    known = {}
    results = []
    for scene in given["scenes"]:
        found = {}
        for window, begin in scene["begins"].items():
            rows = {name: visible(scene["rows"].get(name, []), begin, scene["end"]) for name in tables}
            filled = set()
            for name in scene["queries"]:
                text = queries[name]["query"]
                if queries[name]["window"] != window:
                    continue
                read = [table for table in tables if table in text]
                key = text, json.dumps([rows[table] for table in read])
                if key not in known:
                    for table in set(read) - filled:
                        fill(database, table, tables[table], rows[table])
                    filled.update(read)
                    known[key] = database.execute(translated[text]).fetchall()
                found[name] = known[key]
        results.append(found)
    json.dump(results, sys.stdout, default=str)


main()
