//! One connection to a server of PostgreSQL, for a thread that waits for it, and never for ever.

use std::error::Error as _;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use model::Secret;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::config::{ChannelBinding, SslMode, TargetSessionAttrs};
use tokio_postgres::error::{Error, SqlState};
use tokio_postgres::{Client, Config, NoTls};

use super::super::engine::Fault;
use super::seal::Seal;

const CONNECT_MAX: Duration = Duration::from_secs(4);
/// With the looking up of its name, TLS, and who we are.
const BEGIN_MAX: Duration = Duration::from_secs(8);
/// What was sent and is not taken for so long breaks the connection.
const UNHEARD_MAX: Duration = Duration::from_secs(20);
/// A house that stops waits so long for what has begun.
const LAST_MAX: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where the server is, and who we are there.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// Tried in turn, until one takes records.
    pub hosts: Vec<PostgresHost>,
    pub database: String,
    pub user: String,
    pub password: Option<Secret<String>>,
    /// Its tables are ours.
    pub schema: String,
    /// What signs the servers' certificates; without it nothing is sealed.
    pub roots: Option<PathBuf>,
    /// What this node is called there.
    pub node: String,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresHost {
    /// A name, an address, or the folder of a socket.
    pub host: String,
    pub port: u16,
}

impl PostgresHost {
    fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

/// A connection. After a fault that is none of SQL it is good for nothing.
pub struct Link {
    runtime: Runtime,
    client: Client,
    is_stopping: Arc<AtomicBool>,
}

impl Link {
    /// Connects with the first server that takes what is written; `session` is said to it first.
    pub fn open(to: &Postgres, session: &str, is_stopping: &Arc<AtomicBool>) -> Result<Link, Fault> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(|error| Fault::NotNow(error.to_string()))?;
        let mut fault = None;
        for host in &to.hosts {
            // A name is looked up within the time, too.
            let connecting = bounded(is_stopping, BEGIN_MAX, begin(to, host, session));
            match runtime.block_on(connecting).and_then(|connected| connected) {
                Ok(client) => return Ok(Link { runtime, client, is_stopping: Arc::clone(is_stopping) }),
                // The word of one that is there says more.
                Err(Fault::Away(_)) if fault.is_some() => {}
                Err(other) => fault = Some(at(host, other)),
            }
        }
        Err(fault.unwrap_or_else(|| Fault::Refused("[system.storage] names no host".to_owned())))
    }

    /// Does something there, and waits for it so long at most.
    pub fn run<T>(
        &mut self,
        most: Duration,
        work: impl AsyncFnOnce(&mut Client) -> Result<T, Error>,
    ) -> Result<T, Fault> {
        let Link { runtime, client, is_stopping } = self;
        let done = runtime.block_on(bounded(is_stopping, most, work(client)))?;
        done.map_err(|error| fault_of(&error))
    }
}

fn at(host: &PostgresHost, fault: Fault) -> Fault {
    let PostgresHost { host, port } = host;
    match fault {
        Fault::Away(words) => Fault::Away(format!("{host} port {port}: {words}")),
        Fault::Refused(words) => Fault::Refused(format!("{host} port {port}: {words}")),
        other => other,
    }
}

/// Nothing that is waited for outlasts this, nor for long that the house stops.
async fn bounded<T>(
    is_stopping: &AtomicBool,
    most: Duration,
    work: impl Future<Output = T>,
) -> Result<T, Fault> {
    let give_up = async {
        let until = Instant::now() + most;
        let mut stops = None;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = Instant::now();
            if is_stopping.load(Ordering::Acquire) && stops.is_none() {
                stops = Some(now + LAST_MAX);
            }
            if now >= until || stops.is_some_and(|stops| now >= stops) {
                return;
            }
        }
    };
    match select(pin!(work), pin!(give_up)).await {
        Either::Left((done, _)) => Ok(done),
        Either::Right(((), _)) => Err(Fault::Away("it does not answer".to_owned())),
    }
}

async fn begin(to: &Postgres, host: &PostgresHost, session: &str) -> Result<Client, Fault> {
    let client = connect(to, host).await?;
    client.batch_execute(session).await.map_err(|error| fault_of(&error))?;
    Ok(client)
}

async fn connect(to: &Postgres, host: &PostgresHost) -> Result<Client, Fault> {
    let mut config = Config::new();
    config
        .user(&to.user)
        .dbname(&to.database)
        .application_name(format!("tandem {}", to.node))
        .port(host.port)
        .connect_timeout(CONNECT_MAX)
        .tcp_user_timeout(UNHEARD_MAX)
        .keepalives_idle(UNHEARD_MAX)
        .target_session_attrs(TargetSessionAttrs::ReadWrite)
        .channel_binding(ChannelBinding::Disable);
    if host.is_socket() {
        config.host_path(&host.host)
    } else {
        config.host(&host.host)
    };
    if let Some(password) = &to.password {
        config.password(password.reveal());
    }
    match &to.roots {
        Some(roots) if !host.is_socket() => {
            config.ssl_mode(SslMode::Require);
            let seal = Seal::by(roots)?;
            let (client, connection) = config.connect(seal).await.map_err(|error| fault_of(&error))?;
            tokio::spawn(connection);
            Ok(client)
        }
        Some(_) | None => {
            config.ssl_mode(SslMode::Disable);
            let (client, connection) = config.connect(NoTls).await.map_err(|error| fault_of(&error))?;
            tokio::spawn(connection);
            Ok(client)
        }
    }
}

/// What the server, or the way to it, has said; never what was asked or written.
fn fault_of(error: &Error) -> Fault {
    let Some(said) = error.as_db_error() else {
        let mut words = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            words.push_str(": ");
            words.push_str(&cause.to_string());
            source = cause.source();
        }
        return Fault::Away(words);
    };
    let words = format!("{} ({})", said.message(), said.code().code());
    let code = said.code();
    // Of its connections, a server that only reads, others' transactions, its means, its end, its disk.
    let passes =
        ["08", "25", "40", "53", "55", "57", "58"].iter().any(|class| code.code().starts_with(class));
    match code {
        code if *code == SqlState::QUERY_CANCELED => Fault::TooLong,
        _ if passes => Fault::Away(words),
        _ => Fault::Refused(words),
    }
}
