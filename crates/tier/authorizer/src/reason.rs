//! Why a caller is not let in.

use capstan_core::ports::IssuerError;
use tier_records::RecordError;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Why a token does not count: a closed set, for logs and metrics. The caller is told nothing of it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reason { $($(#[$doc])* $variant,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: [Self; [$(Self::$variant),*].len()] = [$(Self::$variant),*];
            /// Its name in logs and metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

reasons! {
    /// No `Authorization: Bearer …`.
    NoToken = "no-token",
    /// More than one such header.
    SeveralTokens = "several-tokens",
    /// More than [`crate::MAX_TOKEN`] bytes.
    Oversized = "oversized",
    /// Not a compact JWS of strict JSON.
    Malformed = "malformed",
    /// An algorithm that is none of ours, or not that of the key.
    Algorithm = "algorithm",
    /// The header demands what is not known here (`crit`), or brings its own key.
    Header = "header",
    /// No key, or several, of that name at the issuer.
    UnknownKey = "unknown-key",
    /// The signature is not that of the key.
    Signature = "signature",
    /// Of another issuer.
    Issuer = "issuer",
    /// For another audience.
    Audience = "audience",
    /// It was good until a moment that has passed.
    Expired = "expired",
    /// It is not good yet, or was issued later than now.
    NotYetValid = "not-yet-valid",
    /// It is good for longer than any may be, or does not say from when to when.
    Lifetime = "lifetime",
    /// It names nobody who could be shown and recorded.
    Subject = "subject",
    /// It names no role that is known.
    Role = "role",
    /// It names no tenant.
    Tenant = "tenant",
}

/// Why no policy is given.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// The caller has no valid token. API Gateway makes 401 of this very message.
    #[error("Unauthorized")]
    Token(Reason),
    /// Whether the token is valid can't be told now.
    #[error("the issuer's keys can't be had")]
    Keys(#[source] IssuerError),
    /// The caller may not, and that could not be recorded.
    #[error("a denial could not be recorded")]
    Record(#[source] RecordError),
    /// API Gateway sends nothing like it.
    #[error("this is no event for an authorizer")]
    Event,
}

impl Refusal {
    /// Its name for programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Token(_) => "Unauthorized",
            Self::Keys(_) => "IssuerUnavailable",
            Self::Record(_) => "AuditUnavailable",
            Self::Event => "BadInput",
        }
    }
    /// What goes into logs and metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Token(reason) => reason.as_str(),
            Self::Keys(_) => "issuer-unavailable",
            Self::Record(_) => "audit-unavailable",
            Self::Event => "bad-input",
        }
    }
}
