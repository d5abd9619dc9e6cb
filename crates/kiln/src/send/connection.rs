//! One connection: sends its messages in order, each again until it is answered.

use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kiln_hl7::{Index, MllpCodec, MllpEvent};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::client::TlsStream;
use tokio_util::codec::{Decoder as _, Encoder as _};
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

use super::acknowledgment::Answer;
use super::feed::Outgoing;
use super::outcome::{End, Outcome};
use super::tls::Tls;

/// No acknowledgment is larger.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// How to send.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) to: String,
    /// None: in the clear.
    pub(crate) tls: Option<Tls>,
    pub(crate) connections: NonZeroUsize,
    pub(crate) rate: Option<f64>,
    pub(crate) retries: u32,
    pub(crate) timeout: Duration,
}

/// A socket and what was read of it beyond the last answer.
struct Link {
    socket: Either<TcpStream, TlsStream<TcpStream>>,
    codec: MllpCodec,
    read: BytesMut,
}

/// Sends `messages` (with their place among all) until done, stopped, or one gets no answer.
pub(crate) async fn run(
    number: usize,
    settings: Settings,
    messages: Vec<(usize, Outgoing)>,
    started: Instant,
    outcomes: mpsc::Sender<Outcome>,
    stop: CancellationToken,
) {
    let mut link = None;
    let mut index = Index::new();
    for (place, message) in messages {
        if let Some(rate) = settings.rate {
            #[allow(clippy::cast_precision_loss)] // a place beyond 2^52 is not reached
            let due = started + Duration::from_secs_f64(place as f64 / rate);
            tokio::select! { () = sleep_until(due) => {}, () = stop.cancelled() => return }
        }
        if stop.is_cancelled() {
            return;
        }
        let Some((attempts, end)) =
            until_answered(&settings, &message, &mut link, &mut index, &stop).await
        else {
            return;
        };
        let answered = matches!(end, End::Answered { .. });
        let Outgoing {
            control_id,
            message_type,
            ..
        } = message;
        let outcome = Outcome {
            place,
            control_id,
            message_type,
            connection: number,
            attempts,
            end,
        };
        if outcomes.send(outcome).await.is_err() || !answered {
            return;
        }
    }
}

/// `None` when stopped between two attempts.
async fn until_answered(
    settings: &Settings,
    message: &Outgoing,
    link: &mut Option<Link>,
    index: &mut Index,
    stop: &CancellationToken,
) -> Option<(u32, End)> {
    let mut backoff = FIRST_BACKOFF;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let error = match attempt_once(settings, message, link, index).await {
            Ok(end) => return Some((attempt, end)),
            Err(error) => error,
        };
        *link = None;
        if attempt > settings.retries {
            return Some((attempt, End::Unanswered { error }));
        }
        tokio::select! { () = sleep(backoff) => {}, () = stop.cancelled() => return None }
        backoff = (backoff * 2).min(LONGEST_BACKOFF);
    }
}

async fn attempt_once(
    settings: &Settings,
    message: &Outgoing,
    link: &mut Option<Link>,
    index: &mut Index,
) -> Result<End, String> {
    let limit = settings.timeout;
    let link = if let Some(link) = link {
        link
    } else {
        let socket = timeout(limit, connect(settings))
            .await
            .map_err(|_| format!("no connection to {} within {limit:?}", settings.to))??;
        link.insert(Link {
            socket,
            codec: MllpCodec::new(MAX_ANSWER_BYTES),
            read: BytesMut::new(),
        })
    };
    let sent = Instant::now();
    let answer = timeout(limit, link.exchange(&message.bytes))
        .await
        .map_err(|_| format!("no acknowledgment within {limit:?}"))??;
    let latency = sent.elapsed();
    let answer = Answer::read(&answer, index).ok_or("the answer is no acknowledgment")?;
    // A receiver that could not read MSH-10 answers without one.
    if !answer.control_id.is_empty() && answer.control_id != message.control_id {
        return Err("the acknowledgment is for another message".to_owned());
    }
    Ok(End::Answered { answer, latency })
}

async fn connect(settings: &Settings) -> Result<Either<TcpStream, TlsStream<TcpStream>>, String> {
    let cannot = |error| format!("cannot connect to {}: {error}", settings.to);
    let socket = TcpStream::connect(&settings.to).await.map_err(cannot)?;
    socket.set_nodelay(true).map_err(cannot)?;
    match &settings.tls {
        None => Ok(Either::Left(socket)),
        Some(tls) => {
            let within = tls.connect(socket).await;
            within
                .map(Either::Right)
                .map_err(|error| format!("no TLS with {}: {error}", settings.to))
        }
    }
}

impl Link {
    async fn exchange(&mut self, message: &Bytes) -> Result<Bytes, String> {
        let mut frame = BytesMut::with_capacity(message.len() + 3);
        self.codec
            .encode(message.clone(), &mut frame)
            .map_err(|error| error.to_string())?;
        self.socket
            .write_all(&frame)
            .await
            .map_err(|error| format!("the connection broke while sending: {error}"))?;
        // TLS may hold a part back until it is asked.
        self.socket
            .flush()
            .await
            .map_err(|error| format!("the connection broke while sending: {error}"))?;
        loop {
            match self
                .codec
                .decode(&mut self.read)
                .map_err(|error| error.to_string())?
            {
                Some(MllpEvent::Frame(answer)) => return Ok(answer),
                Some(MllpEvent::Garbage { .. }) => continue,
                Some(_) => return Err("the answer is cut short or too long".to_owned()),
                None => {}
            }
            match self.socket.read_buf(&mut self.read).await {
                Ok(0) => {
                    return Err("the connection was closed before the acknowledgment".to_owned());
                }
                Ok(_) => {}
                Err(error) => {
                    return Err(format!(
                        "the connection broke before the acknowledgment: {error}"
                    ));
                }
            }
        }
    }
}
