//! Who watches Kiln at work: somebody with the console open.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

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
