//! Where word goes.

use api::Problem;
use capstan_core::ports::Protocol;
use capstan_core::tier::edit::FieldError;

/// The longest e-mail address (RFC 5321, section 4.5.3.1.3, without its brackets) and the longest URL that is taken, in bytes.
const LONGEST_EMAIL: usize = 254;
const LONGEST_URL: usize = 2_048;

/// A protocol and an address of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) protocol: Protocol,
    pub(crate) endpoint: String,
}

impl Address {
    /// 422 with all that is wrong.
    pub(crate) fn read(protocol: &str, endpoint: &str) -> Result<Self, Problem> {
        let wrong = |field: &str, message: &str| {
            Err(Problem::invalid(&[FieldError { field: field.to_owned(), message: message.to_owned() }]))
        };
        let endpoint = endpoint.trim();
        let (protocol, fault) = match protocol {
            "email" => (Protocol::Email, email_fault(endpoint)),
            "https" => (Protocol::Https, url_fault(endpoint)),
            _ => return wrong("protocol", "is not one of email, https"),
        };
        match fault {
            Some(message) => wrong("endpoint", message),
            None => Ok(Self { protocol, endpoint: endpoint.to_owned() }),
        }
    }
}

fn plain(text: &str, longest: usize) -> bool {
    text.len() <= longest && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn email_fault(text: &str) -> Option<&'static str> {
    let well_formed = plain(text, LONGEST_EMAIL)
        && !text.contains(['<', '>', ',', ';', '"', '(', ')', '\\'])
        && text.split_once('@').is_some_and(|(local, domain)| {
            (1..=64).contains(&local.len()) && !domain.contains('@') && is_domain(domain)
        });
    (!well_formed).then_some("is not an e-mail address, such as oncall@example.com")
}

fn url_fault(text: &str) -> Option<&'static str> {
    let host =
        text.strip_prefix("https://").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let well_formed = plain(text, LONGEST_URL)
        && host.is_some_and(|host| {
            let (name, port) = host.split_once(':').unwrap_or((host, "443"));
            is_domain(name) && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
    // Whoever lists the subscriptions would read them.
    (!well_formed).then_some("is not a URL such as https://pager.example.com/hook, without user and password")
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.contains('.') && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_and_all_else_is_refused_by_its_field() {
        for (protocol, endpoint) in [
            ("email", "oncall@example.com"),
            ("email", " first.last+tag@a-b.example.co.uk "),
            ("https", "https://pager.example.com"),
            ("https", "https://pager.example.com:8443/hook?key=1"),
        ] {
            assert_eq!(Address::read(protocol, endpoint).unwrap().endpoint, endpoint.trim());
        }
        let long = format!("{}@example.com", "x".repeat(65));
        for (protocol, endpoint, field) in [
            ("sms", "+4915112345678", "protocol"),
            ("", "oncall@example.com", "protocol"),
            ("email", "", "endpoint"),
            ("email", "oncall", "endpoint"),
            ("email", "@example.com", "endpoint"),
            ("email", "a@b@example.com", "endpoint"),
            ("email", "a@localhost", "endpoint"),
            ("email", "a@-x.com", "endpoint"),
            ("email", "a b@example.com", "endpoint"),
            ("email", "a@example.com\nb@example.com", "endpoint"),
            ("email", "Größe@example.com", "endpoint"),
            ("email", long.as_str(), "endpoint"),
            ("https", "http://pager.example.com", "endpoint"),
            ("https", "https://user:secret@pager.example.com", "endpoint"),
            ("https", "https://169", "endpoint"),
            ("https", "https://pager.example.com:0", "endpoint"),
            ("https", "https://pager.example.com:99999", "endpoint"),
        ] {
            let problem = Address::read(protocol, endpoint).unwrap_err();
            assert_eq!(
                (problem.status, problem.more["errors"][0]["field"].as_str()),
                (422, Some(field)),
                "{endpoint}"
            );
        }
    }
}
