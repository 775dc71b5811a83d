//! One request and its answer, on a thread of its own: a name that is looked up, a handshake or a silent server can hold a request up for as
//! long as the system likes, and whoever waits here must be able to stop at once.
//!
//! Knows HTTP, no files and no attempts.

use super::Patience;
use super::error::Problem;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};
use ureq::http::{HeaderMap, Response, header};
use ureq::{Agent, Body, Error};

const PIECE_BYTES: usize = 1 << 16;
/// Pieces that wait to be written: half a megabyte.
const PIECES_WAITING: usize = 8;
const GLANCE: Duration = Duration::from_millis(40);
const MOST_REDIRECTS: u32 = 8;

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub address: String,
    /// The first byte that is wanted.
    pub from: u64,
    /// Only if the file is still this version; else all of it.
    pub validator: Option<String>,
}

/// What the answer says before the bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub status: u16,
    /// Bytes that this answer brings.
    pub length: Option<u64>,
    /// First byte of a partial answer.
    pub first: Option<u64>,
    /// Bytes of the whole file, as a partial answer or a refused range says.
    pub total: Option<u64>,
    /// A name of this version of the file that a later request can hold it against.
    pub validator: Option<String>,
    /// The kind of page, if the answer is one.
    pub page: Option<String>,
}

#[derive(Debug)]
enum Piece {
    Head(Head),
    Bytes(Vec<u8>),
    End,
}

/// Why no more comes.
#[derive(Debug)]
pub(super) enum Stop {
    Cancelled,
    Failed(Problem),
}

/// An answer that is coming in. Dropping it ends the request.
pub(super) struct Transfer<'a> {
    pieces: Receiver<Result<Piece, Problem>>,
    silence: Duration,
    is_cancelled: &'a dyn Fn() -> bool,
}

impl<'a> Transfer<'a> {
    /// Sends the request and waits for the head of its answer.
    pub fn start(
        request: Request,
        patience: &Patience,
        is_cancelled: &'a dyn Fn() -> bool,
    ) -> Result<(Head, Self), Stop> {
        let (sender, pieces) = bounded(PIECES_WAITING);
        let silence = patience.silence;
        let agent = agent(&request.address, silence);
        std::thread::Builder::new()
            .name("download".to_owned())
            .spawn(move || run(&agent, &request, &sender))
            .map_err(|error| Stop::Failed(Problem::Unreachable(error.to_string())))?;
        let transfer = Self { pieces, silence, is_cancelled };
        match transfer.next()? {
            Piece::Head(head) => Ok((head, transfer)),
            Piece::Bytes(_) | Piece::End => Err(Stop::Failed(Problem::Content { found: "no HTTP".to_owned() })),
        }
    }

    /// The next bytes; none at the end of the answer.
    pub fn bytes(&self) -> Result<Option<Vec<u8>>, Stop> {
        match self.next()? {
            Piece::Bytes(bytes) => Ok(Some(bytes)),
            Piece::Head(_) | Piece::End => Ok(None),
        }
    }

    fn next(&self) -> Result<Piece, Stop> {
        let start = Instant::now();
        loop {
            if (self.is_cancelled)() {
                return Err(Stop::Cancelled);
            }
            match self.pieces.recv_timeout(GLANCE) {
                Ok(piece) => return piece.map_err(Stop::Failed),
                Err(RecvTimeoutError::Timeout) if start.elapsed() < self.silence => {}
                Err(RecvTimeoutError::Timeout) => return Err(Stop::Failed(stalled(self.silence))),
                Err(RecvTimeoutError::Disconnected) => {
                    let reason = "the thread of the download ended".to_owned();
                    return Err(Stop::Failed(Problem::Dropped { received: 0, reason }));
                }
            }
        }
    }
}

fn stalled(silence: Duration) -> Problem {
    Problem::Stalled { secs: silence.as_secs_f64().ceil() as u64 }
}

fn agent(address: &str, silence: Duration) -> Agent {
    // Longer than the caller waits, so that it is the caller who says that nothing came.
    let silence = silence + Duration::from_secs(1);
    // A way that begins encrypted must not be led to one that is not.
    let config = Agent::config_builder()
        .https_only(address.starts_with("https://"))
        .http_status_as_error(false)
        .max_redirects(MOST_REDIRECTS)
        .user_agent(concat!("earmark/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .timeout_connect(Some(silence))
        .timeout_recv_response(Some(silence))
        .timeout_per_read(Some(silence))
        .timeout_per_write(Some(silence));
    let config = if is_this_machine(address) { config.proxy(None) } else { config };
    config.build().new_agent()
}

/// Whether the address is on this machine, where no proxy leads to.
fn is_this_machine(address: &str) -> bool {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|name| host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])))
}

