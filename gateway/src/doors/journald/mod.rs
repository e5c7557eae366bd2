//! systemd-journal-upload: `POST /upload`, in the journal's export format.

mod export;
pub(crate) mod upload;
