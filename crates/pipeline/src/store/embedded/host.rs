//! The process that has the directory lets commands in: through a socket in the directory, so that who may open the one may
//! open the other.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use prometheus::IntGauge;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::directory;
use super::wire::{Reply, Request, Wire};
use crate::config::Lane;
use crate::record::Record;
use crate::store::{Decider, Output, Source, Store, StoreError};

/// After accepting failed, wait before the next try.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);
/// Most commands at once.
const MAX_GUESTS: usize = 8;
/// Most bytes of a commit that a command makes.
const GUEST_COMMIT_BYTES: usize = 512 * 1024 * 1024;

/// A socket that commands come to.
pub(crate) struct Host {
    socket: UnixListener,
    /// Whose commands are heard beside root's: the owner of the socket, as whom this process runs.
    owner: u32,
}

impl Host {
    /// Binds the socket. Whoever bound it before is gone, since this process has the directory.
    pub(in crate::store) fn bind(directory: &Path) -> io::Result<Host> {
        let path = directory::socket(directory);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = UnixListener::bind(&path)?;
        let owner = fs::metadata(&path)?.uid();
        Ok(Host { socket, owner })
    }

    /// Serves commands until `stop`.
    pub(crate) async fn run(
        self,
        store: Arc<dyn Store>,
        guests: IntGauge,
        stop: CancellationToken,
    ) {
        let places = Arc::new(Semaphore::new(MAX_GUESTS));
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = self.socket.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) if self.hears(&stream) => stream,
                Ok(_) => continue,
                Err(error) => {
                    tracing::warn!(%error, "a command could not be let in");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                    continue;
                }
            };
            let place = Arc::clone(&places).try_acquire_owned();
            let (store, guests, stop) = (Arc::clone(&store), guests.clone(), stop.clone());
            tokio::spawn(async move {
                let mut wire = Wire::over(stream);
                let Ok(_place) = place else {
                    let full = format!("it serves {MAX_GUESTS} commands already; try again later");
                    let _ = wire.say(&Reply::Failed(full)).await;
                    return;
                };
                guests.inc();
                tokio::select! {
                    () = stop.cancelled() => {}
                    served = serve(&mut wire, store.as_ref()) => {
                        if let Err(error) = served {
                            tracing::debug!(%error, "a command has left");
                        }
                    }
                }
                guests.dec();
            });
        }
    }

    fn hears(&self, stream: &UnixStream) -> bool {
        let uid = stream.peer_cred().map(|peer| peer.uid());
        uid.is_ok_and(|uid| uid == 0 || uid == self.owner)
    }
}

/// What a command is here for.
enum Guest {
    Deciding(Box<dyn Decider>),
    Replaying(Box<dyn Source>),
}

/// The parts of a commit to come.
#[derive(Default)]
struct Parts {
    raw: Vec<(Lane, Record)>,
    outputs: Vec<Output>,
    bytes: usize,
}

impl Parts {
    /// Holds no more than it may: the commit fails then.
    fn add(&mut self, record: &Record) -> bool {
        self.bytes += record.value.len();
        self.bytes <= GUEST_COMMIT_BYTES
    }
}

async fn serve(wire: &mut Wire, store: &dyn Store) -> io::Result<()> {
    let Some(first) = wire.hear().await? else {
        // Only looked whether somebody is here.
        return Ok(());
    };
    let mut guest = match begin(first, store).await {
        Ok(guest) => guest,
        Err(error) => return wire.say(&Reply::Failed(error.to_string())).await,
    };
    wire.say(&Reply::Done).await?;
    let mut parts = Parts::default();
    while let Some(request) = wire.hear().await? {
        let reply = match request {
            Request::Raw(lane, record) => {
                if parts.add(&record) {
                    parts.raw.push((lane, record));
                }
                continue;
            }
            Request::Output(output) => {
                if parts.add(&output.record) {
                    parts.outputs.push(output);
                }
                continue;
            }
            request => guest.answer(request, std::mem::take(&mut parts)).await,
        };
        wire.say(&reply.unwrap_or_else(|error| Reply::Failed(error.to_string())))
            .await?;
    }
    Ok(())
}

async fn begin(request: Request, store: &dyn Store) -> Result<Guest, StoreError> {
    match request {
        Request::Decide => store.decider().await.map(Guest::Deciding),
        Request::Replay { lane, job, tail } => store
            .replay_of(lane, &job, tail)
            .await
            .map(Guest::Replaying),
        _ => Err(StoreError::Closed),
    }
}

impl Guest {
    async fn answer(&mut self, request: Request, parts: Parts) -> Result<Reply, StoreError> {
        if parts.bytes > GUEST_COMMIT_BYTES {
            return Err(StoreError::TooLargeCommit {
                most_bytes: GUEST_COMMIT_BYTES,
            });
        }
        match (self, request) {
            (Guest::Deciding(decider), Request::Commit) => {
                decider.commit(parts.raw, parts.outputs).await?;
                Ok(Reply::Done)
            }
            (Guest::Replaying(source), Request::Commit) => {
                source.commit(parts.outputs).await?;
                Ok(Reply::Done)
            }
            (Guest::Replaying(source), Request::Next(limits)) => {
                let batch = source.next(limits).await?;
                let unread = source.unread();
                Ok(Reply::Batch { batch, unread })
            }
            (Guest::Replaying(source), Request::Rewind) => {
                source.rewind().await?;
                Ok(Reply::Done)
            }
            _ => Err(StoreError::Closed),
        }
    }
}
