import { Random } from "../../base/__tests__/random";
import { freshHeap, must, mustBeEmpty } from "../../base/__tests__/region";
import { LEXER_SIZE, Lexer, TokenKind } from "../lexer";

const LEXER: usize = memory.data(48, 8);

/** The words of a line: [column]text for words, with | for the place of "=", and the signs ! ( ) by themselves. */
function words(line: string): string {
  const bytes = String.UTF8.encode(line);
  const lx = changetype<Lexer>(LEXER);
  must(lx.over(changetype<usize>(bytes), bytes.byteLength), "room");
  let out = "";
  while (lx.next() != TokenKind.End) {
    const text = String.UTF8.decodeUnsafe(lx.data, lx.length);
    if (out.length) out += " ";
    out += `${lx.column}`;
    if (lx.kind == TokenKind.Word) {
      const split = lx.equals < 0 ? text : `${text.slice(0, lx.equals)}|${text.slice(lx.equals + 1)}`;
      out += `${lx.quoted ? "q" : ":"}[${split}]`;
    } else out += text;
  }
  if (lx.open) out += " open";
  lx.release();
  return out;
}

describe("lexer", () => {
  test("words stand between white space, with their columns", () => {
    freshHeap();
    expect<string>(words("")).toBe("");
    expect<string>(words("  \t\n ")).toBe("");
    expect<string>(words("a bc  d")).toBe("1:[a] 3:[bc] 7:[d]");
    expect<string>(words(" fakesrc ! fakesink")).toBe("2:[fakesrc] 10! 12:[fakesink]");
    mustBeEmpty();
  });

  test("an exclamation mark is a sign only by itself", () => {
    freshHeap();
    expect<string>(words("a ! b !")).toBe("1:[a] 3! 5:[b] 7!");
    expect<string>(words("a! !b a=!")).toBe("1:[a!] 4:[!b] 7:[a|!]");
    expect<string>(words('"!" !')).toBe("1q[!] 5!");
    mustBeEmpty();
  });

  test("parentheses are signs at the start of a word", () => {
    freshHeap();
    expect<string>(words("( a )")).toBe("1( 3:[a] 5)");
    expect<string>(words("(a x(y)")).toBe("1( 2:[a] 4:[x(y)]");
    mustBeEmpty();
  });

  test("quotes keep white space and go away", () => {
    freshHeap();
    expect<string>(words('a="b c" d')).toBe("1:[a|b c] 9:[d]");
    expect<string>(words("'a b' c")).toBe("1q[a b] 7:[c]");
    expect<string>(words("a='b \"c\" d'")).toBe('1:[a|b "c" d]');
    expect<string>(words('a="x"y"z"')).toBe("1:[a|xyz]");
    expect<string>(words('"" x')).toBe("1q[] 4:[x]");
    mustBeEmpty();
  });

  test("an equals sign in quotes parts no name from a value", () => {
    freshHeap();
    expect<string>(words('"a=b"')).toBe("1q[a=b]");
    expect<string>(words('"a"=b')).toBe("1q[a|b]");
    expect<string>(words("a=b=c")).toBe("1:[a|b=c]");
    mustBeEmpty();
  });

  test("a backslash takes the next character as it is", () => {
    freshHeap();
    expect<string>(words("a\\ b c")).toBe("1:[a b] 6:[c]");
    expect<string>(words('a\\"b')).toBe('1:[a"b]');
    expect<string>(words("a\\=b=c")).toBe("1:[a=b|c]");
    expect<string>(words("a\\\\b")).toBe("1:[a\\b]");
    expect<string>(words("a\\")).toBe("1:[a\\]", "at the end it stands for itself");
    mustBeEmpty();
  });

  test("in quotes a backslash takes only the quote, so that what is inside keeps its own", () => {
    freshHeap();
    expect<string>(words('a="b\\"c"')).toBe('1:[a|b"c]');
    expect<string>(words("a='b\\'c\\d'")).toBe("1:[a|b'c\\d]");
    expect<string>(words('a="C:\\dir"')).toBe("1:[a|C:\\dir]");
    mustBeEmpty();
  });

  test("a quote that is not closed goes to the end and is noted", () => {
    freshHeap();
    expect<string>(words('a="b c')).toBe("1:[a|b c] open");
    expect<string>(words("a '")).toBe("1:[a] 3q[] open");
    expect<string>(words("a 'b\\'")).toBe("1:[a] 3q[b'] open");
    mustBeEmpty();
  });

  test("any bytes are words in order that end with the line", () => {
    freshHeap();
    const random = new Random(4);
    const signs = String.UTF8.encode(" \t!()\"'\\=,ab");
    for (let n = 0; n < 3000; n++) {
      const line = new StaticArray<u8>(random.below(40) + 1);
      for (let i = 0; i < line.length; i++) {
        line[i] = random.below(8)
          ? load<u8>(changetype<usize>(signs) + random.below(signs.byteLength))
          : <u8>random.next();
      }
      const lx = changetype<Lexer>(LEXER);
      lx.over(changetype<usize>(line), line.length);
      let last: usize = 0;
      while (lx.next() != TokenKind.End) {
        must(lx.start >= last && lx.pos > lx.start && lx.pos <= lx.end, "in order");
        must(lx.length <= <u32>(lx.pos - lx.start), "no longer than in the line");
        must(lx.equals < <i32>lx.length, "inside of the word");
        last = lx.pos;
      }
      must(lx.pos == lx.end, "all of the line");
      lx.release();
    }
    mustBeEmpty();
  });

  test("the current word can be read again", () => {
    freshHeap();
    const bytes = String.UTF8.encode("a='x y' b");
    const lx = changetype<Lexer>(LEXER);
    lx.over(changetype<usize>(bytes), bytes.byteLength);
    lx.next();
    lx.next();
    lx.back();
    expect<u32>(lx.next()).toBe(TokenKind.Word);
    expect<u32>(lx.column).toBe(9);
    expect<u32>(LEXER_SIZE).toBeLessThanOrEqual(48);
    lx.release();
    mustBeEmpty();
  });
});
