//! Sizes, places and codes of include/g2g.h as Rust has them, in the order of tests/layout.c, which has them as C does.
//! The linker leaves it out of programs, since nothing names it.

use core::mem::{offset_of, size_of};

use g2g_interface::abi::{Completed, HostError, Op, frame_flag};

use crate::api::{EOS, HALTED, INTERFACE, NOT_STARTED, RESET};
use crate::drivers::MAX_ELEMENTS;
use crate::platform::{CAUSE_PIN, CAUSE_POWER, CAUSE_PROGRAM, CAUSE_WATCHDOG};
use crate::queue::{CBlock, CQueue};
use crate::types::*;

macro_rules! layout {
  ($($kind:ident { $($field:ident),* })*) => {
    &[$(size_of::<$kind>() as i32, $(offset_of!($kind, $field) as i32,)*)*]
  };
}

const STRUCTURES: &[i32] = layout! {
  Text { bytes, length }
  CValue { kind, content }
  CFrame {
    pad, flags, size, stretches, sequence, pts, dts, duration, capture, due, running, memory, memory_size, pairs
  }
  CCredit { token, pad, block, length }
  CEvent { kind, pad, proportion, jitter, time }
  CCompletion { token, kind, pad, result, flags, pts, dts, duration, capture }
  CDriver { factory, open, property, configure, frame, credit, drain, flush, event, cancel, poll, allowance, close }
  CElement { driver, this, name }
  CBlock { token, length, bytes, time }
  CQueue { head, tail, slots, blocks }
  CPlatform {
    interface, this, now, sleep, wake, print, random, feed, watchdog, cause, stack, stack_size, stack_left, panic
  }
};

const CODES: &[i32] = &[
  HostError::NotFound as i32,
  HostError::Invalid as i32,
  HostError::Io as i32,
  HostError::Cancelled as i32,
  HostError::Unsupported as i32,
  HostError::Busy as i32,
  HostError::TooMany as i32,
  HostError::BrokenPipe as i32,
  HostError::TimedOut as i32,
  HostError::NoMemory as i32,
  HostError::Closed as i32,
  HostError::Pending as i32,
  VALUE_INT,
  VALUE_TEXT,
  VALUE_DOUBLE,
  VALUE_BYTES,
  frame_flag::KEY as i32,
  frame_flag::DELTA as i32,
  frame_flag::DISCONT as i32,
  frame_flag::CORRUPT as i32,
  frame_flag::HEADER as i32,
  frame_flag::CONTINUED as i32,
  frame_flag::MARKER as i32,
  frame_flag::GAP as i32,
  frame_flag::DROPPABLE as i32,
  frame_flag::DECODE_ONLY as i32,
  EVENT_QOS,
  EVENT_FORCE_KEY_UNIT,
  Op::Frame as i32,
  Op::Credit as i32,
  Op::Drain as i32,
  Completed::Result as i32,
  Completed::Data as i32,
  Completed::Latency as i32,
  Completed::End as i32,
  CAUSE_POWER,
  CAUSE_PIN,
  CAUSE_PROGRAM,
  CAUSE_WATCHDOG,
  EOS as i32,
  HALTED as i32,
  RESET as i32,
  NOT_STARTED as i32,
  INTERFACE as i32,
  MAX_ELEMENTS as i32,
];

const COUNT: usize = STRUCTURES.len() + CODES.len();

/// All of it.
#[unsafe(no_mangle)]
pub static G2G_LAYOUT: [i32; COUNT] = {
  let mut all = [0; COUNT];
  let mut i = 0;
  while i < COUNT {
    all[i] = if i < STRUCTURES.len() { STRUCTURES[i] } else { CODES[i - STRUCTURES.len()] };
    i += 1;
  }
  all
};
