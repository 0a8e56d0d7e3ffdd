//! How a package comes to a board: requests, each with a reply, over anything that carries datagrams. What is lost is asked
//! for again; every request may come twice.
//!
//! ```text
//! request   0 "G2GU"  4 kind u8 (1 hello, 2 begin, 3 data, 4 commit)  5 zero [3]  8 offset u32  12 bytes
//!           begin: the header; data: what comes at the offset behind it, 512 bytes, or fewer at the end
//! reply     0 "G2GV"  4 kind u8  5 status u8 (0, or a Refusal)  6 zero u16  8 next u32: the offset that is wanted next
//!           hello: 12 version u32  16 good u8  17 trial u8  18 zero u16  20 memory u32  24 arena u32  28 room u32
//!           32 board [32]
//! ```

use embedded_storage::nor_flash::NorFlash;

use crate::header::HEADER;
use crate::refusal::Refusal;
use crate::store::{PIECE, Store};

/// Bytes of a package in one request.
pub const CHUNK: usize = PIECE;

/// Bytes of a request at most.
pub const REQUEST: usize = 12 + HEADER;

/// Bytes of a reply at most.
pub const REPLY: usize = 64;

/// Time in which no other header is looked at after one that was refused, ns: each look takes long.
const PAUSE: i64 = 1_000_000_000;

const HELLO: u8 = 1;
const BEGIN: u8 = 2;
const DATA: u8 = 3;
const COMMIT: u8 = 4;

/// What to do after a reply was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
  /// Go on.
  Listen,
  /// Start the processor anew: a package is to be tried.
  Reset,
}

/// The board's side.
#[derive(Default)]
pub struct Transfer {
  /// When a header was refused.
  refused: Option<i64>,
}

impl Transfer {
  /// Nothing has come yet.
  pub const fn new() -> Self {
    Transfer { refused: None }
  }

  /// Answers a request.
  /// @param now the board's clock, ns
  /// @returns how many bytes of `reply` to send back, and what to do then; `None` for what is no request
  pub fn answer<F: NorFlash>(
    &mut self,
    store: &mut Store<F>,
    request: &[u8],
    reply: &mut [u8; REPLY],
    now: i64,
  ) -> Option<(usize, Next)> {
    let (head, bytes) = request.split_first_chunk::<12>()?;
    if !head.starts_with(b"G2GU") || head[5..8] != [0; 3] {
      return None;
    }
    let kind = head[4];
    let offset = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
    *reply = [0; REPLY];
    let mut size = 12;
    let result = match kind {
      HELLO => {
        size = hello(store, reply);
        Ok(0)
      }
      BEGIN => self.begin(store, bytes.try_into().ok()?, now),
      DATA => store.data(offset, bytes),
      COMMIT => store.commit().map(|()| 0),
      _ => return None,
    };
    let (status, next) = match result {
      Ok(next) => (0, next),
      Err(refusal) => (refusal as u8, 0),
    };
    reply[0..4].copy_from_slice(b"G2GV");
    (reply[4], reply[5]) = (kind, status);
    reply[8..12].copy_from_slice(&next.to_le_bytes());
    let reset = kind == COMMIT && status == 0;
    Some((size, if reset { Next::Reset } else { Next::Listen }))
  }

  fn begin<F: NorFlash>(&mut self, store: &mut Store<F>, header: &[u8; HEADER], now: i64) -> Result<u32, Refusal> {
    if self.refused.is_some_and(|at| now.saturating_sub(at) < PAUSE) {
      return Err(Refusal::Soon);
    }
    let result = store.begin(header);
    self.refused = result.is_err().then_some(now);
    result
  }
}

fn hello<F: NorFlash>(store: &Store<F>, reply: &mut [u8; REPLY]) -> usize {
  let (state, limits) = (store.state(), store.limits());
  reply[12..16].copy_from_slice(&state.version.to_le_bytes());
  (reply[16], reply[17]) = (state.good, state.trial);
  reply[20..24].copy_from_slice(&limits.memory.to_le_bytes());
  reply[24..28].copy_from_slice(&limits.arena.to_le_bytes());
  reply[28..32].copy_from_slice(&store.room().to_le_bytes());
  for (to, from) in reply[32..].iter_mut().zip(limits.board.bytes()) {
    *to = from;
  }
  REPLY
}
