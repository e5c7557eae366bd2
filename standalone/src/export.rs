//! `spillway export`: writes everything that a tenant has on a running server to standard output.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Args;
use common::program;
use common::tenant::TenantId;
use reqwest::{Method, Response};
use serde::Deserialize;
use thiserror::Error;

use crate::replay::tenant;
use crate::server::{Server, ServerArgs, ServerError};

/// Write everything that a tenant has to standard output, one JSON object a line.
///
/// Each line has a document as it is stored: `{"collection":"events","id":"e-1","document":{…}}`. Records,
/// counts, visitors, quarantine and settings are exported, and the parts of long texts. It is no
/// snapshot: what is stored meanwhile may be missing.
///
/// Exit code 0: everything was written. 1: the server refused, or does not answer, or its answer was
/// cut off: then the output is not all. 2: an option is not valid.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The tenant
    #[arg(value_name = "TENANT", value_parser = tenant)]
    tenant: TenantId,

    #[command(flatten)]
    server: ServerArgs,
}

/// Why not everything was written.
#[derive(Debug, Error)]
enum ExportError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error("the export was cut off: what was written is not all")]
    CutOff(#[source] reqwest::Error),
    #[error("cannot write to standard output")]
    Stdout(#[from] io::Error),
}

/// The last line of an answer that is not all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NextPage {
    next_page_token: String,
}

/// Writes, and returns the exit code that the command's help promises.
pub(crate) async fn run(args: ExportArgs) -> ExitCode {
    program::ended(export(&args, &mut BufWriter::new(io::stdout())).await)
}

async fn export(args: &ExportArgs, out: &mut impl Write) -> Result<(), ExportError> {
    let server = Server::of(&args.server)?;
    let mut page = String::new();
    loop {
        let path = format!("/tenants/{}/export{page}", args.tenant);
        let answer = server.answer(server.request(Method::GET, &path)?).await?;
        let last = copy(answer, out).await?;
        match serde_json::from_slice::<NextPage>(&last) {
            Ok(next) => page = format!("?page_token={}", next.next_page_token),
            Err(_) => {
                out.write_all(&last)?;
                return Ok(out.flush()?);
            }
        }
    }
}

/// Writes all lines of an answer but the last one, which it returns.
async fn copy(mut response: Response, out: &mut impl Write) -> Result<Vec<u8>, ExportError> {
    let mut held = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(ExportError::CutOff)? {
        held.extend_from_slice(&chunk);
        // The line break at the very end is that of the last line.
        let before_last =
            held[..held.len().saturating_sub(1)].iter().rposition(|byte| *byte == b'\n');
        if let Some(end) = before_last {
            out.write_all(&held[..=end])?;
            held.drain(..=end);
        }
    }
    Ok(held)
}
