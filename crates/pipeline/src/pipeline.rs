//! A pipeline as one thing: started whole, stopped in order.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use kiln_fhir::Mapper;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::audit::{Deed, Event, Journal, JournalMetrics};
use crate::config::{Config, Lane, ListenerConfig, StoreConfig};
use crate::failure::{RunError, StartError};
use crate::http::{self, Health, HttpMetrics};
use crate::listen::{
    self, BoundListener, Connections, ListenMetrics, ListenerMetrics, ListenerRoom, Listening,
    Room, Shared, Tls, TlsMetrics, TlsWatch,
};
use crate::mapping::{self, Mapping, MappingMetrics, Overlay};
use crate::metrics::{Described, Metrics};
use crate::progress::Progress;
use crate::record::header;
use crate::spans::{SpanMetrics, Tracer};
use crate::store::{self, Store, StoreError};
use crate::tally::Tally;
use crate::topics::{self, Standing, TopicsMetrics};
use crate::transform::{self, LaneMetrics, Transform, TransformMetrics};
use crate::vault::{self, KeysError, Vault, VaultMetrics};
use crate::workings::Workings;

/// The path of a message, ready to start.
pub struct Pipeline;

/// A pipeline that runs. Dropping it stops it without waiting.
pub struct RunningPipeline {
    listeners: Vec<BoundListener>,
    http_address: Option<SocketAddr>,
    metrics: Metrics,
    progress: Arc<Progress>,
    mapping: Mapping,
    journal: Journal,
    shutdown_within: Duration,
    /// Ends accepting, and asks connections to leave.
    connections: Arc<Connections>,
    /// Stops the rest, once what was in hand is acknowledged.
    stop: CancellationToken,
    listening: JoinSet<()>,
    others: JoinSet<()>,
}

impl Pipeline {
    /// Checks the files of TLS that the listeners name, as a start would.
    ///
    /// # Errors
    /// The first listener with a file that is wrong.
    pub fn check_tls(config: &Config) -> Result<(), StartError> {
        for listener in &config.listeners {
            if let Some(paths) = &listener.tls {
                listen::check_tls(paths).map_err(|source| StartError::Tls {
                    listener: listener.name.clone(),
                    source,
                })?;
            }
        }
        Ok(())
    }

    /// Checks the file of keys that the configuration names, as a start would.
    ///
    /// # Errors
    /// When there is one and it is wrong.
    pub fn check_keys(config: &Config) -> Result<(), KeysError> {
        config.key_file.as_deref().map_or(Ok(()), Vault::check)
    }

    /// Opens the store, binds every address, and starts the roles that the configuration names.
    pub async fn start(config: Config, mapper: Arc<Mapper>) -> Result<RunningPipeline, StartError> {
        Pipeline::start_with(config, mapper, |_| Router::new()).await
    }

