import { endCore, launchText, runUntilIdle } from "../../abi/__tests__/core";
import { set_state } from "../../abi/exports";
import { must } from "../../base/__tests__/region";
import { State } from "../../generated/abi";
import { Code } from "../../generated/errors";
import { firstError } from "../../launch/__tests__/reports";
import { newFactory } from "../../registry/factory";
import { Descriptor } from "../../registry/__tests__/descriptors";
import { Element } from "../element";
import { PipelineFlag, pipeline } from "../pipeline";
import { element, prepareScript, word } from "./script";

const SCALE = new Descriptor("scale", 0, "", "", "format")
  .counts(2, 0)
  .pad("sink", 2, 1, "a/b, format={ u, v }, width=[ 1, 9 ]")
  .pad("src", 1, 1, "a/b, format={ u, v }, width=[ 1, 9 ]")
  .data();
const UPLOAD = new Descriptor("upload", 0, "", "", "format,width", 256)
  .counts(2, 0)
  .pad("sink", 2, 1, "a/b")
  .pad("src", 1, 1, "a/b(memory:X)")
  .data();

function start(): void {
  prepareScript();
  newFactory(changetype<usize>(SCALE), SCALE.length, offsetof<Element>());
  newFactory(changetype<usize>(UPLOAD), UPLOAD.length, offsetof<Element>());
}

/** The first error of a line on its way to READY; empty when it gets there. */
function check(line: string): string {
  start();
  must(launchText(line) == 0, line);
  set_state(State.Ready);
  runUntilIdle(0);
  const error = firstError();
  must((pipeline().state == State.Ready) == !error.length, "READY or an error");
  endCore();
  return error;
}

describe("an error of the negotiation", () => {
  test("names the link, the field, both caps, and the element that would help", () => {
    expect<string>(
      check("script ! capsfilter caps=a/b,width=1,format=u ! capsfilter caps=a/b,width=[2,9] ! probe"),
    ).toBe(
      `${Code.CannotLink} "capsfilter0" "capsfilter1" "width" "a/b, width=(int)1, format=(string)u"` +
        ` "a/b, width=(int)[ 2, 9 ]" "scale"`,
    );
  });

  test("names no element when none would help", () => {
    expect<string>(check("script ! a/b,format=u ! a/b,format=v ! probe")).toBe(
      `${Code.CannotLink} "capsfilter0" "capsfilter1" "format" "a/b, format=(string)u" "a/b, format=(string)v" ""`,
    );
    expect<string>(check("script ! a/b ! c/d ! probe")).toBe(
      `${Code.CannotLink} "capsfilter0" "capsfilter1" "media type" "a/b" "c/d" ""`,
    );
    must(check("script ! a/b,width=20 ! a/b,width=1 ! probe").endsWith('""'), "what comes in must fit the element too");
  });

  test("is found through elements that hand caps on", () => {
    expect<string>(check("script ! a/b,width=1 ! identity ! queue ! a/b,width=2 ! probe").slice(0, 3)).toBe(
      `${Code.CannotLink}`,
    );
    expect<string>(check("script ! a/b,width=1 ! identity ! scale ! queue ! a/b,width=2 ! probe")).toBe("");
    expect<string>(check("script ! a/b,width=1,format=u ! scale ! a/b,width=2,format=v ! probe").slice(0, 3)).toBe(
      `${Code.CannotLink}`,
      "the format goes on",
    );
  });

  test("tells of memory domains, between which a converter is put when the pipeline allows it", () => {
    const line = "script ! a/b,width=1,format=u ! capsfilter caps=a/b(memory:X) ! probe";
    must(check(line).endsWith('"upload"'), "the hint");
    start();
    pipeline().flags |= PipelineFlag.AutoConvert;
    must(launchText(line) == 0, line);
    set_state(State.Ready);
    runUntilIdle(0);
    expect<string>(firstError()).toBe("");
    const upload = element("upload0");
    expect<string>(word(upload.sink!.link!.src.element.name)).toBe("capsfilter0");
    expect<string>(word(upload.src!.link!.sink.element.name)).toBe("capsfilter1");
    endCore();
  });
});
