import { endCore, freshCore, launchText } from "../../abi/__tests__/core";
import { Random } from "../../base/__tests__/random";
import { must } from "../../base/__tests__/region";
import { Owner, allocZero, free, heapSound } from "../../base/heap";
import { TEXT_SIZE, Text } from "../../base/text";
import { printCaps } from "../../caps/print";
import { register as registerCapsfilter } from "../../elements/capsfilter";
import { register as registerFakesink } from "../../elements/fakesink";
import { register as registerFakesrc } from "../../elements/fakesrc";
import { register as registerFunnel } from "../../elements/funnel";
import { register as registerIdentity } from "../../elements/identity";
import { register as registerQueue } from "../../elements/queue";
import { register as registerTee } from "../../elements/tee";
import { Code } from "../../generated/errors";
import { Prop as CapsfilterProp } from "../../generated/elements/capsfilter";
import { Prop as FakesrcProp } from "../../generated/elements/fakesrc";
import { Prop as QueueProp } from "../../generated/elements/queue";
import { Element } from "../../graph/element";
import { PadFlag } from "../../graph/pad";
import { pipeline } from "../../graph/pipeline";
import { atomData, atomLength } from "../../registry/atom";
import { newFactory } from "../../registry/factory";
import { Descriptor } from "../../registry/__tests__/descriptors";
import { firstError } from "./reports";

const BIN = new Descriptor("pair", 1, "", "identity ! queue").counts(0, 0).data();
const DEMUX = new Descriptor("split")
  .counts(3, 0)
  .pad("sink", 2, 1, "")
  .pad("video_%u", 1, 2, "video/x-raw")
  .pad("audio", 1, 2, "audio/x-raw")
  .data();

function start(): void {
  freshCore();
  registerCapsfilter();
  registerFakesink();
  registerFakesrc();
  registerFunnel();
  registerIdentity();
  registerQueue();
  registerTee();
  newFactory(changetype<usize>(BIN), BIN.length, 0);
  newFactory(changetype<usize>(DEMUX), DEMUX.length, offsetof<Element>());
}

function word(atom: u32): string {
  return String.UTF8.decodeUnsafe(atomData(atom), atomLength(atom));
}

/** What a line builds: elements, then links, or the error; afterwards everything is given back. */
function built(line: string): string {
  start();
  const code = launchText(line);
  let out = "";
  if (code) {
    out = firstError();
    must(out.startsWith(`${code}`), "the code is that of the error");
  } else {
    const p = pipeline();
    for (let i: u32 = 0; i < p.elements.length; i++) out += `${i ? " " : ""}${word(p.elements.get(i).name)}`;
    for (let i: u32 = 0; i < p.links.length; i++) {
      const l = p.links.get(i);
      const pending = l.src.has(PadFlag.Pending) ? "?" : "";
      out += ` ${word(l.src.element.name)}.${word(l.src.name)}${pending}>${word(l.sink.element.name)}.${word(l.sink.name)}`;
    }
  }
  endCore();
  return out;
}

