//! Addresses in results of Package Analysis: which are somebody's, and which are one address in two spellings.

use std::collections::BTreeSet;

use osv_schema::write;

use crate::analysis::{did, met, reading, result};

#[test]
fn a_socket_for_both_kinds_of_addresses_is_as_one_for_its_own() {
    let named = r#"{"Address": "104.16.1.1", "Port": 4443, "Hostnames": ["registry.npmjs.org"]}"#;
    let sockets = |other: &str| {
        let own = did("install").connects(other, 4443);
        let content = result("npm", "dual", "1.0.0", &[own]);
        content.replace(r#""Sockets": ["#, &format!(r#""Sockets": [{named}, "#))
    };
    for normal in ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:104.16.1.1", "::FFFF:6810:101"] {
        assert_eq!(met(&sockets(normal)), BTreeSet::new(), "{normal}");
    }
    for resolver in ["2001:4860:4860::8888", "2001:4860:4860:0::8844", "2606:4700:4700::1111"] {
        assert_eq!(met(&sockets(resolver)), BTreeSet::new(), "{resolver}");
    }
    for (bare, plain) in [("::ffff:45.9.1.1", "45.9.1.1"), ("2a00:1450::1", "2a00:1450::1")] {
        let content = sockets(bare);
        assert!(met(&content).contains("bare-address-on-an-odd-port"), "{bare}");
        let reading = reading(&[("x.json", &content)]);
        let told = write::compact(&reading.taken.deliveries[0].record);
        assert!(told.contains(&format!("\"{plain}\"")) && !told.contains("ffff"), "{told}");
    }
}
