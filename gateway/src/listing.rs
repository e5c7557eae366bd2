//! Pages of a listing: how many documents, and after which one.

use actix_web::http::header::{HeaderValue, LINK};
use actix_web::web::Query as Parameters;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use common::path::CollectionPath;
use common::record::RecordId;
use common::store::{Document, DocumentStore, Query};
use serde_json::{Map, Value, json};

use crate::extractors::query;
use crate::problem::{FieldError, Problem, ProblemCode};
use crate::render;

const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 100;

/// The problems that a request for a page may have.
pub(crate) const CODES: [ProblemCode; 2] =
    [ProblemCode::InvalidPageToken, ProblemCode::InvalidQuery];

/// Which documents of a collection a request asks for.
#[derive(Debug)]
pub(crate) struct PageRequest {
    collection: CollectionPath,
    limit: u32,
    after: Option<String>,
}

/// One page of a listing.
pub(crate) struct ListingPage {
    pub(crate) documents: Vec<Document>,
    next_page_token: Option<String>,
}

impl PageRequest {
    /// Reads `limit` and `page_token` of a listing by id.
    pub(crate) fn of(request: &HttpRequest, collection: CollectionPath) -> Result<Self, Problem> {
        Self::at(request, collection, |place| RecordId::parse(place).is_ok())
    }

    /// Reads `limit` and `page_token`. A token names a place that `is_place` knows, and is valid for
    /// its own collection only.
    pub(crate) fn at(
        request: &HttpRequest,
        collection: CollectionPath,
        is_place: impl Fn(&str) -> bool,
    ) -> Result<Self, Problem> {
        let limit = query::limit(request, DEFAULT_LIMIT, MAX_LIMIT)?;
        let token = query::parameter(request, "page_token")?;
        let after = token.map(|token| read_token(&token, &collection, is_place)).transpose()?;
        Ok(Self { collection, limit, after })
    }

    /// The place after which the page begins.
    pub(crate) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// How many documents to read: one more than the page has tells whether there is another page.
    pub(crate) fn one_more(&self) -> u32 {
        self.limit + 1
    }

    /// Reads the documents, with `fields` only.
    pub(crate) async fn read(
        self,
        store: &dyn DocumentStore,
        fields: &'static [&'static str],
    ) -> Result<ListingPage, Problem> {
        let query = Query::all(self.collection.clone())
            .after(self.after.clone())
            .limit(self.one_more())
            .select(fields);
        Ok(self.cut(store.query(&query).await?, |last| last.id.clone()))
    }

    /// The page of [`Self::one_more`] documents; `place` is where the next page begins after the last
    /// one.
    pub(crate) fn cut(
        &self,
        mut documents: Vec<Document>,
        place: impl Fn(&Document) -> String,
    ) -> ListingPage {
        let is_last = documents.len() <= self.limit as usize;
        documents.truncate(self.limit as usize);
        let last = documents.last().filter(|_| !is_last);
        let next_page_token = last.map(|last| write_token(&self.collection, &place(last)));
        ListingPage { documents, next_page_token }
    }
}

impl ListingPage {
    /// `{"<name>": [{"<id>": …, …}], "next_page_token": …}`.
    pub(crate) fn json(self, name: &str, id: &str) -> Value {
        let item = |document: Document| {
            let mut item = Map::from_iter([(id.to_owned(), json!(document.id))]);
            item.extend(render::fields(document.fields));
            Value::Object(item)
        };
        let items: Vec<_> = self.documents.into_iter().map(item).collect();
        let mut body = json!({ name: items });
        if let Some(token) = self.next_page_token {
            body["next_page_token"] = token.into();
        }
        body
    }
}

/// The answer to a request for a page. Where the page names the token of the next one, the answer links
/// to it (RFC 8288).
pub(crate) fn answer(request: &HttpRequest, page: Value) -> HttpResponse {
    let link = page["next_page_token"].as_str().and_then(|token| next(request, token));
    let mut response = HttpResponse::Ok();
    if let Some(link) = link {
        response.insert_header((LINK, link));
    }
    response.json(page)
}

/// The link to the next page: the same query with another token. The path is left out, since a proxy
/// may have cut off its beginning.
fn next(request: &HttpRequest, token: &str) -> Option<HeaderValue> {
    let others =
        request.query_string().split('&').filter(|pair| !pair.is_empty() && !is_token(pair));
    let others: String = others.map(|pair| format!("{pair}&")).collect();
    HeaderValue::try_from(format!("<?{others}page_token={token}>; rel=\"next\"")).ok()
}

/// Whether this parameter of a query is the token, however its name is spelled.
fn is_token(pair: &str) -> bool {
    let read = Parameters::<Vec<(String, String)>>::from_query(pair);
    read.is_ok_and(|read| read.iter().any(|(name, _)| name == "page_token"))
}

fn write_token(collection: &CollectionPath, place: &str) -> String {
    BASE64.encode(format!("{collection}\n{place}"))
}

fn read_token(
    token: &str,
    collection: &CollectionPath,
    is_place: impl Fn(&str) -> bool,
) -> Result<String, Problem> {
    let text = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let split = text.as_deref().and_then(|text| text.split_once('\n'));
    match split {
        Some((of, place)) if of == collection.as_str() && is_place(place) => Ok(place.to_owned()),
        _ => {
            let reason = "is not a page token of this listing";
            Err(Problem::invalid(vec![FieldError::new(
                ProblemCode::InvalidPageToken,
                "page_token",
                reason,
            )]))
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn link(path: &str) -> String {
        let request = TestRequest::with_uri(path).to_http_request();
        let answer = answer(&request, json!({"events": [], "next_page_token": "NEXT"}));
        answer.headers().get(LINK).expect("a link").to_str().expect("a text").to_owned()
    }

    #[test]
    fn the_link_to_the_next_page_is_the_same_query_with_another_token() {
        assert_eq!(link("/events"), "<?page_token=NEXT>; rel=\"next\"");
        let asked = "/events?limit=2&page_token=OLD&type=a%3Eb";
        assert_eq!(link(asked), "<?limit=2&type=a%3Eb&page_token=NEXT>; rel=\"next\"");
        let spelled = "/events?page%5Ftoken=OLD&type=%C3%BC";
        assert_eq!(link(spelled), "<?type=%C3%BC&page_token=NEXT>; rel=\"next\"");
    }

    #[test]
    fn the_last_page_has_no_link() {
        let request = TestRequest::with_uri("/events?limit=2").to_http_request();
        assert!(!answer(&request, json!({"events": []})).headers().contains_key(LINK));
    }
}
