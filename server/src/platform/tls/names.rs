//! Under which names and addresses this machine can be asked, as far as an authority of its own may vouch for them.
//!
//! That is the network it is in and nothing beyond: private addresses, and names that exist in no other network. The one name from outside is that of
//! `FLOORLINE_PUBLIC_URL`, since somebody wrote it down on purpose.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rcgen::{CidrSubnet, GeneralSubtree, SanType};
use reqwest::Url;
use rustls::pki_types::{DnsName, ServerName};

/// Names that mean something in one network only; RFC 6762, RFC 8375, and what routers give out.
const OF_NETWORKS: [&str; 5] = ["localhost", "local", "lan", "internal", "home.arpa"];

/// Addresses that mean something in one network only: this machine, private ones, and those that a machine gives itself.
const PRIVATE: [(IpAddr, u8); 8] = [
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
];

/// A name or an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Dns(String),
    Address(IpAddr),
}

/// What a certificate is made for.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// Any authority of ours may vouch for these.
    pub(super) of_the_network: BTreeSet<Name>,
    /// The machine's own name, if it is one for the whole world: an authority may be older than it.
    pub(super) own: Option<Name>,
    /// The host of `FLOORLINE_PUBLIC_URL`: without it the certificate is of no use.
    pub(super) public: Option<Name>,
}

impl Name {
    /// None for what is no name.
    fn dns(text: &str) -> Option<Self> {
        let text = text.trim_end_matches('.').to_ascii_lowercase();
        DnsName::try_from(text.as_str()).is_ok().then_some(Self::Dns(text))
    }

    /// As clients ask for it.
    pub(super) fn asked(&self) -> Option<ServerName<'static>> {
        match self {
            Self::Dns(name) => ServerName::try_from(name.clone()).ok(),
            Self::Address(address) => Some(ServerName::from(*address)),
        }
    }

    /// As it stands in a certificate.
    pub(super) fn alternative(&self) -> Result<SanType, rcgen::Error> {
        Ok(match self {
            Self::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
            Self::Address(address) => SanType::IpAddress(*address),
        })
    }

    /// It and nothing else.
    fn alone(&self) -> GeneralSubtree {
        match self {
            Self::Dns(name) => GeneralSubtree::DnsName(name.clone()),
            Self::Address(address @ IpAddr::V4(_)) => {
                GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, 32))
            }
            Self::Address(address @ IpAddr::V6(_)) => {
                GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, 128))
            }
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl Names {
    /// Those of this machine as it is now.
    pub(super) fn now(public_url: Option<&str>) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let addresses = if_addrs::get_if_addrs().unwrap_or_default();
        Self::of(&host, addresses.iter().map(if_addrs::Interface::ip), public_url)
    }

    fn of(host: &str, addresses: impl Iterator<Item = IpAddr>, public_url: Option<&str>) -> Self {
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let mut of_the_network: BTreeSet<Name> =
            addresses.chain(loopback).filter(|address| is_private(*address)).map(Name::Address).collect();
        let first = host.split('.').next().unwrap_or_default();
        of_the_network.extend(["localhost".to_owned(), format!("{first}.local")].iter().filter_map(|n| Name::dns(n)));
        Self { of_the_network, own: Name::dns(host), public: public_url.and_then(host_of) }
    }

    /// All of them.
    pub(super) fn all(&self) -> BTreeSet<Name> {
        self.of_the_network.iter().chain(&self.own).chain(&self.public).cloned().collect()
    }

    /// Without the machine's own name.
    pub(super) fn without_own(&self) -> BTreeSet<Name> {
        self.of_the_network.iter().chain(&self.public).cloned().collect()
    }

    /// What an authority that is made now may ever vouch for.
    pub(super) fn bounds(&self) -> Vec<GeneralSubtree> {
        let names = OF_NETWORKS.iter().map(|name| GeneralSubtree::DnsName((*name).to_owned()));
        let addresses = PRIVATE
            .iter()
            .map(|(address, prefix)| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*address, *prefix)));
        names.chain(addresses).chain(self.own.iter().chain(&self.public).map(Name::alone)).collect()
    }
}

/// The address under which others in the network most likely reach this machine.
pub fn address_in_the_network() -> Option<IpAddr> {
    let mut addresses: Vec<IpAddr> =
        if_addrs::get_if_addrs().unwrap_or_default().iter().map(if_addrs::Interface::ip).collect();
    addresses.retain(|address| !address.is_loopback() && is_private(*address));
    // Version 4 first, and those that a router gave before those that a machine gave itself.
    addresses.into_iter().min_by_key(|address| match address {
        IpAddr::V4(v4) => (0, v4.is_link_local()),
        IpAddr::V6(v6) => (1, v6.is_unicast_link_local()),
    })
}

fn host_of(url: &str) -> Option<Name> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
    host.parse().map(Name::Address).ok().or_else(|| Name::dns(host))
}

fn is_private(address: IpAddr) -> bool {
    PRIVATE.iter().any(|(network, prefix)| match (address, network) {
        (IpAddr::V4(v4), IpAddr::V4(of)) => (v4.to_bits() ^ of.to_bits()).leading_zeros() >= u32::from(*prefix),
        (IpAddr::V6(v6), IpAddr::V6(of)) => (v6.to_bits() ^ of.to_bits()).leading_zeros() >= u32::from(*prefix),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(names: &BTreeSet<Name>) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_machine_is_asked_by_its_names_and_by_what_is_private_of_its_addresses() {
        let addresses = ["192.168.1.5", "203.0.113.9", "fd12::5", "2001:db8::5"].map(|text| text.parse().unwrap());
        let names = Names::of("Mill-1.north.example", addresses.into_iter(), Some("https://Floor.example.com:8443/x"));
        let expected = [
            "floor.example.com",
            "localhost",
            "mill-1.local",
            "mill-1.north.example",
            "127.0.0.1",
            "192.168.1.5",
            "::1",
            "fd12::5",
        ];
        assert_eq!(text(&names.all()), expected);
        assert!(!text(&names.without_own()).contains(&"mill-1.north.example".to_owned()));
    }

    #[test]
    fn a_public_address_is_one_only_if_somebody_wrote_it_down() {
        let public = |url| Names::of("mill", std::iter::empty(), Some(url)).public.unwrap().to_string();
        assert_eq!(public("https://203.0.113.9"), "203.0.113.9");
        assert_eq!(public("https://[2001:db8::5]:8443"), "2001:db8::5");
    }

    #[test]
    fn a_host_whose_name_is_none_is_asked_by_its_addresses() {
        let names = Names::of("under_score!", std::iter::empty(), None);
        assert_eq!(text(&names.all()), ["localhost", "127.0.0.1", "::1"]);
    }

    #[test]
    fn what_is_private_begins_and_ends_where_the_rfcs_say() {
        for (address, private) in [
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("172.15.255.255", false),
            ("172.16.0.0", true),
            ("172.31.255.255", true),
            ("172.32.0.0", false),
            ("192.168.0.1", true),
            ("192.169.0.1", false),
            ("fdff::1", true),
            ("fe80::1", true),
            ("fec0::1", false),
            ("::1", true),
            ("::2", false),
        ] {
            assert_eq!(is_private(address.parse().unwrap()), private, "{address}");
        }
    }
}
