"""Reads a table of Parquet with pyarrow, which knows nothing of Tandem, and says what it holds as JSON."""

import json
import sys

import pyarrow.parquet as parquet

file = parquet.ParquetFile(sys.argv[1])
table = file.read()
table.validate(full=True)
columns = {field.name: str(field.type) for field in table.schema}
rows = table.to_pylist()
for row in rows:
    for name, value in row.items():
        if hasattr(value, "timestamp"):
            row[name] = round(value.timestamp() * 1000)
print(json.dumps({"groups": file.num_row_groups, "columns": columns, "rows": rows}))
