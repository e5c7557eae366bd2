//! Files for browsers: compiled in, compressed, and served with an entity tag.

use std::io::Read as _;
use std::sync::OnceLock;

use actix_web::http::header::{
    AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, Encoding, EntityTag,
    Header as _, IF_NONE_MATCH, IfNoneMatch, VARY,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use common::hash;
use flate2::read::GzDecoder;

/// A file of the folder `assets`, as `build.rs` compressed it.
macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/assets/", $name, ".gz"))
    };
}
pub(crate) use file;

/// The name and the value of a header.
pub(crate) type Header = (&'static str, &'static str);

/// A file, and how it is served.
pub(crate) struct Asset {
    /// The path of its URL.
    pub(crate) path: &'static str,
    /// Its content type.
    pub(crate) media_type: &'static str,
    gzipped: &'static [u8],
    /// Its headers beyond the content type.
    pub(crate) headers: &'static [Header],
    tag: OnceLock<EntityTag>,
    plain: OnceLock<Bytes>,
}

/// A browser may cache it, but must ask before it uses it again.
const REVALIDATE: &str = "no-cache";

impl Asset {
    /// A file at `path`. Its content is what [`file!`] gives.
    pub(crate) const fn new(
        path: &'static str,
        media_type: &'static str,
        gzipped: &'static [u8],
    ) -> Self {
        Self {
            path,
            media_type,
            gzipped,
            headers: &[],
            tag: OnceLock::new(),
            plain: OnceLock::new(),
        }
    }

    /// A page; `headers` include its content security policy.
    pub(crate) const fn page(
        path: &'static str,
        gzipped: &'static [u8],
        headers: &'static [Header],
    ) -> Self {
        Self::new(path, "text/html; charset=utf-8", gzipped).with(headers)
    }

    /// A script.
    pub(crate) const fn script(path: &'static str, gzipped: &'static [u8]) -> Self {
        Self::new(path, "text/javascript; charset=utf-8", gzipped)
    }

    /// A style sheet.
    pub(crate) const fn style(path: &'static str, gzipped: &'static [u8]) -> Self {
        Self::new(path, "text/css; charset=utf-8", gzipped)
    }

    /// Adds headers.
    pub(crate) const fn with(mut self, headers: &'static [Header]) -> Self {
        self.headers = headers;
        self
    }

    /// The answer to a read of the file.
    pub(crate) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        if self.is_known(request) {
            return self.head(&mut HttpResponse::NotModified()).finish();
        }
        let mut response = HttpResponse::Ok();
        self.head(&mut response).insert_header((CONTENT_TYPE, self.media_type));
        if takes_gzip(request) {
            response.insert_header((CONTENT_ENCODING, "gzip")).body(self.gzipped)
        } else {
            response.body(self.plain())
        }
    }

    fn head<'a>(&self, response: &'a mut HttpResponseBuilder) -> &'a mut HttpResponseBuilder {
        response
            .insert_header((CACHE_CONTROL, REVALIDATE))
            .insert_header((ETAG, self.tag().to_string()))
            .insert_header((VARY, "accept-encoding"));
        for header in self.headers {
            response.insert_header(*header);
        }
        response
    }

    /// Weak, since the compressed and the plain content share it.
    fn tag(&self) -> &EntityTag {
        self.tag.get_or_init(|| EntityTag::new_weak(hash::sha256(self.gzipped)[..32].to_owned()))
    }

    /// Whether the client's copy is up to date.
    fn is_known(&self, request: &HttpRequest) -> bool {
        if !request.headers().contains_key(IF_NONE_MATCH) {
            return false;
        }
        match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(self.tag())),
            Err(_) => false,
        }
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.plain()).into_owned()
    }

    fn plain(&self) -> Bytes {
        let gunzip = || {
            let mut plain = Vec::new();
            // The build wrote it, so it is complete.
            let read = GzDecoder::new(self.gzipped).read_to_end(&mut plain);
            read.map(|_| plain.into()).unwrap_or_default()
        };
        self.plain.get_or_init(gunzip).clone()
    }
}

/// Whether the client prefers a compressed answer.
pub(crate) fn takes_gzip(request: &HttpRequest) -> bool {
    let accepted = AcceptEncoding::parse(request).ok();
    let encodings = [Encoding::gzip(), Encoding::identity()];
    accepted.and_then(|accepted| accepted.negotiate(encodings.iter())) == Some(Encoding::gzip())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use actix_web::body::to_bytes;
    use actix_web::http::header::HeaderValue;
    use actix_web::test::TestRequest;

    use super::*;
    use crate::served_pages::{self, Pages};

    type Headers = HashMap<String, String>;

    async fn ask(asset: &Asset, name: &str, value: &str) -> (u16, Headers, Bytes) {
        let request = TestRequest::default().insert_header((name, value)).to_http_request();
        let answer = asset.answer(&request);
        let text = |value: &HeaderValue| value.to_str().expect("a text").to_owned();
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
        (answer.status().as_u16(), headers, to_bytes(answer.into_body()).await.expect("a body"))
    }

    fn all() -> Vec<&'static Asset> {
        served_pages::served(&"on".parse::<Pages>().expect("a setting")).collect()
    }

    #[actix_web::test]
    async fn a_file_is_compressed_for_clients_that_accept_gzip() {
        for asset in all() {
            let (_, headers, gzipped) = ask(asset, "accept-encoding", "br, gzip;q=0.5").await;
            assert_eq!(headers["content-encoding"], "gzip", "{}", asset.path);
            let (_, headers, plain) = ask(asset, "accept-encoding", "br, gzip;q=0").await;
            assert!(!headers.contains_key("content-encoding"), "{}", asset.path);
            assert_eq!(headers["vary"], "accept-encoding");
            let mut unpacked = Vec::new();
            GzDecoder::new(&gzipped[..]).read_to_end(&mut unpacked).expect("gzip");
            assert!(!plain.is_empty() && unpacked == plain, "{}", asset.path);
        }
    }

    #[actix_web::test]
    async fn an_unchanged_file_is_not_sent_again() {
        for asset in all() {
            let (status, headers, _) = ask(asset, "if-none-match", "\"another\"").await;
            assert_eq!(status, 200, "{}", asset.path);
            let tag = headers["etag"].clone();
            for known in [tag.clone(), format!("\"another\", {tag}"), "*".to_owned()] {
                let (status, headers, body) = ask(asset, "if-none-match", &known).await;
                assert_eq!((status, body.len()), (304, 0), "{} {known}", asset.path);
                assert_eq!(headers["etag"], tag);
                assert!(headers.contains_key("cache-control"));
            }
        }
    }
}
