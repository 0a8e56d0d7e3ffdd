import { freshHeap, mustBeEmpty } from "../../base/__tests__/region";
import { capsUnref, sameCaps } from "../../caps/caps";
import { atomsRelease } from "../../registry/atom";
import { addColors } from "../outputcolors";
import { capsOfText } from "./caps";

const SIZE = ",width=(int)16,height=(int)16";

/** Whether caps that go out become others by what comes in. */
function becomes(input: string, output: string, wanted: string): void {
  freshHeap();
  const a = capsOfText(`video/x-raw${SIZE},${input}`);
  const b = capsOfText(`video/x-raw${SIZE},${output}`);
  const c = capsOfText(`video/x-raw${SIZE},${wanted}`);
  const found = addColors(b, a);
  expect<bool>(sameCaps(found, c)).toBe(true, `${input} to ${output}`);
  capsUnref(found);
  capsUnref(a);
  capsUnref(b);
  capsUnref(c);
  atomsRelease();
  mustBeEmpty();
}

test("pictures of a kind keep their colorimetry, and the place of chroma that is shared alike", () => {
  becomes("format=I420,colorimetry=bt709", "format=NV12", "format=NV12,colorimetry=bt709");
  becomes("format=I420,chroma-site=cosited", "format=NV12", "format=NV12,chroma-site=cosited");
  becomes("format=I420,colorimetry=bt709,chroma-site=dv", "format=YUY2", "format=YUY2,colorimetry=bt709");
});

test("others keep primaries and transfer function", () => {
  becomes("format=I420,colorimetry=bt709", "format=RGB", 'format=RGB,colorimetry="1:1:5:1"');
  becomes("format=RGB,colorimetry=sRGB", "format=I420", 'format=I420,colorimetry="2:4:7:1"');
  becomes("format=I420,colorimetry=bt601", "format=GRAY8", 'format=GRAY8,colorimetry="1:4:16:4"');
});

test("what the caps say stays, and nothing is said where nothing was", () => {
  becomes("format=I420,colorimetry=bt709", "format=I420,colorimetry=bt601", "format=I420,colorimetry=bt601");
  becomes("format=I420", "format=RGB", "format=RGB");
});
