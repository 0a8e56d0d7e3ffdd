import { Owner, alloc, free } from "../base/heap";
import { isSpace } from "../base/text";

/**
 * Cuts a launch line into words as gst-launch does: words are separated by white space; quotes, single or double, keep
 * white space in a word and a backslash takes the next character as it is. "!" between spaces is a word of its own.
 */

export const enum TokenKind {
  End = 0,
  Word,
  /** "!" */
  Link,
  /** "(" or ")" */
  Paren,
}

/**
 *      0 text    the line
 *      4 end
 *      8 pos     behind the current word
 *     12 kind    of the current word
 *     16 start   where it starts in the line
 *     20 data    its text without quotes and backslashes, in the lexer's buffer
 *     24 length
 *     28 equals  place of the first "=" outside quotes in the text, or -1
 *     32 quoted  whether it had quotes before any "="
 *     36 open    a quote was not closed
 */
@unmanaged
export class Lexer {
  text: usize;
  end: usize;
  pos: usize;
  kind: TokenKind;
  start: usize;
  data: usize;
  length: u32;
  equals: i32;
  quoted: bool;
  open: bool;
  buffer: usize;

  /** Starts on a line; false when the heap has no room. The line stays the caller's. */
  over(p: usize, n: u32): bool {
    this.text = p;
    this.end = p + n;
    this.pos = p;
    this.open = false;
    this.buffer = alloc(n + 1, Owner.Launch);
    return this.buffer != 0;
  }

  release(): void {
    free(this.buffer);
    this.buffer = 0;
  }

  /** Column of the current word, from 1. */
  @inline
  get column(): u32 {
    return <u32>(this.start - this.text) + 1;
  }

  /** Moves to the next word. */
  next(): TokenKind {
    while (this.pos < this.end && isSpace(load<u8>(this.pos))) this.pos++;
    this.start = this.pos;
    this.data = this.buffer;
    this.length = 0;
    this.equals = -1;
    this.quoted = false;
    if (this.pos >= this.end) return (this.kind = TokenKind.End);
    const c = <u32>load<u8>(this.pos);
    if (c == 33 && this.standsAlone()) return this.single(TokenKind.Link);
    if (c == 40 || c == 41) return this.single(TokenKind.Paren);
    this.word();
    return (this.kind = TokenKind.Word);
  }

  /** Goes back to the start of the current word. */
  @inline
  back(): void {
    this.pos = this.start;
  }

  private standsAlone(): bool {
    return this.pos + 1 >= this.end || isSpace(load<u8>(this.pos, 1));
  }

  private single(kind: TokenKind): TokenKind {
    store<u8>(this.buffer, load<u8>(this.pos));
    this.length = 1;
    this.pos++;
    return (this.kind = kind);
  }

  private word(): void {
    let out = this.buffer;
    while (this.pos < this.end) {
      const c = <u32>load<u8>(this.pos);
      if (isSpace(c)) break;
      if (c == 92 && this.pos + 1 < this.end) {
        store<u8>(out++, load<u8>(this.pos, 1));
        this.pos += 2;
        continue;
      }
      if (c == 34 || c == 39) {
        if (this.equals < 0) this.quoted = true;
        out = this.quotedPart(out, c);
        continue;
      }
      if (c == 61 && this.equals < 0) this.equals = <i32>(out - this.buffer);
      store<u8>(out++, c);
      this.pos++;
    }
    this.length = <u32>(out - this.buffer);
  }

  private quotedPart(out: usize, quote: u32): usize {
    this.pos++;
    while (this.pos < this.end) {
      const c = <u32>load<u8>(this.pos++);
      if (c == quote) return out;
      // Caps in quotes keep the backslashes of their own quotes.
      if (c == 92 && this.pos < this.end && load<u8>(this.pos) == quote) {
        store<u8>(out++, quote);
        this.pos++;
      } else store<u8>(out++, c);
    }
    this.open = true;
    return out;
  }
}

/** Bytes that a Lexer takes. */
export const LEXER_SIZE: u32 = offsetof<Lexer>();
