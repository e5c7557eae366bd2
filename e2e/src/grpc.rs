//! gRPC on the level of HTTP/2, for servers that stand in for Google's, or in front of its emulators. Each
//! call is read whole and answered whole.

use std::error::Error;
use std::sync::Arc;

use futures::future::poll_fn;
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use prost::Message;
use prost::bytes::{BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Bytes before the message in a gRPC frame.
const FRAME: usize = 5;

/// Why a call or a connection failed.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A call, read to its end.
#[derive(Debug)]
pub struct Call {
    /// Its path and headers.
    pub head: Parts,
    body: Bytes,
}

/// The answer to a call.
#[derive(Debug)]
pub struct Answer {
    head: Response<()>,
    body: Bytes,
    trailers: Option<HeaderMap>,
}

/// What answers the calls of a connection.
pub trait Server: Send + Sync + 'static {
    /// The answer to a call.
    fn answer(&self, call: Call) -> impl Future<Output = Result<Answer, Failure>> + Send;
}

/// A connection to the server behind a proxy.
#[derive(Clone, Debug)]
pub struct Upstream {
    host: String,
    calls: SendRequest<Bytes>,
}

impl Call {
    /// The name of the method, such as `/google.pubsub.v1.Publisher/Publish`.
    pub fn method(&self) -> &str {
        self.head.uri.path()
    }

    /// The message of a call that has one.
    pub fn message<M: Message + Default>(&self) -> Result<M, prost::DecodeError> {
        M::decode(self.body.slice(FRAME.min(self.body.len())..))
    }
}

impl Answer {
    /// An answer with one message.
    pub fn message(message: &impl Message) -> Self {
        let bytes = message.encode_to_vec();
        let mut body = BytesMut::with_capacity(FRAME + bytes.len());
        body.put_u8(0);
        body.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        body.extend_from_slice(&bytes);
        let trailers = HeaderMap::from_iter([(
            http::HeaderName::from_static("grpc-status"),
            HeaderValue::from_static("0"),
        )]);
        Self { head: head(), body: body.freeze(), trailers: Some(trailers) }
    }

    /// An answer with a status other than OK, such as 16 for a caller who is not known.
    pub fn refusal(status: u8, message: &'static str) -> Self {
        let mut head = head();
        head.headers_mut().insert("grpc-status", HeaderValue::from(u16::from(status)));
        head.headers_mut().insert("grpc-message", HeaderValue::from_static(message));
        Self { head, body: Bytes::new(), trailers: None }
    }
}

impl Upstream {
    /// Connects to a server without TLS at `host` (`host:port`).
    pub async fn connect(host: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let (calls, connection) = h2::client::handshake(stream).await?;
        tokio::spawn(connection);
        Ok(Self { host: host.to_owned(), calls })
    }

    /// Passes a call on, and returns the answer.
    pub async fn pass(&self, call: Call) -> Result<Answer, Failure> {
        let Call { mut head, body } = call;
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = format!("http://{}{path}", self.host).parse::<Uri>()?;
        let request = Request::from_parts(head, ());
        let (answered, mut sending) =
            self.calls.clone().ready().await?.send_request(request, false)?;
        send(&mut sending, body, None).await?;
        let (head, body) = answered.await?.into_parts();
        let (body, trailers) = read(body).await?;
        Ok(Answer { head: Response::from_parts(head, ()), body, trailers })
    }
}

/// Answers the calls of a connection until it ends.
pub async fn serve<S: Server>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    server: Arc<S>,
) -> Result<(), Failure> {
    let mut incoming = h2::server::Builder::new()
        .initial_window_size(16 << 20)
        .initial_connection_window_size(64 << 20)
        .handshake::<_, Bytes>(stream)
        .await?;
    while let Some(request) = incoming.accept().await {
        let ((request, respond), server) = (request?, Arc::clone(&server));
        tokio::spawn(async move {
            // A caller that has gone, or a line that is cut on purpose: the programs say what failed.
            drop(exchange(request, respond, &*server).await);
        });
    }
    Ok(())
}

async fn exchange(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    server: &impl Server,
) -> Result<(), Failure> {
    let (head, body) = request.into_parts();
    let (body, _) = read(body).await?;
    let Answer { head, body, trailers } = server.answer(Call { head, body }).await?;
    let ends_here = body.is_empty() && trailers.is_none();
    let mut sending = respond.send_response(head, ends_here)?;
    if ends_here { Ok(()) } else { send(&mut sending, body, trailers).await }
}

fn head() -> Response<()> {
    let mut head = Response::new(());
    head.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    head
}

async fn read(mut body: RecvStream) -> Result<(Bytes, Option<HeaderMap>), Failure> {
    let mut all = BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        all.extend_from_slice(&data);
    }
    Ok((all.freeze(), body.trailers().await?))
}

/// Sends as much at a time as the other side has room for.
async fn send(
    stream: &mut SendStream<Bytes>,
    mut body: Bytes,
    trailers: Option<HeaderMap>,
) -> Result<(), Failure> {
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        let room = poll_fn(|context| stream.poll_capacity(context)).await;
        let room = room.ok_or("the stream is closed")??;
        stream.send_data(body.split_to(room.min(body.len())), false)?;
    }
    match trailers {
        Some(trailers) => stream.send_trailers(trailers)?,
        None => stream.send_data(Bytes::new(), true)?,
    }
    Ok(())
}
