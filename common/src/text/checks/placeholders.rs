//! Values that stand in the place of a secret: messages about one, references to one, and code.

/// Words of messages about a password or a token. Two of them make a message of a quoted value.
const MESSAGE: &str = "a already and at bad be been blank can't cannot characters confirm \
    confirmation contain correct could credentials do does doesn't don't empty enter error \
    expired field found has have incorrect invalid is isn't jwt key least letters long match \
    matching maximum may minimum mismatch missing must need needs no not numbers or password \
    passwords please provided required short should taken the this token too try valid value \
    was weak were wrong you your";
/// The longest message that is looked at, in bytes.
const LONGEST_MESSAGE: usize = 256;
/// Folders that hold files of secrets. What begins with one is a path.
const FOLDERS: &[&str] = &[
    "/etc/",
    "/var/",
    "/run/",
    "/usr/",
    "/home/",
    "/opt/",
    "/tmp/",
    "/root/",
    "/srv/",
    "/mnt/",
    "/secrets/",
    "/certs/",
    "~/",
    "./",
    "../",
];
/// How references to a place where a secret is kept begin.
const KEPT: &[&str] =
    &["vault:", "arn:aws:", "op://", "your_", "your-", "ErrorDetail(", "!vault", "!ref", "!secret"];
/// How expressions in code and in templates begin.
const OBJECTS: &[&str] = &[
    "var.",
    "self.",
    "this.",
    "req.",
    "request.",
    "params.",
    "params[",
    "process.env",
    "os.environ",
    "os.getenv(",
    "getenv(",
    "env(",
    "ENV[",
    "config.",
    "settings.",
    "local.",
    "module.",
    "data.",
    "getpass",
    "os.Getenv(",
    "System.getenv(",
];

/// Whether a value is surely not the secret itself.
pub(crate) fn stands_for_a_secret(value: &str) -> bool {
    is_message(value) || is_reference(value) || is_code(value) || is_object_name(value)
}

/// `is too short (minimum is 8 characters)`: plain words, two of them of messages.
fn is_message(value: &str) -> bool {
    if value.len() > LONGEST_MESSAGE || !value.contains(' ') {
        return false;
    }
    let is_part = |c: char| c.is_alphanumeric() || c == '\'' || c == '’';
    let words = || value.split(|c| !is_part(c)).filter(|word| !word.is_empty());
    let is_known = |word: &&str| {
        let word = word.to_lowercase().replace('’', "'");
        MESSAGE.split(' ').any(|known| known == word)
    };
    words().all(is_plain) && words().filter(is_known).count() > 1
}

/// A word as in a sentence, or a number of at most three digits.
fn is_plain(word: &str) -> bool {
    let is_number = word.len() < 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_loud = word.len() < 5 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    let mut rest = word.chars().skip(1);
    is_number || is_loud || rest.all(|c| c.is_lowercase() || c == '\'' || c == '’')
}

/// `/etc/ssl/private/server.key`, `vault:secret/data/db#password`, `YOUR_API_KEY`
fn is_reference(value: &str) -> bool {
    let is_kept =
        |start: &&str| value.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start));
    FOLDERS.iter().any(|folder| value.starts_with(folder)) || KEPT.iter().any(is_kept)
}

/// `request.form['password']`, `self._get_token()`
fn is_code(value: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphabetic() || b"_.()[]'\"".contains(&byte);
    let name = value.strip_suffix('(').or_else(|| value.strip_suffix("()")).unwrap_or("");
    let is_call =
        name.len() > 2 && name.bytes().all(|b| b.is_ascii_alphabetic() || b"_.".contains(&b));
    let is_object = OBJECTS.iter().any(|start| value.starts_with(start));
    is_call || is_attribute(value) || (is_object && value.bytes().all(is_part))
}

/// `google_secret.read_token[0].id`
fn is_attribute(value: &str) -> bool {
    let is_name = |part: &str| {
        let name = part.strip_suffix("[0]").unwrap_or(part);
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    value.contains('_') && value.contains('.') && value.split('.').all(is_name)
}

/// `kube-system/bootstrap-token`: the namespace and the name of an object.
fn is_object_name(value: &str) -> bool {
    let is_name = |name: &str| {
        name.len() > 2 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    value
        .split_once('/')
        .is_some_and(|(space, name)| is_name(space) && is_name(name) && value.contains('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_references_and_code_are_no_secrets() {
        for value in [
            "is too short (minimum is 8 characters)",
            "This field is required.",
            "can't be blank",
            "Passwords do not match",
            "has already been taken",
            "/etc/ssl/private/server.key",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db",
            "request.form['password']",
            "var.db_password",
            "YOUR_API_KEY",
            "Missing API key",
            "get_token(",
            "google_secret.read_token[0].id",
            "kube-system/bootstrap-token",
        ] {
            assert!(stands_for_a_secret(value), "{value}");
        }
    }

    #[test]
    fn passphrases_and_keys_are_secrets() {
        for value in [
            "correct horse battery staple",
            "my Secret2 is good",
            "hunter2",
            "/wJalrXUtnFEMI/K7MDENG",
            "self.made1",
            "abc/def",
            "a(b",
        ] {
            assert!(!stands_for_a_secret(value), "{value}");
        }
    }
}