    /// As [`Pipeline::start`], with further pages on the HTTP address, if there is one.
    pub async fn start_with(
        config: Config,
        mapper: Arc<Mapper>,
        pages: impl FnOnce(Workings) -> Router + Send,
    ) -> Result<RunningPipeline, StartError> {
        let config = Arc::new(config);
        let metrics = Metrics::default();
        metrics.process()?;
        let default_offset = config.time_zone();
        let base = mapper;
        let (mapper, watched) = match &config.overlay {
            None => (Arc::clone(&base), None),
            Some(directory) => {
                let overlay = Overlay::read(directory)?;
                let mapper = overlay.over(&base, directory)?;
                (Arc::new(mapper), Some((directory.clone(), overlay)))
            }
        };
        let (in_force, mapping) = Mapping::new(mapper);
        let progress = Arc::new(Progress::default());
        // Addresses first: that one is taken shows before a store is touched.
        let mut bound = Vec::new();
        if config.roles.listen {
            let tls_metrics = TlsMetrics::new(&metrics)?;
            for listener in &config.listeners {
                let listening =
                    listen::bind(listener)
                        .await
                        .map_err(|source| StartError::Bind {
                            what: format!("listener {}", listener.name),
                            address: listener.address,
                            source,
                        })?;
                let tls = open_tls(listener, &tls_metrics)?;
                bound.push((listener.clone(), listening, tls));
            }
        }
        let http = match config.http {
            None => None,
            Some(address) => {
                Some(
                    TcpListener::bind(address)
                        .await
                        .map_err(|source| StartError::Bind {
                            what: "http".to_owned(),
                            address,
                            source,
                        })?,
                )
            }
        };
        let vault = Vault::open(&config)?;
        let store = store::open_with(&config, vault.clone()).await?;
        let lanes = lanes(&config, &store).await?;
        let host = store::host(&config);
        let (tracer, export) = Tracer::new(&config, SpanMetrics::new(&metrics)?)?;
        let (journal, scribe) = Journal::new(&config.instance, JournalMetrics::new(&metrics)?);
        tell(&journal, Deed::Start, mapping.mapper().version());
        let mut running = RunningPipeline {
            listeners: bound
                .iter()
                .map(|(_, listening, _)| listening.bound.clone())
                .collect(),
            http_address: http.as_ref().and_then(|socket| socket.local_addr().ok()),
            metrics: metrics.clone(),
            progress: Arc::clone(&progress),
            mapping: mapping.clone(),
            journal: journal.clone(),
            shutdown_within: config.limits.shutdown,
            connections: Arc::default(),
            stop: CancellationToken::new(),
            listening: JoinSet::new(),
            others: JoinSet::new(),
        };
        let writing = scribe.run(Arc::clone(&store), running.stop.clone());
        running.others.spawn(writing);
        if let Some(export) = export {
            running.others.spawn(export.run(running.stop.clone()));
        }
        let mut health = Health {
            store: Arc::clone(&store),
            connections: config
                .roles
                .listen
                .then(|| Arc::clone(&running.connections)),
            drain_within: config.limits.shutdown,
            transforming: None,
            mapping: mapping.clone(),
            topics: None,
            metrics: metrics.clone(),
        };
        let topics_metrics = TopicsMetrics::new(&metrics)?;
        if let StoreConfig::Kafka(_) = &config.store {
            let (found, standing) = Standing::new();
            health.topics = Some(standing);
            running.others.spawn(topics::watch(
                Arc::clone(&config),
                found,
                topics_metrics,
                running.stop.clone(),
            ));
        }
        if let Some(host) = host {
            let guests = metrics.gauge(
                "kiln_store_commands",
                "Commands that work through this process, since it has the embedded store.",
            )?;
            let serving = host.run(Arc::clone(&store), guests, running.stop.clone());
            running.others.spawn(serving);
        }
        if let Some(file) = &config.key_file {
            let metrics = VaultMetrics::new(&metrics)?;
            let renewing = vault::renew(vault, file.clone(), metrics, running.stop.clone());
            running.others.spawn(renewing);
        }
        if let Some((directory, overlay)) = watched {
            running.others.spawn(mapping::watch(
                base,
                directory,
                overlay,
                in_force,
                MappingMetrics::new(&metrics)?,
                journal.clone(),
                running.stop.clone(),
            ));
        }
        if config.roles.transform {
            let of_all = Arc::new(TransformMetrics::new(&metrics)?);
            for (lane, store) in &lanes {
                let transform = Transform {
                    mapping: mapping.clone(),
                    layout: config.layout,
                    default_offset,
                    limits: config.limits,
                    lane: *lane,
                    log: config.store.log(&config.name, *lane),
                    metrics: LaneMetrics::new(&of_all, *lane),
                    progress: Arc::clone(&progress),
                    tracer: tracer.clone(),
                    journal: journal.clone(),
                    ready: Arc::default(),
                };
                if *lane == Lane::Interactive {
                    // What ails a load must not take away who serves the others.
                    health.transforming = Some(Arc::clone(&transform.ready));
                }
                let source = store.source(config.limits.dedupe_messages).await?;
                running
                    .others
                    .spawn(transform::run(transform, source, running.stop.clone()));
            }
        }
        if config.roles.listen {
            let limits = &config.limits;
            let of_all = Arc::new(ListenMetrics::new(&metrics)?);
            let rooms: BTreeMap<Lane, Arc<Room>> = lanes
                .keys()
                .map(|lane| (*lane, Arc::new(Room::of(limits))))
                .collect();
            for (listener, listening, tls) in bound {
                let (Some(store), Some(room)) =
                    (lanes.get(&listener.lane), rooms.get(&listener.lane))
                else {
                    continue;
                };
                let tls = tls.map(|(tls, watch)| {
                    running.others.spawn(watch.run(running.stop.clone()));
                    tls
                });
                let shared = Shared {
                    metrics: Arc::new(ListenerMetrics::new(&of_all, &listener)),
                    in_flight: ListenerRoom::of(&listener),
                    listener,
                    tls,
                    room: Arc::clone(room),
                    connections: Arc::clone(&running.connections),
                    drain: limits.drain,
                    tracer: tracer.clone(),
                    lookback: limits.dedupe_messages,
                    store: Arc::clone(store),
                    mapping: mapping.clone(),
                    default_offset,
                    progress: Arc::clone(&progress),
                };
                running.spawn_listener(listening, shared);
            }
        }
        if let Some(socket) = http {
            let pages = pages(Workings {
                config: Arc::clone(&config),
                listeners: running.listeners.clone().into(),
                mapping: mapping.clone(),
                store: Arc::clone(&store),
                registry: metrics.registry().clone(),
                stop: running.stop.clone(),
            });
            running.others.spawn(http::serve(
                socket,
                health,
                pages,
                HttpMetrics::new(&metrics)?,
                running.stop.clone(),
            ));
        }
        Ok(running)
    }
}

