//! The tenant of a request: a header, the query, the path and the body may name it, and must agree.

use actix_web::HttpRequest;
use common::tenant::TenantId;

use super::query;
use crate::problem::{FieldError, Problem, ProblemCode};

/// The problems that a tenant may have where it need not be named.
pub(crate) const CODES: [ProblemCode; 4] = [
    ProblemCode::InvalidBody,
    ProblemCode::InvalidQuery,
    ProblemCode::InvalidTenant,
    ProblemCode::TenantMismatch,
];

/// Every place in which a request names its tenant.
pub(crate) struct TenantNames {
    names: Vec<(String, String)>,
}

impl TenantNames {
    /// The tenants in the headers and the query.
    pub(crate) fn of(request: &HttpRequest, headers: &[&str]) -> Result<Self, Problem> {
        let values = |header: &&str| {
            let text = |value: &actix_web::http::header::HeaderValue| {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            };
            let header = (*header).to_owned();
            request
                .headers()
                .get_all(header.as_str())
                .map(|value| (header.clone(), text(value)))
                .collect::<Vec<_>>()
        };
        let mut names: Vec<_> = headers.iter().flat_map(values).collect();
        let parameters = query::parameters(request, "tenant_id")?;
        names.extend(parameters.into_iter().map(|value| ("tenant_id".to_owned(), value)));
        Ok(Self { names })
    }

    /// Adds the tenant of another place, if it names one.
    pub(crate) fn and(mut self, field: &str, name: Option<&str>) -> Self {
        self.names.extend(name.map(|name| (field.to_owned(), name.to_owned())));
        self
    }

    /// The one tenant, or the default tenant if none is named.
    pub(crate) fn or_default(self) -> Result<TenantId, Vec<FieldError>> {
        if self.names.is_empty() {
            return Ok(TenantId::default());
        }
        self.one("tenant_id")
    }

    /// The one tenant. The error for a missing one names `field`.
    pub(crate) fn one(self, field: &str) -> Result<TenantId, Vec<FieldError>> {
        let mut tenant: Option<TenantId> = None;
        let mut errors = Vec::new();
        for (field, name) in self.names {
            match (TenantId::parse(&name), &tenant) {
                (Err(reason), _) => {
                    errors.push(FieldError::new(ProblemCode::InvalidTenant, &field, reason));
                }
                (Ok(other), Some(one)) if other != *one => {
                    let reason = "differs from the tenant elsewhere in the request";
                    errors.push(FieldError::new(ProblemCode::TenantMismatch, &field, reason));
                }
                (Ok(one), _) => tenant = Some(one),
            }
        }
        match tenant {
            Some(tenant) if errors.is_empty() => Ok(tenant),
            None if errors.is_empty() => {
                let reason = "is required; the header X-Tenant-ID may name it too";
                Err(vec![FieldError::new(ProblemCode::MissingTenant, field, reason)])
            }
            _ => Err(errors),
        }
    }
}

/// The tenant in the path of a read. Headers and query may repeat it but not contradict it.
pub(crate) fn in_path(request: &HttpRequest, name: &str) -> Result<TenantId, Problem> {
    let names = TenantNames::of(request, &["X-Tenant-ID"])?.and("tenant", Some(name));
    names.one("tenant").map_err(Problem::invalid)
}
