//! Who watches Kiln at work: somebody with the console open, and a collector of traces.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// A collector that takes spans (OTLP over HTTP) and does nothing with them, for as long as this program runs.
pub(crate) fn collector() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || collect(stream));
        }
    });
    address
}

/// The requests of one connection, one after the other.
fn collect(stream: TcpStream) -> Option<()> {
    let mut requests = BufReader::new(stream.try_clone().ok()?);
    let mut answers = stream;
    loop {
        let (mut length, mut line) = (0, String::new());
        while requests.read_line(&mut line).ok()? > "\r\n".len() {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
            line.clear();
        }
        if line.is_empty() {
            return None;
        }
        let mut body = vec![0; length];
        requests.read_exact(&mut body).ok()?;
        answers
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .ok()?;
    }
}

/// Has the page Flow of the console at `address` open, until the other side closes: what follows by itself is read all the time.
pub(crate) fn open_console(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).expect("the console takes connections");
    write!(
        stream,
        "GET /flow/stream HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n"
    )
    .expect("the console takes a request");
    let mut status = String::new();
    let mut events = BufReader::new(stream);
    events.read_line(&mut status).expect("the console answers");
    assert!(status.contains(" 200 "), "the console answered {status}");
    thread::spawn(move || std::io::copy(&mut events, &mut std::io::sink()));
}
