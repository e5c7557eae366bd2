//! A private certificate authority, and the certificate of this machine that it signs.

use std::io;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::NamedTempFile;
use thiserror::Error;

/// The host that its certificates name.
pub(super) const HOST: &str = "localhost";

/// The authority, and the file with its own certificate.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: NamedTempFile,
}

/// Why there is no certificate.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// A key or certificate could not be made.
    #[error("a certificate cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// The certificate could not be written.
    #[error("the authority's certificate cannot be written")]
    Io(#[from] io::Error),
    /// The server does not take its certificate.
    #[error("the server does not take its certificate")]
    Server(#[from] rustls::Error),
}

impl Authority {
    /// A new authority, which nobody trusts yet.
    pub fn new() -> Result<Self, AuthorityError> {
        let mut params = CertificateParams::default();
        let name = format!("a test's authority {:016x}", rand::random::<u64>());
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let file = NamedTempFile::new()?;
        let certificate = STANDARD.encode(issuer.der());
        let pem =
            format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n");
        std::fs::write(file.path(), pem)?;
        Ok(Self { issuer, file })
    }

    /// The file with its certificate, for those who are to trust it.
    pub fn file(&self) -> &Path {
        self.file.path()
    }

    /// A server with a certificate for `localhost`, which speaks HTTP/2, or HTTP/1.1 to those who ask for that.
    pub fn server(&self) -> Result<ServerConfig, AuthorityError> {
        let key = KeyPair::generate()?;
        let certificate =
            CertificateParams::new([HOST.to_owned()])?.signed_by(&key, &self.issuer)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key.into())?;
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(server)
    }
}
