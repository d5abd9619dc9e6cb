//! Which of several operators works: the one that holds the Lease.
//!
//! ```text
//!  waiting ──the Lease is free, or was not renewed for its duration──▶ leading ──not renewed in time, or stopped──▶ done
//! ```
//!
//! How long a Lease was not renewed is measured by this process's own clock from when it saw the last change, so that clocks
//! that differ do no harm. Nothing rests on there being only one leader at any time: a pass by two operators ends in the
//! same state.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client, ResourceExt as _};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Error, MANAGER};

/// The times of an election.
#[derive(Clone, Copy, Debug)]
pub struct LeaseTimes {
    /// After so long without renewal another may take the Lease.
    pub duration: Duration,
    /// A leader that could not renew for so long steps back; shorter than `duration`.
    pub renew_within: Duration,
    /// How often it is renewed, or looked at.
    pub every: Duration,
}

impl Default for LeaseTimes {
    fn default() -> LeaseTimes {
        LeaseTimes {
            duration: Duration::from_secs(15),
            renew_within: Duration::from_secs(10),
            every: Duration::from_secs(2),
        }
    }
}

/// One candidate for a Lease.
pub struct Election {
    api: Api<Lease>,
    name: String,
    identity: String,
    times: LeaseTimes,
    /// The Lease as last seen: its version, and when that was first seen.
    seen: Option<(String, Instant)>,
}

impl Election {
    /// A candidate of that identity, unique among its like.
    pub fn new(
        client: Client,
        namespace: &str,
        name: &str,
        identity: &str,
        times: LeaseTimes,
    ) -> Election {
        Election {
            api: Api::namespaced(client, namespace),
            name: name.to_owned(),
            identity: identity.to_owned(),
            times,
            seen: None,
        }
    }

    /// Waits until this candidate leads; false: it was stopped before.
    pub async fn lead(&mut self, stop: &CancellationToken) -> bool {
        loop {
            match self.attempt().await {
                Ok(true) => return true,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the Lease cannot be taken; trying again"),
            }
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep(self.times.every) => {}
            }
        }
    }

    /// Renews until it cannot in time, or until `stop`; then the Lease is given free.
    pub async fn renew(&mut self, stop: &CancellationToken) {
        let mut renewed = Instant::now();
        loop {
            tokio::select! {
                () = stop.cancelled() => {
                    if let Err(error) = self.release().await {
                        tracing::warn!(%error, "the Lease cannot be given free; it runs out by itself");
                    }
                    return;
                }
                () = tokio::time::sleep(self.times.every) => {}
            }
            match tokio::time::timeout(self.times.renew_within, self.attempt()).await {
                Ok(Ok(true)) => renewed = Instant::now(),
                Ok(Ok(false)) => {
                    tracing::warn!("another operator took the Lease");
                    return;
                }
                Ok(Err(error)) => tracing::warn!(%error, "the Lease cannot be renewed"),
                Err(_) => {
                    tracing::warn!("the API server does not answer; the Lease cannot be renewed");
                }
            }
            if renewed.elapsed() >= self.times.renew_within {
                return;
            }
        }
    }

    /// Takes or renews the Lease if it may be; false: another holds it.
    async fn attempt(&mut self) -> Result<bool, Error> {
        let found = self
            .api
            .get_opt(&self.name)
            .await
            .map_err(|source| Error::api("read the Lease", source))?;
        let Some(mut lease) = found else {
            return self.create().await;
        };
        let version = lease.resource_version().unwrap_or_default();
        let since = match &self.seen {
            Some((known, since)) if *known == version => *since,
            _ => Instant::now(),
        };
        self.seen = Some((version, since));
        let spec = lease.spec.get_or_insert_with(LeaseSpec::default);
        let holder = spec.holder_identity.clone().unwrap_or_default();
        let free = holder.is_empty() || since.elapsed() >= self.times.duration;
        if holder != self.identity && !free {
            return Ok(false);
        }
        let now = MicroTime(Timestamp::now());
        if holder != self.identity {
            spec.holder_identity = Some(self.identity.clone());
            spec.acquire_time = Some(now.clone());
            spec.lease_transitions = Some(spec.lease_transitions.unwrap_or(0) + 1);
        }
        spec.lease_duration_seconds = Some(seconds(self.times.duration));
        spec.renew_time = Some(now);
        // With the version that was read: of two that try at once one is refused.
        self.written(self.api.replace(&self.name, &parameters(), &lease).await)
    }

    async fn create(&mut self) -> Result<bool, Error> {
        let now = MicroTime(Timestamp::now());
        let lease = Lease {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                ..ObjectMeta::default()
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                acquire_time: Some(now.clone()),
                renew_time: Some(now),
                lease_duration_seconds: Some(seconds(self.times.duration)),
                ..LeaseSpec::default()
            }),
        };
        self.written(self.api.create(&parameters(), &lease).await)
    }

    fn written(&mut self, result: Result<Lease, kube::Error>) -> Result<bool, Error> {
        match result {
            Ok(lease) => {
                let version = lease.resource_version().unwrap_or_default();
                self.seen = Some((version, Instant::now()));
                Ok(true)
            }
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(source) => Err(Error::api("write the Lease", source)),
        }
    }

    /// Lets the next candidate lead at once.
    async fn release(&mut self) -> Result<(), Error> {
        let found = self
            .api
            .get_opt(&self.name)
            .await
            .map_err(|source| Error::api("read the Lease", source))?;
        let Some(mut lease) = found else {
            return Ok(());
        };
        match &mut lease.spec {
            Some(spec) if spec.holder_identity.as_deref() == Some(&self.identity) => {
                spec.holder_identity = None;
            }
            _ => return Ok(()),
        }
        let written = self.api.replace(&self.name, &parameters(), &lease).await;
        self.written(written).map(|_| ())
    }
}

fn parameters() -> PostParams {
    PostParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PostParams::default()
    }
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}
