//! A command beside the process that has the directory: it works through that process.

use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tokio::net::UnixStream;

use super::directory;
use super::wire::{Reply, Request, Wire};
use crate::config::Lane;
use crate::record::Record;
use crate::store::{Batch, BatchLimits, Decider, Output, ReplayJob, Source, StoreError};

/// The process that has the directory, as commands know it.
pub struct Guest {
    socket: PathBuf,
}

impl Guest {
    /// Of a directory that is in use.
    ///
    /// # Errors
    /// When the process that has it takes no commands.
    pub(in crate::store) async fn of(directory: &Path) -> Result<Guest, StoreError> {
        let guest = Guest {
            socket: directory::socket(directory),
        };
        let found = UnixStream::connect(&guest.socket).await;
        found.map(|_| guest).map_err(|_| StoreError::Locked {
            directory: directory.to_owned(),
        })
    }

    pub(in crate::store) async fn decider(&self) -> Result<Box<dyn Decider>, StoreError> {
        Ok(Box::new(self.begin(&Request::Decide).await?))
    }

    pub(in crate::store) async fn replay(
        &self,
        lane: Lane,
        job: &ReplayJob,
        tail: usize,
    ) -> Result<Box<dyn Source>, StoreError> {
        let job = job.clone();
        let request = Request::Replay { lane, job, tail };
        Ok(Box::new(self.begin(&request).await?))
    }

    async fn begin(&self, request: &Request) -> Result<Line, StoreError> {
        let stream = UnixStream::connect(&self.socket).await;
        let mut line = Line {
            wire: Wire::over(stream.map_err(|error| StoreError::file(&self.socket, &error))?),
            unread: 0,
        };
        line.done(request).await?;
        Ok(line)
    }
}

/// A conversation; what it was begun for ends with it.
struct Line {
    wire: Wire,
    unread: u64,
}

impl Line {
    async fn ask(&mut self, request: &Request) -> Result<Reply, StoreError> {
        self.wire.say(request).await.map_err(gone)?;
        match self.wire.hear().await.map_err(gone)? {
            Some(Reply::Failed(why)) => Err(StoreError::Host(why)),
            Some(reply) => Ok(reply),
            None => Err(gone(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    async fn done(&mut self, request: &Request) -> Result<(), StoreError> {
        match self.ask(request).await? {
            Reply::Done => Ok(()),
            reply => Err(unexpected(&reply)),
        }
    }

    async fn commit(
        &mut self,
        raw: Vec<(Lane, Record)>,
        outputs: Vec<Output>,
    ) -> Result<(), StoreError> {
        for (lane, record) in raw {
            let part = Request::Raw(lane, record);
            self.wire.say(&part).await.map_err(gone)?;
        }
        for output in outputs {
            let part = Request::Output(output);
            self.wire.say(&part).await.map_err(gone)?;
        }
        self.done(&Request::Commit).await
    }
}

#[async_trait]
impl Decider for Line {
    async fn commit(
        &mut self,
        raw: Vec<(Lane, Record)>,
        outputs: Vec<Output>,
    ) -> Result<(), StoreError> {
        Line::commit(self, raw, outputs).await
    }
}

#[async_trait]
impl Source for Line {
    async fn next(&mut self, limits: BatchLimits) -> Result<Batch, StoreError> {
        match self.ask(&Request::Next(limits)).await? {
            Reply::Batch { batch, unread } => {
                self.unread = unread;
                Ok(batch)
            }
            reply => Err(unexpected(&reply)),
        }
    }

    async fn commit(&mut self, outputs: Vec<Output>) -> Result<(), StoreError> {
        Line::commit(self, Vec::new(), outputs).await
    }

    async fn rewind(&mut self) -> Result<(), StoreError> {
        self.done(&Request::Rewind).await
    }

    fn assigned(&self) -> usize {
        1
    }

    fn unread(&self) -> u64 {
        self.unread
    }
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn gone(error: io::Error) -> StoreError {
    StoreError::Host(format!("it has left ({error})"))
}

/// Of another version, that is.
fn unexpected(_: &Reply) -> StoreError {
    StoreError::Host("it speaks another language: use the same version of `kiln`".to_owned())
}
