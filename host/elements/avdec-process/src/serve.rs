//! Serves a host: takes what it asks for, decodes, tells what came of it.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::process::{ExitCode, exit};
use std::thread;

use g2g_avdec_protocol::{Config, Kind, OUTSTANDING, Report, Request, VERSION, WAITING};
use rustix::event::{PollFd, PollFlags, poll};

use crate::area::{Area, Mapping};
use crate::decoder::{Decoder, Next, Packet};
use crate::pictures::{self, Held};
use crate::sandbox;
use crate::wire::{self, Received, receive, report};

/// Errors in a row without anything decoded, after which more input is asked for.
const PATIENCE: u32 = 64;

/// What waits for the decoder, in order.
enum Input {
  Packet(u64, Packet),
  Drain(u32),
}

struct Server {
  input: &'static Mapping,
  area: &'static Area,
  decoder: Option<(Config, Decoder)>,
  waiting: VecDeque<Input>,
  held: [Option<Held>; OUTSTANDING],
  epoch: u32,
  /// Something may come out without more input.
  full: bool,
  /// The decoder was told that nothing more comes.
  draining: Option<u32>,
  errors: u32,
}

/// Takes the areas, locks the process in, and serves until the host is gone.
pub fn serve() -> ExitCode {
  // Nothing but the socket and the null device was given, whatever the host may have had open.
  unsafe { libc::close_range(3, u32::MAX, 0) };
  let Some((input, pictures)) = set_up() else { return ExitCode::from(2) };
  let areas = g2g_avdec_protocol::INPUT_AREA + g2g_avdec_protocol::PICTURE_AREA;
  // A number of the library: it says nothing on its own.
  unsafe { ffmpeg_sys_next::av_log_set_level(ffmpeg_sys_next::AV_LOG_QUIET) };
  if let Err(error) = sandbox::enter(areas) {
    report(&Report::Failed { why: format!("the decoder cannot be locked in: {error}") });
    return ExitCode::from(3);
  }
  let guard = thread::Builder::new().stack_size(64 << 10).spawn(end_with_host);
  if guard.is_err() {
    return ExitCode::from(3);
  }
  report(&Report::Ready { version: VERSION });
  let (input, area) = (Box::leak(Box::new(input)), Box::leak(Box::new(Area::new(pictures))));
  let mut server = Server {
    input,
    area,
    decoder: None,
    waiting: VecDeque::new(),
    held: Default::default(),
    epoch: 0,
    full: false,
    draining: None,
    errors: 0,
  };
  server.run()
}

fn set_up() -> Option<(Mapping, Mapping)> {
  let (request, descriptors) = wire::receive_setup()?;
  let Request::Setup { version: VERSION, input, pictures } = request else { return None };
  let [of_input, of_pictures] = <[_; 2]>::try_from(descriptors).ok()?;
  Some((Mapping::new(of_input, input, false)?, Mapping::new(of_pictures, pictures, true)?))
}

/// Ends the process when the host is gone, in the middle of whatever a decoder does.
fn end_with_host() {
  let stdin = io::stdin();
  loop {
    let mut wait = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::RDHUP)];
    let ended = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
    match poll(&mut wait, None) {
      Ok(_) if wait[0].revents().intersects(ended) => exit(0),
      Ok(_) | Err(rustix::io::Errno::INTR) => {}
      Err(_) => exit(0),
    }
  }
}

impl Server {
  fn run(&mut self) -> ExitCode {
    loop {
      let can_work = self.can_work();
      match receive(!can_work) {
        Received::Request(request) => {
          if !self.take(request) {
            return ExitCode::from(2);
          }
        }
        Received::Nothing if can_work => self.work(),
        Received::Nothing => {}
        Received::Over => return ExitCode::SUCCESS,
      }
    }
  }

  /// Whether there is anything to do before the host says more.
  fn can_work(&self) -> bool {
    let room = self.held.iter().any(Option::is_none);
    self.decoder.is_some() && room && (self.full || self.draining.is_some() || !self.waiting.is_empty())
  }

  /// Takes a message; false for one that makes no sense.
  fn take(&mut self, request: Request) -> bool {
    match request {
      Request::Setup { .. } => return false,
      Request::Open(config) => self.open(config),
      Request::Packet { id, offset, length, key } => {
        if self.waiting.len() >= 2 * WAITING {
          return false;
        }
        let Some(packet) = Packet::new(self.input, id, offset, length, key) else { return false };
        self.waiting.push_back(Input::Packet(id, packet));
      }
      Request::Return { slot } => match self.held.get_mut(slot as usize) {
        Some(held) if held.is_some() => *held = None,
        _ => return false,
      },
      Request::Drain { serial } => self.waiting.push_back(Input::Drain(serial)),
      Request::Flush { epoch } => {
        self.epoch = epoch;
        self.forget();
        if let Some((_, decoder)) = &self.decoder {
          decoder.flush();
        }
      }
      Request::Set { skip_frame, output_corrupt } => {
        if let Some((_, decoder)) = &self.decoder {
          decoder.set(skip_frame, output_corrupt);
        }
      }
    }
    true
  }

  fn forget(&mut self) {
    self.waiting.clear();
    self.full = false;
    self.draining = None;
    self.errors = 0;
  }

  fn open(&mut self, config: Config) {
    self.forget();
    self.decoder = None;
    match Decoder::open(&config, self.area) {
      Ok(decoder) => {
        self.decoder = Some((config, decoder));
        report(&Report::Opened);
      }
      Err(why) => report(&Report::Failed { why }),
    }
  }

  /// Takes something out of the decoder, or puts something in.
  fn work(&mut self) {
    let Some((config, decoder)) = &self.decoder else { return };
    if self.full || self.draining.is_some() {
      match decoder.take() {
        Next::Frame(frame) => {
          self.errors = 0;
          let Some(slot) = self.held.iter().position(Option::is_none) else { return };
          let told = match config.codec.kind() {
            Kind::Video => pictures::picture(self.area, decoder, frame, slot as u32, self.epoch),
            Kind::Audio => pictures::sound(self.area, frame, slot as u32, self.epoch),
          };
          match told {
            Ok((held, told)) => {
              self.held[slot] = Some(held);
              report(&told);
            }
            Err(why) => self.fail(why),
          }
        }
        Next::Hungry => self.full = false,
        Next::Over => {
          // It takes input again after that.
          decoder.flush();
          self.full = false;
          if let Some(serial) = self.draining.take() {
            report(&Report::Drained { serial });
          }
        }
        Next::Error(why) => {
          self.errors += 1;
          report(&Report::Accepted { id: 0, why });
          if self.errors >= PATIENCE {
            self.full = false;
            if self.draining.is_some() {
              self.fail("the decoder does not come to its end".into());
            }
          }
        }
      }
      return;
    }
    match self.waiting.front() {
      Some(Input::Packet(id, packet)) => {
        let why = match decoder.feed(packet) {
          Ok(true) => String::new(),
          Ok(false) => {
            self.full = true;
            return;
          }
          Err(why) => why,
        };
        self.full = true;
        report(&Report::Accepted { id: *id, why });
        self.waiting.pop_front();
      }
      Some(Input::Drain(serial)) => {
        self.draining = Some(*serial);
        decoder.drain();
        self.waiting.pop_front();
      }
      None => {}
    }
  }

  /// Tells that it cannot go on.
  fn fail(&mut self, why: String) {
    self.forget();
    self.decoder = None;
    report(&Report::Failed { why });
  }
}
