//! Sends a recording in datagrams, a packet each.

use embassy_net::IpEndpoint;
use embassy_net::udp::UdpSocket;

use crate::packet::{HEAD, PACKET};
use crate::queue::Queue;

/// Sends what comes into a queue. What the network does not take is lost, which the numbers of the packets show.
pub async fn send<const N: usize>(queue: &Queue<N>, socket: &UdpSocket<'_>, to: IpEndpoint) -> ! {
  let mut packet = [0; HEAD + PACKET];
  loop {
    let n = queue.next(&mut packet).await;
    let _ = socket.send_to(&packet[..n], to).await;
  }
}
