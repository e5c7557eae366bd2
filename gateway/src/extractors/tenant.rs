//! The tenant of a request, however it is named: once, or several times alike.

use actix_web::HttpRequest;
use common::tenant::TenantId;

use super::query;
use crate::problem::{Code, FieldError, Problem};

/// What can be wrong with names of a tenant, where there need not be one.
pub(crate) const PROBLEMS: [Code; 4] =
    [Code::InvalidBody, Code::InvalidQuery, Code::InvalidTenant, Code::TenantMismatch];

/// All the names that a request gives its tenant.
pub(crate) struct TenantNames {
    names: Vec<(String, String)>,
}

impl TenantNames {
    /// What the headers and the query say.
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

    /// With what another place says, where it says anything.
    pub(crate) fn and(mut self, field: &str, name: Option<&str>) -> Self {
        self.names.extend(name.map(|name| (field.to_owned(), name.to_owned())));
        self
    }

    /// The one tenant, or `default` where none is named.
    pub(crate) fn or(self, default: &str) -> Result<TenantId, Vec<FieldError>> {
        let default = Some(default).filter(|_| self.names.is_empty());
        self.and("tenant_id", default).one("tenant_id")
    }

    /// The one tenant. `field` is named where there is none.
    pub(crate) fn one(self, field: &str) -> Result<TenantId, Vec<FieldError>> {
        let mut tenant: Option<TenantId> = None;
        let mut errors = Vec::new();
        for (field, name) in self.names {
            match (TenantId::parse(&name), &tenant) {
                (Err(reason), _) => {
                    errors.push(FieldError::new(Code::InvalidTenant, &field, reason));
                }
                (Ok(other), Some(one)) if other != *one => {
                    let reason = "names another tenant than the rest of the request";
                    errors.push(FieldError::new(Code::TenantMismatch, &field, reason));
                }
                (Ok(one), _) => tenant = Some(one),
            }
        }
        match tenant {
            Some(tenant) if errors.is_empty() => Ok(tenant),
            None if errors.is_empty() => {
                let reason = "is required, there or as the header X-Tenant-ID";
                Err(vec![FieldError::new(Code::MissingTenant, field, reason)])
            }
            _ => Err(errors),
        }
    }
}

/// The tenant in the path of a read. Headers and query may repeat it, but not contradict it.
pub(crate) fn in_path(request: &HttpRequest, name: &str) -> Result<TenantId, Problem> {
    let names = TenantNames::of(request, &["X-Tenant-ID"])?.and("tenant", Some(name));
    names.one("tenant").map_err(Problem::invalid)
}
