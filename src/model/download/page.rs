//! Fetching a page as text: what an index lists. Files are fetched by [`super::fetch`].

use super::error::{DownloadError, Problem};
use super::transfer::{Request, Stop, Transfer};
use super::{Patience, Source};

/// Longer pages are no lists of the files of one package.
const LONGEST_PAGE: usize = 16 << 20;

/// The text of the page at an address. Blocks; `is_cancelled` is asked at least every 0.1 s.
///
/// # Errors
/// [`DownloadError::Server`] with the reason, [`DownloadError::Cancelled`].
pub fn page(address: &str, patience: &Patience, is_cancelled: &dyn Fn() -> bool) -> Result<String, DownloadError> {
    let source = Source {
        address: address.to_owned(),
        published: address.to_owned(),
        file: String::new(),
        bytes: None,
        sha256: None,
    };
    let mut attempts = 1;
    loop {
        match read(address, patience, is_cancelled) {
            Ok(bytes) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(Stop::Cancelled) => return Err(DownloadError::Cancelled),
            Err(Stop::Failed(problem)) if attempts >= patience.attempts || !problem.may_pass(false) => {
                return Err(source.error(problem));
            }
            Err(Stop::Failed(_)) => attempts += 1,
        }
    }
}

fn read(address: &str, patience: &Patience, is_cancelled: &dyn Fn() -> bool) -> Result<Vec<u8>, Stop> {
    let request = Request { address: address.to_owned(), from: 0, validator: None };
    let (head, transfer) = Transfer::start(request, patience, is_cancelled)?;
    if head.status != 200 {
        return Err(Stop::Failed(Problem::Status(head.status)));
    }
    let mut page = Vec::new();
    while let Some(bytes) = transfer.bytes()? {
        page.extend_from_slice(&bytes);
        if page.len() > LONGEST_PAGE {
            let expected = format!("at most {LONGEST_PAGE}");
            return Err(Stop::Failed(Problem::Length { found: page.len() as u64, expected }));
        }
    }
    Ok(page)
}
