//! The names of fields that tell who sent a request: a user or a client.

/// Stands for what is not kept.
pub(crate) const HIDDEN: &str = "[REDACTED]";

/// The names, in lower case and without anything but letters.
const PERSONAL: [&str; 50] = [
    "arn",
    "auth",
    "caller",
    "cip",
    "client",
    "clientaddr",
    "clientaddress",
    "clienthost",
    "clientip",
    "clientipaddress",
    "displayname",
    "email",
    "emailaddress",
    "enduserid",
    "forwardedfor",
    "fullname",
    "httpxforwardedfor",
    "httpxrealip",
    "ident",
    "identity",
    "ip",
    "logname",
    "nickname",
    "owner",
    "principal",
    "principalid",
    "principalname",
    "realip",
    "remote",
    "remoteaddr",
    "remoteaddress",
    "remotehost",
    "remoteip",
    "remotelogname",
    "requester",
    "samaccountname",
    "sourceip",
    "trueclientip",
    "uid",
    "upn",
    "userarn",
    "useridentity",
    "userinfo",
    "userip",
    "usermail",
    "userprincipalname",
    "usersub",
    "xforwardedfor",
    "xrealip",
    "xuser",
];
/// The ends of names, whoever the user or the account is: `authenticated_user`, `cs-username`.
const ENDS: [&str; 14] = [
    "account",
    "accountid",
    "accountname",
    "login",
    "loginname",
    "user",
    "useremail",
    "userid",
    "userident",
    "username",
    "usr",
    "usremail",
    "usrid",
    "usrname",
];

/// Whether a field with this name tells a user or a client. A dot is a step into an object, and what is
/// in the object of a user is about the user.
pub(crate) fn is_personal(name: &str) -> bool {
    is_known(name) || name.split('.').any(is_known)
}

fn is_known(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphabetic);
    let plain: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    let is_listed = |plain: &str| PERSONAL.binary_search(&plain).is_ok();
    is_listed(&plain)
        || plain.strip_prefix("request").is_some_and(is_listed)
        || ENDS.iter().any(|end| plain.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted() {
        assert!(PERSONAL.is_sorted());
    }

    #[test]
    fn a_name_of_a_person_is_told_from_others() {
        for name in [
            "user",
            "User-Name",
            "cs-username",
            "c-ip",
            "usr.name",
            "usr",
            "account",
            "service_account",
            "http.auth.user.name",
            "x-authenticated-user",
            "request.remote_user",
            "requestClientIp",
            "enduser.id",
            "userIdentity",
        ] {
            assert!(is_personal(name), "{name}");
        }
        for name in [
            "",
            "user_agent",
            "user_agent.original",
            "cs(User-Agent)",
            "path",
            "cs-uri-stem",
            "status",
            "host",
            "s-ip",
            "browser",
            "parser",
        ] {
            assert!(!is_personal(name), "{name}");
        }
    }
}
