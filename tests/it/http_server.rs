//! A small HTTP server for tests: each request gets the answer that a test's function gives, whole, broken off or held up.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use std::time::Duration;

/// A request: its path, and its headers by lower-case name.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub headers: HashMap<String, String>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// An answer, and how much of its body is sent.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Close the connection after so many bytes of the body.
    pub break_after: Option<usize>,
    /// Say nothing more after so many bytes of the body.
    pub stall_after: Option<usize>,
    /// Send the body slowly: this pause after each 1000 bytes.
    pub pause: Option<Duration>,
}

impl Answer {
    pub fn of(status: u16, body: &[u8]) -> Self {
        Self { status, body: body.to_vec(), ..Self::default() }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// As a server answers that has `file` in the version `tag` and knows ranges.
pub fn ranged(request: &Request, file: &[u8], tag: &str) -> Answer {
    let first = request.header("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let is_same = request.header("if-range").is_none_or(|wanted| wanted == tag);
    match first.filter(|_| is_same) {
        Some(first) if first >= file.len() => {
            Answer::of(416, b"").with("Content-Range", &format!("bytes */{}", file.len()))
        }
        Some(first) => Answer::of(206, &file[first..])
            .with("ETag", tag)
            .with("Content-Range", &format!("bytes {first}-{}/{}", file.len() - 1, file.len())),
        None => Answer::of(200, file).with("ETag", tag),
    }
}

/// A running server. It ends with the test's process.
pub struct Server {
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `answer` gets the number of requests before, and the request.
    pub fn start(answer: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        let serve = move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                let one = move || {
                    let Some(request) = read(&stream) else { return };
                    let before = {
                        let mut seen: std::sync::MutexGuard<'_, Vec<Request>> = seen.lock().unwrap();
                        seen.push(request.clone());
                        seen.len() - 1
                    };
                    // The client may have gone; that is what some tests are about.
                    let _ = send(&stream, &answer(before, &request));
                };
                Builder::new().name("test connection".into()).spawn(one).unwrap();
            }
        };
        Builder::new().name("test server".into()).spawn(serve).unwrap();
        Self { address, requests }
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    for line in lines {
        let line = line.ok()?;
        match line.split_once(':') {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.trim().to_owned()),
            None => return Some(Request { path, headers }),
        };
    }
    None
}

fn send(mut stream: &TcpStream, answer: &Answer) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", answer.status);
    if !answer.headers.iter().any(|(name, _)| name == "Content-Length") {
        head += &format!("Content-Length: {}\r\n", answer.body.len());
    }
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    let sent = answer.break_after.or(answer.stall_after).unwrap_or(answer.body.len());
    for part in answer.body[..sent].chunks(1000) {
        stream.write_all(part)?;
        if let Some(pause) = answer.pause {
            std::thread::sleep(pause);
        }
    }
    stream.flush()?;
    if answer.stall_after.is_some() {
        std::thread::sleep(Duration::from_secs(20));
    }
    Ok(())
}
