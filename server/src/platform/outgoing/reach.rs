//! Which servers may be spoken to.
//!
//! An address that somebody typed, or that a browser handed over, must not become a way into the network that the server stands in. It is looked at twice: as
//! a text when it is given ([`Reach::permits`]), where numbers stand for themselves, and as numbers when its name was looked up ([`Reach::allows`]), just
//! before the connection is made to these very numbers, so that a name which means something else by then does not help.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// How far requests may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Wherever the operator's own settings say; plain HTTP to this machine only.
    Settings,
    /// The public internet, over TLS only.
    Public,
    /// The same, and this machine even over plain HTTP: for trying things out.
    PublicAndLoopback,
}

impl Reach {
    /// Whether a URL may be asked, as far as its text says.
    ///
    /// # Errors
    /// What is wrong with it, in words that do not repeat it.
    pub fn permits(self, url: &Url) -> Result<(), &'static str> {
        let host = url.host_str().ok_or("It names no host.")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("It holds a name or a password.");
        }
        let number: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        let here = host == "localhost" || number.is_some_and(|number| number.is_loopback());
        match (url.scheme(), here, self) {
            ("http" | "https", true, Self::Settings | Self::PublicAndLoopback) => Ok(()),
            ("https", ..) if number.is_none_or(|number| self.allows(number)) && !here => Ok(()),
            ("https", ..) => Err("It is not an address of the public internet."),
            _ => Err("It must begin with https://."),
        }
    }

    /// Whether a connection to this address may be made.
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Settings => true,
            Self::Public => is_public(address),
            Self::PublicAndLoopback => is_public(address) || address.is_loopback(),
        }
    }
}

/// Whether an address is one of the public internet: none of a private network, of this machine, of its link, or kept for other purposes (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => is_public_v4(address),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        [0, ..] | [240..=255, ..] => true,
        [100, second, ..] => (64..128).contains(&second),
        [192, 0, 0, _] | [192, 88, 99, _] => true,
        [198, 18..=19, ..] => true,
        _ => false,
    };
    !(special
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast())
}

/// Global unicast is 2000::/3; what tunnels to IPv4 or is kept for documents and protocols lies in it as well.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let global = matches!(address.segments(), [0x2000..=0x3fff, ..]);
    let special = matches!(
        address.segments(),
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..]
    );
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for (address, public) in [
            ("1.1.1.1", true),
            ("142.250.74.106", true),
            ("100.63.0.1", true),
            ("100.64.0.1", false),
            ("10.0.0.1", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("0.0.0.0", false),
            ("192.0.0.170", false),
            ("198.18.0.1", false),
            ("203.0.113.7", false),
            ("224.0.0.1", false),
            ("240.0.0.1", false),
            ("255.255.255.255", false),
            ("2a00:1450:4001:80b::200a", true),
            ("2001:4860:4860::8888", true),
            ("::1", false),
            ("::", false),
            ("::ffff:10.0.0.1", false),
            ("::ffff:1.1.1.1", true),
            ("64:ff9b::a00:1", false),
            ("fc00::1", false),
            ("fe80::1", false),
            ("ff02::1", false),
            ("2001:db8::1", false),
            ("2001::1", false),
            ("2002:a00:1::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    #[test]
    fn an_address_that_somebody_gives_leads_nowhere_near() {
        for (url, public, trying) in [
            ("https://push.example/x", true, true),
            ("https://push.example:8443/x", true, true),
            ("https://1.1.1.1/x", true, true),
            ("http://push.example/x", false, false),
            ("ftp://push.example/x", false, false),
            ("https://user@push.example/x", false, false),
            ("https://10.0.0.1/x", false, false),
            ("https://[fe80::1]/x", false, false),
            ("https://0x0a000001/x", false, false),
            ("https://127.0.0.1/x", false, true),
            ("http://127.0.0.1:8080/x", false, true),
            ("http://2130706433/x", false, true),
            ("http://localhost:8080/x", false, true),
            ("http://[::1]:8080/x", false, true),
            ("http://192.168.1.1/x", false, false),
        ] {
            let parsed = Url::parse(url).unwrap();
            assert_eq!(Reach::Public.permits(&parsed).is_ok(), public, "{url}");
            assert_eq!(Reach::PublicAndLoopback.permits(&parsed).is_ok(), trying, "{url}");
        }
    }

    #[test]
    fn settings_may_name_a_server_near_by_but_not_without_tls() {
        let permits = |url: &str| Reach::Settings.permits(&Url::parse(url).unwrap()).is_ok();
        assert!(
            permits("https://10.0.0.1/") && permits("https://fcm.googleapis.com/") && permits("http://127.0.0.1:1/")
        );
        assert!(!permits("http://fcm.googleapis.com/") && !permits("http://10.0.0.1/"));
    }
}
