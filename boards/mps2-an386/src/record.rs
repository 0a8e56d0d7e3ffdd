//! Records the run and sends it over the network.

use embassy_executor::Spawner;
use embassy_time::{Duration, Instant, with_timeout};
use g2g_kit::ConstStaticCell;
use g2g_kit::net::udp::{PacketMetadata, UdpSocket};
use g2g_kit::net::{IpEndpoint, Ipv4Address, Stack};
use g2g_recorder::{Queue, Recorded};
use g2g_runtime::Machine;

include!(concat!(env!("G2G_IMAGE"), "/record.rs"));

/// Packets that wait to be sent; two or three times as many as the pipeline makes while the network resolves an address.
const PACKETS: usize = 16;

static QUEUE: Queue<PACKETS> = Queue::new();

/// Records what an engine is called with, and sends it over the network where there is one.
pub fn over<M: Machine>(machine: M, network: Option<Stack<'static>>, spawner: &Spawner) -> Recorded<M, PACKETS> {
  if let Some(stack) = network {
    start(stack, spawner);
  }
  // Two starts never take the same time to the microsecond on the board; in the emulator there is one.
  let session = (Instant::now().as_micros() * 1000) as u32;
  Recorded::new(machine, &QUEUE, &crate::image::IMAGE, &SETTINGS, session)
}

fn start(stack: Stack<'static>, spawner: &Spawner) {
  static RECEIVED: ConstStaticCell<([PacketMetadata; 1], [u8; 4])> =
    ConstStaticCell::new(([PacketMetadata::EMPTY; 1], [0; 4]));
  static SENT: ConstStaticCell<([PacketMetadata; 4], [u8; 4400])> =
    ConstStaticCell::new(([PacketMetadata::EMPTY; 4], [0; 4400]));
  let (received, sent) = (RECEIVED.take(), SENT.take());
  let mut socket = UdpSocket::new(stack, &mut received.0, &mut received.1, &mut sent.0, &mut sent.1);
  if socket.bind(TO.1).is_ok()
    && let Ok(task) = send(socket)
  {
    spawner.spawn(task);
  }
}

#[embassy_executor::task]
async fn send(socket: UdpSocket<'static>) -> ! {
  g2g_recorder::send(&QUEUE, &socket, IpEndpoint::from((Ipv4Address::from(TO.0), TO.1))).await
}

/// Waits until all is sent, but not for long.
pub async fn sent() {
  let empty = async {
    while !QUEUE.is_empty() {
      embassy_time::Timer::after_millis(5).await;
    }
    // The network has it in its own queue.
    embassy_time::Timer::after_millis(50).await;
  };
  let _ = with_timeout(Duration::from_secs(2), empty).await;
}
