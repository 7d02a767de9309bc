//! The tables in a server's schema, from version to version.
//!
//! SQL stays plain: no trigger, no sequence, no lock by name. Nodes make the numbers of their rows.

use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::error::Error;

use super::super::engine::Fault;
use super::link::{Link, Postgres};

/// What makes each version of the one before.
const STEPS: &[&str] = &[
    "create table shape (version int not null);
     insert into shape values (0);
     create table nodes (
         node bigint primary key, identity text not null unique, name text not null, epoch bigint not null,
         last_row bigint not null
     );
     create table files (
         node bigint not null, name text not null, read_to bigint not null, primary key (node, name)
     );
     create table records (
         row bigint primary key, node bigint not null, key text not null, file text, at bigint not null,
         length bigint not null, id text not null, began bigint not null, ended bigint,
         calling text not null, called text not null, outcome text not null, status int,
         code text not null, talk_ms bigint not null, words text[] not null, body json not null,
         unique (node, key)
     );
     create index records_by_began on records (began, row);
     create index records_by_file on records (node, file, at);
     create table words (
         word text collate \"C\" not null, began bigint not null, row bigint not null,
         primary key (word, began, row)
     );",
    "create index records_by_id on records (id);",
];

const SEAT_TRIES: u32 = 20;

/// Of a node, as the server knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    pub node: i64,
    /// Whoever has a higher one fills, and nobody else.
    pub epoch: i64,
}

/// What a connection begins with. Whatever is asked is of few rows that an index leads to.
pub fn session(to: &Postgres, statement_ms: u64) -> String {
    format!(
        "set search_path to \"{}\"; set client_min_messages to warning; \
         set statement_timeout to {statement_ms}; set lock_timeout to 10000; \
         set idle_in_transaction_session_timeout to 60000; \
         set enable_hashjoin to off; set enable_mergejoin to off",
        to.schema
    )
}

/// Whether anything was ever written there.
pub fn are_there(link: &mut Link, to: &Postgres, most: Duration) -> Result<bool, Fault> {
    link.run(most, async |client| look(client, &to.schema).await).map(|(_, version)| version.is_some())
}

/// Makes the tables, or what they lack; refuses those of a newer program.
pub fn make(link: &mut Link, to: &Postgres, most: Duration) -> Result<(), Fault> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    let (encoding, version) = link.run(most, async |client| look(client, &to.schema).await)?;
    if encoding != "UTF8" {
        return Err(Fault::Refused(format!(
            "database {} has the encoding {encoding}, not UTF8",
            to.database
        )));
    }
    match version {
        Some(version) if version == known => Ok(()),
        Some(version) if version > known => {
            Err(Fault::Refused(format!("its tables have version {version}, and this program knows {known}")))
        }
        version => {
            let begun = usize::try_from(version.unwrap_or(0)).unwrap_or(0);
            link.run(most, async |client| step(client, &to.schema, begun).await)
        }
    }
}

/// The encoding, and the version of what is there.
async fn look(client: &Client, schema: &str) -> Result<(String, Option<i64>), Error> {
    let encoding = client.query_one("select current_setting('server_encoding')", &[]).await?.get(0);
    let sql = "select 1 from pg_catalog.pg_tables where schemaname = $1 and tablename = 'shape'";
    if client.query_opt(sql, &[&schema]).await?.is_none() {
        return Ok((encoding, None));
    }
    let version: i32 = client.query_one("select version from shape", &[]).await?.get(0);
    Ok((encoding, Some(version.into())))
}

async fn step(client: &mut Client, schema: &str, begun: usize) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    if begun == 0 {
        let sql = "select 1 from pg_catalog.pg_namespace where nspname = $1";
        if transaction.query_opt(sql, &[&schema]).await?.is_none() {
            transaction.batch_execute(&format!("create schema \"{schema}\"")).await?;
        }
    } else {
        // Nodes of one version do it one after the other.
        let now: i32 = transaction.query_one("select version from shape for update", &[]).await?.get(0);
        if usize::try_from(now).unwrap_or(0) != begun {
            return transaction.rollback().await;
        }
    }
    for sql in STEPS.iter().skip(begun) {
        transaction.batch_execute(sql).await?;
    }
    let version = i32::try_from(STEPS.len()).unwrap_or(i32::MAX);
    transaction.execute("update shape set version = $1", &[&version]).await?;
    transaction.commit().await
}

/// Takes the place of whoever filled as this node before.
pub async fn take_seat(client: &Client, identity: &str, name: &str) -> Result<Option<Seat>, Error> {
    let make = "insert into nodes select coalesce(max(node), 0) + 1, $1::text, $2::text, 0, 0 from nodes \
                where not exists (select 1 from nodes where identity = $1) on conflict do nothing";
    let take = "update nodes set epoch = epoch + 1, name = $2 where identity = $1 returning node, epoch";
    for _ in 0..SEAT_TRIES {
        if let Some(row) = client.query_opt(take, &[&identity, &name]).await? {
            return Ok(Some(Seat { node: row.get(0), epoch: row.get(1) }));
        }
        // Another one may have taken the number meanwhile.
        client.execute(make, &[&identity, &name]).await?;
    }
    Ok(None)
}

/// Where this node stands there, if it was ever seen; whoever fills goes on.
pub async fn look_at_seat(client: &Client, identity: &str) -> Result<Option<Seat>, Error> {
    let row = client.query_opt("select node, epoch from nodes where identity = $1", &[&identity]).await?;
    Ok(row.map(|row| Seat { node: row.get(0), epoch: row.get(1) }))
}
