//! Outputs from outside of any batch: what waits is committed together, in one transaction of this instance's own.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::chained::{Chained, Sealed, Writer};
use super::transaction::Placed;
use crate::store::StoreError;

/// Most requests that wait for the transaction before them; beyond it, keeping waits.
const KEEP_REQUESTS: usize = 1024;
/// Most requests in one transaction.
const KEEP_GROUP: usize = 256;
/// How often a transaction is tried before it is given up, and the wait in between.
const KEEP_TRIES: u32 = 5;
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

struct Request {
    placed: Vec<Placed>,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

/// Where outputs are handed over to be kept.
pub(super) struct Keeping(mpsc::Sender<Request>);

impl Keeping {
    /// Of a writer, which fences nobody before it has something to keep.
    pub(super) fn new(writer: Writer) -> Keeping {
        let (sender, requests) = mpsc::channel(KEEP_REQUESTS);
        tokio::spawn(run(writer, requests));
        Keeping(sender)
    }

    /// Returns once they are committed.
    pub(super) async fn keep(&self, placed: Vec<Placed>) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let request = Request { placed, reply };
        self.0.send(request).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

async fn run(writer: Writer, mut requests: mpsc::Receiver<Request>) {
    let mut chained = None;
    let mut group = Vec::with_capacity(KEEP_GROUP);
    while requests.recv_many(&mut group, KEEP_GROUP).await > 0 {
        let (mut placed, mut replies) = (Vec::new(), Vec::new());
        for request in group.drain(..) {
            placed.extend(request.placed);
            replies.push(request.reply);
        }
        let kept = keep(&writer, &mut chained, placed).await;
        for reply in replies {
            let _ = reply.send(kept.clone());
        }
    }
}

/// Keeps outputs in one transaction, once: after a fault the head of the chain says whether it was committed.
pub(super) async fn keep(
    writer: &Writer,
    chained: &mut Option<Chained>,
    placed: Vec<Placed>,
) -> Result<(), StoreError> {
    let mut work = Work {
        chained: chained.take(),
        placed,
        sealed: None,
    };
    for tries in 1.. {
        let writer = writer.clone();
        let (back, outcome) = tokio::task::spawn_blocking(move || {
            let outcome = work.step(writer);
            (work, outcome)
        })
        .await
        .map_err(|_| StoreError::Closed)?;
        work = back;
        match outcome {
            Ok(()) => break,
            Err(error) if tries == KEEP_TRIES => return Err(error),
            Err(error) => tracing::warn!(%error, "outputs are not kept yet"),
        }
        tokio::time::sleep(RETRY_INTERVAL).await;
    }
    *chained = work.chained;
    Ok(())
}

struct Work {
    /// None before it is needed, and after a fault.
    chained: Option<Chained>,
    placed: Vec<Placed>,
    /// What was tried last.
    sealed: Option<Sealed>,
}

impl Work {
    fn step(&mut self, writer: Writer) -> Result<(), StoreError> {
        let mut chained = match self.chained.take() {
            Some(chained) => chained,
            None => Chained::open(writer)?,
        };
        let tried = self.sealed.take();
        if !tried.is_some_and(|sealed| chained.has(&sealed)) {
            let sealed = self.sealed.insert(chained.seal(&self.placed));
            chained.commit(sealed)?;
        }
        self.chained = Some(chained);
        Ok(())
    }
}
