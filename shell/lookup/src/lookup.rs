//! The thread that asks, and its bounded queue.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfigGroup, ResolverConfig, ResolverOpts};
use hickory_resolver::name_server::TokioConnectionProvider;
use switch::{Answer, AskId, Question};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::hosts::Hosts;
use crate::resolve::resolve;
use crate::scouting;

/// Questions that wait for their turn.
const QUEUE: usize = 4096;
/// Questions asked at the same time.
const AT_ONCE: usize = 256;

/// Whom to ask, and how patiently.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Servers to ask; the system's, if none is named.
    pub servers: Vec<IpAddr>,
    /// The port of those servers.
    pub port: u16,
    /// Names that need no server.
    pub hosts: PathBuf,
    /// How long one server may take.
    pub patience: Duration,
    /// Answers that are kept.
    pub cache: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            servers: Vec::new(),
            port: 53,
            hosts: PathBuf::from("/etc/hosts"),
            patience: Duration::from_secs(2),
            cache: 4096,
        }
    }
}

/// The queue is full; the question was not taken, and no answer will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// Asks on a thread of its own.
pub struct Lookup {
    queue: Option<Sender<Asked>>,
    thread: Option<JoinHandle<()>>,
}

/// A shard's question.
struct Asked {
    shard: u8,
    id: AskId,
    question: Question,
}

impl Lookup {
    /// `answer` is called on the asking thread, with the shard that asked.
    pub fn start(
        settings: Settings,
        answer: impl Fn(u8, AskId, Answer) + Send + Sync + 'static,
    ) -> io::Result<Lookup> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (queue, questions) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("lookup".to_owned())
            .spawn(move || runtime.block_on(answer_all(&settings, questions, Arc::new(answer))))?;
        Ok(Lookup { queue: Some(queue), thread: Some(thread) })
    }

    /// Takes a question; never waits.
    pub fn ask(&self, shard: u8, id: AskId, question: Question) -> Result<(), Full> {
        let queue = self.queue.as_ref().ok_or(Full)?;
        queue.try_send(Asked { shard, id, question }).map_err(|_| Full)
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was printed already; what it would have answered times out.
            let _ = thread.join();
        }
    }
}

async fn answer_all<A>(settings: &Settings, mut questions: Receiver<Asked>, answer: Arc<A>)
where
    A: Fn(u8, AskId, Answer) + Send + Sync + 'static,
{
    let resolver = Arc::new(resolver(settings));
    let hosts = Arc::new(Hosts::new(settings.hosts.clone()));
    let places = Arc::new(Semaphore::new(AT_ONCE));
    while let Some(Asked { shard, id, question }) = questions.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (resolver, hosts, answer) = (Arc::clone(&resolver), Arc::clone(&hosts), Arc::clone(&answer));
        tokio::spawn(async move {
            let said = match question {
                Question::Dns(question) => Answer::Dns(resolve(&resolver, &hosts, question).await),
                Question::Scout(interface, scout) => {
                    let found = scouting::ask(&resolver, &hosts, &scout).await;
                    Answer::Scout(interface, scout.ports, found)
                }
            };
            answer(shard, id, said);
            drop(place);
        });
    }
}

fn resolver(settings: &Settings) -> TokioResolver {
    let provider = TokioConnectionProvider::default;
    let named = || {
        let servers = NameServerConfigGroup::from_ips_clear(&settings.servers, settings.port, true);
        TokioResolver::builder_with_config(ResolverConfig::from_parts(None, Vec::new(), servers), provider())
    };
    let mut builder = match settings.servers.is_empty() {
        false => named(),
        // Without a readable resolv.conf every question to a server fails, and /etc/hosts goes on.
        true => TokioResolver::builder(provider()).unwrap_or_else(|_| named()),
    };
    adjust(builder.options_mut(), settings);
    builder.build()
}

fn adjust(options: &mut ResolverOpts, settings: &Settings) {
    options.timeout = settings.patience;
    options.attempts = 2;
    options.cache_size = settings.cache;
    options.ndots = 0;
    options.use_hosts_file = hickory_resolver::config::ResolveHosts::Never;
    options.try_tcp_on_error = true;
    options.edns0 = true;
}
