//! Takes packages in datagrams.

use core::cell::RefCell;

use embassy_net::udp::UdpSocket;
use embassy_time::{Instant, Timer};
use embedded_storage::nor_flash::NorFlash;

use crate::store::Store;
use crate::transfer::{Next, REPLY, REQUEST, Transfer};

/// Answers requests until a package is to be tried, and the processor to be started anew.
/// @param socket bound to the port of updates
pub async fn serve<F: NorFlash>(store: &RefCell<Store<F>>, socket: &UdpSocket<'_>) {
  let mut transfer = Transfer::new();
  let (mut request, mut reply) = ([0; REQUEST], [0; REPLY]);
  loop {
    // One that is too long is none.
    let Ok((n, from)) = socket.recv_from(&mut request).await else { continue };
    let now = Instant::now().as_micros() as i64 * 1000;
    let answer = transfer.answer(&mut store.borrow_mut(), &request[..n], &mut reply, now);
    let Some((size, next)) = answer else { continue };
    let _ = socket.send_to(&reply[..size], from.endpoint).await;
    if next == Next::Reset {
      Timer::after_millis(200).await;
      return;
    }
  }
}