/// The thread's work. A receiver that has gone wants nothing more.
fn run(agent: &Agent, request: &Request, sender: &Sender<Result<Piece, Problem>>) {
    let mut call = agent.get(&request.address);
    if request.from > 0 {
        call = call.header(header::RANGE, format!("bytes={}-", request.from));
        if let Some(validator) = &request.validator {
            call = call.header(header::IF_RANGE, validator);
        }
    }
    let answer = match call.call() {
        Ok(answer) => answer,
        Err(error) => return drop(sender.send(Err(problem_of(&error)))),
    };
    if sender.send(Ok(Piece::Head(head_of(&answer)))).is_err() {
        return;
    }
    let mut reader = answer.into_body().into_reader();
    loop {
        let mut bytes = vec![0; PIECE_BYTES];
        let piece = match reader.read(&mut bytes) {
            Ok(0) => Ok(Piece::End),
            Ok(count) => {
                bytes.truncate(count);
                Ok(Piece::Bytes(bytes))
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(Problem::Dropped { received: 0, reason: error.to_string() }),
        };
        let is_last = !matches!(piece, Ok(Piece::Bytes(_)));
        if sender.send(piece).is_err() || is_last {
            return;
        }
    }
}

fn problem_of(error: &Error) -> Problem {
    let dropped = |reason: String| Problem::Dropped { received: 0, reason };
    match error {
        Error::HostNotFound => Problem::Unreachable("its host is not found".to_owned()),
        Error::Timeout(_) => dropped("no answer in time".to_owned()),
        Error::TooManyRedirects => Problem::Content { found: "one redirection after another".to_owned() },
        Error::RequireHttpsOnly(to) => {
            Problem::Content { found: format!("a redirection to {to}, which is not encrypted,") }
        }
        Error::Io(io) => match io.kind() {
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof
            | ErrorKind::Interrupted
            | ErrorKind::TimedOut
            | ErrorKind::WouldBlock => dropped(io.to_string()),
            // A name that is not found comes without a kind.
            _ => Problem::Unreachable(io.to_string()),
        },
        Error::Protocol(_) | Error::BodyStalled => dropped(error.to_string()),
        _ => Problem::Unreachable(error.to_string()),
    }
}

fn head_of(answer: &Response<Body>) -> Head {
    let headers = answer.headers();
    let (first, total) = text_of(headers, header::CONTENT_RANGE).map_or((None, None), content_range);
    let kind = text_of(headers, header::CONTENT_TYPE).unwrap_or_default().trim().to_lowercase();
    Head {
        status: answer.status().as_u16(),
        length: text_of(headers, header::CONTENT_LENGTH).and_then(|text| text.trim().parse().ok()),
        first,
        total,
        validator: validator_of(headers),
        page: (kind.starts_with("text/html") || kind.starts_with("application/xhtml")).then(|| "a web page".to_owned()),
    }
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// A strong entity tag, or else the time of the last change.
fn validator_of(headers: &HeaderMap) -> Option<String> {
    let tag = text_of(headers, header::ETAG).filter(|tag| tag.starts_with('"'));
    tag.or_else(|| text_of(headers, header::LAST_MODIFIED)).map(str::to_owned)
}

/// First byte and length of the whole: of `bytes 5-9/10`, `bytes 5-9/*` and `bytes */10`.
fn content_range(text: &str) -> (Option<u64>, Option<u64>) {
    let Some((range, total)) = text.trim().strip_prefix("bytes ").and_then(|rest| rest.split_once('/')) else {
        return (None, None);
    };
    (range.split('-').next().and_then(|first| first.trim().parse().ok()), total.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!(content_range("bytes 5-9/10"), (Some(5), Some(10)));
        assert_eq!(content_range("bytes 5-9/*"), (Some(5), None));
        assert_eq!(content_range("bytes */10"), (None, Some(10)));
        for nonsense in ["", "bytes", "bytes 5-9", "pages 1-2/3", "bytes -1-2/x", "bytes 99999999999999999999-1/-3"] {
            assert_eq!(content_range(nonsense), (None, None), "{nonsense}");
        }
    }

    #[test]
    fn only_connections_that_were_there_can_break() {
        let problem = |kind: ErrorKind| problem_of(&Error::Io(kind.into()));
        for kind in [ErrorKind::ConnectionReset, ErrorKind::UnexpectedEof, ErrorKind::BrokenPipe] {
            assert!(matches!(problem(kind), Problem::Dropped { .. }), "{kind}");
        }
        for kind in [ErrorKind::ConnectionRefused, ErrorKind::NetworkUnreachable, ErrorKind::Other] {
            assert!(matches!(problem(kind), Problem::Unreachable(_)), "{kind}");
        }
        let lookup = std::io::Error::other("failed to lookup address information");
        assert!(!problem_of(&Error::Io(lookup)).may_pass(false));
    }

    #[test]
    fn only_strong_tags_name_a_version() {
        let headers = |pairs: &[(header::HeaderName, &str)]| {
            pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect::<HeaderMap>()
        };
        let (tag, changed) = (header::ETAG, header::LAST_MODIFIED);
        assert_eq!(validator_of(&headers(&[(tag.clone(), "\"a\""), (changed.clone(), "x")])).unwrap(), "\"a\"");
        assert_eq!(validator_of(&headers(&[(tag.clone(), "W/\"a\""), (changed, "x")])).unwrap(), "x");
        assert_eq!(validator_of(&headers(&[(tag, "W/\"a\"")])), None);
    }

    #[test]
    fn no_proxy_leads_to_this_machine() {
        assert!(is_this_machine("http://127.0.0.1:80/a") && is_this_machine("http://localhost"));
        assert!(!is_this_machine("https://localhost.example/a") && !is_this_machine("https://example.org/127.0.0.1"));
    }
}
