//! `spillway export`: writes everything that a tenant has on a running server to standard output.

mod table;

use std::io::{self, BufWriter, Write as _};
use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use common::path::Collection;
use common::program;
use common::tenant::TenantId;
use reqwest::{Method, Response};
use serde::Deserialize;
use thiserror::Error;

use self::table::{Table, TableError};
use crate::replay::tenant;
use crate::server::{Server, ServerArgs, ServerError};

/// Write everything that a tenant has to standard output, one JSON object a line.
///
/// Each line holds a stored document: `{"collection":"events","id":"e-1","document":{…}}`. The
/// export has records, counts, visitors, quarantine and settings, and the parts of long texts. It
/// is not a snapshot: documents that are stored meanwhile may be missing.
///
/// With --csv, one collection is written as a table, with a column for `id` and for each field that
/// any document has, such as `payload.plan`. Lists are JSON. A text that a spreadsheet would take
/// for a formula gets a ' before it. The parts of long texts are not in the table.
///
/// Exit code 0: everything was written. 1: the server refused or did not answer, or its answer was
/// cut off and the output is incomplete. 2: an option is not valid.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The tenant
    #[arg(value_name = "TENANT", value_parser = tenant)]
    tenant: TenantId,

    /// Write the documents of this collection as CSV
    #[arg(long, value_name = "COLLECTION", value_parser = collections())]
    csv: Option<String>,

    #[command(flatten)]
    server: ServerArgs,
}

/// Salts are never exported.
fn collections() -> PossibleValuesParser {
    let all = Collection::ALL.into_iter().filter(|collection| *collection != Collection::Salts);
    all.map(Collection::as_str).collect::<Vec<_>>().into()
}

/// Why the export is incomplete.
#[derive(Debug, Error)]
enum ExportError {
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error("the export was cut off; the output is incomplete")]
    CutOff(#[source] reqwest::Error),
    #[error("cannot write to standard output")]
    Stdout(#[from] io::Error),
    #[error("cannot write a table")]
    Table(#[from] TableError),
}

/// The last line of an incomplete answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NextPage {
    next_page_token: String,
}

/// Writes, and returns the exit code that the command's help promises.
pub(crate) async fn run(args: ExportArgs) -> ExitCode {
    program::ended(export(&args).await)
}

async fn export(args: &ExportArgs) -> Result<(), ExportError> {
    let mut out = BufWriter::new(io::stdout());
    if let Some(collection) = &args.csv {
        let mut table = Table::new(collection)?;
        each_line(args, |line| Ok(table.add(line)?)).await?;
        table.write(&mut out)?;
    } else {
        each_line(args, |line| Ok(out.write_all(line)?)).await?;
    }
    Ok(out.flush()?)
}

/// Passes on each line, with its line break.
async fn each_line(
    args: &ExportArgs,
    mut take: impl FnMut(&[u8]) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let server = Server::of(&args.server)?;
    let mut page = String::new();
    loop {
        let path = format!("/tenants/{}/export{page}", args.tenant);
        let answer = server.answer(server.request(Method::GET, &path)?).await?;
        let last = all_but_the_last(answer, &mut take).await?;
        match serde_json::from_slice::<NextPage>(&last) {
            Ok(next) => page = format!("?page_token={}", next.next_page_token),
            // A tenant without documents has no line.
            Err(_) if last.is_empty() => return Ok(()),
            Err(_) => return take(&last),
        }
    }
}

/// Passes on all lines of an answer except the last one, which it returns.
async fn all_but_the_last(
    mut response: Response,
    take: &mut impl FnMut(&[u8]) -> Result<(), ExportError>,
) -> Result<Vec<u8>, ExportError> {
    let mut held = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(ExportError::CutOff)? {
        held.extend_from_slice(&chunk);
        // The line break at the very end is that of the last line.
        let before_last =
            held[..held.len().saturating_sub(1)].iter().rposition(|byte| *byte == b'\n');
        if let Some(end) = before_last {
            held[..=end].split_inclusive(|byte| *byte == b'\n').try_for_each(&mut *take)?;
            held.drain(..=end);
        }
    }
    Ok(held)
}
