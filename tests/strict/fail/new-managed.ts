// expect 5:10 new allocates managed memory
import { Text } from "../../../assembly/base/text";

export function make(): Text {
  return new Text();
}
