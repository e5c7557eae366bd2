//! The picture that answers a pixel.

use actix_web::HttpResponse;

/// A GIF of one transparent pixel.
const GIF: [u8; 43] =
    *b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\
    \x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// The answer with the picture.
pub(super) fn answer() -> HttpResponse {
    HttpResponse::Ok().content_type("image/gif").body(GIF.as_slice())
}
