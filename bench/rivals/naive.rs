//! What one would write first: actix-web publishes the body with the defaults of Google's Pub/Sub
//! client, and answers 202 when it is published.

use std::error::Error;

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpResponse, HttpServer};
use google_cloud_auth::credentials::anonymous;
use google_cloud_pubsub::client::Publisher;
use google_cloud_pubsub::model::Message;

async fn take(body: Bytes, publisher: Data<Publisher>) -> HttpResponse {
    if serde_json::from_slice::<serde_json::Value>(&body).is_err() {
        return HttpResponse::BadRequest().finish();
    }
    match publisher.publish(Message::new().set_data(body)).await {
        Ok(_) => HttpResponse::Accepted().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let (project, topic) = (variable("GOOGLE_CLOUD_PROJECT"), variable("PUBSUB_TOPIC"));
    let publisher = Publisher::builder(format!("projects/{project}/topics/{topic}"))
        .with_endpoint(format!("http://{}", variable("PUBSUB_EMULATOR_HOST")))
        .with_credentials(anonymous::Builder::new().build())
        .build()
        .await?;
    let publisher = Data::new(publisher);
    let app = move || App::new().app_data(publisher.clone()).default_service(web::to(take));
    HttpServer::new(app).bind(("127.0.0.1", variable("PORT").parse()?))?.run().await?;
    Ok(())
}
