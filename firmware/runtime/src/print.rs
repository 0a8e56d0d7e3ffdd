//! Text for the console without the formatter of the core library, which is larger than the rest of the host.

use crate::board::Board;

/// Writes words and numbers.
pub struct Printer<'a> {
  out: &'a mut dyn FnMut(&[u8]),
}

impl<'a> Printer<'a> {
  /// Writes by a function.
  pub fn new(out: &'a mut dyn FnMut(&[u8])) -> Self {
    Printer { out }
  }

  /// Text of the program.
  pub fn text(&mut self, text: &str) -> &mut Self {
    (self.out)(text.as_bytes());
    self
  }

  /// Text that came from outside: what is not printable in ASCII is a dot.
  pub fn plain(&mut self, bytes: &[u8]) -> &mut Self {
    let mut part = [0; 32];
    for chunk in bytes.chunks(part.len()) {
      for (to, b) in part.iter_mut().zip(chunk) {
        *to = if (32..127).contains(b) { *b } else { b'.' };
      }
      (self.out)(part.get(..chunk.len()).unwrap_or(&[]));
    }
    self
  }

  /// A number in decimal.
  pub fn number(&mut self, value: i64) -> &mut Self {
    if value < 0 {
      (self.out)(b"-");
    }
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    for digit in digits.iter_mut().rev() {
      *digit = b'0' + (rest % 10) as u8;
      rest /= 10;
      at -= 1;
      if rest == 0 {
        break;
      }
    }
    (self.out)(digits.get(at..).unwrap_or(&[]));
    self
  }

  /// A number in eight hexadecimal digits.
  pub fn hex(&mut self, value: u32) -> &mut Self {
    let mut digits = *b"0x00000000";
    for (i, digit) in digits.iter_mut().skip(2).enumerate() {
      let d = (value >> (28 - 4 * i)) as u8 & 15;
      *digit = if d < 10 { b'0' + d } else { b'a' + d - 10 };
    }
    (self.out)(&digits);
    self
  }

  /// A time in seconds with six places.
  pub fn seconds(&mut self, ns: i64) -> &mut Self {
    let us = (ns / 1000).unsigned_abs();
    self.number((us / 1_000_000) as i64).text(".");
    let mut digits = [b'0'; 6];
    let mut rest = (us % 1_000_000) as u32;
    for digit in digits.iter_mut().rev() {
      *digit = b'0' + (rest % 10) as u8;
      rest /= 10;
    }
    (self.out)(&digits);
    self
  }

  /// Ends the line.
  pub fn end(&mut self) {
    (self.out)(b"\r\n");
  }
}

/// Prints to a board's console.
pub(crate) fn print<B: Board>(board: &mut B, write: impl FnOnce(&mut Printer<'_>)) {
  write(&mut Printer::new(&mut |bytes| board.print(bytes)));
}

#[cfg(test)]
mod tests {
  use super::*;

  fn printed(write: impl FnOnce(&mut Printer<'_>)) -> String {
    let mut all = Vec::new();
    write(&mut Printer::new(&mut |b| all.extend_from_slice(b)));
    String::from_utf8(all).unwrap()
  }

  #[test]
  fn numbers_are_written_as_they_are() {
    for n in [0, 7, -1, 10, 1234567890123, i64::MAX, i64::MIN] {
      assert_eq!(printed(|p| _ = p.number(n)), n.to_string());
    }
    assert_eq!(printed(|p| _ = p.hex(0x12ab_0cde)), "0x12ab0cde");
    assert_eq!(printed(|p| _ = p.seconds(61_000_042_999)), "61.000042");
  }

  #[test]
  fn foreign_text_cannot_steer_the_terminal() {
    let text = printed(|p| p.plain(b"a\x1b[2Jb\r\n\xffthe rest of a long piece of text").end());
    assert_eq!(text, "a.[2Jb...the rest of a long piece of text\r\n");
  }
}
