//! The network of a board, whose addresses its board.json gives.

use embassy_net::{Config, Ipv4Address, Ipv4Cidr, StaticConfigV4};

/// Sockets of a board at most: one for each element, and for what it has besides.
pub const SOCKETS: usize = 2 + cfg!(feature = "record") as usize + cfg!(feature = "update") as usize;

/// A static set-up.
pub fn config(address: [u8; 4], prefix: u8, gateway: [u8; 4]) -> Config {
  let address = Ipv4Cidr::new(Ipv4Address::from(address), prefix);
  let gateway = Some(Ipv4Address::from(gateway));
  Config::ipv4_static(StaticConfigV4 { address, gateway, dns_servers: Default::default() })
}

/// The seed that chooses the ports of sockets that are not told theirs; nothing hangs on their being secret.
/// @param address of the Ethernet
pub fn seed(address: [u8; 6]) -> u64 {
  address.iter().fold(1, |seed, byte| seed << 8 ^ u64::from(*byte))
}

/// Brings a network with a static address up and adds the elements over it that the board has as features.
/// @param elements the board's, @param spawner for the network's task, @param device the driver, @param kind its type,
/// @param numbers the module with the constants of board.json, @param datagrams that may wait for each socket, and their
/// @param bytes
/// @returns the network
#[macro_export]
macro_rules! network_elements {
  ($elements:expr, $spawner:expr, $device:expr, $kind:ty, $numbers:ident, $datagrams:expr, $bytes:expr) => {{
    use $crate::net::{Runner, Stack, StackResources};
    use $crate::network::{SOCKETS, config, seed};
    use $crate::parts::udp::Buffers;

    #[embassy_executor::task]
    async fn run(mut runner: Runner<'static, $kind>) -> ! {
      runner.run().await
    }

    static RESOURCES: $crate::ConstStaticCell<StackResources<SOCKETS>> =
      $crate::ConstStaticCell::new(StackResources::new());
    let config = config($numbers::ADDRESS, $numbers::PREFIX, $numbers::GATEWAY);
    let (stack, runner): (Stack<'static>, _) = $crate::net::new($device, config, RESOURCES.take(), seed($numbers::MAC));
    if let Ok(task) = run(runner) {
      $spawner.spawn(task);
    }
    #[cfg(feature = "udpsink")]
    {
      use $crate::parts::udpsink::UdpSink;
      static BUFFERS: $crate::ConstStaticCell<Buffers<$datagrams, $bytes>> =
        $crate::ConstStaticCell::new(Buffers::new());
      static ELEMENT: $crate::StaticCell<UdpSink<'static>> = $crate::StaticCell::new();
      $elements.add("udpsink", ELEMENT.init(UdpSink::new(BUFFERS.take().sender(stack))));
    }
    #[cfg(feature = "udpsrc")]
    {
      use $crate::parts::udpsrc::UdpSrc;
      static BUFFERS: $crate::ConstStaticCell<Buffers<$datagrams, $bytes>> =
        $crate::ConstStaticCell::new(Buffers::new());
      static ELEMENT: $crate::StaticCell<UdpSrc<'static>> = $crate::StaticCell::new();
      $elements.add("udpsrc", ELEMENT.init(UdpSrc::new(BUFFERS.take().receiver(stack))));
    }
    stack
  }};
}
