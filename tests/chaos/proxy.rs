//! What lies between a sender and Kiln, and can be made to fail.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::Duration;

use kiln_tests::{read_frame, write_frame};

/// What a path does with what goes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Weather {
    /// All goes through.
    Fair,
    /// Acknowledgements are swallowed, and the connection is cut for it.
    SwallowAnswers,
    /// What the sender sends is cut off in the middle.
    CutFrames,
    /// Every piece takes 200 ms longer.
    Slow,
    /// Nobody gets through, and nobody stays.
    Parted,
}

const DELAY: Duration = Duration::from_millis(200);

/// A path to one address.
pub(crate) struct Proxy {
    address: SocketAddr,
    weather: Arc<AtomicU8>,
}

impl Proxy {
    pub(crate) fn to(target: SocketAddr) -> Proxy {
        let weather = Arc::new(AtomicU8::new(Weather::Fair as u8));
        let seen = Arc::clone(&weather);
        let address = listen(move |sender| {
            let Ok(kiln) = TcpStream::connect(target) else {
                return;
            };
            if is(&seen, Weather::Parted) {
                return;
            }
            let up = (sender.try_clone(), kiln.try_clone(), Arc::clone(&seen));
            let (Ok(from), Ok(to), weather) = up else {
                return;
            };
            thread::spawn(move || carry(from, to, &weather, Weather::CutFrames));
            carry(kiln, sender, &seen, Weather::SwallowAnswers);
        });
        Proxy { address, weather }
    }

    /// Where senders connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set(&self, weather: Weather) {
        self.weather.store(weather as u8, Ordering::Relaxed);
    }
}

/// A faulty stand-in for a listener: says yes to every message itself, before Kiln has it.
pub(crate) fn eager(target: SocketAddr) -> SocketAddr {
    listen(move |mut sender| {
        let mut kiln = TcpStream::connect(target).ok();
        while let Ok(message) = read_frame(&mut sender) {
            let text = String::from_utf8_lossy(&message).into_owned();
            let control_id = text.split('|').nth(9).unwrap_or_default();
            let answer =
                format!("MSH|^~\\&|K|H|A|H|20260301||ACK|1|P|2.5.1\rMSA|AA|{control_id}\r");
            if write_frame(&mut sender, answer.as_bytes()).is_err() {
                return;
            }
            let sent = kiln.as_mut().map(|kiln| write_frame(kiln, &message));
            if !matches!(sent, Some(Ok(()))) {
                kiln = TcpStream::connect(target).ok();
            }
        }
    })
}

fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn is(weather: &AtomicU8, wanted: Weather) -> bool {
    weather.load(Ordering::Relaxed) == wanted as u8
}

/// Carries bytes one way until either side ends or the weather does it; then both ends are closed.
fn carry(mut from: TcpStream, mut to: TcpStream, weather: &AtomicU8, harm: Weather) {
    let mut carrying = || -> io::Result<()> {
        let mut buffer = [0; 16 * 1024];
        loop {
            let length = from.read(&mut buffer)?;
            if length == 0 || is(weather, Weather::Parted) {
                return Ok(());
            }
            if is(weather, Weather::Slow) {
                thread::sleep(DELAY);
            }
            if is(weather, harm) {
                if harm == Weather::CutFrames {
                    to.write_all(&buffer[..length / 2])?;
                }
                return Ok(());
            }
            to.write_all(&buffer[..length])?;
        }
    };
    // How a connection ends is of no matter here: both sides see that it has.
    let _ = carrying();
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
