//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::HttpRequest;

/// The peer's address, or what the proxy in front last added to `X-Forwarded-For`. What a client itself writes there is never believed.
pub fn address_of(request: &HttpRequest, behind_proxy: bool) -> Option<IpAddr> {
    if behind_proxy {
        let header = request.headers().get_all("x-forwarded-for").last()?;
        return header.to_str().ok()?.rsplit(',').next()?.trim().parse().ok();
    }
    request.peer_addr().map(|peer| peer.ip())
}

/// Who counts as one: an address of version 4, also where it is written as one of version 6, or a whole /64, which one customer of a provider has.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_the_last_hop_of_a_proxy_is_believed() {
        let request = TestRequest::default()
            .peer_addr("10.0.0.1:4000".parse().unwrap())
            .insert_header(("x-forwarded-for", "203.0.113.9, 198.51.100.7"))
            .to_http_request();
        assert_eq!(address_of(&request, false), Some(IpAddr::from([10, 0, 0, 1])));
        assert_eq!(address_of(&request, true), Some(IpAddr::from([198, 51, 100, 7])));
    }

    #[test]
    fn neighbours_in_a_network_of_version_six_are_one_and_written_out_version_four_are_not() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8:0:1:aaaa::1"), network("2001:db8:0:1::2"));
        assert_ne!(network("2001:db8:0:1::1"), network("2001:db8:0:2::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("::ffff:192.0.2.1"), network("::ffff:192.0.2.2"));
    }
}
