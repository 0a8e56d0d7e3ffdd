import { RECORDREADER_SIZE, RecordReader, RecordType } from "../../base/records";
import { postData, postKind, posts } from "../../abi/__tests__/posts";
import { Post } from "../../generated/abi";

const READER: usize = memory.data(RECORDREADER_SIZE, 8);

/**
 * The first error that was posted: its code and arguments with spaces between, texts in quotes; without element, offset
 * and time. Empty when there was none.
 */
export function firstError(): string {
  for (let i = 0; i < posts(); i++) {
    if (postKind(i) != Post.Error) continue;
    const data = postData(i);
    const r = changetype<RecordReader>(READER).over(changetype<usize>(data), data.length);
    let out = `${r.int()}`;
    r.text();
    r.int();
    r.int();
    while (r.more && !r.bad) {
      if (r.type == RecordType.Int) out += ` ${r.int()}`;
      else {
        r.text();
        out += ` "${String.UTF8.decodeUnsafe(r.data, r.length)}"`;
      }
    }
    return out;
  }
  return "";
}
