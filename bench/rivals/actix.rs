//! The floor: actix-web reads the body and answers 202.

use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, HttpServer};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_default().parse().unwrap_or(8080);
    let take = async |_: Bytes| HttpResponse::Accepted().finish();
    HttpServer::new(move || App::new().default_service(web::to(take)))
        .bind(("127.0.0.1", port))?
        .run()
        .await
}
