//! How strict the vendors are, in numbers: `cargo test --lib sim::tests -- --nocapture` prints them.

use super::portal::tests as portal;
use super::whatsapp::gupshup::tests::refusals as network;

/// Every row of these tables is a request that the simulator refuses with the vendor's status and code; the tests beside the tables
/// send them over HTTP. Refusals that need a little story (authorization, limits, failed events) are asserted there and not counted.
#[test]
fn the_vendors_refuse_at_least_sixty_wrong_requests() {
    let (of_portal, of_network) = (portal::distinct(), network::distinct());
    println!("different wrong requests: portal {of_portal}, WhatsApp network {of_network}, together {}", of_portal + of_network);
    assert!(of_portal >= 75 && of_network >= 45, "portal {of_portal}, network {of_network}");
}
