//! A collector of traces: OTLP over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Starts one on a free loopback port, for as long as this program runs. It hands the bodies of requests to `take`, and says that
/// all is well.
pub fn collector(take: impl Fn(Vec<u8>) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let take = Arc::new(take);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let take = Arc::clone(&take);
            thread::spawn(move || collect(stream, &*take));
        }
    });
    address
}

/// The requests of one connection, one after the other.
fn collect(stream: TcpStream, take: &(impl Fn(Vec<u8>) + ?Sized)) -> Option<()> {
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
        take(body);
        answers
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .ok()?;
    }
}
