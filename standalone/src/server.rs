//! A running server, as the operator's commands talk to it.

use std::time::Duration;

use clap::Args;
use load::answer::explanation;
use load::http::{self, ClientError, NobodyThere};
use load::token::Token;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use thiserror::Error;

/// How long a request may take. The longest is a part of an export, which the server ends after 10
/// s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Which server, and the token for it.
#[derive(Args, Debug)]
pub(crate) struct ServerArgs {
    /// The base URL of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = http::target)]
    target: Url,

    /// The server's ADMIN_TOKEN [default: none; a server on this machine may have none]
    #[arg(long, value_name = "TOKEN", env = "ADMIN_TOKEN", hide_env_values = true)]
    token: Option<Token>,
}

/// A running server.
pub(crate) struct Server {
    client: Client,
    /// Its base URL, without a trailing slash.
    base: String,
    token: Option<Token>,
}

/// Why the server did not do what was asked.
#[derive(Debug, Error)]
pub(crate) enum ServerError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("{0}")]
    Token(String),
    #[error(transparent)]
    NobodyThere(#[from] NobodyThere),
    #[error("this is not allowed (401); pass the server's ADMIN_TOKEN with --token")]
    NotAllowed,
    #[error("the server refused ({0}): {1}")]
    Refused(StatusCode, String),
}

impl Server {
    pub(crate) fn of(args: &ServerArgs) -> Result<Self, ServerError> {
        let client = http::client("spillway", &args.target, 1, REQUEST_TIMEOUT)?;
        Ok(Self { client, base: http::base(&args.target), token: args.token.clone() })
    }

    /// Its base URL, without a trailing slash.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// A request to `path`.
    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
    ) -> Result<RequestBuilder, ServerError> {
        let token = self.token.as_ref().map_or(Ok(None), Token::authorization);
        let token = token.map_err(ServerError::Token)?;
        let request = self.client.request(method, format!("{}{path}", self.base));
        Ok(token.into_iter().fold(request, |request, token| request.header(AUTHORIZATION, token)))
    }

    /// The answer to a request, if it succeeded.
    pub(crate) async fn answer(&self, request: RequestBuilder) -> Result<Response, ServerError> {
        let response = request.send().await.map_err(|error| self.silent(&error))?;
        match response.status() {
            status if status.is_success() => Ok(response),
            StatusCode::UNAUTHORIZED => Err(ServerError::NotAllowed),
            status => {
                let body = response.bytes().await.map_err(|error| self.silent(&error))?;
                Err(ServerError::Refused(status, explanation(&body)))
            }
        }
    }

    /// Why the server gave no answer, or only a part of it.
    pub(crate) fn silent(&self, error: &reqwest::Error) -> ServerError {
        NobodyThere::new(self.base.clone(), error).into()
    }
}