impl Drop for RunningPipeline {
    fn drop(&mut self) {
        self.connections.drain();
        self.stop.cancel();
    }
}

fn tell(journal: &Journal, deed: Deed, maps: &str) {
    let mut event = Event::new(deed, jiff::Timestamp::now(), journal.instance());
    let version = env!("CARGO_PKG_VERSION");
    event.details = vec![("version", version), (header::MAPPING, maps)];
    journal.tell(&event);
}

fn open_tls(
    listener: &ListenerConfig,
    metrics: &TlsMetrics,
) -> Result<Option<(Tls, TlsWatch)>, StartError> {
    let Some(paths) = &listener.tls else {
        return Ok(None);
    };
    let opened =
        Tls::open(&listener.name, paths, metrics.clone()).map_err(|source| StartError::Tls {
            listener: listener.name.clone(),
            source,
        })?;
    Ok(Some(opened))
}

/// The store by lane. That of bulk loads is there when a listener needs it, or when something may be left in it.
async fn lanes(
    config: &Config,
    store: &Arc<dyn Store>,
) -> Result<BTreeMap<Lane, Arc<dyn Store>>, StoreError> {
    let needed = config
        .listeners
        .iter()
        .any(|listener| listener.lane == Lane::Bulk);
    let bulk = store.bulk(needed).await?;
    let mut lanes = BTreeMap::from([(Lane::Interactive, Arc::clone(store))]);
    lanes.extend(bulk.map(|store| (Lane::Bulk, store)));
    Ok(lanes)
}

impl RunningPipeline {
    fn spawn_listener(&mut self, listening: Listening, shared: Shared) {
        self.listening.spawn(listening.run(Arc::new(shared)));
    }

    /// The listeners, with the ports that were chosen.
    pub fn listeners(&self) -> &[BoundListener] {
        &self.listeners
    }

    /// Where health and metrics are served.
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.http_address
    }

    /// Waits until everything that this process acknowledged so far is transformed and committed; false when that took
    /// longer than `within`. Needs the `transform` role in this process and all partitions of its messages.
    pub async fn caught_up(&self, within: Duration) -> bool {
        tokio::time::timeout(within, self.progress.caught_up())
            .await
            .is_ok()
    }

    /// The maps in force.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// Counts since the start.
    pub fn tally(&self) -> Tally {
        Tally::of(self.metrics.registry())
    }

    /// What `/metrics` says.
    pub fn metrics_text(&self) -> String {
        self.metrics.text()
    }

    /// Every metric, whether or not it has a value yet.
    pub fn described_metrics(&self) -> Vec<Described> {
        self.metrics.described()
    }

    /// Resolves only when a part of the pipeline ended by itself.
    pub async fn failed(&mut self) -> RunError {
        loop {
            tokio::select! {
                // After a drain listening has ended as it was asked to.
                Some(_) = self.listening.join_next() => {
                    if !self.connections.draining().is_cancelled() {
                        return RunError::Ended;
                    }
                }
                Some(_) = self.others.join_next() => return RunError::Ended,
                else => return RunError::Ended,
            }
        }
    }

    /// Stops accepting, and asks connections to leave between messages, as `POST /drain` does. What was acknowledged is
    /// transformed as before.
    pub fn drain(&self) {
        self.connections.drain();
    }

    /// Asks the `count` oldest connections to leave between messages, as `POST /shed` does; how many were asked.
    pub fn shed(&self, count: usize) -> usize {
        self.connections.shed(count)
    }

    /// Drains, commits, leaves; within `limits.shutdownSeconds`.
    pub async fn shutdown(mut self) -> Result<(), RunError> {
        let within = self.shutdown_within;
        let finished = tokio::time::timeout(within, async {
            self.connections.drain();
            while self.listening.join_next().await.is_some() {}
            let maps = self.mapping.mapper();
            tell(&self.journal, Deed::Stop, maps.version());
            self.stop.cancel();
            while self.others.join_next().await.is_some() {}
        });
        finished.await.map_err(|_| RunError::Late { within })
    }
}
