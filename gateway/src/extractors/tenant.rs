//! The tenant of a request: a header, the query, the path and the body may name it, and must agree.

use actix_web::{HttpMessage as _, HttpRequest};
use common::tenant::TenantId;

use super::query;
use crate::problem::{FieldError, Problem, ProblemCode};

/// The problems that a tenant may have where it need not be named.
pub(crate) const CODES: [ProblemCode; 3] =
    [ProblemCode::InvalidBody, ProblemCode::InvalidTenant, ProblemCode::TenantMismatch];

/// Every place in which a request names its tenant.
#[derive(Clone)]
pub(crate) struct TenantNames {
    names: Vec<(String, String)>,
    request: HttpRequest,
}

impl TenantNames {
    /// The tenants in the headers and in the query, which may call it by any of its names.
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
        for name in query::TENANT {
            let values = query::parameters(request, name)?.into_iter();
            names.extend(values.map(|value| ((*name).to_owned(), value)));
        }
        Ok(Self { names, request: request.clone() })
    }

    /// The tenants of a read.
    pub(crate) fn of_read(request: &HttpRequest) -> Result<Self, Problem> {
        Self::of(request, &["X-Tenant-ID", "X-Customer-ID"])
    }

    /// Adds the tenant of another place, if it names one.
    pub(crate) fn and(mut self, field: &str, name: Option<&str>) -> Self {
        self.names.extend(name.map(|name| (field.to_owned(), name.to_owned())));
        self
    }

    /// Whether nothing names a tenant.
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The one tenant, or the default tenant if none is named.
    pub(crate) fn or_default(self) -> Result<TenantId, Vec<FieldError>> {
        if self.is_empty() {
            return Ok(remembered(&self.request, TenantId::default()));
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
            Some(tenant) if errors.is_empty() => Ok(remembered(&self.request, tenant)),
            None if errors.is_empty() => {
                let reason = "is required; the header X-Tenant-ID may name it too";
                Err(vec![FieldError::new(ProblemCode::MissingTenant, field, reason)])
            }
            _ => Err(errors),
        }
    }
}

/// The tenant, which the request's log line names.
fn remembered(request: &HttpRequest, tenant: TenantId) -> TenantId {
    request.extensions_mut().insert(tenant.clone());
    tenant
}

/// The request's log line names a tenant only if all records belong to it.
pub(crate) fn remember_only<'t>(
    request: &HttpRequest,
    mut tenants: impl Iterator<Item = &'t TenantId>,
) {
    let first = tenants.next();
    request.extensions_mut().remove::<TenantId>();
    if let Some(one) = first.filter(|first| tenants.all(|other| other == *first)) {
        remembered(request, one.clone());
    }
}

/// The tenant in the path of a read. Headers and query may repeat it but not contradict it.
pub(crate) fn in_path(request: &HttpRequest, name: &str) -> Result<TenantId, Problem> {
    let names = TenantNames::of_read(request)?.and("tenant", Some(name));
    names.one("tenant").map_err(Problem::invalid)
}

/// The tenant of a read, or the default tenant if nothing names one.
pub(crate) fn of_read(request: &HttpRequest) -> Result<TenantId, Problem> {
    TenantNames::of_read(request)?.or_default().map_err(Problem::invalid)
}

/// The site of a read; a read of a site must name it.
pub(crate) fn site(request: &HttpRequest) -> Result<TenantId, Problem> {
    TenantNames::of_read(request)?.one("site_id").map_err(Problem::invalid)
}
