//! Where a request comes from.

use std::net::IpAddr;

use actix_web::HttpRequest;

/// The peer's address, or what the proxy in front last added to `X-Forwarded-For`. What a client itself writes there is never believed.
pub(super) fn of(request: &HttpRequest, behind_proxy: bool) -> Option<IpAddr> {
    if behind_proxy {
        let header = request.headers().get_all("x-forwarded-for").last()?;
        return header.to_str().ok()?.rsplit(',').next()?.trim().parse().ok();
    }
    request.peer_addr().map(|peer| peer.ip())
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
        assert_eq!(of(&request, false), Some(IpAddr::from([10, 0, 0, 1])));
        assert_eq!(of(&request, true), Some(IpAddr::from([198, 51, 100, 7])));
    }
}
