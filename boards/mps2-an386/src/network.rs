//! The network: the LAN9220 with a static address, and the elements over it.

use embassy_executor::Spawner;
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use g2g_chips::Mmio;
use g2g_chips::lan9118::{self, Lan9118};
use g2g_elements::Registry;
use g2g_elements::udp::Buffers;
use static_cell::{ConstStaticCell, StaticCell};

use crate::elements::MOST;
use crate::{devices, numbers};

type Device = Lan9118<Mmio>;

/// Brings the network up; `None` when the part does not answer.
#[inline(never)]
pub fn start(spawner: &Spawner) -> Option<Stack<'static>> {
  static RESOURCES: ConstStaticCell<StackResources<4>> = ConstStaticCell::new(StackResources::new());
  static FRAMES: ConstStaticCell<lan9118::Buffers> = ConstStaticCell::new(lan9118::Buffers::new());
  let device = Lan9118::new(&devices::ETHERNET, FRAMES.take(), numbers::MAC)?;
  devices::start_ethernet();
  let [a, b, c, d] = numbers::GATEWAY;
  let address = Ipv4Cidr::new(Ipv4Address::from(numbers::ADDRESS), numbers::PREFIX);
  let gateway = Some(Ipv4Address::new(a, b, c, d));
  let config = Config::ipv4_static(StaticConfigV4 { address, gateway, dns_servers: Default::default() });
  // The seed chooses the ports of sockets that are not told theirs; nothing hangs on their being secret.
  let (stack, runner) = embassy_net::new(device, config, RESOURCES.take(), u64::from(numbers::MAC[5]) + 1);
  spawner.spawn(run(runner).ok()?);
  Some(stack)
}

#[embassy_executor::task]
async fn run(mut runner: Runner<'static, Device>) -> ! {
  runner.run().await
}

/// Adds the elements over it.
pub fn add(stack: Stack<'static>, registry: &mut Registry<MOST>) {
  #[cfg(feature = "udpsink")]
  {
    use g2g_elements::udpsink::UdpSink;
    static BUFFERS: ConstStaticCell<Buffers<8, 4096>> = ConstStaticCell::new(Buffers::new());
    static ELEMENT: StaticCell<UdpSink<'static>> = StaticCell::new();
    registry.add("udpsink", ELEMENT.init(UdpSink::new(BUFFERS.take().sender(stack))));
  }
  #[cfg(feature = "udpsrc")]
  {
    use g2g_elements::udpsrc::UdpSrc;
    static BUFFERS: ConstStaticCell<Buffers<8, 4096>> = ConstStaticCell::new(Buffers::new());
    static ELEMENT: StaticCell<UdpSrc<'static>> = StaticCell::new();
    registry.add("udpsrc", ELEMENT.init(UdpSrc::new(BUFFERS.take().receiver(stack))));
  }
}
