//! The formats that a client may name with `?format=`.

/// What the body of a batch holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Csv,
    /// Lines of a log: of one format, or each of its own.
    Lines(Option<Preset>),
}

/// A format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preset {
    Alb,
    Combined,
    Envoy,
    Haproxy,
    S3,
    W3c,
}

impl Preset {
    /// The name in errors.
    pub(super) fn as_str(self) -> &'static str {
        let is_named = |(_, format): &&(&str, Format)| *format == Format::Lines(Some(self));
        FORMATS.iter().find(is_named).map_or("", |(name, _)| name)
    }
}

const FORMATS: [(&str, Format); 16] = [
    ("auto", Format::Lines(None)),
    ("alb", Format::Lines(Some(Preset::Alb))),
    ("elb", Format::Lines(Some(Preset::Alb))),
    ("combined", Format::Lines(Some(Preset::Combined))),
    ("common", Format::Lines(Some(Preset::Combined))),
    ("apache", Format::Lines(Some(Preset::Combined))),
    ("nginx", Format::Lines(Some(Preset::Combined))),
    ("envoy", Format::Lines(Some(Preset::Envoy))),
    ("istio", Format::Lines(Some(Preset::Envoy))),
    ("haproxy", Format::Lines(Some(Preset::Haproxy))),
    ("s3", Format::Lines(Some(Preset::S3))),
    ("w3c", Format::Lines(Some(Preset::W3c))),
    ("iis", Format::Lines(Some(Preset::W3c))),
    ("cloudfront", Format::Lines(Some(Preset::W3c))),
    ("csv", Format::Csv),
    ("json", Format::Json),
];

impl Format {
    /// The names of all formats.
    pub(crate) const NAMES: [&str; FORMATS.len()] = {
        let mut names = [""; FORMATS.len()];
        let mut at = 0;
        while at < FORMATS.len() {
            names[at] = FORMATS[at].0;
            at += 1;
        }
        names
    };

    /// The format of a name, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let is_named = |(known, _): &&(&str, Format)| known.eq_ignore_ascii_case(name);
        FORMATS.iter().find(is_named).map(|(_, format)| *format)
    }
}
