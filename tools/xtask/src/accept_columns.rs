//! The columns of our release, read by DuckDB and by Arrow.

use std::path::Path;

use crate::process::{Done, ensure, program, run, say};

/// Joins an inventory of one package, in a version that is malicious and in one that is not, with the columns.
const JOIN: &str = "
import sys, duckdb, pyarrow.parquet as pq
out = sys.argv[1]
for name in ('affected', 'exploded', 'iocs'):
    pq.read_table(f'{out}/parquet/{name}.parquet')
found = duckdb.sql(f'''
  select s.version, a.id from (values ('npm', 'event-stream', '3.3.6'), ('npm', 'event-stream', '3.3.5'))
    s(ecosystem, name, version) join '{out}/parquet/affected.parquet' a using (ecosystem, name)
  where a.withdrawn is null and (a.all_versions or list_contains(a.versions, s.version))''').fetchall()
exact = duckdb.sql(f'''
  select version, id from '{out}/parquet/exploded.parquet' where ecosystem = 'npm' and name = 'event-stream' ''').fetchall()
print(found, exact)
";

pub(crate) fn columns(clients: &Path, out: &Path) -> Done {
    let room = std::path::absolute(clients.join("duckdb")).map_err(|error| error.to_string())?;
    if !room.join("bin/pip").exists() {
        run(program("python3", &["-m", "venv"]).arg(&room))?;
        run(&mut program(room.join("bin/pip"), &["install", "--quiet", "duckdb", "pyarrow"]))?;
    }
    let told = run(program(room.join("bin/python"), &["-c", JOIN]).arg(out))?;
    let expected = "[('3.3.6', 'MAL-2018-900002')] [('3.3.6', 'MAL-2018-900002')]";
    ensure(told.trim() == expected, || format!("DuckDB on event-stream: {told}"))?;
    say("DuckDB finds event-stream 3.3.6 in the columns and not 3.3.5, and pyarrow reads them");
    Ok(())
}
