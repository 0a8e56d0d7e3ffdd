//! A frozen pipeline plays as it did in Node: frozen.mjs has written down what its host did and was asked.
#![cfg(any(feature = "aot", feature = "wasm3"))]

mod common;

use std::fmt::Write;

use common::{hex, on_stack};
use g2g_engine::{Engine, Imports};
use g2g_interface::{Frame, Memory};

static MODULE: &[u8] = include_bytes!(concat!(env!("G2G_IMAGE"), "/core.wasm"));
const SCRIPT: &str = concat!(env!("G2G_IMAGE"), "/script.txt");

const FRAME: u32 = 17;
const PENDING: i32 = i32::MIN;

/// Takes frames at once, and keeps credits.
#[derive(Default)]
struct Elements {
  asked: Vec<String>,
}

impl Imports for Elements {
  fn open(&mut self, _: Memory, _: u32, _: u32, _: u32) -> i32 {
    panic!("a frozen pipeline opens nothing");
  }

  fn submit(&mut self, memory: Memory, handle: i32, op: u32, ptr: u32, length: u32, aux: i64, token: u32) -> i32 {
    if op == FRAME {
      let frame = Frame::read(memory, ptr).expect("a frame that lies in the memory");
      let mut text = format!("frame {handle} {token} ");
      for bytes in frame.stretches() {
        bytes.iter().for_each(|b| write!(text, "{b:02x}").unwrap());
      }
      self.asked.push(text);
      return 0;
    }
    self.asked.push(format!("credit {handle} {ptr} {length} {aux} {token}"));
    PENDING
  }

  fn cancel(&mut self, _: u32) {
    panic!("nothing is cancelled");
  }

  fn close(&mut self, _: i32) {
    panic!("nothing is closed");
  }

  fn retain(&mut self, _: i32) {}

  fn release(&mut self, _: i32) {}

  fn post(&mut self, memory: Memory, kind: u32, ptr: u32, length: u32) {
    self.asked.push(format!("post {kind} {}", hex(memory, ptr, length)));
  }

  fn random(&mut self, memory: Memory, ptr: u32, length: u32) {
    memory.bytes_mut(ptr, length).unwrap().fill(0x5a);
  }

  fn tick(&mut self) -> i64 {
    0
  }
}

fn unhex(text: &str) -> Vec<u8> {
  (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// Does what the script says; the number of packets that came.
fn play(engine: &mut Engine) -> usize {
  let mut elements = Elements::default();
  let mut asked = Vec::new().into_iter();
  let mut frames = 0;
  let script = std::fs::read_to_string(SCRIPT).expect("the image that is frozen has a script");
  for line in script.lines() {
    let (kind, rest) = line.split_once(' ').unwrap();
    match kind {
      "w" => {
        let (address, bytes) = rest.split_once(' ').unwrap();
        assert!(engine.memory().write(address.parse().unwrap(), &unhex(bytes)));
      }
      "s" => {
        assert_eq!(asked.next(), None, "before {line}");
        let words: Vec<i64> = rest.split(' ').map(|w| w.parse().unwrap()).collect();
        let wait = engine.step(&mut elements, words[0], words[1] as i32).unwrap();
        assert_eq!(wait, words[2], "{line}");
        asked = std::mem::take(&mut elements.asked).into_iter();
      }
      _ => {
        assert_eq!(asked.next().as_deref(), Some(rest));
        frames += usize::from(rest.starts_with("frame"));
      }
    }
  }
  assert_eq!(asked.next(), None);
  frames
}

#[test]
fn packets_are_those_of_node_and_again_after_a_restart() {
  on_stack(|| {
    let mut engine = Engine::start(MODULE).unwrap();
    for _ in 0..2 {
      assert!(play(&mut engine) > 90);
      engine.restart().unwrap();
    }
  });
}
