//! Where a package index has a wheel: its page of the package is asked for, as the simple repository API (PEP 503) has it.

use super::GpuSupportError;
use crate::model::download::{self, Patience, Source};
use crate::runtime_library::wheels::Release;

/// The environment variable with the address of a package index that goes before all others, such as `https://host/simple`.
pub const INDEX_VARIABLE: &str = "EARMARK_PACKAGE_INDEX";

/// Variables by which installers of Python packages are told an index.
const INSTALLERS_VARIABLES: [&str; 3] = ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"];

/// The index that is there for programs that were built with one: the same variable, when the program was built.
const BUILT_IN: Option<&str> = option_env!("EARMARK_PACKAGE_INDEX");

/// The index that is named: by [`INDEX_VARIABLE`], by those of installers, or when the program was built. Addresses with a password are left to
/// the installers, so that none is ever shown.
pub(super) fn named() -> Result<Option<String>, GpuSupportError> {
    let value = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(found) = value(INDEX_VARIABLE) {
        return if is_web(&found) { Ok(Some(found)) } else { Err(GpuSupportError::Index { found }) };
    }
    let named = INSTALLERS_VARIABLES.iter().filter_map(|name| value(name)).find(|address| is_web(address));
    Ok(named.or_else(|| BUILT_IN.filter(|address| is_web(address)).map(str::to_owned)))
}

fn is_web(address: &str) -> bool {
    (address.starts_with("https://") || address.starts_with("http://")) && !address.contains('@')
}

/// Where the wheel of a release is, by the index.
pub(super) fn source(
    index: &str,
    release: &Release,
    patience: &Patience,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Source, GpuSupportError> {
    let address = format!("{}/{}/", index.trim_end_matches('/'), release.package);
    let page = download::page(&address, patience, is_cancelled);
    let page = page.map_err(|error| GpuSupportError::of_download(error, release))?;
    let Some(wheel) = links(&page).find(|link| file_of(link) == release.file).map(|link| resolved(&address, &link))
    else {
        return Err(GpuSupportError::NotOffered { address, release: Box::new(*release) });
    };
    Ok(Source {
        published: wheel.clone(),
        address: wheel,
        file: release.file.to_owned(),
        bytes: Some(release.bytes),
        sha256: Some(release.wheel.sha256.to_owned()),
    })
}

/// What the anchors of a page lead to, without what follows a `#`.
fn links(page: &str) -> impl Iterator<Item = String> {
    page.split("href=").skip(1).filter_map(|rest| {
        let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''))?;
        let link = rest.get(1..)?.split(quote).next()?;
        Some(link.split('#').next().unwrap_or_default().replace("&amp;", "&"))
    })
}

fn file_of(link: &str) -> &str {
    let path = link.split('?').next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

/// A link of a page as an address.
fn resolved(page: &str, link: &str) -> String {
    if link.contains("://") {
        return link.to_owned();
    }
    let (scheme, rest) = page.split_once("://").unwrap_or(("https", page));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if let Some(link) = link.strip_prefix("//") {
        return format!("{scheme}://{link}");
    }
    let mut parts: Vec<&str> = Vec::new();
    if !link.starts_with('/') {
        parts.extend(path.split('/').filter(|part| !part.is_empty()));
        if !path.ends_with('/') {
            parts.pop();
        }
    }
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("{scheme}://{host}/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_found_with_their_files() {
        let page =
            "<a href=\"../../packages/ab/a-1.whl#sha256=00\">a-1.whl</a><a class='x' href='b-1.whl?x=1&amp;y=2'>";
        let found: Vec<String> = links(page).collect();
        assert_eq!(found, ["../../packages/ab/a-1.whl", "b-1.whl?x=1&y=2"]);
        assert_eq!(found.iter().map(|link| file_of(link)).collect::<Vec<_>>(), ["a-1.whl", "b-1.whl"]);
        for nonsense in ["", "href=", "href=\"", "href=a", "href=\u{e9}"] {
            assert!(links(nonsense).all(|link| link.is_empty()), "{nonsense}");
        }
    }

    /// RFC 3986, section 5.
    #[test]
    fn links_are_resolved_against_their_page() {
        let page = "http://host:80/root/simple/onnxruntime/";
        assert_eq!(resolved(page, "../../packages/a.whl"), "http://host:80/root/packages/a.whl");
        assert_eq!(resolved(page, "a.whl"), "http://host:80/root/simple/onnxruntime/a.whl");
        assert_eq!(resolved(page, "/files/a.whl"), "http://host:80/files/a.whl");
        assert_eq!(resolved(page, "//files.host/a.whl"), "http://files.host/a.whl");
        assert_eq!(resolved(page, "https://files.host/a.whl?b=1"), "https://files.host/a.whl?b=1");
        assert_eq!(resolved("http://host/a/b", "../../../c"), "http://host/c");
    }

    #[test]
    fn addresses_with_a_password_are_no_business_of_ours() {
        assert!(is_web("https://host/simple") && is_web("http://127.0.0.1:8080/simple/"));
        assert!(!is_web("https://ann:secret@host/simple") && !is_web("file:///wheels") && !is_web(""));
    }
}