describe("launch", () => {
  test("chains are built and linked in order", () => {
    expect<string>(built("fakesrc ! fakesink")).toBe("fakesrc0 fakesink0 fakesrc0.src>fakesink0.sink");
    expect<string>(built("fakesrc ! identity ! identity ! fakesink")).toBe(
      "fakesrc0 identity0 identity1 fakesink0" +
        " fakesrc0.src>identity0.sink identity0.src>identity1.sink identity1.src>fakesink0.sink",
    );
    expect<string>(built("fakesrc ! fakesink fakesrc ! fakesink")).toBe(
      "fakesrc0 fakesink0 fakesrc1 fakesink1 fakesrc0.src>fakesink0.sink fakesrc1.src>fakesink1.sink",
    );
    expect<string>(built("fakesink name=fakesrc0 fakesrc")).toBe("fakesrc0 fakesrc1", "made names are free ones");
  });

  test("a reference may stand before or behind what it names", () => {
    const links = " a.src>t.sink t.src_0>b.sink t.src_1>c.sink";
    expect<string>(built("fakesrc name=a ! tee name=t ! fakesink name=b t. ! fakesink name=c")).toBe(`a t b c${links}`);
    expect<string>(built("t. ! fakesink name=c fakesrc name=a ! tee name=t")).toBe("c a t t.src_0>c.sink a.src>t.sink");
    expect<string>(built("fakesrc name=a ! f. fakesrc name=b ! f.  funnel name=f ! fakesink")).toBe(
      "a b f fakesink0 a.src>f.sink_0 b.src>f.sink_1 f.src>fakesink0.sink",
    );
    expect<string>(built("fakesrc ! identity0.  identity ! fakesink")).toBe(
      "fakesrc0 identity0 fakesink0 fakesrc0.src>identity0.sink identity0.src>fakesink0.sink",
      "made names count too",
    );
  });

  test("a reference can name the pad", () => {
    expect<string>(built("fakesrc ! t.sink tee name=t t.src_7 ! fakesink t. ! fakesink")).toBe(
      "fakesrc0 t fakesink0 fakesink1 fakesrc0.src>t.sink t.src_7>fakesink0.sink t.src_0>fakesink1.sink",
    );
    expect<string>(built("fakesrc ! f.sink_3 funnel name=f ! fakesink")).toBe(
      "fakesrc0 f fakesink0 fakesrc0.src>f.sink_3 f.src>fakesink0.sink",
    );
  });

  test("pads that will appear are held open, those with a name by it", () => {
    expect<string>(built("fakesrc ! split name=s s. ! fakesink s.audio ! fakesink s.video_2 ! fakesink")).toBe(
      "fakesrc0 s fakesink0 fakesink1 fakesink2 fakesrc0.src>s.sink" +
        " s.?>fakesink0.sink s.audio?>fakesink1.sink s.video_2?>fakesink2.sink",
    );
  });

  test("caps between elements are a filter, with spaces, brackets and quotes", () => {
    const lines: Array<string> = [
      "fakesrc ! a/b ! fakesink",
      "fakesrc ! a/b,x=1 ! fakesink",
      "fakesrc ! a/b, x = (int) { 1, 2 } , y=[ 1/2, 3/1 ] ! fakesink",
      'fakesrc ! a/b(memory:X), s="two words" ! fakesink',
      "fakesrc ! a/b; c/d, x=1 ! fakesink",
      'fakesrc ! capsfilter caps="a/b, x=1" ! fakesink',
      "fakesrc ! capsfilter caps=a/b,x=1 ! fakesink",
    ];
    const texts: Array<string> = [
      "a/b",
      "a/b, x=(int)1",
      "a/b, x=(int){ 1, 2 }, y=(fraction)[ 1/2, 3/1 ]",
      'a/b(memory:X), s=(string)"two words"',
      "a/b; c/d, x=(int)1",
      "a/b, x=(int)1",
      "a/b, x=(int)1",
    ];
    for (let i = 0; i < lines.length; i++) {
      start();
      expect<i32>(launchText(lines[i])).toBe(0, lines[i]);
      const filter = pipeline().elements.get(1);
      const t = changetype<Text>(allocZero(TEXT_SIZE + 300, Owner.Text));
      t.into(changetype<usize>(t) + TEXT_SIZE, 300);
      printCaps(t, filter.propCaps(CapsfilterProp.caps)!);
      expect<string>(String.UTF8.decodeUnsafe(t.data, t.length)).toBe(texts[i]);
      expect<u32>(pipeline().links.length).toBe(2);
      free(changetype<usize>(t));
      endCore();
    }
  });

  test("properties are set, in quotes or not", () => {
    start();
    launchText(
      "fakesrc num-buffers=0x10 sizetype=\"fixed\" is-live='true' ! queue leaky=2 max-size-time=18000000000 ! fakesink",
    );
    const p = pipeline();
    const src = p.elements.get(0);
    expect<i64>(src.propInt(FakesrcProp.num_buffers)).toBe(16);
    expect<i64>(src.propInt(FakesrcProp.sizetype)).toBe(2);
    expect<bool>(src.propBool(FakesrcProp.is_live)).toBe(true);
    const queue = p.elements.get(1);
    expect<i64>(queue.propInt(QueueProp.leaky)).toBe(2);
    expect<i64>(queue.propInt(QueueProp.max_size_time)).toBe(18000000000);
    expect<i64>(queue.propInt(QueueProp.max_size_buffers)).toBe(200, "the default");
    endCore();
  });

  test("a bin is its line, and its properties go to the first element that has them", () => {
    const twice = built("fakesrc ! pair name=p max-size-buffers=7 drop-probability=0.5 ! fakesink p. ! fakesink");
    expect<string>(twice).toBe(`${Code.NoPad} "queue0" "src" 74 "src"`);
    start();
    expect<i32>(launchText("fakesrc ! p.  pair name=p max-size-buffers=7 ! fakesink")).toBe(0);
    const p = pipeline();
    expect<u32>(p.elements.length).toBe(4);
    expect<string>(word(p.elements.get(1).name)).toBe("identity0");
    expect<i64>(p.elements.get(2).propInt(QueueProp.max_size_buffers)).toBe(7);
    expect<string>(word(p.links.get(0).sink.element.name)).toBe("identity0", "a reference to the bin is to its ends");
    endCore();
    expect<string>(built("pair frobnicate=1")).toBe(`${Code.NoProperty} "identity" "frobnicate" 6 ""`);
  });

  test("errors tell the column and a name that is near", () => {
    const lines: Array<string> = [
      "",
      "!",
      "fakesrc !",
      "fakesrc ! ! fakesink",
      "fakesrc ! (fakesink)",
      "fakesrc ! 'fakesink",
      "fakesrc ! fakesnk",
      "fakesrc  num-bufers=3",
      "fakesrc ! xyzzy",
      "fakesrc num-buffers=x",
      "fakesrc   num-buffers=-2",
      "fakesrc sizetype=some",
      "fakesrc ! queue current-level-bytes=1",
      "fakesrc name=a ! fakesink  name=a",
      "fakesrc ! b.",
      "b.src ! fakesink",
      "fakesrc ! fakesink fakesrc ! fakesink0.",
      "fakesrc ! t.src_9 tee name=t",
      "fakesrc ! a/b,x=[ 2, 1 ] ! fakesink",
      "fakesrc ! capsfilter caps=a/b,x ! fakesink",
      "fakesrc name=",
      "fakesink ! fakesrc",
      "a=b",
    ];
    const errors: Array<string> = [
      `${Code.Syntax} "" 1 0`,
      `${Code.Syntax} "!" 1 0`,
      `${Code.Syntax} "" 10 0`,
      `${Code.Syntax} "!" 11 0`,
      `${Code.Syntax} "(" 11 2`,
      `${Code.Syntax} "" 20 1`,
      `${Code.NoElement} "fakesnk" 11 "fakesink"`,
      `${Code.NoProperty} "fakesrc" "num-bufers" 10 "num-buffers"`,
      `${Code.NoElement} "xyzzy" 11 ""`,
      `${Code.BadValue} "num-buffers" "x" 21 "fakesrc" 2 "-1" ""`,
      `${Code.BadValue} "num-buffers" "-2" 23 "fakesrc" 2 "-1" ""`,
      `${Code.BadValue} "sizetype" "some" 18 "fakesrc" 8 "" "" "empty" "fixed" "random"`,
      `${Code.ReadOnly} "current-level-bytes" "queue0"`,
      `${Code.NameTaken} "a" 28`,
      `${Code.NoSuchName} "b" 11`,
      `${Code.NoSuchName} "b" 1`,
      `${Code.NoPad} "fakesink0" "sink" 30 "sink"`,
      `${Code.NoPad} "t" "src_9" 11 "sink"`,
      `${Code.BadCaps} "a/b,x=[ 2, 1 ]" 5 25`,
      `${Code.BadCaps} "a/b,x" 3 32`,
      `${Code.BadValue} "name" "" 14 "fakesrc"`,
      `${Code.NoPad} "fakesink0" "src" 1`,
      `${Code.Syntax} "a=b" 1 0`,
    ];
    for (let i = 0; i < lines.length; i++) {
      expect<string>(`${lines[i]}: ${built(lines[i])}`).toBe(`${lines[i]}: ${errors[i]}`);
    }
  });

  test("any line is built or refused, and leaves nothing behind", () => {
    const random = new Random(8);
    const pieces: Array<string> = [
      " ! ",
      " ",
      "fakesrc",
      "fakesink",
      "tee name=t",
      "t.",
      "t.src_1",
      "funnel",
      "pair",
      "split",
      "identity",
      "a/b,x=1",
      "(",
      ")",
      "'",
      '"',
      "\\",
      "=",
      ",",
      "num-buffers=1",
      "name=x",
      "x.",
      "caps=",
      "capsfilter",
      ";",
      "a/b",
      ".",
      "!",
    ];
    let good = 0;
    for (let n = 0; n < 1500; n++) {
      let line = "";
      const count: u32 = 1 + random.below(9);
      for (let i: u32 = 0; i < count; i++) line += `${pieces[random.below(pieces.length)]}${random.bool() ? " " : ""}`;
      start();
      good += i32(launchText(line) == 0);
      must(heapSound(), line);
      endCore();
    }
    expect<i32>(good).toBeGreaterThan(50);
  });
});
