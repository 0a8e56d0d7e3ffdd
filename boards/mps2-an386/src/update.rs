//! Runs the package that is to be run, and takes others from the network. The flash is RAM of the board outside the image,
//! which survives a reset.

use core::cell::RefCell;

use embassy_executor::Spawner;
use embassy_time::Timer;
use g2g_chips::Terminal;
use g2g_kit::net::Stack;
use g2g_kit::net::udp::{PacketMetadata, UdpSocket};
use g2g_kit::{ConstStaticCell, Program, StaticCell};
use g2g_runtime::{Board as _, Image, Outcome};
use g2g_update::ram::{BLOCK, RamFlash};
use g2g_update::{Choice, HEADER, Happened, Layout, OnTrial, Proof, REPLY, REQUEST, Store, TRIAL};

use crate::Mps;
use crate::devices::CONSOLE;
use crate::elements::Made;

include!(concat!(env!("G2G_IMAGE"), "/update.rs"));

/// The PSRAM of the board.
const BASE: usize = 0x2100_0000;

const SLOT: usize = 31 * BLOCK;
const LAYOUT: Layout = Layout { journal: 0, slots: [2 * BLOCK as u32, (2 * BLOCK + SLOT) as u32], slot: SLOT as u32 };
const SIZE: usize = 2 * BLOCK + 2 * SLOT;

/// How long a package may be on trial, in seconds.
const DEADLINE: u64 = 60;

type Shared = &'static RefCell<Store<RamFlash>>;

fn say(words: &[&str]) {
  words.iter().for_each(|word| CONSOLE.print(word.as_bytes()));
  CONSOLE.print(b"\r\n");
}

/// Runs what is to be run.
pub async fn run(mut program: Program<Mps>, made: Made, spawner: &Spawner) -> Outcome {
  static STORE: StaticCell<RefCell<Store<RamFlash>>> = StaticCell::new();
  // Nothing else of the image lies there.
  let flash = unsafe { RamFlash::new(BASE as *mut u8, SIZE) };
  let store: Shared = match Store::open(flash, LAYOUT, LIMITS) {
    Ok(store) => STORE.init(RefCell::new(store)),
    Err(why) => {
      say(&["update: ", why.text()]);
      return Outcome::Halted;
    }
  };
  if let Some(stack) = made.network {
    serve(stack, store, spawner);
  }
  let choice = store.borrow_mut().choose(program.cause());
  match choice.happened {
    Some(Happened::RolledBack) => say(&["update: rolled back"]),
    Some(Happened::Refused(why)) => say(&["update: not started: ", why.text()]),
    None => {}
  }
  let image = match packaged(store, &choice) {
    Some(image) => image,
    None => &crate::image::IMAGE,
  };
  let Some(engine) = g2g_kit::run::start(&mut program, image) else {
    return if choice.trial { failed(store) } else { Outcome::Halted };
  };
  if !choice.trial {
    return g2g_runtime::run(program, made.elements, engine, image).await;
  }
  say(&["update: on trial"]);
  if let Ok(task) = deadline(store) {
    spawner.spawn(task);
  }
  let version = choice.header.as_ref().map_or(0, |h| h.version);
  let proved = move || confirm(store, version);
  let machine = OnTrial::new(engine, Proof::DEFAULT, proved);
  let outcome = g2g_runtime::run_with(program, made.elements, machine, image, TRIAL).await;
  if store.borrow().state().trial == 0 {
    return outcome;
  }
  if outcome == Outcome::Eos {
    // It came to its end without a fault.
    confirm(store, version);
    return outcome;
  }
  failed(store)
}

fn confirm(store: Shared, version: u32) {
  match store.borrow_mut().confirm(version) {
    Ok(()) => say(&["update: confirmed"]),
    Err(why) => say(&["update: cannot be confirmed: ", why.text()]),
  }
}

/// Resets that an update brings with it are no sign of a fault that comes again. What follows is a reset.
fn forgive() {
  // Nobody uses it any more: the host is gone, or goes with the reset.
  unsafe { g2g_runtime::ledger::kept() }.settle();
}

fn failed(store: Shared) -> Outcome {
  let _ = store.borrow_mut().reject();
  forgive();
  say(&["update: failed on trial, back to the last good one"]);
  Outcome::Reset
}

/// The image of a slot.
fn packaged(store: Shared, choice: &Choice) -> Option<&'static Image> {
  static TEXT: ConstStaticCell<[u8; 64]> = ConstStaticCell::new([0; 64]);
  static IMAGE: StaticCell<Image> = StaticCell::new();
  let header = choice.header.as_ref()?;
  let store = store.borrow();
  // A package comes into the slot that does not run.
  let slot = unsafe { store.flash().mapped(store.place(choice.slot)?, store.slot()) }?;
  let made = g2g_update::image(header, slot, TEXT.take(), LIMITS.memory as usize)?;
  Some(IMAGE.init(made))
}

fn serve(stack: Stack<'static>, store: Shared, spawner: &Spawner) {
  static RECEIVED: ConstStaticCell<([PacketMetadata; 2], [u8; 2 * REQUEST])> =
    ConstStaticCell::new(([PacketMetadata::EMPTY; 2], [0; 2 * REQUEST]));
  static SENT: ConstStaticCell<([PacketMetadata; 2], [u8; 2 * REPLY])> =
    ConstStaticCell::new(([PacketMetadata::EMPTY; 2], [0; 2 * REPLY]));
  const { assert!(REQUEST > HEADER) };
  let (received, sent) = (RECEIVED.take(), SENT.take());
  let mut socket = UdpSocket::new(stack, &mut received.0, &mut received.1, &mut sent.0, &mut sent.1);
  if socket.bind(PORT).is_ok()
    && let Ok(task) = listen(store, socket)
  {
    spawner.spawn(task);
  }
}

#[embassy_executor::task]
async fn listen(store: Shared, socket: UdpSocket<'static>) {
  g2g_update::serve(store, &socket).await;
  say(&["update: starting it"]);
  forgive();
  Program::<Mps>::end(Outcome::Reset).await;
}

/// Ends a trial that comes to nothing.
#[embassy_executor::task]
async fn deadline(store: Shared) {
  Timer::after_secs(DEADLINE).await;
  if store.borrow().state().trial != 0 {
    Program::<Mps>::end(failed(store)).await;
  }
}
