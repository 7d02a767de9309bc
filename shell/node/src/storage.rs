//! Where records are searched, as the documents say it.

use std::path::Path;

use anyhow::Result;
use cli::House;
use model::{Documents, Secret, Secrets, SourceFile};
use store::{Database, Postgres, PostgresHost};

use crate::directory;

/// What the documents say; files that they name are looked for from `base`.
pub fn of(documents: &Documents, base: &Path) -> Database {
    let Some(storage) = documents.system.storage.as_ref().filter(|storage| storage.is_postgresql()) else {
        return Database::Sqlite;
    };
    let hosts = storage.hosts.iter().map(|host| PostgresHost { host: host.host.clone(), port: host.port });
    let kept = |place: &model::SecretRef| {
        let value = directory::secret_at(place, base).map(Secret::new);
        value.or_else(|| Secrets::new().value(place))
    };
    Database::Postgres(Postgres {
        hosts: hosts.collect(),
        database: storage.database().to_owned(),
        user: storage.user().to_owned(),
        password: storage.password.as_ref().and_then(|place| kept(&place.value)),
        schema: storage.schema().to_owned(),
        roots: storage.tls_verify.as_ref().map(|path| base.join(path)),
        node: storage.node.as_ref().unwrap_or(&documents.system.value.name).clone(),
    })
}

/// The same for a house that does not run: by its newest revision. One that never ran has nothing elsewhere.
pub fn of_house(house: &House) -> Result<Database> {
    let data = house.data();
    let directory = house.dir.as_deref().unwrap_or(Path::new("."));
    let Some(newest) = store::revisions_in(&data).unwrap_or_default().pop() else {
        return Ok(Database::Sqlite);
    };
    let documents = store::content_of(&data, newest.number)?.documents;
    let files: Vec<SourceFile> =
        documents.into_iter().map(|(name, text)| SourceFile::new(name, text)).collect();
    Ok(model::load(&files).map_or(Database::Sqlite, |documents| of(&documents, directory)))
}
