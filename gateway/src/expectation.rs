//! `Expect: 100-continue`: a client that asks before it sends its body.
//!
//! The HTTP library tells such a client to go on before any handler has seen the request. Here the
//! request is handled at once, and the client is told only when a handler begins to read the body: an
//! answer that needs no body, such as a refusal, comes in its place.

use std::cell::{Cell, OnceCell, RefCell};
use std::future::{poll_fn, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_http::Request;
use actix_web::body::BoxBody;
use actix_web::dev::{
    AppConfig, Payload, Response, Service, ServiceFactory, ServiceResponse, fn_factory,
};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage as _};
use futures::future::{Either, LocalBoxFuture};
use futures::{FutureExt as _, Stream};

type Answering = LocalBoxFuture<'static, Result<ServiceResponse, Error>>;

/// The application of a thread, which both services share.
pub(crate) type Shared<S> = Rc<OnceCell<Rc<S>>>;

/// What answers each request.
pub(crate) fn answering<F>(
    app: F,
    shared: Shared<F::Service>,
) -> impl ServiceFactory<
    Request,
    Config = (),
    Response = ServiceResponse,
    Error = Error,
    InitError = (),
    Service = Answers<F::Service>,
    Future: 'static,
>
where
    F: ServiceFactory<Request, Config = AppConfig, InitError = ()> + 'static,
    F::Service: Service<Request, Response = ServiceResponse, Error = Error> + 'static,
{
    fn_factory(move || {
        let (app, shared) = (app.new_service(AppConfig::default()), Rc::clone(&shared));
        async move {
            let app = Rc::new(app.await?);
            shared.get_or_init(|| Rc::clone(&app));
            Ok(Answers(app))
        }
    })
}

/// What comes first where a client asks whether it may send its body.
pub(crate) fn asked<S>(
    shared: Shared<S>,
) -> impl ServiceFactory<
    Request,
    Config = (),
    Response = Request,
    Error = Response<BoxBody>,
    InitError = (),
    Future: 'static,
>
where
    S: Service<Request, Response = ServiceResponse, Error = Error> + 'static,
    S::Future: 'static,
{
    fn_factory(move || ready(Ok(Asked(Rc::clone(&shared)))))
}

/// Answers requests, also those that have begun already.
pub(crate) struct Answers<S>(Rc<S>);

impl<S> Service<Request> for Answers<S>
where
    S: Service<Request, Response = ServiceResponse, Error = Error>,
{
    type Response = ServiceResponse;
    type Error = Error;
    type Future = Either<S::Future, Answering>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.poll_ready(context)
    }

    fn call(&self, request: Request) -> Self::Future {
        let begun = request.extensions_mut().remove::<Begun>();
        match begun {
            Some(Begun { answering, gate }) => {
                gate.open();
                Either::Right(answering)
            }
            None => Either::Left(self.0.call(request)),
        }
    }
}

/// Begins to handle a request whose client waits: either it is answered, or its body is wanted.
struct Asked<S>(Rc<OnceCell<Rc<S>>>);

impl<S> Service<Request> for Asked<S>
where
    S: Service<Request, Response = ServiceResponse, Error = Error>,
    S::Future: 'static,
{
    type Response = Request;
    type Error = Response<BoxBody>;
    type Future = LocalBoxFuture<'static, Result<Request, Response<BoxBody>>>;

    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&self, mut request: Request) -> Self::Future {
        let Some(app) = self.0.get() else { return ready(Ok(request)).boxed_local() };
        let gate = Rc::new(Gate::default());
        let body = HeldBack { body: request.take_payload(), gate: Rc::clone(&gate) };
        *request.payload() = Payload::Stream { payload: Box::pin(body) };
        begin(app.call(request).boxed_local(), gate).boxed_local()
    }
}

/// A request in work, whose body is wanted.
struct Begun {
    answering: Answering,
    gate: Rc<Gate>,
}

async fn begin(mut answering: Answering, gate: Rc<Gate>) -> Result<Request, Response<BoxBody>> {
    let answer = poll_fn(|context| match answering.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if gate.is_wanted() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    });
    match answer.await {
        Some(Ok(answer)) => Err(answer.into()),
        Some(Err(error)) => Err(error.error_response().into()),
        None => {
            let request = Request::new();
            request.extensions_mut().insert(Begun { answering, gate });
            Ok(request)
        }
    }
}

/// Closed until the client is told to send the body.
#[derive(Default)]
struct Gate {
    is_open: Cell<bool>,
    wanted_by: RefCell<Option<Waker>>,
}

impl Gate {
    fn is_wanted(&self) -> bool {
        self.wanted_by.borrow().is_some()
    }

    fn open(&self) {
        self.is_open.set(true);
        if let Some(waker) = self.wanted_by.take() {
            waker.wake();
        }
    }
}

/// A body that nobody gets before the gate is open.
struct HeldBack {
    body: Payload,
    gate: Rc<Gate>,
}

impl Stream for HeldBack {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if !self.gate.is_open.get() {
            self.gate.wanted_by.replace(Some(context.waker().clone()));
            return Poll::Pending;
        }
        Pin::new(&mut self.body).poll_next(context)
    }
}
